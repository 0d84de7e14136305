"""What each term of a posterior is worth, and how sure the posterior is of it.

Letters: m functions, t terms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from .cholesky import Array, Places, factor_of, half_solved
from .posterior import Spread


def worth(coef: Array, covariance: Array, precision: Array, terms: Places, count: int, part: float = 1.0) -> Array:
    """How much higher the log marginal likelihood is with each term than without it (t,): the density of its posterior
    at zero, over that of its prior (Dickey 1971, doi:10.1214/aoms/1177693507).

    coef (m,) and covariance (m, m): of the posterior; precision (m,): that of the prior; terms (m,): the term of each
    parameter, of so many. part: how much of a free parameter each of these stands for.
    """
    found, variance = np.zeros(count), covariance.diagonal()
    alone = np.bincount(terms)[terms] == 1  # the lines of many pairs are hundreds of such terms
    alone &= variance > 0
    narrower = 0.5 * np.log((precision * variance)[alone])
    found[terms[alone]] = 0.5 * coef[alone] ** 2 / variance[alone] + part * narrower
    for term, at in of_terms(terms):
        if not alone[at[0]]:
            factor = factor_of(covariance[np.ix_(at, at)])
            far = half_solved(factor, coef[at][:, None])[:, 0]
            narrower = 0.5 * np.log(precision[at]).sum() + np.log(factor.diagonal()).sum()
            found[term] = 0.5 * (far @ far) + part * narrower
    return found


def of_terms(terms: Places) -> Iterator[tuple[int, Places]]:
    """Each term with the places of its parameters. terms (m,): of each parameter.

    >>> [(term, at.tolist()) for term, at in of_terms(np.array([3, 1, 3]))]
    [(1, [1]), (3, [0, 2])]
    """
    order = terms.argsort(kind="stable")
    known, first = np.unique(terms[order], return_index=True)
    ends = [*first[1:], len(order)][: len(known)]
    return ((term, order[a:b]) for term, a, b in zip(known.tolist(), first, ends, strict=True))


def spread_of(covariances: Sequence[Array], terms: Places, places: Places) -> Spread:
    """How sure a posterior is of each term. covariances (m, m): of the functions, for each prediction; terms, places
    (m,): of each function."""
    each = dict(of_terms(terms))
    found = [[torch.from_numpy(covariance[np.ix_(at, at)]) for covariance in covariances] for at in each.values()]
    return Spread(list(each), [torch.from_numpy(places[at]) for at in each.values()], found)
