"""Polynomials of few terms, and quotients of two such: all terms are fitted at once, and those that are not needed go.

Letters: n rows, d columns, M monomials.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..formulas.tree import Apply, Node, Num, Var, monomial, number, power, product, total, values
from ..formulas.tuning import FORMULAS
from ..formulas.yardstick import Yardstick, bits
from ..linear_algebra.pairs import solved
from ..linear_algebra.polynomials import count, exponents
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .outputs import OUTPUTS
from .question import Question, sorted_by
from .term_library import monomials
from .tuning import PROPOSALS


def polynomials(asked: Question) -> list[Node]:
    """T(g) as a polynomial of few terms."""
    found = []
    for output in OUTPUTS:
        if not output.allowed(asked.g):
            continue
        image, weight = output.value(asked.g), asked.factor / output.slope(asked.g)
        if not bool(torch.isfinite(weight).all() & torch.isfinite(image).all()):
            continue
        for nodes in (*_growing(asked, parts=1), _with_quotients(asked, logarithms=output.name == "log y")):
            columns = _columns(nodes, asked.X)
            kept = fewer(_Terms.of(nodes, columns, weight), image * weight, asked.yardstick)
            if kept is not None:
                found.append(output.inverse(_sum(nodes, kept)))
                break
    return sorted_by(asked, found)


def noisy_polynomials(asked: Question) -> list[Node]:
    """g as a polynomial of few terms under noise, whose size the rows tell themselves.

    Where one degree more leaves as much, what is left is noise. Equations of motion from a trajectory are such: its
    rows lie on a curve, of which no surrogate in all columns can be fitted.
    """
    target = asked.g * asked.factor
    spread = float(target.std())
    before: tuple[_Terms, list[Node], float] | None = None
    for nodes in _growing(asked, parts=1):
        terms = _Terms.of(nodes, _columns(nodes, asked.X), asked.factor)
        left = solved(tuple(range(len(nodes))), terms.design, terms.design[:, :0], target).error
        left *= math.sqrt(len(target) / max(len(target) - len(nodes), 1))
        if before is not None and before[2] <= min(PROPOSALS.settled * left, PROPOSALS.noise_at_most * spread):
            kept = fewer(before[0], target, Yardstick(asked.yardstick.rows, before[2], asked.yardstick.floor))
            return [] if kept is None else [_sum(before[1], kept)]
        before = terms, nodes, left
    return []


def rationals(asked: Question) -> list[Node]:
    """g as a quotient of two polynomials of few terms: g q(z) = p(z) is linear in all coefficients."""
    found = []
    for nodes in _growing(asked, parts=2):
        columns = _columns(nodes, asked.X)
        below = columns * asked.g[:, None]
        for place in _normed(columns, below, asked.factor):
            others = [n for n in range(len(nodes)) if n != place]
            found += _of_normed(asked, nodes, (columns, below), place, others)
        if found:
            break
    return sorted_by(asked, found)


def _of_normed(
    asked: Question, nodes: list[Node], sides: tuple[Tensor, Tensor], place: int, others: list[int], again: bool = True
) -> list[Node]:
    """Quotients whose q has one as the coefficient of the term at `place`, and may have the `others`.

    Where p and q are zero on the same rows, as for a g of zeros and ones, many pairs of them solve the problem. So each
    term of a q that was found is left out in turn. A quotient that is 0/0 on rows says nothing of these.
    """
    columns, below = sides
    both = torch.cat([columns, below[:, others]], 1)
    terms = _Terms.of([*nodes, *(nodes[n] for n in others)], both, asked.factor)
    kept = fewer(terms, below[:, place] * asked.factor, asked.yardstick)
    if kept is None or max(kept) < len(nodes):  # all of them above the line
        return []
    above = {n: w for n, w in kept.items() if n < len(nodes)}
    under = {others[n - len(nodes)]: -w for n, w in kept.items() if n >= len(nodes)}
    found = []
    parts = torch.stack([columns[:, place], *(w * columns[:, n] for n, w in under.items())], 1)
    if bool((parts.sum(1).abs() > PROPOSALS.cancelled * parts.abs().sum(1)).all()):
        lower = total(nodes[place], *_weighted(nodes, under))
        found.append(product(_sum(nodes, above), power(lower, -1.0)))
    if again:
        for out in sorted(under):
            found += _of_normed(asked, nodes, sides, place, [n for n in others if n != out], again=False)
    return found


def _normed(columns: Tensor, below: Tensor, factor: Tensor) -> list[int]:
    """The coefficients of q that are set to one: its constant, and the largest one of the best quotient."""
    both = torch.cat([columns, below], 1) * factor[:, None]
    null = torch.linalg.svd(both / both.norm(dim=0).clamp(min=1e-300), full_matrices=False).Vh[-1]
    return list(dict.fromkeys([0, int(null[columns.shape[1] :].abs().argmax())]))


def _growing(asked: Question, parts: int) -> Iterator[list[Node]]:
    """Monomials up to some degree, the degree growing while the rows can carry them."""
    n, d = asked.X.shape
    for degree in range(1 if parts > 1 else 2, PROPOSALS.sparse_degree + 1):
        if parts * count(d, degree) > min(PROPOSALS.sparse_terms, n / LINEAR_ALGEBRA.rows_a_feature):
            return
        nodes = [monomial(map(Var, range(d)), powers) for powers in exponents(d, degree)]
        yield [node for node in nodes if bool(torch.isfinite(values(node, asked.X).square().sum()))]


def _with_quotients(asked: Question, *, logarithms: bool) -> list[Node]:
    """Products of powers, negative ones too, and logarithms of columns: those that are finite."""
    n, d = asked.X.shape
    most = int(min(PROPOSALS.sparse_terms, n / LINEAR_ALGEBRA.rows_a_feature))
    positive = [i for i in range(d) if float(asked.X[:, i].min()) > 0]
    logs: list[Node] = [Apply("log", Var(i)) for i in positive] if logarithms else []
    nodes = [number(1.0), *logs, *monomials(d, most)][:most]
    return [node for node in nodes if bool(torch.isfinite(values(node, asked.X)).all())]


def _columns(nodes: Sequence[Node], X: Tensor) -> Tensor:
    return torch.stack([values(node, X) for node in nodes], 1)


def _weighted(nodes: Sequence[Node], weights: dict[int, float]) -> list[Node]:
    return [product(Num(w), nodes[n]) for n, w in sorted(weights.items())]


def _sum(nodes: Sequence[Node], weights: dict[int, float]) -> Node:
    return total(*_weighted(nodes, weights))


@dataclass(frozen=True)
class _Terms:
    """Columns (n, M) of terms, weighted, and the bits of each term."""

    design: Tensor
    bits: tuple[float, ...]

    @staticmethod
    def of(nodes: Sequence[Node], columns: Tensor, weight: Tensor) -> _Terms:
        own = FORMULAS.constant_bits + 2 * FORMULAS.symbol_bits
        return _Terms(columns * weight[:, None], tuple(bits(node) + own for node in nodes))


def fewer(terms: _Terms, target: Tensor, yardstick: Yardstick) -> dict[int, float] | None:
    """The weights of those terms that are worth their bits; None where all together do not explain the target.

    The term whose weight is least certain goes first. Of all sums on the way, that of the least description length is
    kept.
    """
    n = len(target)
    size = float(target.square().mean().sqrt())
    places = list(range(len(terms.bits)))
    best, least = None, math.inf
    while places:
        choice = solved(tuple(places), terms.design, terms.design[:, :0], target)
        off = choice.error * math.sqrt(n / max(n - len(places), 1))
        if best is None and off > max(PROPOSALS.sparse_left * size, 2 * yardstick.noise, yardstick.floor):
            return None
        price = sum(terms.bits[place] for place in places) + yardstick.of_error(off)
        if len(places) <= PROPOSALS.sparse_kept and price < least:
            best, least = dict(zip(places, choice.weights, strict=True)), price
        elif best is None and price < math.inf:
            best = {}
        places.pop(_least_certain(terms.design[:, places], choice.weights))
    return best or None


def _least_certain(design: Tensor, weights: Sequence[float]) -> int:
    """The place of the weight that is smallest in units of its standard error."""
    unit = design.norm(dim=0).clamp(min=1e-300)
    r = torch.linalg.qr(design / unit, mode="r").R
    r.diagonal().add_(torch.where(r.diagonal().abs() < 1e-14, 1e-14, 0.0))
    inverse = torch.linalg.solve_triangular(r, torch.eye(len(r), dtype=r.dtype), upper=True)
    error = inverse.square().sum(1).sqrt() / unit
    return int((design.new_tensor(weights).abs() / error).argmin())
