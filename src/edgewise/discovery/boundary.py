"""boundary: the formula of the surface between two classes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..config import is_seed
from ..data import as_matrix
from ..errors import ConfigError, DataError, knows_keywords, shown
from ..model import KAN
from ..structure.probe import column_names
from ..symbolic.simple_numbers import SimpleNumber, nearest
from ..train.fit import fit
from .formulas import NamedFormula
from .logistic import alone, with_each
from .term_library import PLAIN, Library, build
from .tree import Node, Num, Var, columns_of, complexity, number, product, total, values
from .tuning import TUNED
from .yardstick import bits

PLAIN_SHAPES = ("z", "abs", "z2", "exp", "exp-", "cosh", "sinh", "1/z", "log", "tanh", "sin", "cos")
SHAPES = (*((shape, 1.0) for shape in PLAIN_SHAPES), ("exp", 2.0), ("exp-", 2.0))  # with the scale of the argument


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
        return f"Boundary({self.expression} = 0, {self.accuracy:.2%} right; the larger class {self.largest:.2%})"


@dataclass(frozen=True)
class _Sum:
    """Places of terms, -1 for the constant, and the description length in bits."""

    places: tuple[int, ...]
    price: float


@knows_keywords
def boundary(X: Any, y: Any, *, inputs: Any = None, seed: int = 0) -> Boundary:
    """The formula of the surface between two classes: a sum of few terms that is zero there.

    A network of sums and products says which rows lie near the surface, and which columns matter. There, logistic
    regressions on all pairs of terms are compared, and the best pairs get further terms. The sum of the least
    description length is fitted to all rows near the surface. It is divided by one of its weights, that which leaves
    the simplest numbers. Terms are shapes of columns, such as `exp(p)`, and their products with another column.

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
    order = torch.as_tensor(np.random.default_rng(seed).permutation(len(rows)))
    cut = int(TUNED.edge_fitted * len(rows))
    fitting, judging = order[:cut], order[cut:]
    if not 0 < float(labels[fitting].mean()) < 1:
        raise DataError("all rows that fit are of one class; give more rows of the other")
    model = _network(rows[fitting], labels[fitting])
    with torch.no_grad():
        near = model(rows[fitting])[:, 0].abs().argsort()
    near = fitting[near[: max(TUNED.edge_rows, int(TUNED.edge_part * cut))]]
    node = _written(rows[near], labels[near], model)
    right = ((values(node, rows[judging]) > 0) == (labels[judging] > 0)).double()
    largest = float(labels[judging].mean())
    largest = max(largest, 1 - largest)
    found = bool(columns_of(node)) and _beyond_chance(int(right.sum()), len(right), largest)
    return Boundary(names, complexity(node), float(right.mean()), largest, found, node)


def _beyond_chance(right: int, count: int, share: float) -> bool:
    """Whether so many of `count` rows are hardly ever right if each is with this probability: a binomial test."""
    from scipy.special import bdtrc

    return float(bdtrc(right - 1, count, share)) < TUNED.chance if right else False


def _labels(y: Any, count: int) -> Tensor:
    """0 and 1 (n,) of two classes."""
    told = np.asarray(y.cpu() if isinstance(y, Tensor) else y).reshape(-1)
    classes = np.unique(told)
    if len(told) != count or count < TUNED.edge_least:
        raise DataError(f"X has {count} rows and y has {len(told)}; at least {TUNED.edge_least} of both are needed")
    if len(classes) != 2:
        raise DataError(f"y must have two classes, got {len(classes)}; split them into one against the others")
    return torch.as_tensor(told == classes[1], dtype=torch.float64)


def _network(X: Tensor, labels: Tensor) -> KAN:
    """A network whose output grows from the first class to the second."""
    few = slice(0, TUNED.edge_network)
    start = KAN((X.shape[1], (1, 3), 1)) if X.shape[1] > 1 else KAN((1, 1))
    how: dict[str, Any] = {"loss": "binomial", "optimizer": "evidence", "progress": False}
    return fit(start, X[few], labels[few], **how).model


def _terms(X: Tensor, used: list[int], first: list[Node]) -> Library:
    """Some terms, then shapes of the columns, and their products with another column, the simplest first."""

    def candidates() -> Iterator[Node]:
        yield from first
        for shape, scale in SHAPES:
            yield from (PLAIN[shape](scale, Var(i)) for i in used)
        for shape, scale in SHAPES:
            yield from (product(Var(j), PLAIN[shape](scale, Var(i))) for i in used for j in used if i != j)

    return build(candidates(), X, TUNED.edge_terms)


def _written(X: Tensor, labels: Tensor, model: KAN) -> Node:
    """The best sum of few terms, in simple numbers where the rows allow it.

    A surface is sharp in some places and dim in others, which a sum of terms need not follow. So it is also looked for
    as a column less a function of the others, in units of the network's slope along this column.
    """
    used = sorted(model.used_inputs) or list(range(X.shape[1]))
    few, count = X[: TUNED.edge_rows], min(len(X), TUNED.edge_rows)
    slopes = _slopes(model, X)
    tried = []
    for pivot in (None, *(used if len(used) > 1 else ())):
        others = [i for i in used if i != pivot]
        library = _terms(few, others, [] if pivot is None else [Var(pivot)])
        sharp = torch.ones(len(X), dtype=X.dtype) if pivot is None else slopes[:, pivot]
        sizes = (library.values * sharp[:count, None]).square().mean(0).sqrt()
        base = (-1,) if pivot is None else (-1, 0)
        best = _chosen(library, library.values * sharp[:count, None] / sizes, sharp[:count], labels[:count], base)
        tried.append((best.price, best, library, sharp, sizes))
    _, best, library, sharp, sizes = min(tried, key=lambda one: one[0])
    nodes = [number(1.0) if place < 0 else library.nodes[place] for place in best.places]
    units = X.new_tensor([1.0 if place < 0 else float(sizes[place]) for place in best.places])
    columns = torch.stack([values(node, X) for node in nodes], 1) * sharp[:, None] / units
    usable = torch.isfinite(columns).all(1)
    theta, covariance, _ = alone(columns[usable], labels[usable])
    return _normalised(nodes, theta / units, covariance / units / units[:, None])


def _slopes(model: KAN, X: Tensor) -> Tensor:
    """How sharp the surface is along each column (n, d): slopes of the network, in units of their usual size."""
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    size = gradient.abs()
    usual = size.median(0).values.clamp(min=1e-300)
    return (size / usual).clamp(1 / TUNED.edge_sharpness, TUNED.edge_sharpness)


def _chosen(library: Library, terms: Tensor, one: Tensor, labels: Tensor, base: tuple[int, ...]) -> _Sum:
    """The sum of the least description length: all pairs beside the base, and the best ones with more and fewer."""
    costs = terms.new_tensor([bits(node) for node in library.nodes]) + TUNED.constant_bits + 3 * TUNED.symbol_bits
    constant = TUNED.constant_bits + 3 * TUNED.symbol_bits

    def best_of(places: tuple[int, ...], most: int) -> list[_Sum]:
        """These and one more term each."""
        shared = torch.stack([one if place < 0 else terms[:, place] for place in places], 1)
        own = sum(constant if place < 0 else float(costs[place]) for place in places)
        price = own + costs + with_each(shared, terms, labels)[1] / (2 * math.log(2))
        price[[place for place in places if place >= 0]] = math.inf
        least = torch.topk(price, min(most, len(price)), largest=False)
        return [_Sum((*places, int(n)), float(p)) for p, n in zip(*least, strict=True) if math.isfinite(float(p))]

    found = best_of(base, TUNED.edge_followed)
    for first in set(range(terms.shape[1])) - set(base):
        found += best_of((*base, first), 2)
    found = _lowest(found)
    for _ in range(TUNED.edge_longest - 2):
        longer = [new for one_ in found[: TUNED.edge_followed] for new in best_of(one_.places, 2)]
        for known in (*found[: TUNED.edge_followed], *longer):  # without the constant
            kept = tuple(place for place in known.places if place >= 0)
            longer += best_of(kept[:-1], 1) if 1 < len(kept) < len(known.places) else []
        both = _lowest([*found, *longer])
        if both[0] == found[0]:
            break
        found = both
    return found[0]


def _lowest(found: list[_Sum]) -> list[_Sum]:
    """The sums in the order of their price, each once."""
    own = {frozenset(one.places): one for one in sorted(found, key=lambda one: -one.price)}
    return sorted(own.values(), key=lambda one: one.price)[: 2 * TUNED.edge_followed]


def _normalised(nodes: list[Node], theta: Tensor, covariance: Tensor) -> Node:
    """The sum divided by the size of that weight which leaves the simplest numbers."""
    best: tuple[float, list[Num]] | None = None
    for k in range(len(nodes)):
        ratio = theta / theta[k].abs()
        slopes = torch.eye(len(theta), dtype=theta.dtype) / theta[k].abs()
        slopes[:, k] -= ratio * theta[k].sign() / theta[k].abs()
        errors = ((slopes @ covariance) * slopes).sum(1).clamp(min=0.0).sqrt()
        numbers = [_number(float(value), float(error)) for value, error in zip(ratio, errors, strict=True)]
        cost = sum(one[1] for one in numbers)
        if best is None or cost < best[0]:
            best = cost, [one[0] for one in numbers]
    assert best is not None
    return total(*(product(weight, node) for weight, node in zip(best[1], nodes, strict=True)))


def _number(value: float, error: float) -> tuple[Num, float]:
    """A weight as a simple number where its error allows it, and what it costs to write."""
    reach = max(TUNED.reach * error, TUNED.exact * abs(value))
    simple: SimpleNumber | None = nearest(value, reach)
    if simple is None and reach <= TUNED.one_reach and abs(abs(value) - 1) <= reach:
        simple = nearest(math.copysign(1.0, value), TUNED.exact)
    return (Num(value), TUNED.constant_bits) if simple is None else (Num(simple.value, simple), simple.cost)
