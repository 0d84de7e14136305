"""The formula that is zero at the surface between two classes: a sum of few terms, judged by its description length.

Letters: n rows, d columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...model import KAN
from ...symbolic.simple_numbers import SimpleNumber, nearest
from ..formulas.tree import Node, Num, Power, Product, Var, number, product, total, values
from ..formulas.tuning import FORMULAS
from ..formulas.yardstick import bits
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from ..polishing.tuning import POLISHING
from ..proposals.term_library import PLAIN, Library, build
from ..tables.tuning import TABLES
from .logistic import Sharpened, alone, sharpened, sharpness, with_each
from .tuning import SURFACES

PLAIN_SHAPES = ("z", "abs", "z2", "exp", "exp-", "cosh", "1/cosh", "sinh", "1/z", "log", "tanh", "sin", "cos")
SHAPES = (*((shape, 1.0) for shape in PLAIN_SHAPES), ("exp", 2.0), ("exp-", 2.0))  # with the scale of the argument


@dataclass(frozen=True)
class _Rows:
    """Rows near the surface: values of terms (n, L), features of the sharpness, labels, and part of wrong labels."""

    terms: Tensor
    features: Tensor
    labels: Tensor
    wrong: float

    def fitted(self, columns: Tensor) -> Sharpened:
        return sharpened(columns, self.features, self.labels, self.wrong)


@dataclass(frozen=True)
class _Sum:
    """Places of terms, -1 for the constant, and the description length in bits without and with deviance."""

    places: tuple[int, ...]
    length: float
    price: float


@dataclass(frozen=True)
class _Fitted:
    """A sum with its weights and their covariance, those of its sharpness, and description lengths as of a sum."""

    places: tuple[int, ...]
    theta: Tensor
    covariance: Tensor
    sharpness: Tensor
    length: float
    price: float


def _terms(X: Tensor, used: list[int]) -> Library:
    """Shapes of the columns, and their products with another column, the simplest first."""

    def candidates() -> Iterator[Node]:
        for shape, scale in SHAPES:
            yield from (PLAIN[shape](scale, Var(i)) for i in used)
        for shape, scale in SHAPES:
            yield from (product(Var(j), PLAIN[shape](scale, Var(i))) for i in used for j in used if i != j)

    return build(candidates(), X, SURFACES.terms)


def surface(X: Tensor, labels: Tensor, model: KAN) -> Node:
    """The best sum of few terms, in simple numbers where the rows allow it.

    Sums are looked for on the nearest rows. The best are fitted to all that are near. The shortest description decides,
    of these rows, and of which others are on the wrong side.

    Args:
        X (n, d): rows, those nearest to the surface first.
        labels (n,): 0 or 1.
        model: a network whose output is zero at the surface.
    """
    used = sorted(model.used_inputs) or list(range(X.shape[1]))
    few, near = SURFACES.rows, max(SURFACES.rows, int(SURFACES.part * len(X)))
    library = _terms(X[:few], used)
    slopes = dict(zip(used, _slopes(model, X[:few])[:, used].unbind(1), strict=True))
    wrong = _wrong(model, X[near:], labels[near:])
    features = _features(X[:near, used])
    found = _searched(library.nodes, slopes, _Rows(library.values, features[:few], labels[:few], wrong))
    terms = torch.stack([values(node, X[:near]) for node in library.nodes], 1)
    usable = torch.isfinite(terms[:, sorted({n for one in found for n in one.places if n >= 0})]).all(1)
    rows = _Rows(terms[usable], features[usable], labels[:near][usable], wrong)

    def price(node: Node) -> float:
        scores = values(node, X)
        score = scores[:near][usable, None]
        fitted = rows.fitted(score / score.square().mean().sqrt())
        if not float(fitted.theta) > 0:
            return math.inf  # the second class is on the other side
        return bits(node) + fitted.deviance / (2 * math.log(2)) + _bits_of_wrong(scores[near:], labels[near:])

    written = [node for one in found for node in _normalised(_with_sharpness(one, rows), library.nodes)]
    return min(written, key=price)


def _wrong(model: KAN, X: Tensor, labels: Tensor) -> float:
    """The part of labels that are wrong wherever they lie, as the network sees it far from its surface."""
    with torch.no_grad():
        off = int(((model(X)[:, 0] > 0) != (labels > 0)).sum()) if len(X) else 0
    return min((off + 1) / (len(X) + 1 / SURFACES.wrong), SURFACES.most_wrong)


def _bits_of_wrong(scores: Tensor, labels: Tensor) -> float:
    """The bits that say which scores have the wrong sign; one each where most have."""
    wrong, count = int(((scores > 0) != (labels > 0)).sum()), len(labels)
    if 2 * wrong > count:
        return float(count)
    return sum(-n * math.log2(n / count) for n in (wrong, count - wrong) if n)


def _searched(nodes: Sequence[Node], slopes: dict[int, Tensor], rows: _Rows) -> list[_Fitted]:
    """The best sums.

    A surface is sharp in some places and dim in others, which a sum of terms need not follow. So sums are looked for
    with the network's slope along each column as their sharpness, beside this column. The best are compared with a
    sharpness of their own, and looked for once more with that of the best.
    """

    def fitted(found: list[_Sum]) -> list[_Fitted]:
        return sorted((_with_sharpness(one, rows) for one in found), key=_price)

    found = _sums(nodes, rows, torch.ones_like(rows.labels), (-1,))
    for i, slope in slopes.items():
        if Var(i) in nodes:
            found += _sums(nodes, rows, slope, (-1, nodes.index(Var(i))))
    best = fitted(_lowest(found, len(found)))
    for _ in range(SURFACES.rounds):
        new = fitted(_sums(nodes, rows, sharpness(rows.features, best[0].sharpness), (-1,)))
        better = new[0].price < best[0].price
        best = sorted([*best, *new], key=_price)
        if not better:
            break
    return best[: 2 * SURFACES.followed]


def _price(one: _Sum | _Fitted) -> float:
    return one.price


def _with_sharpness(one: _Sum | _Fitted, rows: _Rows) -> _Fitted:
    """The sum, fitted together with a sharpness of its own."""
    terms = torch.stack([torch.ones_like(rows.labels) if n < 0 else rows.terms[:, n] for n in one.places], 1)
    units = terms.square().mean(0).sqrt()
    fitted = rows.fitted(terms / units)
    covariance = fitted.covariance / units / units[:, None]
    price = one.length + fitted.deviance / (2 * math.log(2))
    return _Fitted(one.places, fitted.theta / units, covariance, fitted.sharpness, one.length, price)


def _features(X: Tensor) -> Tensor:
    """What the sharpness may follow: the columns and their squares, in units of their spread."""
    z = (X - X.mean(0)) / X.std(0).clamp(min=1e-300)
    return torch.cat([z, z.square() - 1], 1)


def _slopes(model: KAN, X: Tensor) -> Tensor:
    """How sharp the surface is along each column (n, d): slopes of the network, in units of their usual size."""
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x).sum(), x)
    size = gradient.abs()
    usual = size.median(0).values.clamp(min=1e-300)
    return (size / usual).clamp(1 / SURFACES.sharpness, SURFACES.sharpness)


def _sums(nodes: Sequence[Node], rows: _Rows, sharp: Tensor, base: tuple[int, ...]) -> list[_Sum]:
    """Sums of small description length: all pairs beside the base, and the best ones with more terms and fewer."""
    labels, terms = rows.labels, rows.terms * sharp[:, None]
    terms = terms / terms.square().mean(0).sqrt()
    constant = FORMULAS.constant_bits + 3 * FORMULAS.symbol_bits
    costs = terms.new_tensor([bits(node) for node in nodes]) + constant

    def best_of(places: tuple[int, ...], most: int) -> list[_Sum]:
        """These and one more term each."""
        shared = torch.stack([sharp if place < 0 else terms[:, place] for place in places], 1)
        length = costs + sum(constant if place < 0 else float(costs[place]) for place in places)
        length[[place for place in places if place >= 0]] = math.inf
        start, _, _ = alone(shared, labels)
        rough = length + with_each(shared, terms, labels, start, SURFACES.rough)[1] / (2 * math.log(2))
        likely = torch.topk(rough, min(SURFACES.likely * most, len(rough)), largest=False).indices
        price = length[likely] + with_each(shared, terms[:, likely], labels)[1] / (2 * math.log(2))
        least = torch.topk(price, min(most, len(price)), largest=False)
        pairs = zip(likely[least.indices].tolist(), least.values.tolist(), strict=True)
        return [_Sum((*places, n), float(length[n]), p) for n, p in pairs if math.isfinite(p)]

    def eliminated(degree: int) -> list[_Sum]:
        """The polynomial of this degree, and what is left of it as the weakest terms go one by one."""
        places = [-1, *(n for n, node in enumerate(nodes) if 1 <= _degree(node) <= degree)]
        found = []
        while 1 < len(places) <= len(labels) / LINEAR_ALGEBRA.rows_a_term:
            theta, covariance, deviance = alone(
                torch.stack([sharp if place < 0 else terms[:, place] for place in places], 1), labels
            )
            length = sum(constant if place < 0 else float(costs[place]) for place in places)
            found.append(_Sum(tuple(places), length, length + float(deviance) / (2 * math.log(2))))
            places.pop(int((theta.abs() / covariance.diagonal().sqrt()).argmin()))
        return found

    found = best_of(base, SURFACES.followed) + [one for degree in (1, 2) for one in eliminated(degree)]
    for first in set(range(len(nodes))) - set(base):
        found += best_of((*base, first), 2)
    found = _lowest(found, 2 * SURFACES.followed)
    for _ in range(SURFACES.longest - 2):
        longer = [new for one in found[: SURFACES.followed] for new in best_of(one.places, 2)]
        for known in (*found[: SURFACES.followed], *longer):  # without the constant
            kept = tuple(place for place in known.places if place >= 0)
            longer += best_of(kept[:-1], 1) if 1 < len(kept) < len(known.places) else []
        both = _lowest([*found, *longer], 2 * SURFACES.followed)
        if both[0] == found[0]:
            break
        found = both
    return found


def _degree(node: Node) -> int:
    """The degree of a column, its square, or a product of two columns; 0 of other terms."""
    match node:
        case Var():
            return 1
        case Power(Var(), exponent) if exponent.value == 2:
            return 2
        case Product((Var(), Var())):
            return 2
    return 0


def _lowest(found: list[_Sum], most: int) -> list[_Sum]:
    """The sums in the order of their price, each once."""
    own = {frozenset(one.places): one for one in sorted(found, key=_price, reverse=True)}
    return sorted(own.values(), key=_price)[:most]


def _normalised(one: _Fitted, terms: Sequence[Node]) -> Iterator[Node]:
    """The sum in free numbers, and in simple ones, which the description length may prefer a few errors away.

    Each is divided by the size of that weight which leaves the simplest numbers.
    """
    nodes = [number(1.0) if place < 0 else terms[place] for place in one.places]
    for reach in (0.0, POLISHING.reach, math.sqrt(2 * math.log(2) * FORMULAS.constant_bits)):
        tried = []
        for k in range(len(one.places)):
            ratio = one.theta / one.theta[k].abs()
            slopes = torch.eye(len(ratio), dtype=ratio.dtype) / one.theta[k].abs()
            slopes[:, k] -= ratio * one.theta[k].sign() / one.theta[k].abs()
            numbers = _simple(ratio, slopes @ one.covariance @ slopes.T, reach)
            cost = sum(FORMULAS.constant_bits if weight.name is None else weight.name.cost for weight in numbers)
            tried.append((cost, k, numbers))
        weights = min(tried, key=lambda each: each[:2])[2]
        yield total(*(product(weight, node) for weight, node in zip(weights, nodes, strict=True)))


def _simple(weights: Tensor, covariance: Tensor, reach: float) -> list[Num]:
    """Weights as simple numbers within so many errors, the simplest first; the others move as each becomes one."""
    known: dict[int, Num] = {}
    while True:
        errors = covariance.diagonal().clamp(min=0.0).sqrt()
        pairs = zip(weights.tolist(), errors.tolist(), strict=True)
        offers = [(n, _number(*pair, reach)) for n, pair in enumerate(pairs) if n not in known]
        simple = [(offer.name.cost, n, offer) for n, offer in offers if offer.name is not None]
        if not simple:
            return [known.get(n, Num(float(weight))) for n, weight in enumerate(weights)]
        _, n, chosen = min(simple, key=lambda one: one[:2])
        known[n] = chosen
        if errors[n] > 0:
            along = covariance[:, n] / covariance[n, n]
            weights = weights + along * (chosen.value - weights[n])
            covariance = covariance - along[:, None] * covariance[n]


def _number(value: float, error: float, reach: float) -> Num:
    """A weight as a simple number within so many errors."""
    reach = max(reach * error, TABLES.exact * abs(value))
    simple: SimpleNumber | None = nearest(value, reach)
    if simple is None and reach <= POLISHING.one_reach and abs(abs(value) - 1) <= reach:
        simple = nearest(math.copysign(1.0, value), TABLES.exact)
    return Num(value) if simple is None else Num(simple.value, simple)
