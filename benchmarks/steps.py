"""One Levenberg-Marquardt step of edgewise against one function evaluation with gradient of pykan, whose L-BFGS steps
take several each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.func import functional_call

import edgewise as ew
from edgewise.losses import SquaredError
from edgewise.threads import threads_for
from edgewise.train.problems.kan import NetworkProblem
from edgewise.train.solvers import levenberg_marquardt

from . import peers
from .clock import alternate
from .contestants import OWN, named
from .layers import failure
from .records import Place, Record, record
from .shapes import DEGREE, Shape

SHAPE = Shape((2, 5, 1), 5, 1000)
STEPS = 20  # in a sample, from the start, so that steps that are rejected count too
STEP, EVALUATION = "one Levenberg-Marquardt step", "one evaluation with gradient"
CLOSE = 1e-10  # float64: the same sums in another order


def target(x: Tensor) -> Tensor:
    """exp(sin(pi x0) + x1^2): (b, 2) -> (b, 1)."""
    return torch.exp(torch.sin(torch.pi * x[:, :1]) + x[:, 1:] ** 2)


def points(count: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Inputs (b, 2) in [-1, 1) and targets (b, 1)."""
    x = 2 * torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1
    return x.to(dtype), target(x).to(dtype)


def measured(seconds: float, shape: Shape = SHAPE) -> Iterator[Record]:
    """Both lines."""
    own, pykan = named(OWN), named("pykan")
    places = {
        name: Place("step", shape.name, what, "ms") for name, what in ((own.name, STEP), (pykan.name, EVALUATION))
    }
    calls: dict[str, Callable[[], object]] = {}
    step, wrong = own_steps(shape)
    if wrong > CLOSE:
        yield record(places[own.name], own, note=f"wrong: the gradient is off by {wrong:.1e}", error=wrong)
    else:
        calls[own.name] = step
    evaluation, note = None, pykan.missing
    if not note:
        try:
            evaluation = pykan_evaluation(shape)
            calls[pykan.name] = evaluation
        except Exception as problem:  # whatever pykan trips over here
            note = failure(problem)
    if evaluation is None:
        yield record(places[pykan.name], pykan, note=note)
    for name, spread in alternate(calls, seconds).items():
        mine = name == own.name
        scaled = spread.scaled(1e3 / STEPS if mine else 1e3)
        yield record(
            places[name],
            named(name),
            scaled,
            error=wrong if mine else None,
            against="autograd through the reference" if mine else "",
        )


def own_steps(shape: Shape) -> tuple[Callable[[], object], float]:
    """What takes STEPS steps from the start, as `fit` does, and the error of its gradient against autograd through the
    reference."""
    model = ew.KAN(shape.widths, grid_size=shape.grid, degree=DEGREE)
    x, y = points(shape.batch, 0)
    problem = NetworkProblem(model.build(), x, y, SquaredError())
    start = problem.start()

    def steps() -> levenberg_marquardt.Minimum:
        with threads_for(0.0):  # as in a fit of this size
            return levenberg_marquardt.minimize(problem, start, steps=STEPS, tolerance=0.0)

    _, gradient, _ = problem.quadratic(start)
    names = [name for name, _ in model.named_parameters()]  # in the problem's order
    leaves = [p.detach().clone().requires_grad_() for p in model.parameters()]
    with ew.use_backend("reference"):
        value = SquaredError().rows(functional_call(model, dict(zip(names, leaves, strict=True)), (x,)), y).mean()
        wanted = torch.cat([g.flatten() for g in torch.autograd.grad(value, leaves)])
    if steps().steps != STEPS:
        raise RuntimeError(f"the minimiser ended before {STEPS} steps")
    return steps, float((gradient - wanted).abs().max() / wanted.abs().max())


def pykan_evaluation(shape: Shape) -> Callable[[], object]:
    """What pykan's L-BFGS calls, in pykan's own number format: zero gradients, forward, mean square, backward."""
    with peers.quiet():
        from kan import MultKAN  # pyright: ignore[reportMissingImports]

        network = MultKAN(list(shape.widths), grid=shape.grid, k=DEGREE, auto_save=False).speed()
    x, y = points(shape.batch, 0, torch.float32)
    parameters = network.get_params()

    def evaluation() -> None:
        for p in parameters:
            p.grad = None
        torch.mean((network(x) - y) ** 2).backward()

    return evaluation
