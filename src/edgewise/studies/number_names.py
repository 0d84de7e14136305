"""Columns of whole numbers that name things: numbers of firms, farms or patients, whose order says next to nothing.

Such a column is told by the ranks of the targets. Means of the rows of each number differ by more than noise from every
curve along the numbers (a test of lack of fit: Draper & Smith 1998, section 2.1, doi:10.1002/9781118625590), and curves
explain less than half of what these means do. Years and ages are no names: what is learnt of one tells of the next.

Where rows come in groups, such as patients, new rows are of new ones. All that a group's rows of a number say is then
their mean. A number that only one group has, such as the age of a patient, is the group itself, and names nothing else.

Letters: n rows, each as often as it counts, v numbers of a column, k functions of a curve, t targets, w witnesses.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data import Table
from ..data.kinds import MOST_NAMES, SHARED, shared
from .tuning import TUNED


def numbers_as_names(table: Table) -> tuple[str, ...]:
    """The columns of numbers whose numbers are names, those first that explain most; no more than have `MOST_NAMES`
    together. Of columns that tell the same rows apart there is one.

    >>> from ..data import from_arrays
    >>> farm = torch.arange(200.0).remainder(20)
    >>> table = from_arrays(farm[:, None], (7 * farm).remainder(20) + torch.arange(200).remainder(3), inputs=["farm"])
    >>> numbers_as_names(table)
    ('farm',)
    """
    metadata = table.metadata()
    taken = {*metadata.levels(), *(table.inputs.index(name) for name in table.encoding.gaps if name in table.inputs)}
    target = table.y if table.classes is None else torch.nn.functional.one_hot(table.y).to(table.X.dtype)
    clear = TUNED.names_clear if table.groups is None else TUNED.names_clear_in_groups
    found, ranked = [], torch.stack([ranks(column, table.weight) for column in target.T], 1)
    for place, (name, source) in enumerate(zip(table.inputs, metadata.sources(), strict=True)):
        if place in taken or name != source or not _may_be(table.X[: TUNED.whole_looked_at, place]):
            continue
        values, code = table.X[:, place].unique(return_inverse=True)
        whole = bool((values == values.floor()).all())
        if whole and TUNED.fewest_numbers <= len(values) <= MOST_NAMES:
            mine, targets, weight = witnesses(code, ranked, table)
            if shared(_rows_of(mine, weight).tolist()) >= SHARED:
                worth = max(_worth(mine, len(values), column, weight, clear) for column in targets.T)
                found += [(worth, -place, len(values), code)] * (worth > 0)
    chosen, codes, levels = list[str](), list[Tensor](), 0
    for _, place, count, code in sorted(found, key=lambda one: one[:2], reverse=True):
        if levels + count <= MOST_NAMES and not any(_tell_alike(code, other) for other in codes):
            chosen.append(table.inputs[-place])
            codes.append(code)
            levels += count
    return tuple(chosen)


def ranks(target: Tensor, weight: Tensor | None) -> Tensor:
    """The rank of each target (n,), equal ones sharing the mean of theirs. A few far targets would lie beside every
    curve; their ranks do not."""
    _, code = target.unique(return_inverse=True)
    rows = _rows_of(code, weight)
    return (rows.cumsum(0) - 0.5 * (rows - 1)).to(target.dtype)[code]


def witnesses(code: Tensor, targets: Tensor, table: Table) -> tuple[Tensor, Tensor, Tensor | None]:
    """The codes (w,), targets (w, t) and weights (w,) of what can tell codes apart: all rows, or the mean of each
    group's rows of a code. code (n,): of each row; targets (n, t).

    >>> from ..data import from_arrays
    >>> y = torch.tensor([[1.0], [3.0], [5.0]], dtype=torch.float64)
    >>> table = from_arrays(y, y, groups=["Ann", "Ann", "Bob"])
    >>> witnesses(torch.tensor([0, 0, 0]), y, table)[1].tolist()
    [[2.0], [5.0]]
    """
    if table.groups is None:
        return code, targets, table.weight
    _, place = (table.groups * (int(code.max()) + 1) + code).unique(return_inverse=True)
    each = torch.ones_like(targets[:, 0]) if table.weight is None else table.weight
    rows = torch.bincount(place, each)
    means = targets.new_zeros(len(rows), targets.shape[1]).index_add_(0, place, each[:, None] * targets)
    return code.new_zeros(len(rows)).scatter_(0, place, code), means / rows[:, None], None


def _tell_alike(code: Tensor, other: Tensor) -> bool:
    """Whether a column (n,) tells next to nothing of the rows beyond a chosen other (n,): each of its numbers goes with
    one of the other's, or the other way round. There fewer than two of the other's share a number in the mean; where
    more do, it tells what firms of a region have in common."""
    mine, theirs = int(code.max()) + 1, int(other.max()) + 1
    pairs = len((code * theirs + other).unique())
    return pairs == mine or pairs == theirs < 2 * mine


def _may_be(x: Tensor) -> bool:
    return bool((x == x.floor()).all()) and len(x.unique()) <= MOST_NAMES


def _rows_of(code: Tensor, weight: Tensor | None) -> Tensor:
    """The rows of each number, as often as they count. code (n,): which number."""
    return torch.bincount(code, weight).double()


def _worth(code: Tensor, count: int, target: Tensor, weight: Tensor | None, clear: float) -> float:
    """The part of what a curve along the numbers leaves that the mean of each of them explains; 0 where that may be
    noise, where it is little, or where their order says more. code (n,): which number; target (n,). clear: standard
    deviations of what is no noise."""
    each = torch.ones_like(target) if weight is None else weight
    rows = target.new_zeros(count).index_add_(0, code, each)
    target = target - each @ target / each.sum()
    mean = target.new_zeros(count).index_add_(0, code, each * target) / rows
    total = float(each @ target.square())
    within = float(each @ (target - mean[code]).square())
    functions = min(TUNED.curve_functions, count // TUNED.numbers_a_function)
    place = (torch.arange(count, dtype=target.dtype) + 0.5) / count
    waves = (math.pi * place[:, None] * torch.arange(functions)).cos() * rows.sqrt()[:, None]
    q = torch.linalg.qr(waves).Q
    scaled = mean * rows.sqrt()
    left = float((scaled - q @ (q.T @ scaled)).square().sum())  # of the means, by the curve
    n, free = float(each.sum()), count - functions
    if not total > 0 or n <= count:
        return 0.0
    noise, order = within / (n - count), (left + within) / (n - functions)
    explained, by_order = 1 - noise / (total / (n - 1)), 1 - order / (total / (n - 1))
    if by_order > TUNED.names_order * explained or (
        noise > 0 and deviations(left / free / noise, free, n - count) <= clear
    ):
        return 0.0
    worth = 1 - noise / order
    return worth if worth >= TUNED.names_gain else 0.0


def deviations(ratio: float, above: float, below: float) -> float:
    """How many standard deviations a ratio of variances of so many degrees of freedom lies above chance: by a normal
    variable that it is nearly a function of (Paulson 1942, doi:10.1214/aoms/1177731608)."""
    a, b, root = 2 / (9 * above), 2 / (9 * below), ratio ** (1 / 3)
    return ((1 - b) * root - (1 - a)) / math.sqrt(b * root**2 + a)
