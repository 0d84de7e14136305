"""Which optimizer a fit takes where its caller says "auto": Levenberg-Marquardt while its cost fits, then L-BFGS, then
Adam in mini-batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .solvers import first_order

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
LM_PARAMETERS, LM_WORK = 4000, 8e10  # up to here a Levenberg-Marquardt step takes seconds at most on two cores
# the same with more rows than L-BFGS takes, where mini-batches are the alternative: a run of 300 steps takes minutes
LM_WORK_MANY = 1e10
LM_WIDE = 1e10  # the same for a module with more parameters than residuals
LBFGS_PARAMETERS, LBFGS_ROWS = 50_000, 20_000
EPOCHS = 200  # of a first-order method
# Mini-batch steps on one grid, at most about so many where nobody asks for more: seconds. Measured on 20,000 rows of a
# function of five out of 20 inputs, [20,5,1], all grids: 5000 steps leave an error of 6.2 %, 10,000 one of 2.6 %, and
# 14,200 one of 2.5 %.
LONGEST = 10_000
# The same under a penalty, whose steps take three times as long; such a fit is for shapes. 3000 steps found the four
# inputs out of 20 of one function on 160,000 rows, and the five of another.
LONGEST_SPARSE = 4_000


def choose(parameters: int, rows: int, outputs: int) -> str:
    """The optimizer for a KAN of so many parameters.

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


def epochs_for(rows: int, batch_size: int | None = None, longest: int = LONGEST) -> int:
    """How often a first-order method passes over so many rows where nobody says: `EPOCHS` times, fewer where that would
    take more than `longest` steps.

    >>> epochs_for(1000), epochs_for(180_000)
    (200, 15)
    """
    batches = math.ceil(rows / first_order.batch_rows(rows, batch_size))
    return max(1, min(EPOCHS, math.ceil(longest / batches)))


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


def whole_batch(chosen: Optimizer, parameters: int) -> str:
    """Why "auto" takes no batch size."""
    return (
        f"batch_size is for mini-batches, 'auto' is {name_of(chosen)} for {parameters} parameters, which takes all rows"
        " at once; use optimizer='adam', or leave batch_size out"
    )
