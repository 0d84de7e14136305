"""solve: a network that satisfies a differential equation and its conditions."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from operator import index
from typing import Any

from torch import Tensor, nn

from ..config import is_auto, is_int, is_number, is_seed, is_sequence
from ..errors import ConfigError, knows_keywords, problems, shown
from ..limits import HISTORY_ROW, MODULE, NUMBER, times, too_large
from ..metadata import Edit
from ..model import KAN
from ..train.monitor import Callback, Monitor, watched, wrong_callbacks
from ..train.solvers.status import Status
from .ansatz import Ansatz
from .boundary_problem import BoundaryProblem, Use
from .conditions import Condition, Data, Dirichlet, Initial, Neumann, Periodic, Robin
from .constrained import outputs_of_network
from .domain import Domain
from .equation import Equation, refuse_degree
from .function_jets import function_jets
from .hard import form_of, is_hard
from .interface import Interface
from .placing import placed
from .refinement import Rounds
from .regions import Interval
from .slabs import Slabs, joined, times_of
from .solution import Solution
from .time_slabs import TimeSlabs
from .tuning import TUNED

CONDITIONS = (Dirichlet, Neumann, Robin, Initial, Periodic, Data, Interface)


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
    slabs: int | str | Sequence[float] = 1,
    features: Sequence[Callable[[Tensor], Tensor]] = (),
    seed: int = 0,
    callbacks: Sequence[Callback] = (),
    progress: bool = True,
) -> Solution:
    """Train a copy of a network until it satisfies a differential equation and its conditions.

    Levenberg-Marquardt steps in float64 minimise the residual at points of the domain. Each round has new points, and a
    finer grid where the residual is. Conditions are weighted so that each has the curvature of the equation.

    Args:
        model: a KAN, whose splines should be smooth (degree=5, base=None); or another nn.Module, which is slower; or
            the model of a solution, to go on from.
        equation: a function of u and x that is zero for the solution: a tensor (n,) or (n, k), or a tuple of such.
            x (n, d) are points and u() the values (n, outputs). u(0) is their derivative by the first input, u(0, 1)
            that by the first and the second, up to order 4. u[nu] is an `Unknown` constant.
        domain: one interval (low, high), `Disc` or `Polygon` after the other; each takes the next coordinates.
        conditions: of `Dirichlet`, `Neumann`, `Robin`, `Initial`, `Periodic`, `Interface` and `Data`.
        points: where the equation is required to hold, in each round.
        grids: "auto" for the model's own grid, twice that, and so on, while it pays; or the grids of the rounds.
        steps: of the minimiser in each round, at most; 100 by default.
        restarts: other initial functions of a new KAN that are tried first.
        slabs: of time, the last coordinate, each solved by a network of its own that starts from the one before: how
            many, or the times between them, or "auto" for lengths at which splines in space limit the accuracy.
        features: functions f_j of x (n, d) that no spline can follow, such as a singular one at a corner. The solution
            is N_0 + f_1 N_1 + ..., and the model has the outputs of N_0, then of N_1, and so on.
        seed: of the points; restarts draw from streams derived from the model's own.
        callbacks: each gets a row of the history after every step, and ends the work by returning True.
        progress: whether to show a bar where stderr is a terminal.

    Returns:
        A `Solution` in float64, whose model is `TimeSlabs` where there are several, and an `Ansatz` around it where
        conditions are hard or there are features. Ctrl-C gives the best so far.

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
    wrong = [*_wrong_slabs(slabs), *wrong_callbacks(callbacks)]
    problems([*_wrong(model, conditions, points, grids, steps, restarts, seed), *wrong])
    place, known = Domain.create(domain), _networks(model, slabs)
    module = _private(known[0], place)
    pace: dict[str, Any] = {
        "points": index(points),
        "seed": index(seed),
        "grids": None if isinstance(grids, str) else tuple(index(size) for size in grids),
        "steps": TUNED.steps if steps is None else index(steps),
        "restarts": index(restarts),
        "fixed": frozenset(name for name, parameter in known[0].named_parameters() if not parameter.requires_grad),
    }
    task = _task(equation, place, conditions, features, outputs_of_network(module, place), pace)
    several = len(known) > 1 or not (is_int(slabs) and index(slabs) == 1)  # type: ignore[arg-type]
    with watched(callbacks, progress) as monitor:
        work = _slabs(task, model, known, slabs, monitor) if several else Rounds(task, module, monitor)
        if isinstance(module, KAN):
            refuse_degree(module.edge_layers, task.terms(task.points_for(Use.FRESH, TUNED.asked), Use.FRESH))
        status = _ended(work)
        monitor.finishing()
        return _closed(known, work, status)


def _task(
    equation: Callable[[Any, Tensor], Any],
    domain: Domain,
    conditions: Sequence[Condition],
    features: Sequence[Callable[[Tensor], Tensor]],
    outputs: int,
    pace: dict[str, Any],
) -> BoundaryProblem:
    """What is to be solved by a network of so many outputs. pace: settings of the work that `BoundaryProblem` takes."""
    timed = any(isinstance(condition, Initial) for condition in conditions)
    form = form_of(conditions, features, domain, outputs, timed)
    return BoundaryProblem(
        equation=Equation.asked(equation, domain, form.outputs),
        domain=domain,
        conditions=tuple(condition for condition in conditions if not is_hard(condition)),
        timed=timed,
        outputs=form.outputs,
        form=None if form.plain else form,
        hard=tuple(condition for condition in conditions if is_hard(condition)),
        **pace,
    )


def _networks(model: nn.Module, slabs: Any) -> list[nn.Module]:
    """The networks of a model: one, or those of the slabs of a solution. Raises `ConfigError` for other slabs beside
    them."""
    model = model.network if isinstance(model, Ansatz) else model
    if not isinstance(model, TimeSlabs):
        return [model]
    if not (is_int(slabs) and index(slabs) == 1):
        raise ConfigError("a model of TimeSlabs has slabs of its own: leave slabs out, or take one of its networks")
    return list(model.networks)


def _ended(work: Slabs | Rounds) -> Status:
    """How the work ended; after Ctrl-C the best so far is kept."""
    try:
        return work.go()
    except KeyboardInterrupt:
        work.rescue()
        return Status.INTERRUPTED


def _slabs(task: BoundaryProblem, model: nn.Module, known: Sequence[nn.Module], slabs: Any, monitor: Monitor) -> Slabs:
    """The slabs of a task. Raises `ConfigError` where it has none."""
    time = task.domain.shapes[-1]
    if not task.timed or not isinstance(time, Interval):
        raise ConfigError("slabs are slabs of time: they take an Initial condition, and time as the last coordinate")
    if task.unknowns:
        raise ConfigError("an Unknown constant is one for all time, but slabs are solved one by one: take slabs=1")
    networks = [network.build().cpu() for network in known if isinstance(network, KAN)]
    if len(networks) < len(known):
        raise ConfigError(f"slabs take an edgewise.KAN, got {type(known[0]).__name__}; take slabs=1")
    if any(isinstance(condition, Initial) for condition in task.hard):
        raise ConfigError(
            "a hard Initial condition takes slabs=1: a slab that starts exactly where the one before ends would hold"
            " all those before it"
        )
    whole = model.network if isinstance(model, Ansatz) else model
    if isinstance(whole, TimeSlabs):
        slabs = whole.times.tolist()
    times = None if isinstance(slabs, str) else times_of(slabs, time)
    if times is not None and not all(a < b for a, b in zip([time.low, *times], times, strict=False)):
        raise ConfigError(f"slabs must be times between {time.low} and {time.high}, each later than the one before")
    return Slabs(task, networks[0], monitor, times, networks if len(networks) > 1 else ())


def _private(model: nn.Module, domain: Domain) -> nn.Module:
    """The copy that is trained, in float64 on the CPU. Raises `ConfigError` where it takes other inputs."""
    if not isinstance(model, KAN):
        return copy.deepcopy(model).cpu().double()
    if model.features != domain.dims:
        raise ConfigError(f"the model takes {model.features} inputs, but points of the domain have {domain.dims}")
    return placed(model.build().cpu(), domain)


def _closed(known: Sequence[nn.Module], work: Rounds | Slabs, status: Status) -> Solution:
    """What is given back: the best state, on the device of the model."""
    monitor, unknowns, task = work.monitor, {}, work.task
    if isinstance(work, Slabs):
        initial = {"Initial", *(f"Initial {number}" for number in range(1, 1 + len(task.conditions)))}
        errors = joined(work.done, initial)
        starts = known if len(known) > 1 else [known[0]] * len(work.done)
        parts = [_finished(start, slab.judged.module, status) for start, slab in zip(starts, work.done, strict=False)]
        trained = TimeSlabs(parts, [slab.end for slab in work.done[:-1]]) if len(parts) > 1 else parts[0]
    else:
        best = work.best
        errors = {term.name: math.sqrt(square) for term, square in zip(work.fresh, best.fresh, strict=True)}
        unknowns = {one.name: one.unit * float(value) for one, value in zip(task.unknowns, best.constants, strict=True)}
        trained = _finished(known[0], best.module, status)
    if task.form is not None:
        trained = Ansatz(trained, task.form)
        errors |= _hard_errors(trained, task)
    told = ", ".join(f"{name} {error:.3g}" for name, error in errors.items())
    message = f"{monitor.sentence(status)}. {len(monitor.rows)} steps. Root mean squares on fresh points: {told}."
    if isinstance(work, Slabs):
        message += f" {len(work.done)} slabs."
    doubts = work.doubts()
    if doubts:
        message += f" {doubts}."
    return Solution(trained, errors, monitor.rows, status, message, unknowns, monitor.elapsed, task)


def _hard_errors(model: nn.Module, task: BoundaryProblem) -> dict[str, float]:
    """Root mean squares of the hard conditions on fresh points, by name: roundings."""
    found, device = {}, next(model.parameters()).device
    for term in task.hard_terms(TUNED.fresh, Use.FRESH):
        derivatives = function_jets(model, term.x.to(device), term.indices).cpu()
        square = float(term.value(derivatives, {}).square().sum()) / term.count
        name = f"hard {term.name}" if any(term.name == one for one in found) else term.name
        found[name] = math.sqrt(square)
    return found


def _finished(model: nn.Module, trained: nn.Module, status: Status) -> nn.Module:
    """A trained network with the marks and on the device of the model."""
    if isinstance(trained, KAN):
        trained = trained.build(edit=Edit("fit", f"differential equation; {status.name}"))
    for old, new in zip(model.parameters(), trained.parameters(), strict=True):
        new.requires_grad_(old.requires_grad)
    return trained.to(next(model.parameters()).device)


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
    if not is_auto(grids) and not (
        is_sequence(grids) and len(grids) and all(is_int(size) and index(size) >= 1 for size in grids)
    ):
        yield f"grids must be 'auto' or whole numbers such as (5, 10, 20), got {shown(grids)}"
    if not is_seed(seed):
        yield f"seed must be a whole number >= 0 and below 2^64, got {shown(seed)}"


def _wrong_slabs(slabs: Any) -> Iterator[str]:
    """Why these are no slabs, in words."""
    counted = is_int(slabs) and index(slabs) >= 1
    listed = is_sequence(slabs) and len(slabs) and all(is_number(time) and math.isfinite(time) for time in slabs)
    if not is_auto(slabs) and not counted and not listed:
        yield f"slabs must be 'auto', a whole number >= 1 or times such as (0.1, 0.5), got {shown(slabs)}"
    many: Any = slabs if counted else 1
    if found := too_large(f"slabs={shown(slabs)}", times(MODULE, index(many)), "take fewer"):
        yield found
