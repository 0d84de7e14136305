"""boundary: the formula of the surface between two classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...config import is_seed
from ...data import as_matrix, firsts, observations
from ...errors import ConfigError, DataError, knows_keywords, shown
from ...model import KAN
from ...structure.probe import column_names
from ...train.fit import fit
from ..formulas.named_formula import NamedFormula
from ..formulas.tree import Node, columns_of, complexity, values
from ..judging.tuning import JUDGING
from .surface import surface
from .tuning import SURFACES


@dataclass(frozen=True, repr=False)
class Boundary(NamedFormula):
    """The surface between two classes: its formula is zero there, and positive for the second class.

    The scale of the formula is fixed by one weight that is 1 or -1.

    Attributes:
        names: of the columns.
        complexity: symbols of the formula.
        accuracy: part of the rows on the right side, of rows that took no part in finding it.
        largest: part of the larger class among these rows: what a constant gets right.
        is_found: whether the formula is right more often than that, beyond chance.
    """

    names: tuple[str, ...]
    complexity: int
    accuracy: float
    largest: float
    is_found: bool
    _node: Node

    def __str__(self) -> str:
        return f"{super().__str__()} = 0" if self.is_found else "nothing found"

    def __repr__(self) -> str:
        if not self.is_found:
            return f"Boundary(nothing found: no formula is right more often than the larger class, {self.largest:.2%})"
        return f"Boundary({self.text} = 0, {self.accuracy:.2%} right; the larger class {self.largest:.2%})"


@knows_keywords
def boundary(X: Any, y: Any, *, inputs: Any = None, seed: int = 0) -> Boundary:
    """The formula of the surface between two classes: a sum of few terms that is zero there.

    A network of sums and products says which rows lie near the surface, and which columns matter. There, logistic
    regressions on pairs of terms are compared, on polynomials, and on sums that these lead to. Terms are shapes of
    columns, such as `exp(p)`, and their products with another column. Labels may be blurred near the surface, more in
    some places than in others, and a few may be wrong anywhere. The sum of the least description length is divided by
    one of its weights, that which leaves the simplest numbers.

    Args:
        X (n, d): at least 200 rows of numbers: an array, a tensor, nested lists or a DataFrame.
        y (n,): the class of each row: two values, of which the larger is the second class.
        inputs: names of the columns; by default those of the frame, else x1, x2, ...
        seed: of the split into rows that fit and rows that judge.

    Returns:
        A `Boundary`: `.expression`, `.accuracy`, `.is_found`.

    Raises:
        ConfigError: unusable names or seed.
        DataError: too few rows, no two classes, or numbers that are not finite.
        ShapeError: no table.

    Source: Rissanen 1978 (doi:10.1016/0005-1098(78)90005-5) for the choice by description length.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).uniform(0, 2, (2000, 2))
    >>> boundary(X, X[:, 0] * X[:, 1] > 1, inputs=["a", "b"]).accuracy > 0.98
    True
    """
    if not is_seed(seed):
        raise ConfigError(f"seed must be a whole number, 0 or above, got {shown(seed)}")
    rows = as_matrix(X).double().cpu()
    names = column_names(X, rows.shape[1], inputs)
    labels = _labels(y, len(rows))
    once = firsts(observations(rows, labels))  # a copy says nothing new
    if len(once) < SURFACES.least:
        raise DataError(f"{len(once)} rows of X are different, of {len(rows)}; at least {SURFACES.least} are needed")
    order = once[torch.as_tensor(np.random.default_rng(seed).permutation(len(once)))]
    cut = int(SURFACES.fitted * len(once))
    fitting, judging = order[:cut], order[cut:]
    if not 0 < float(labels[fitting].mean()) < 1:
        raise DataError("all rows that fit are of one class; give more rows of the other")
    model = _network(rows[fitting], labels[fitting])
    with torch.no_grad():
        fitting = fitting[model(rows[fitting])[:, 0].abs().argsort()]
    node = surface(rows[fitting], labels[fitting], model)
    right = ((values(node, rows[judging]) > 0) == (labels[judging] > 0)).double()
    largest = float(labels[judging].mean())
    largest = max(largest, 1 - largest)
    found = bool(columns_of(node)) and _beyond_chance(int(right.sum()), len(right), largest)
    return Boundary(names, complexity(node), float(right.mean()), largest, found, node)


def _beyond_chance(right: int, count: int, share: float) -> bool:
    """Whether so many of `count` rows are hardly ever right if each is with this probability: a binomial test."""
    from scipy.special import bdtrc

    return float(bdtrc(right - 1, count, share)) < JUDGING.chance if right else False


def _labels(y: Any, count: int) -> Tensor:
    """0 and 1 (n,) of two classes."""
    told = np.asarray(y.cpu() if isinstance(y, Tensor) else y).reshape(-1)
    classes = np.unique(told)
    if len(told) != count or count < SURFACES.least:
        raise DataError(f"X has {count} rows and y has {len(told)}; at least {SURFACES.least} of both are needed")
    if len(classes) != 2:
        raise DataError(f"y must have two classes, got {len(classes)}; split them into one against the others")
    return torch.as_tensor(told == classes[1], dtype=torch.float64)


def _network(X: Tensor, labels: Tensor) -> KAN:
    """A network whose output grows from the first class to the second."""
    few = slice(0, SURFACES.network)
    start = KAN((X.shape[1], (1, 3), 1)) if X.shape[1] > 1 else KAN((1, 1))
    how: dict[str, Any] = {"loss": "binomial", "optimizer": "evidence", "progress": False}
    return fit(start, X[few], labels[few], **how).model
