"""discover: from a table to a law, with what shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..config import is_int, is_number, is_seed
from ..errors import knows_keywords, problems, shown
from ..screen import bar_wanted
from .by_level import discovered_by_level
from .levels.level_rows import LevelRows, by_levels, without
from .one_table import Discovery, gathered, judged
from .tables.split_rows import as_given, task_of


@knows_keywords
def discover(
    X: Any,
    y: Any = None,
    *,
    inputs: Sequence[str] | None = None,
    target: str | None = None,
    seconds: float = 60,
    seed: int = 0,
    progress: bool = True,
    units: Mapping[str, Any] | None = None,
    n_jobs: int = 1,
) -> Discovery | Any:  # Any stands for LevelDiscovery, which columns of levels give: no type can tell it beforehand
    """Look for the law behind a table.

    Products of powers, sums of two terms under an output transform, and quotients are tried on the rows alone. Then a
    smooth surrogate shows scalings and translations. They leave fewer columns, among which the search goes on. The
    constants of every formula are fitted to the raw rows, and set to simple numbers where these allow it.

    Columns of text, of categories or of truth values split the table: a law is looked for at each of their levels. The
    form of a law may serve all levels, as `k[material]*x/z` does; then constants that differ are told by level.

    The work is counted, so the same seed gives the same front on every machine, unless `message` says that the search
    was cut short. Ctrl-C gives what was found so far.

    Args:
        X: inputs (n, d) as an array, a tensor or a frame; or a DataFrame with the column `target`. Its columns of
            levels need 20 rows for each level, or each combination of levels; there may be 12 of these.
        y (n,): the numbers that the law is to explain, where X holds only inputs.
        inputs: names of the inputs, where X has none of its own; of a DataFrame, the columns to use, those of levels
            among them.
        target: the column of a DataFrame that the law is to explain; a name for y otherwise.
        seconds: no step of the search begins after so many, of all levels together; one that has begun is brought to
            its end, which may take a few seconds more. `message` says so where that cut the search short.
        seed: of the split into rows that fit, choose and judge.
        progress: show a bar.
        units: the unit of every column and of the target, by name, in words that pint knows: `{"v": "m/s", "t": "s",
            "s": "m"}`, "" for none. The search begins with the groups without unit. A constant that has one, such as
            gravity, needs a column.
        n_jobs: reduced problems that are searched at a time, each in its own process; -1 for one per processor. The
            backend is joblib's, so `joblib.parallel_config("dask")` takes a search to a cluster.

    Returns:
        A `Discovery`: `.best`, `.front`, `.verdict`, `.steps`, `.message`. Where columns hold levels, a
        `LevelDiscovery`: `.levels` has what was found at each level, `.shared` the law of all of them, which is `.best`
        too, or None; `.verdict` is that of the level of which least can be said.

    Raises:
        ConfigError: settings that cannot be used, all in one message; units that do not fit the columns.
        DataError, ShapeError: rows that cannot be used; levels that miss somewhere, have too few rows, or are too many.
        MissingExtra: units are given, and pint is not installed.

    Source: Udrescu & Tegmark 2020 (arXiv 1905.11481) for reductions by symmetry; Rissanen 1978 for the choice by
    description length.

    >>> import torch
    >>> X = 1 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    >>> found = discover(X, X[:, 0] ** 2 / X[:, 1], inputs=["v", "r"], progress=False)
    >>> found.best.expression, found.is_law
    (v**2/r, True)
    >>> import numpy
    >>> rows = numpy.array([["iron", "gold"] * 100, *X.T.tolist()], dtype=object).T
    >>> y = X[:, 0] * X[:, 1] * torch.tensor([2.0, 3.5] * 100, dtype=torch.float64)
    >>> found = discover(rows, y, inputs=["metal", "v", "r"], progress=False)
    >>> found.best.expression, [law.value for (law,) in found.best.by_level.values()]
    (k[metal]*r*v, [3.5, 2.0])
    """
    wanted = bar_wanted(progress)
    problems(_wrong(seconds, seed, n_jobs))
    given = as_given(X, y, inputs, target)
    parted = by_levels(given)
    if isinstance(parted, LevelRows):
        return discovered_by_level(parted, parted.tasks(seed, units), float(seconds), int(n_jobs), wanted)
    left_out = [] if parted is given else [name for name in given.names if name not in parted.names]
    task = task_of(parted, seed, without(units, left_out))
    told = gathered(task, float(seconds), int(n_jobs), wanted)
    return judged(told.front(task), task, told.steps, told.ending)


def _wrong(seconds: Any, seed: Any, n_jobs: Any) -> Iterator[str]:
    if not is_number(seconds) or not seconds > 0:
        yield f"seconds must be a number above 0, got {shown(seconds)}"
    if not is_seed(seed):
        yield f"seed must be a whole number of 64 bits, got {shown(seed)}"
    if not is_int(n_jobs) or (n_jobs != -1 and n_jobs < 1):
        yield f"n_jobs must be a whole number above 0, or -1, got {shown(n_jobs)}"
