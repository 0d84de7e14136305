"""Which optimizer a fit takes where its caller says "auto": Levenberg-Marquardt while its cost fits, then L-BFGS, then
Adam in mini-batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .solvers.batches import batch_rows
from .solvers.stop import Patience

Optimizer = str | Callable[..., Any]  # a name, or a factory of a torch optimizer

NAMES = {
    "lm": "Levenberg-Marquardt",
    "lm-cg": "Levenberg-Marquardt with conjugate gradients",
    "lbfgs": "L-BFGS",
    "ssbroyden": "self-scaled Broyden",
    "ssbfgs": "self-scaled BFGS",
    "adam": "Adam",
}
FULL_BATCH = tuple(name for name in NAMES if name != "adam")  # they take all rows at once, in float64 on a KAN
EVIDENCE = "evidence"  # in closed form, for a KAN without hidden layers
RIDGE = "ridge"  # L-BFGS under a penalty whose strength unseen rows choose, for any KAN


@dataclass(frozen=True)
class ChoiceTuning:
    """What decides between optimizers, and how long those run that are not Levenberg-Marquardt on a KAN. "Not measured"
    says that a value was chosen by judgement."""

    lm_parameters: int = 4000
    """Parameters up to which Levenberg-Marquardt is taken."""
    lm_work: float = 8e10
    """Rows times outputs times squared parameters up to which it is: a step takes seconds at most on two cores."""
    lm_work_many: float = 1e10
    """The same with more rows than L-BFGS takes, where mini-batches are the alternative. A run of 300 steps takes
    minutes: 160,000 rows and 511 parameters, four times as much, took more than 8."""
    lm_wide: float = 1e10
    """Operations of a factorisation up to which it is taken for a module with more parameters than residuals."""
    lbfgs_parameters: int = 50_000
    """Parameters up to which L-BFGS is taken. Not measured."""
    lbfgs_rows: int = 20_000
    """Rows up to which it is. Not measured."""
    epochs: int = 200
    """Passes of a first-order method over the rows, at most. Not measured."""
    longest: int = 10_000
    """Mini-batch steps on one grid, at most about so many: seconds. Measured on 20,000 rows of a function of five out
    of 20 inputs, [20,5,1], all grids: 5000 steps leave an error of 6.2 %, 10,000 one of 2.6 %, 14,200 one of 2.5 %."""
    longest_sparse: int = 4_000
    """The same under a penalty, whose steps take three times as long; such a fit is for shapes. 3000 steps found the
    four inputs out of 20 of one function on 160,000 rows, and the five of another."""
    early: Patience = Patience(40, share=1.0)  # noqa: RUF009 - frozen
    """Steps at least without a lower held-out loss before the end; as many as led to the lowest, where these are
    more."""
    doublings: int = 3
    """Of a KAN's own grid by other methods than Levenberg-Marquardt, at most, while the held-out loss falls."""
    worth: float = 0.95
    """Part of the lowest held-out loss that a grid must reach for the next one to be tried."""


TUNED = ChoiceTuning()


def choose(parameters: int, rows: int, outputs: int) -> str:
    """The optimizer for a KAN of so many parameters.

    >>> choose(100, 1000, 1), choose(10_000, 1000, 1), choose(100_000, 60_000, 10), choose(500, 160_000, 1)
    ('lm', 'lbfgs', 'adam', 'adam')
    """
    work = rows * outputs * parameters**2
    if parameters <= TUNED.lm_parameters and work <= (
        TUNED.lm_work if rows <= TUNED.lbfgs_rows else TUNED.lm_work_many
    ):
        return "lm"
    return "lbfgs" if parameters <= TUNED.lbfgs_parameters and rows <= TUNED.lbfgs_rows else "adam"


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
    return (
        "lm"
        if residuals < parameters and residuals**2 * per_entry <= TUNED.lm_wide
        else choose(parameters, rows, outputs)
    )


def epochs_for(rows: int, batch_size: int | None = None, longest: int = TUNED.longest) -> int:
    """How often a first-order method passes over so many rows where nobody says: `TUNED.epochs` times, fewer where that
    would take more than `longest` steps.

    >>> epochs_for(1000), epochs_for(180_000)
    (200, 15)
    """
    batches = math.ceil(rows / batch_rows(rows, batch_size))
    return max(1, min(TUNED.epochs, math.ceil(longest / batches)))


def name_of(optimizer: Optimizer) -> str:
    """The optimizer in words."""
    return NAMES[optimizer] if isinstance(optimizer, str) else getattr(optimizer, "__name__", type(optimizer).__name__)


def listed(names: Sequence[str]) -> str:
    """Names in quotes, for a message.

    >>> listed(("lm", "lbfgs", "adam"))
    "'lm', 'lbfgs' or 'adam'"
    """
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def whole_batch(chosen: Optimizer, parameters: int, given: Iterable[str]) -> str:
    """Why "auto" takes no batch size, nor what else was `given` that is for mini-batches."""
    names = list(given)
    are, them = ("is", names[0]) if len(names) == 1 else ("are", "them")
    return (
        f"{', '.join(names)} {are} for mini-batches, 'auto' is {name_of(chosen)} for {parameters} parameters, which"
        f" takes all rows at once; use optimizer='adam', or leave {them} out"
    )
