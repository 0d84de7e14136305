"""solve: a network that satisfies a differential equation and its conditions."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from operator import index
from typing import Any

from torch import Tensor, nn

from ..config import is_int, is_seed, is_sequence
from ..errors import ConfigError, knows_keywords, problems, shown
from ..limits import HISTORY_ROW, MODULE, NUMBER, times, too_large
from ..metadata import Edit
from ..model import KAN
from ..train.monitor import Callback, watched
from ..train.solvers.status import Status
from .boundary_problem import BoundaryProblem
from .conditions import Condition, Data, Dirichlet, Initial, Neumann, Periodic, Robin
from .domain import Domain
from .equation import Equation, refuse_degree
from .placing import placed
from .refinement import Rounds, jets_of
from .solution import Solution
from .tuning import TUNED

CONDITIONS = (Dirichlet, Neumann, Robin, Initial, Periodic, Data)


@knows_keywords
def solve(
    model: nn.Module,
    equation: Callable[[Any, Tensor], Any],
    *,
    domain: Any,
    conditions: Sequence[Condition] = (),
    points: int = 2000,
    grids: str | Sequence[int] = "auto",
    steps: int | None = None,
    restarts: int = 4,
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Solution:
    """Train a copy of a network until it satisfies a differential equation and its conditions.

    Levenberg-Marquardt steps in float64 minimise the residual at points of the domain. Each round has new points, and a
    finer grid where the residual is. Conditions are weighted so that each has the curvature of the equation.

    Args:
        model: a KAN, whose splines should be smooth (degree=5, base=None); or another nn.Module, which is slower.
        equation: a function of u and x that is zero for the solution: a tensor (n,) or (n, k), or a tuple of such.
            x (n, d) are points and u() the values (n, outputs). u(0) is their derivative by the first input, u(0, 1)
            that by the first and the second, up to order 4. u[nu] is an `Unknown` constant.
        domain: one interval (low, high), `Disc` or `Polygon` after the other; each takes the next coordinates.
        conditions: of `Dirichlet`, `Neumann`, `Robin`, `Initial`, `Periodic` and `Data`.
        points: where the equation is required to hold, in each round.
        grids: "auto" for the model's own grid, twice that, and so on, while it pays; or the grids of the rounds.
        steps: of the minimiser in each round, at most; 100 by default.
        restarts: other initial functions of a new KAN that are tried first.
        seed: of the points; restarts draw from streams derived from the model's own.
        callbacks: each gets a row of the history after every step, and ends the work by returning True.
        progress: whether to show a bar where stderr is a terminal.

    Returns:
        A `Solution`, whose model is in float64. Ctrl-C gives the best so far.

    Raises:
        ConfigError: a setting, an equation or a condition that cannot be used.
        ShapeError: a result of the equation or of a condition that does not have a row per point.
        TrainingError: a residual that is not finite from the start.

    Source: Lagaris, Likas & Fotiadis 1998 (arXiv physics/9705023) for collocation with networks.

    >>> import torch, edgewise as ew
    >>> equation = lambda u, x: u(0, 0) + u()
    >>> ends = ew.pde.Dirichlet(torch.sin)
    >>> model = ew.KAN((1, 1), degree=5, base=None)
    >>> sol = ew.pde.solve(model, equation, domain=((0, 1.5),), conditions=[ends], points=100, progress=False)
    >>> sol.errors["the equation"] < 1e-7
    True
    """
    problems(_wrong(model, conditions, points, grids, steps, restarts, seed))
    place = Domain.create(domain)
    module = _private(model, place)
    outputs = jets_of(copy.deepcopy(module), place.dims).outputs
    timed = any(isinstance(condition, Initial) for condition in conditions)
    task = BoundaryProblem(
        equation=Equation.asked(equation, place, outputs),
        domain=place,
        conditions=tuple(conditions),
        timed=timed,
        outputs=outputs,
        points=index(points),
        seed=index(seed),
        grids=None if isinstance(grids, str) else tuple(index(size) for size in grids),
        steps=TUNED.steps if steps is None else index(steps),
        restarts=index(restarts),
    )
    with watched(callbacks, progress) as monitor:
        rounds = Rounds(task, module, monitor)
        if isinstance(module, KAN):
            refuse_degree(module.edge_layers, rounds.fresh)
        try:
            status = rounds.go()
        except KeyboardInterrupt:
            status = Status.INTERRUPTED
            rounds.rescue()
        monitor.finishing()
        return _closed(model, rounds, status)


def _private(model: nn.Module, domain: Domain) -> nn.Module:
    """The copy that is trained, in float64 on the CPU. Raises `ConfigError` where it takes other inputs."""
    if not isinstance(model, KAN):
        return copy.deepcopy(model).cpu().double()
    if model.features != domain.dims:
        raise ConfigError(f"the model takes {model.features} inputs, but points of the domain have {domain.dims}")
    module = placed(model.build().cpu(), domain)
    return module


def _closed(model: nn.Module, rounds: Rounds, status: Status) -> Solution:
    """What is given back: the best state, on the device of the model."""
    best, monitor = rounds.best, rounds.monitor
    errors = {term.name: math.sqrt(square) for term, square in zip(rounds.fresh, best.fresh, strict=True)}
    unknowns = {unknown.name: float(value) for unknown, value in zip(rounds.task.unknowns, best.constants, strict=True)}
    trained = best.module
    if isinstance(trained, KAN):
        trained = trained.build(edit=Edit("fit", f"differential equation; {status.name}"))
    for old, new in zip(model.parameters(), trained.parameters(), strict=True):
        new.requires_grad_(old.requires_grad)
    trained = trained.to(next(model.parameters()).device)
    told = ", ".join(f"{name} {error:.3g}" for name, error in errors.items())
    message = f"{monitor.sentence(status)}. {len(monitor.rows)} steps. Root mean squares on fresh points: {told}."
    if rounds.note:
        message += f" {rounds.note}."
    return Solution(trained, errors, monitor.rows, status, message, unknowns, monitor.elapsed)


def _wrong(model: Any, conditions: Any, points: Any, grids: Any, steps: Any, restarts: Any, seed: Any) -> Iterator[str]:
    """Every setting that cannot be used, in words."""
    if not isinstance(model, nn.Module):
        yield f"model must be an edgewise.KAN or another nn.Module, got {type(model).__name__}"
    if not is_sequence(conditions):
        yield f"conditions must be a list such as [edgewise.pde.Dirichlet(0.0)], got {shown(conditions)}"
    else:
        for odd in [one for one in conditions if not isinstance(one, CONDITIONS)][:1]:
            known = ", ".join(kind.__name__ for kind in CONDITIONS)
            yield f"conditions are of edgewise.pde: {known}; got {shown(odd)}"
    for name, value, least in (("points", points, 1), ("restarts", restarts, 0)):
        if not is_int(value) or index(value) < least:
            yield f"{name} must be a whole number >= {least}, got {shown(value)}"
    for name, value, each in (
        ("points", points, NUMBER),
        ("restarts", restarts, MODULE),
        ("steps", steps, HISTORY_ROW),
    ):
        if is_int(value) and index(value) > 0:
            found = too_large(f"{name}={shown(value)}", times(each, index(value)), "take fewer")
            if found:
                yield found
    if steps is not None and (not is_int(steps) or index(steps) < 1):
        yield f"steps must be None or a whole number >= 1, got {shown(steps)}"
    automatic = isinstance(grids, str) and grids == "auto"
    if not automatic and not (
        is_sequence(grids) and len(grids) and all(is_int(size) and index(size) >= 1 for size in grids)
    ):
        yield f"grids must be 'auto' or whole numbers such as (5, 10, 20), got {shown(grids)}"
    if not is_seed(seed):
        yield f"seed must be a whole number >= 0 and below 2^64, got {shown(seed)}"
