"""Terms that a conserved quantity may be a sum of: products of the columns, and of what the laws of motion hold.

Letters: n rows, d columns, L terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..formulas.tree import Apply, Node, Power, Var, columns_of, power, product, values, walk
from ..linear_algebra.polynomials import count, exponents
from ..linear_algebra.tuning import LINEAR_ALGEBRA
from .row_weights import row_weights
from .tuning import CONSERVATION

# A form beside which its integral, or its derivative, is likely to stand in a conserved quantity.
PARTNERS = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh"}


def atoms(laws: Sequence[Node], X: Tensor) -> list[Node]:
    """What the laws hold beside polynomials, with its integrals; of polynomials, the logarithms of positive columns.

    A force r^p comes from a potential r^(p+1), so powers are taken on, by halves.

    >>> x = Var(0)
    >>> atoms([Apply("sin", x)], torch.linspace(-1, 1, 5)[:, None])
    [Apply(form='sin', argument=Var(index=0)), Apply(form='cos', argument=Var(index=0))]
    """
    found = [atom for law in laws for part in walk(law) for atom in _of_part(part)]
    found = found or [Apply("log", Var(i)) for i in range(X.shape[1])]
    usable = [atom for atom in dict.fromkeys(found) if bool(torch.isfinite(values(atom, X)).all())]
    return usable[: CONSERVATION.atoms]


def _of_part(part: Node) -> Iterator[Node]:
    match part:
        case Power(base, exponent) if columns_of(base) and not (exponent.value.is_integer() and exponent.value > 0):
            p = exponent.value
            yield from (power(base, q) for q in (p + 1, p + 0.5, p) if not (q.is_integer() and q >= 0))
            if p.is_integer():
                yield Apply("log", base)
        case Apply(form, argument) if columns_of(argument):
            yield part
            if form in PARTNERS:
                yield Apply(PARTNERS[form], argument)


def terms_of_degree(factors: Sequence[Node], degree: int, X: Tensor) -> list[Node]:
    """Products of at most so many factors, the shortest first, without those that are sums of others on the rows.

    None at all where the rows could not tell so many terms apart.
    """
    if count(len(factors), degree) > min(CONSERVATION.terms, len(X) / LINEAR_ALGEBRA.rows_a_term):
        return []
    made = (
        product(*(power(factor, float(p)) for factor, p in zip(factors, powers, strict=True) if p))
        for powers in exponents(len(factors), degree)[1:]
    )
    nodes = list(dict.fromkeys(made))
    columns = torch.stack([torch.ones(len(X), dtype=X.dtype), *(values(node, X) for node in nodes)], 1)
    columns = columns * row_weights(columns.abs())[:, None]
    sizes = columns.norm(dim=0)
    triangle = torch.linalg.qr(columns / sizes.clamp(min=1e-300), mode="r").R
    own = triangle.diagonal().abs() > CONSERVATION.dependent
    return [node for node, size, kept in zip(nodes, sizes[1:], own[1:], strict=True) if kept and size > 0]


def slopes(nodes: Sequence[Node], X: Tensor) -> Tensor:
    """The derivatives (n, L, d) of the terms by the columns.

    Reverse mode sums over the terms; what it gives is linear in their weights, and its derivatives by these tell the
    terms apart, in one pass for each column.
    """
    with torch.enable_grad():
        Z = X.clone().requires_grad_()
        made = torch.stack([values(node, Z) for node in nodes], 1)
        weights = torch.zeros_like(made, requires_grad=True)
        (sums,) = torch.autograd.grad(made, Z, weights, create_graph=True)
        parts = [torch.autograd.grad(column.sum(), weights, retain_graph=True)[0] for column in sums.unbind(1)]
    return torch.stack(parts, 2).detach()
