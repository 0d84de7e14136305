"""Sums of terms that few rows propose, under an output transform.

Letters: n rows, d columns, L terms.
"""

from __future__ import annotations

import torch

from ..formulas.tree import Node, Num, number, power, product, total, values
from ..linear_algebra.pairs import Choice, best_sums
from .outputs import OUTPUTS
from .question import Question, sorted_by
from .term_library import Library, bits_of_terms, monomials, terms
from .tuning import PROPOSALS


def sums(asked: Question) -> list[Node]:
    """Sums of terms under every output transform, also divided by one plus a multiple of a product of powers."""
    X, g = asked.X, asked.g
    plain, below = terms(X), monomials(X.shape[1], PROPOSALS.below)
    lower = torch.stack([values(node, X) for node in below], 1) if below else X[:, :0]
    costs = torch.cat([bits_of_terms(plain), bits_of_terms(Library(tuple(below), lower))])
    one = torch.ones_like(g)[:, None]
    found = []
    for output in OUTPUTS:
        if not output.allowed(g):
            continue
        image, slope = output.value(g), output.slope(g)
        weight = asked.factor / slope
        if not bool(torch.isfinite(weight).all() & torch.isfinite(image).all()):
            continue
        design = torch.cat([plain.values, lower * image[:, None]], 1) * weight[:, None]
        design = torch.where(torch.isfinite(design).all(0), design, 0.0)
        how = {"singles": PROPOSALS.followed, "pairs": PROPOSALS.followed}
        choices = best_sums(design, costs, one * weight[:, None], image * weight, asked.yardstick, **how)
        found += [output.inverse(_ratio(choice, plain, below)) for choice in choices]
    return sorted_by(asked, found)


def _ratio(choice: Choice, plain: Library, below: list[Node]) -> Node:
    """(constant + sum of plain terms) / (1 - sum of those below)."""
    above: list[Node] = [Num(choice.base[0])]
    under: list[Node] = [number(1.0)]
    for place, weight in zip(choice.places, choice.weights, strict=True):
        if place < len(plain):
            above.append(product(Num(weight), plain.nodes[place]))
        else:
            under.append(product(Num(-weight), below[place - len(plain)]))
    return total(*above) if len(under) == 1 else product(total(*above), power(total(*under), -1.0))
