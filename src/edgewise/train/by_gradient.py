"""Training of any module: Levenberg-Marquardt or L-BFGS on all rows, Adam or the user's torch optimizer in
mini-batches; KANs along grids."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ConfigError, TrainingError
from ..metadata import Edit
from ..model import KAN
from ..threads import threads_for
from ..transforms import refine
from .job import Job
from .monitor import Monitor
from .priors.sparsity import L1Entropy
from .problems import linear_layers
from .problems.modes import Modes
from .problems.module import ModuleProblem
from .problems.residual import ResidualProblem
from .result import FitResult, measure
from .schedule.knots import over_range, reaching_rows
from .solvers import (
    conjugate_gradients,
    first_order,
    lbfgs,
    levenberg_marquardt,
    quasi_newton,
    residual_space,
)
from .solvers.status import Status
from .solvers.types import Watcher

Optimizer = str | Callable[..., torch.optim.Optimizer]
Penalty = first_order.Penalty
STEPS = {"lm": 200, "lm-cg": 100, "lbfgs": 500, "ssbroyden": 500, "ssbfgs": 500, "adam": 200}
# Mini-batch steps on one grid, at most about so many where nobody asks for more: seconds. Measured on 20,000 rows of a
# function of five out of 20 inputs, [20,5,1], all grids: 5000 steps leave an error of 6.2 %, 10,000 one of 2.6 %.
LONGEST = 10_000
# The same under a penalty, whose steps take three times as long; such a fit is for shapes. 3000 steps found the four
# inputs out of 20 of one function on 160,000 rows, and the five of another.
LONGEST_SPARSE = 4_000
# steps at least without a lower held-out loss before the end; as many as led to the lowest, where these are more: it
# may fall late
PATIENCE = 40
NAMES = {
    "lm": "Levenberg-Marquardt",
    "lm-cg": "Levenberg-Marquardt with conjugate gradients",
    "lbfgs": "L-BFGS",
    "ssbroyden": "self-scaled Broyden",
    "ssbfgs": "self-scaled BFGS",
    "adam": "Adam",
}
FULL_BATCH = tuple(
    name for name in NAMES if name != "adam"
)  # optimizers that take all rows at once, in float64 on a KAN
LM_PARAMETERS, LM_WORK = 4000, 8e10  # up to here a Levenberg-Marquardt step takes seconds at most on two cores
# the same with more rows than L-BFGS takes, where mini-batches are the alternative: a run of 300 steps takes minutes
LM_WORK_MANY = 1e10
LM_WIDE = 1e10  # the same for a module with more parameters than residuals
LBFGS_PARAMETERS, LBFGS_ROWS = 50_000, 20_000


def choose(parameters: int, rows: int, outputs: int) -> str:
    """Levenberg-Marquardt while its cost fits, then L-BFGS, then Adam in mini-batches.

    >>> choose(100, 1000, 1), choose(10_000, 1000, 1), choose(100_000, 60_000, 10), choose(500, 160_000, 1)
    ('lm', 'lbfgs', 'adam', 'adam')
    """
    work = rows * outputs * parameters**2
    if parameters <= LM_PARAMETERS and work <= (LM_WORK if rows <= LBFGS_ROWS else LM_WORK_MANY):
        return "lm"
    return "lbfgs" if parameters <= LBFGS_PARAMETERS and rows <= LBFGS_ROWS else "adam"


def choose_for_module(parameters: int, rows: int, outputs: int, widths: int | None = None) -> str:
    """`choose` for any module, where Levenberg-Marquardt costs less than the dense matrix does once there are fewer
    residuals than parameters; less still where all parameters are in linear layers, of which `widths` is the sum of
    their inputs and outputs.

    >>> choose_for_module(5_000, 1000, 1), choose_for_module(5_000, 10_000, 1)
    ('lm', 'lbfgs')
    >>> choose_for_module(90_000, 1000, 1), choose_for_module(90_000, 1000, 1, widths=900)
    ('adam', 'lm')
    """
    residuals = rows * outputs
    per_entry = (
        parameters if widths is None else widths + residuals / 3
    )  # operations for each entry of the matrix, its factorisation included
    return "lm" if residuals < parameters and residuals**2 * per_entry <= LM_WIDE else choose(parameters, rows, outputs)


def listed(names: Sequence[str]) -> str:
    """Names in quotes, for a message.

    >>> listed(("lm", "lbfgs", "adam"))
    "'lm', 'lbfgs' or 'adam'"
    """
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def name_of(optimizer: Optimizer) -> str:
    """The optimizer in words."""
    return NAMES[optimizer] if isinstance(optimizer, str) else getattr(optimizer, "__name__", type(optimizer).__name__)


def whole_batch(chosen: Optimizer, parameters: int) -> str:
    """Why "auto" takes no batch size."""
    return (
        f"batch_size is for mini-batches, 'auto' is {name_of(chosen)} for {parameters} parameters, which takes all rows"
        " at once; use optimizer='adam', or leave batch_size out"
    )


def fit_module(
    module: nn.Module, job: Job, *, optimizer: Optimizer, steps: int | None, batch_size: int | None, monitor: Monitor
) -> FitResult:
    """Train a copy of any module on a job's rows; the state with the lowest held-out loss comes back."""
    trained = copy.deepcopy(module).to(job.x.device)
    modes, outputs = Modes(trained), _check_output(trained, job)
    parameters = sum(p.numel() for p in trained.parameters() if p.requires_grad)
    places = linear_layers.places(trained, [p for p in trained.parameters() if p.requires_grad])
    widths = sum(sum(place.layer.weight.shape) for place in places) if places else None
    chosen = choose_for_module(parameters, job.x.shape[0], outputs, widths) if optimizer == "auto" else optimizer
    if batch_size is not None and chosen in FULL_BATCH:
        raise ConfigError(whole_batch(chosen, parameters))
    try:
        status = descend(
            trained, job, chosen, steps=steps, batch_size=batch_size, monitor=monitor, stage="fit", penalty=None
        )
    except KeyboardInterrupt:  # before the first step, or after the last
        status = Status.INTERRUPTED
    monitor.finishing()
    trained.eval()
    train_loss, metrics = measure(trained, job.x, job.y, job.loss, job.weight)
    validation_loss = None
    choosing_loss = None
    if job.xv is not None and job.yv is not None:
        choosing_loss = measure(trained, job.xv, job.yv, job.loss, job.wv)[0]
    if job.unseen is not None:
        x, y, weight = job.unseen
        validation_loss, held = measure(trained, x, y, job.loss, weight)
        metrics |= {f"validation_{name}": value for name, value in held.items()}
    modes.restore()
    why = f" (chosen for {parameters} parameters)" if optimizer == "auto" else ""
    message = (
        f"{monitor.sentence(status)}. {name_of(chosen)}{why}, {len(monitor.rows)} steps. Training loss"
        f" {train_loss:.3g}."
    )
    return FitResult(
        trained,
        monitor.rows,
        status,
        message,
        train_loss,
        validation_loss,
        metrics,
        monitor.elapsed,
        choosing_loss=choosing_loss,
        held_out=job.held_out,
    )


def _check_output(module: nn.Module, job: Job) -> int:
    """How many numbers the module gives for a row. Raises where they cannot be compared with the targets."""
    modes = Modes(module)
    module.eval()  # no dropout, and statistics of a batch stay as they are
    try:
        with torch.no_grad():
            output = module(job.x[:2])
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise TrainingError(
            f"the module cannot take X of shape {tuple(job.x.shape)} and {job.x.dtype}: {error}"
        ) from error
    finally:
        modes.restore()
    if not isinstance(output, Tensor):
        raise TrainingError(f"the module must return one tensor, got {type(output).__name__}")
    shape = tuple(output.shape)
    if job.y.ndim == 1:
        most = int(torch.cat([job.y, job.y if job.yv is None else job.yv]).max())
        if len(shape) != 2 or shape[0] != 2 or shape[1] <= most:
            raise TrainingError(
                f"the module gives outputs of shape {shape} for 2 rows, classes 0 to {most} need (2, {most + 1}), a"
                " logit for each"
            )
    elif shape != (2, job.y.shape[1]) and not (shape == (2,) and job.y.shape[1] == 1):
        raise TrainingError(
            f"the module gives outputs of shape {shape} for 2 rows, the targets need {(2, job.y.shape[1])}; nothing is"
            " broadcast"
        )
    return shape[1] if len(shape) == 2 else 1


def fit_residual(
    module: nn.Module,
    residual: Callable[[nn.Module], Tensor],
    *,
    optimizer: Optimizer,
    steps: int | None,
    monitor: Monitor,
    device: torch.device | str | None = None,
) -> FitResult:
    """Minimise the mean square of the user's residual vector over a copy of the module."""
    trained = copy.deepcopy(module)
    if device is not None:
        trained = trained.to(device)
    modes = Modes(trained)
    problem = ResidualProblem(trained, residual)
    start = problem.start()
    fits = choose_for_module(start.numel(), problem.residuals, 1) == "lm"
    chosen = ("lm" if fits else "lbfgs") if optimizer == "auto" else optimizer
    if chosen not in FULL_BATCH:
        raise ConfigError(f"a residual is minimised by {listed(FULL_BATCH)}, got {chosen!r}")

    def watch(step: int, theta: Tensor, value: float, mu: float) -> bool:
        latest[0] = theta
        return monitor.row(
            stage="residual", grid_size=None, loss=value, train_loss=value, validation_loss=None, damping=mu
        )

    latest = [start]
    status = _run(chosen, problem, start, steps, watch, latest)
    monitor.finishing()
    problem.load(latest[0])
    if isinstance(trained, KAN):
        trained.edits = (*trained.edits, Edit("fit", f"residual; {name_of(chosen)}; {status.name}"))
    value = problem.value(latest[0])
    problem.load(latest[0])
    modes.restore()
    message = (
        f"{monitor.sentence(status)}. {name_of(chosen)}, {len(monitor.rows)} steps. Mean square of the residual"
        f" {value:.3g}."
    )
    return FitResult(trained, monitor.rows, status, message, value, None, {"rms": math.sqrt(value)}, monitor.elapsed)


def _run(
    chosen: Optimizer, problem: Any, start: Tensor, steps: int | None, watch: Watcher, latest: list[Tensor]
) -> Status:
    """One run of a full-batch minimiser; the parameters at its end, or at Ctrl-C, are left in `latest`."""
    assert isinstance(chosen, str)
    most = steps or STEPS[chosen]
    try:
        if chosen == "lm":
            model = residual_space.Wide.of if problem.residuals < start.numel() else levenberg_marquardt.Dense.of
            end = levenberg_marquardt.minimize(problem, start, steps=most, tolerance=1e-9, watch=watch, model=model)
        elif chosen == "lm-cg":
            end = conjugate_gradients.minimize_cg(problem, start, steps=most, tolerance=1e-9, watch=watch)
        elif chosen == "lbfgs":
            end = lbfgs.minimize(problem.value_gradient, start, steps=most, watch=watch)
        else:
            end = quasi_newton.minimize(problem.value_gradient, start, steps=most, rule=chosen, watch=watch)
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    if end.status is Status.FAILED:
        raise TrainingError(
            "the loss is not finite at the start; scale inputs and targets to ordinary sizes, or start from another"
            " seed"
        )
    if end.status is not Status.STOPPED:
        latest[0] = end.theta
    return end.status


def descend(
    module: nn.Module,
    job: Job,
    optimizer: Optimizer,
    *,
    steps: int | None,
    batch_size: int | None,
    monitor: Monitor,
    stage: str,
    penalty: Penalty | None,
    grid_size: int | None = None,
) -> Status:
    """Run one optimizer on the module, in place; it ends in its best state by held-out loss (by the loss minimised,
    where nothing is held out)."""

    def note(loss: float, judged: float | None, damping: float | None = None) -> bool:
        return monitor.row(
            stage=stage, grid_size=grid_size, loss=loss, train_loss=loss, validation_loss=judged, damping=damping
        )

    rows = job.x.shape[0] if optimizer in FULL_BATCH else first_order.batch_rows(job.x.shape[0], batch_size)
    with threads_for(10.0 * rows * sum(p.numel() for p in module.parameters() if p.requires_grad)):
        if optimizer in FULL_BATCH:
            return _full_batch(module, job, optimizer, steps, penalty, note, monitor)
        return _first_order(module, job, optimizer, steps, batch_size, penalty, note, monitor)


def _full_batch(
    module: nn.Module,
    job: Job,
    optimizer: Optimizer,
    steps: int | None,
    penalty: Penalty | None,
    note: Callable[..., bool],
    monitor: Monitor,
) -> Status:
    problem = ModuleProblem(module, job.x, job.y, job.loss, job.weight)
    target: Any = problem if penalty is None else _Penalised(problem, module, penalty, job.x)
    start = problem.start()

    def judge(theta: Tensor) -> float | None:
        """The held-out loss."""
        problem.load(theta)
        return None if job.xv is None or job.yv is None else measure(module, job.xv, job.yv, job.loss, job.wv)[0]

    first = judge(start) if penalty is None else None
    latest, best, reached = [start], [math.inf if first is None or not math.isfinite(first) else first], [0]

    def watch(step: int, theta: Tensor, value: float, mu: float) -> bool:
        judged = judge(theta)
        if judged is None or penalty is not None or judged < best[0]:
            latest[0], best[0], reached[0] = theta, math.inf if judged is None else judged, step
        stop = note(value, judged, mu)
        return stop or step - reached[0] >= max(PATIENCE, reached[0])

    if optimizer in ("lm", "lm-cg") and penalty is not None:
        raise ConfigError(
            f"the paper's penalty needs a gradient optimizer, not {optimizer!r}; on a KAN optimizer='lm' has its own"
            " sparsity"
        )
    begun = list(latest)
    status = _run(optimizer, target, start, steps, watch, begun)
    judged_end = judge(begun[0]) if penalty is None else None
    if judged_end is None or judged_end < best[0]:
        latest[0] = begun[0] if status not in (Status.STOPPED, Status.INTERRUPTED) else latest[0]
    problem.load(latest[0])
    return Status.STOPPED if monitor.stopped else status


def _first_order(
    module: nn.Module,
    job: Job,
    optimizer: Optimizer,
    steps: int | None,
    batch_size: int | None,
    penalty: Penalty | None,
    note: Callable[[float, float | None], bool],
    monitor: Monitor,
) -> Status:
    def held(module: nn.Module) -> float | None:
        return None if job.xv is None or job.yv is None else measure(module, job.xv, job.yv, job.loss, job.wv)[0]

    def judge(module: nn.Module) -> float:
        judged = held(module) if penalty is None else None
        if judged is not None:
            return judged
        value = measure(module, job.x, job.y, job.loss, job.weight)[0]
        with torch.no_grad():
            return value if penalty is None else value + float(penalty(module, job.x))

    end = first_order.minimize(
        module,
        job.x,
        job.y,
        job.loss,
        judge=judge,
        **({} if optimizer == "adam" else {"optimizer": optimizer, "rates": None}),
        epochs=steps or epochs_for(job.x.shape[0], batch_size, LONGEST if penalty is None else LONGEST_SPARSE),
        batch_size=batch_size,
        weight=job.weight,
        penalty=penalty,
        seed=job.seed,
        watch=lambda epoch: note(
            epoch.train_loss, epoch.judged if penalty is None and job.xv is not None else held(module)
        ),
        tick=monitor.tick,
    )
    if end.status is Status.FAILED:
        raise TrainingError("the loss is not finite at the start; scale inputs and targets to ordinary sizes")
    return end.status


def epochs_for(rows: int, batch_size: int | None = None, longest: int = LONGEST) -> int:
    """How often a first-order method passes over so many rows where nobody says: `STEPS` times, fewer where that would
    take more than `longest` steps.

    >>> epochs_for(1000), epochs_for(180_000)
    (200, 15)
    """
    batches = math.ceil(rows / first_order.batch_rows(rows, batch_size))
    return max(1, min(STEPS["adam"], math.ceil(longest / batches)))


class _Penalised:
    """A problem's loss plus a differentiable penalty of the module on the rows x (b, features)."""

    def __init__(self, problem: ModuleProblem, module: nn.Module, penalty: Penalty, x: Tensor) -> None:
        self.problem, self.module, self.penalty, self.x = problem, module, penalty, x

    def value_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """Value and gradient of the sum."""
        value, gradient = self.problem.value_gradient(theta)
        self.problem.load(theta)
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        with torch.enable_grad():
            extra = self.penalty(self.module, self.x)
            parts = torch.autograd.grad(extra, parameters, allow_unused=True)
        flat = torch.cat(
            [(torch.zeros_like(p) if g is None else g).reshape(-1) for p, g in zip(parameters, parts, strict=True)]
        )
        return value + extra.item(), gradient + flat.to(gradient)


def train_kan(
    start: KAN,
    job: Job,
    *,
    optimizer: Optimizer,
    grids: tuple[int, ...] | None,
    sparsity: float,
    steps: int | None,
    batch_size: int | None,
    monitor: Monitor,
    keep: bool = False,
) -> tuple[KAN, Status]:
    """A KAN along its grids by a gradient method: grids laid over data and activations, refined exactly; the optimizer
    starts anew on each.

    `keep`: the model was fitted before, so its grids may only grow.
    """
    unit = float(start.output_scale.double().square().mean().sqrt()) if job.regression else 1.0
    start, job = _in_units(start, job, unit) if job.regression else (start, job)
    monitor.unit = unit**2
    model, best, best_loss, ended = start, start, math.inf, Status.BUDGET
    own = max(layer.grid_size for layer in start.edge_layers)
    spread = float(job.y.var(0, unbiased=False).mean()) if job.regression else 1.0
    penalty = L1Entropy.of(job.x, sparsity * spread, job.seed) if sparsity > 0 else None
    sizes = grids or ((own,) if job.xv is None else tuple(own * 2**k for k in range(4)))
    try:
        for size in sizes:
            if size > max(layer.grid_size for layer in model.edge_layers):
                model = refine(model, grid_size=size)
            model = reaching_rows(model, job) if keep else over_range(model, job, size)
            size = max(layer.grid_size for layer in model.edge_layers)
            status = descend(
                model,
                job,
                optimizer,
                steps=steps,
                batch_size=batch_size,
                monitor=monitor,
                stage="fit",
                penalty=penalty,
                grid_size=size,
            )
            xv, yv = (job.x, job.y) if job.xv is None or job.yv is None else (job.xv, job.yv)
            loss = measure(model, xv, yv, job.loss, job.weight if job.xv is None else job.wv)[0]
            worth = loss < 0.95 * best_loss
            if math.isfinite(loss) and (loss < best_loss or sparsity > 0):
                best, best_loss, ended = model, loss, status
            if status is Status.INTERRUPTED or monitor.stopped:
                ended = status
            if status is Status.INTERRUPTED or monitor.stopped or (grids is None and not worth):
                break
    except KeyboardInterrupt:  # between the steps
        ended = Status.INTERRUPTED
    return (_in_units(best, job, 1 / unit)[0] if job.regression else best), ended


def _in_units(model: KAN, job: Job, unit: float) -> tuple[KAN, Job]:
    """Model and targets in this unit: constants of an optimizer, such as Adam's smallest divisor, are for losses of
    ordinary size."""
    scaling = {"output_shift": model.output_shift / unit, "output_scale": model.output_scale / unit}
    return model.build(scaling=scaling), replace(job, y=job.y / unit, yv=None if job.yv is None else job.yv / unit)
