"""Rows that stand in a table more than once.

Rows of equal inputs and equal targets may be either of two things. Where inputs meet by chance, as in a table of few
levels, each is an observation: equal inputs have different targets there, or few rows are different, and few are
possible. Elsewhere they are copies of one observation, as in a bootstrap sample. A copy says nothing new: a network
that has seen the original has seen it, too.

Letters: n rows.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

FEWEST = 10  # different rows below which nothing can be learnt from them alone: as few as a study needs
FAIR = 0.1  # part of the rows that are different, at least, where rows are copies: a bootstrap sample keeps 0.63
CLASHES = 0.05  # part of the inputs that stand more than once with different targets, at most. Neither is measured
LATTICE = 1e-6  # of its step, by which round-off moves values off a lattice
CELLS = 1 << 20  # numbers that are looked at together
ODD = np.uint64(0x9E3779B97F4A7C15)  # of SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2714064.2660195)
SHIFT = np.uint64(32)


def originals(x: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor | None:
    """Which observation each row is (n,): 0, 1, ... in the order in which they first occur. Copies share a number.

    Args:
        x (n, ...): inputs.
        y (n, ...): targets.
        weight (n,): if all are whole, how often each row stands there.

    Returns:
        0 to n - 1 where no row is a copy; None where every row is an observation, whatever it is equal to.

    >>> x = torch.arange(12.0)[:, None]
    >>> originals(torch.cat([x, x[:2]]), torch.cat([x, x[:2]])).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1]
    >>> originals(torch.cat([x, x[:2]]), torch.cat([x, x[3:5]])) is None
    True
    """
    times = np.ones(len(x)) if weight is None else weight.detach().cpu().double().numpy()
    times = times if (times == times.round()).all() else np.ones(len(x))
    inputs = _keys(x)
    _, first, number = np.unique(_mixed(inputs) + _keys(y), return_index=True, return_inverse=True)
    if len(first) < FEWEST or (len(first) < FAIR * times.sum() and few_possible(x[first], y[first])):
        return None
    _, place, targets = np.unique(inputs[first], return_inverse=True, return_counts=True)
    repeated = np.bincount(place[number], times) > 1
    if (targets > 1).sum() > CLASHES * repeated.sum():
        return None
    return _in_order(first, number)


def few_possible(x: Tensor, y: Tensor) -> bool:
    """Whether rows can meet by chance: whether fewer rows are possible than there are pairs of these different ones.
    Were more possible, rows drawn by chance would hardly ever be equal, as of birthdays.

    Columns of two values count together, since those of the levels of one column exclude each other.

    >>> x = torch.arange(12.0)[:, None]
    >>> few_possible(x, x > 5), few_possible(x, x), few_possible(x.sqrt(), x > 5)
    (True, False, False)
    """
    columns = np.concatenate([part.detach().cpu().double().reshape(len(x), -1).numpy() for part in (x, y)], axis=1)
    values = np.array([_possible_values(column) for column in columns.T])
    patterns = len(np.unique(_keys(torch.from_numpy(columns[:, values <= 2]))))
    possible = np.log(values[values > 2]).sum() + math.log(max(1, patterns))
    return bool(possible < math.log(max(1, len(x) * (len(x) - 1) / 2)))


def _possible_values(column: np.ndarray) -> float:
    """How many values a column (n,) may have: those that it has, where they stand on one lattice, as whole numbers do.

    Else more were not met, the more of them stand there once beside those that stand there twice (Chao 1984).

    >>> _possible_values(np.array([0.0, 1.0, 3.0])), _possible_values(np.array([0.0, 1.0, 2.5]))
    (3.0, 6.0)
    """
    values, times = np.unique(column, return_counts=True)
    with np.errstate(all="ignore"):  # of numbers that lie farther apart than a number can be
        gaps = np.diff(values)
        steps = gaps / gaps.min(initial=np.inf)
    if np.allclose(steps, steps.round(), rtol=0.0, atol=LATTICE):
        return float(len(values))
    once, twice = ((times == number).sum() for number in (1, 2))
    return float(len(values) + once * (once - 1) / (2 * (twice + 1)))


def inputs_alike(x: Tensor) -> Tensor:
    """Which inputs each row of x (n, ...) has (n,): 0, 1, ... in the order in which they first occur. Each row counts
    as another one where few are different at all.

    >>> inputs_alike(torch.tensor([[3.0], [1.0], [3.0]])).tolist()
    [0, 1, 0]
    """
    _, first, number = np.unique(_keys(x), return_index=True, return_inverse=True)
    return torch.arange(len(x)) if len(first) < FAIR * len(x) else _in_order(first, number)


def _in_order(first: np.ndarray, number: np.ndarray) -> Tensor:
    """The numbers (n,) of rows in the order of their first rows (k,), each of which stands for one of k numbers."""
    rank = np.empty(len(first), dtype=np.int64)
    rank[first.argsort()] = np.arange(len(first))
    return torch.from_numpy(rank[number])


def observations(x: Tensor, y: Tensor) -> Tensor:
    """Which observation each row is (n,), as `originals` says; each row another one, where every row is one.

    >>> observations(torch.zeros(3, 1), torch.zeros(3)).tolist()
    [0, 1, 2]
    """
    number = originals(x, y)
    return torch.arange(len(x)) if number is None else number


def firsts(number: Tensor) -> Tensor:
    """The first row of each observation, in order: `number` (n,) as `originals` gives it.

    >>> firsts(torch.tensor([0, 1, 0, 2])).tolist()
    [0, 1, 3]
    """
    return torch.from_numpy(np.unique(number.numpy(), return_index=True)[1])


def _keys(values: Tensor) -> np.ndarray:
    """A key (n,) of 64 bits for each row of values (n, ...): equal rows have equal ones, and others hardly ever."""
    found = [np.zeros(0, dtype=np.uint64)]
    width = math.prod(values.shape[1:])
    for part in values.detach().split(max(1, CELLS // max(1, width))):
        numbers = part.cpu().double().reshape(len(part), width).contiguous().numpy() + 0.0  # zeros have no sign
        places = _mixed(np.arange(1, numbers.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
        found.append(_mixed(_mixed(numbers.view(np.uint64)) * places).sum(1, dtype=np.uint64))
    return np.concatenate(found)


def _mixed(bits: np.ndarray) -> np.ndarray:
    """Other bits, every one of which depends on all of those given."""
    for _ in range(2):
        bits = (bits ^ (bits >> SHIFT)) * ODD
    return bits ^ (bits >> SHIFT)
