"""Whether a formula is a law: exact, or as good as noise allows. What judges is never what was fitted."""

from __future__ import annotations

import math
from enum import Enum

import torch
from torch import Tensor

from .least_squares import error
from .polynomials import Frame, count, exponents, features
from .split_rows import LawRows, LawTask
from .tree import Node, columns_of, numbers_of, values
from .tuning import TUNED


class Verdict(Enum):
    """What can be said of the best formula."""

    EXACT = "an exact law: it gives the rows that judge to nine digits"
    WITHIN_NOISE = "a law within noise: what it leaves of the rows looks like noise"
    APPROXIMATE = "no law found: the best formula is an approximation, and leaves what is no noise"
    NOTHING = "nothing found: no formula explains the rows that judge better than a constant"

    @property
    def is_law(self) -> bool:
        """Whether the formula is claimed to be the law behind the rows."""
        return self in (Verdict.EXACT, Verdict.WITHIN_NOISE)


def is_exact(node: Node, task: LawTask) -> bool:
    """Whether the formula gives the rows that choose, which no constant was fitted to."""
    return error(node, task.choosing) <= max(exact_to(node) * task.size, task.unsure)


def exact_to(node: Node) -> float:
    """The relative error to which a formula must give rows to count as exact. Fitted constants bring digits to a wrong
    formula too, so each beyond the first few must be paid by one more.

    >>> from edgewise.discovery.tree import Num, Var
    >>> exact_to(Num(1.2345)) == exact_to(Var(0)) == TUNED.exact
    True
    """
    free = sum(number.name is None for number in numbers_of(node))
    return TUNED.exact * TUNED.digit ** max(0, free - TUNED.few_constants)


def verdict(node: Node, task: LawTask) -> Verdict:
    """What the rows that judge, and the shape of what is left, say of a formula."""
    if task.spread <= TUNED.exact * task.size:
        return Verdict.EXACT if is_exact(node, task) else Verdict.NOTHING  # a constant
    off, near = error(node, task.judging), exact_to(node)
    # a few rows of a pole hold most of the variance: what is exact on all rows needs no test of the mean
    if columns_of(node) and off <= near * min(task.size, float(task.judging.y.std(unbiased=False))):
        return Verdict.EXACT
    if not explains(node, task):
        return Verdict.NOTHING
    if off <= near * task.size:
        return Verdict.EXACT
    return Verdict.WITHIN_NOISE if is_noise(node, task) else Verdict.APPROXIMATE


def explains(node: Node, task: LawTask) -> bool:
    """Whether the formula predicts the rows that judge better than a constant: a paired test of squared errors."""
    if not columns_of(node):
        return False
    rows = task.judging
    left = (values(node, rows.X) - rows.y).square()
    if not bool(torch.isfinite(left).all()):
        return False
    gain = (rows.y - task.fitting.y.mean()).square() - left
    spread = float(gain.std()) / math.sqrt(len(gain))
    return float(gain.mean()) > _normal(TUNED.chance) * spread


def is_noise(node: Node, task: LawTask) -> bool:
    """Whether nothing that is left can be predicted from the columns: an F-test of polynomials against a constant."""
    rows = LawRows(torch.cat([task.fitting.X, task.choosing.X]), torch.cat([task.fitting.y, task.choosing.y]))
    left = rows.y - values(node, rows.X)
    if not bool(torch.isfinite(left).all()):
        return False
    free = sum(part.name is None for part in numbers_of(node))
    return all(chance_of(left, design, free) > TUNED.chance for design in _tests(rows.X))


def chance_of(left: Tensor, design: Tensor, free: int) -> float:
    """The chance that noise is explained by a design (n, M) as well as these residuals (n,), of which `free` constants
    were fitted. Source: Seber & Lee 2003, Linear Regression Analysis, section 4.3."""
    from scipy.special import fdtrc

    n, m = design.shape
    q = torch.linalg.qr(torch.cat([torch.ones(n, 1, dtype=design.dtype), design], 1)).Q
    centred = left - left.mean()
    inside = float((q.T @ centred).square().sum())
    whole = float(centred.square().sum())
    degrees = n - 1 - m - free
    if whole == 0.0 or degrees < 1:
        return 1.0
    statistic = (inside / m) / max((whole - inside) / degrees, 1e-300)
    return float(fdtrc(m, degrees, statistic))


def _tests(X: Tensor) -> list[Tensor]:
    """Polynomials of low and of high degree, on even scales and on logarithmic ones: without the constant."""
    n, d = X.shape
    found = []
    for logarithms in (False, True):
        frame = Frame.of(X, logarithms=logarithms)
        if logarithms and not any(frame.logarithm):
            continue
        degrees = [k for k in range(1, TUNED.degree) if count(d, k) <= min(TUNED.test_features, n / 5)]
        chosen = sorted({degrees[len(degrees) // 2], degrees[-1]}) if degrees else []
        found += [features(frame(X), exponents(d, degree))[:, 1:] for degree in chosen]
    return found


def _normal(chance: float) -> float:
    """The deviation that a standard normal number exceeds with this chance."""
    from scipy.special import ndtri

    return -float(ndtri(chance))
