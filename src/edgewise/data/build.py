"""A grid of cells -> the parts of a Table: which columns, as what, and one clear error for everything that stands in
the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from edgewise.errors import MOST, SHOWN, ConfigError, DataError, clipped, did_you_mean, few, problems, shown, twice

from .cells import read_levels, sort_levels
from .columns import ReadColumns, read_columns
from .faults import (
    ROWS,
    TARGETLESS,
    Fault,
    columns_among,
    missing_faults,
    usable_rows,
)
from .groups import label_texts
from .kinds import (
    FEW_LEVELS,
    RARE,
    counts_rows,
    few_enough,
    main_levels,
    may_be_names,
    names_nothing,
    says_classes,
)
from .made import Made, as_date, as_levels, as_number
from .reader import Grid, quoted

TASKS = ("auto", "regression", "classification")
LARGEST_VALUE = 1e150  # squares of larger numbers overflow in float64
SMALLEST_SPREAD = 1e-150  # and squares of smaller differences vanish
CONSTANT_SPREAD = 8 * np.finfo(np.float64).eps  # part of its values below which the spread of a column is round-off


def build(
    grid: Grid,
    target: Sequence[str],
    features: Sequence[str] | None,
    drop: Sequence[str],
    categorical: Sequence[str],
    task: str,
    groups: str | None = None,
) -> dict[str, Any]:
    """The fields of a `Table`, with settings as for `read_csv`.

    Raises `DataError` with all that is wrong with the columns asked for, `ConfigError` for an unknown task.
    """
    if not isinstance(task, str) or task not in TASKS:
        raise ConfigError(f"task must be one of {', '.join(TASKS)}, got {shown(task)}; {did_you_mean(task, TASKS)}")
    if not len(grid.lines):
        raise DataError(f"{grid.where} has no rows")
    names = _chosen(grid, target, features, drop, categorical, groups)
    read = read_columns(grid, names, categorical, drop_rows=ROWS in drop)
    as_classes = _as_classes(grid, target, task)
    asked = task == "auto" and len(target) == 1
    goals = read_columns(grid, target, target if as_classes else (), targets=True, asked=asked)
    group_of, ungrouped = _groups(grid, groups)
    faults, spared = [*read.faults, *goals.faults, *ungrouped], goals.faults if TARGETLESS in drop else []
    keep, left_out = usable_rows(grid, faults, drop_rows=ROWS in drop, spared=spared)
    if len(keep) < 2:
        raise DataError(
            f"{grid.where} leaves {len(keep)} usable row{'' if len(keep) == 1 else 's'}; a fit needs 2 at least"
        )

    made, remarks = _inputs(grid, names, read, keep, Made(), named=features is not None)
    X, inputs = made.matrix(), made.names
    classes: tuple[str, ...] | None = None
    if as_classes:
        y, classes, told = _classes(target[0], [goals.levels[target[0]][row] for row in keep])
    else:
        y, told = _quantities({name: goals.numbers[name][keep] for name in target}, task)
        told += [
            f"input {shown(name)} is the same as the target"
            for name, column in zip(inputs, X.T, strict=True)
            if any((column == y[:, k]).all() for k in range(y.shape[1]))
        ]
    code = None
    if group_of is not None:
        kinds, codes = np.unique(group_of[keep], return_inverse=True)
        if len(kinds) < 2:
            raise DataError(f"all rows are of one {shown(groups)}, so that no other group can judge; leave groups out")
        code = torch.from_numpy(codes)
        told.append(f"rows of one {shown(groups)} stay together where rows are held out; there are {len(kinds)} groups")
    return {
        "X": torch.from_numpy(X),
        "y": torch.from_numpy(y),
        "inputs": tuple(inputs),
        "outputs": tuple(target),
        "classes": classes,
        "categories": made.categories,
        "ranges": tuple(zip(X.min(axis=0).tolist(), X.max(axis=0).tolist(), strict=True)),
        "notes": (*grid.notes, *read.notes, *goals.notes, *left_out, *remarks, *told),
        "lines": tuple(int(grid.lines[row]) for row in keep),
        "unit": grid.unit,
        "encoding": made.encoding(),
        "texts": made.texts,
        "groups": code,
    }


def all_inputs(grid: Grid, weight: np.ndarray | None = None) -> tuple[Made, list[str]]:
    """All columns of a grid that has no target as inputs, and notes on them.

    Args:
        grid: the columns.
        weight (n,): how often each row counts; None for once.

    Raises:
        DataError: one error for all columns that cannot be used.
    """
    read = read_columns(grid, grid.names, (), drop_rows=False)
    keep, _ = usable_rows(grid, read.faults, drop_rows=False, new=True)
    made, notes = _inputs(grid, grid.names, read, keep, Made(weight), named=False)
    return made, [*read.notes, *notes]


def _groups(grid: Grid, name: str | None) -> tuple[np.ndarray | None, list[Fault]]:
    """The group of each row (n,), where a column says so, and its faults. Text is another group where it is written in
    another way."""
    if name is None:
        return None, []
    cells = grid.columns[grid.names.index(name)]
    _, missing = read_levels(cells, grid.decimal)
    faults = missing_faults(grid, name, missing)
    return np.array(label_texts(cells), dtype=object), [
        replace(fault, text=f"groups: {fault.text}; each row needs one") for fault in faults
    ]


def _as_classes(grid: Grid, target: Sequence[str], task: str) -> bool:
    """Whether the target is read as classes. Raises `DataError` for several of them."""
    if task == "classification" and len(target) > 1:
        raise DataError(f"classification takes one target, got {len(target)}: {few(target)}")
    if task != "auto" or len(target) > 1:
        return task == "classification"
    return says_classes(grid.columns[grid.names.index(target[0])], grid.decimal)


def _chosen(
    grid: Grid,
    target: Sequence[str],
    features: Sequence[str] | None,
    drop: Sequence[str],
    categorical: Sequence[str],
    groups: str | None,
) -> list[str]:
    """The names of the input columns. Raises `DataError` for names that do not exist or contradict each other."""
    known = f"the columns are: {few(grid.names, 20)}"
    if not target:
        raise DataError(f"which column is to be predicted? Name it with --target NAME (in Python: target=...); {known}")
    dropped = columns_among(drop)
    wrong, given, left = [], {*(features or ())}, {*dropped}
    for what, names in (
        ("target", target),
        ("feature", features or []),
        ("dropped column", dropped),
        ("categorical column", categorical),
        ("column of groups", [] if groups is None else [groups]),
    ):
        for name in names:
            if name not in grid.names:
                near = did_you_mean(name, grid.names) if len(wrong) < MOST else ""
                hidden = "" if grid.header else "; the file has no header"
                wrong.append(
                    f"{grid.where} has no column {shown(name)} ({what}):"
                    f" {near if near.startswith('did') else known}{hidden}"
                )
    wrong += [
        f"drop={shown(word)} leaves out rows, and {grid.where} has a column of that name; give it another"
        for word in dict.fromkeys(drop)
        if word not in dropped and word in grid.names
    ]
    doubled = {name for name in target if name in grid.renamed.values()}
    wrong += [
        f"the target {shown(name)} occurs twice in {grid.where}; give its columns different names"
        for name in sorted(doubled)
    ]
    wrong += [f"{shown(name)} cannot be both target and feature" for name in target if name in given]
    wrong += [f"the target {shown(name)} cannot be dropped" for name in target if name in left]
    if groups in target or groups in given or groups in left:
        what = "the target" if groups in target else "a feature" if groups in given else "dropped"
        wrong.append(f"{shown(groups)} cannot be {what}: it says which rows stay together")
    wrong += [
        f"{what} {shown(name)} is named twice"
        for what, names in (("target", target), ("feature", features or []))
        for name in sorted(twice(names))
    ]
    problems(wrong, DataError)
    inputs = [
        name
        for name in (grid.names if features is None else features)
        if name not in target and name not in left and name != groups
    ]
    if not inputs:
        raise DataError(f"{grid.where} leaves no column to predict {few([*map(shown, target)])} from; {known}")
    return inputs


def _same(made: Made, names: Collection[str]) -> list[str]:
    """A note on inputs that are the same as others, of which a fit may take either. names: the columns of which that is
    asked; parts of them, such as weekdays and gaps, often are the same."""
    first: dict[bytes, str] = {}
    copies = [
        f"{shown(name)} of {shown(first[key])}"
        for name, column in zip(made.names, made.columns, strict=True)
        if name in names and first.setdefault(key := np.ascontiguousarray(column, dtype=float).tobytes(), name) != name
    ]
    same = "is a copy" if len(copies) == 1 else "are copies"
    return [f"what one input says, another does, too; {same}: {few(copies)}"] if copies else []


def _inputs(
    grid: Grid, inputs: Sequence[str], read: ReadColumns, keep: np.ndarray, made: Made, named: bool
) -> tuple[Made, list[str]]:
    """The inputs that the columns become, in `made`, and notes: on what was made of them, and on those that are left
    out. named: the user has named these columns."""
    constant, notes = [], []
    for name in inputs:
        if name in read.levels:
            values = texts = [read.levels[name][row] for row in keep]
            kinds = set(values)
            if len(kinds) == 1:
                constant.append(f"{shown(name)} ({clipped(values[0], SHOWN)})")
                continue
            if name in read.forced:
                _refuse_names(grid, name, kinds, len(keep))
            else:
                values, told = main_levels(name, values, made.weight)
                notes.append(told)
            if values:
                as_levels(made, name, values)
            if values and not names_nothing(values) and (merged := kinds.difference(values)):
                made.merged[name] = tuple(sorted(merged))
                if may_be_names(texts, made.weight):
                    made.texts[name] = np.array(texts, dtype=object)
        elif name in read.dates:
            moments = read.dates[name][keep]
            if len(set(moments[~np.isnat(moments)].tolist())) < 2:
                constant.append(f"{shown(name)} ({moments[0]})")
                continue
            notes += as_date(made, name, moments, read.slashes[name], read.zones[name])
        elif name in read.numbers:
            values = read.numbers[name][keep]
            there = values[~np.isnan(values)]
            whole = (read.numbers[name], values)  # of all rows, too: some may be left out for their targets
            if not named and any(not np.isnan(part).any() and counts_rows(name, part) for part in whole):
                notes.append(f"column {shown(name)} counts the rows, as ids do: left out")
                continue
            if not len(there) or (_is_constant(there) and len(there) == len(values)):
                constant.append(f"{shown(name)} ({values[0]:g})")
                continue
            if not _is_constant(there):
                _check_scale(f"column {shown(name)}", there)
            notes += as_number(made, name, values, varies=not _is_constant(there))
            if name in read.times:
                made.times[name] = read.times[name]
    if constant:
        notes.append(f"constant column{'s' if len(constant) > 1 else ''} left out: {few(constant)}")
    if not made.columns:
        why = f"; constant: {few(constant)}" if constant else "".join(f"; {note}" for note in notes[:MOST])
        raise DataError(f"{grid.where} has no input column that varies{why}")
    notes += _same(made, inputs)
    if shared := twice(made.names):
        raise DataError(f"columns and levels share the name {shown(min(shared))}; rename the column")
    if len(made.columns) > len(keep):
        notes.append(f"there are more inputs ({len(made.columns)}) than rows ({len(keep)}): expect to fit noise")
    return made, notes


def _refuse_names(grid: Grid, name: str, kinds: Collection[str], rows: int) -> None:
    """Raise `DataError` where a column that is to hold levels has about as many as there are rows."""
    if len(kinds) > max(FEW_LEVELS, rows // 2):
        raise DataError(
            f"column {shown(name)} has {len(kinds)} levels in {rows} rows: it names rows rather than classes; leave it"
            f" out with --drop {quoted(name)}"
        )


def _classes(name: str, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Class codes (n,), the labels, and notes: on classes of few rows."""
    kinds = sort_levels(set(labels))
    if len(kinds) == 1:
        raise DataError(f"target {shown(name)} is {shown(kinds[0])} in every row: there is nothing to learn")
    if not few_enough(len(kinds), len(labels)):
        raise DataError(
            f"target {shown(name)} has {len(kinds)} different values in {len(labels)} rows, too many for classes; is it"
            " the right column, or a regression?"
        )
    order = {kind: code for code, kind in enumerate(kinds)}
    codes = np.array([order[label] for label in labels], dtype=np.int64)
    rare = [kind for kind, count in zip(kinds, np.bincount(codes), strict=True) if count < RARE]
    words = f"fewer than {RARE} rows of class{'es' if len(rare) > 1 else ''} {few([*map(shown, rare)])}"
    return codes, kinds, [words] if rare else []


def _quantities(columns: dict[str, np.ndarray], task: str) -> tuple[np.ndarray, list[str]]:
    """Targets (n, k), and notes: on those that could be classes."""
    notes = []
    for name, values in columns.items():
        if _is_constant(values):
            raise DataError(f"target {shown(name)} is {values[0]:g} in every row: there is nothing to learn")
        _check_scale(f"target {shown(name)}", values)
        kinds = np.unique(values)
        if task == "auto" and len(kinds) <= 10 < len(values) and (kinds == np.floor(kinds)).all():
            notes.append(
                f"target {shown(name)} takes {len(kinds)} whole values and is fitted as a number; --task classification"
                " makes them classes"
            )
    return np.stack(list(columns.values()), axis=1), notes


def _is_constant(values: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return bool(values.max() - values.min() <= CONSTANT_SPREAD * np.abs(values).max())


def _check_scale(what: str, values: np.ndarray) -> None:
    largest, low, high = np.abs(values).max(), values.min(), values.max()
    if largest > LARGEST_VALUE:
        raise DataError(
            f"{what} reaches {largest:.3g}; above {LARGEST_VALUE:g} squares overflow: give it in larger units, or as a"
            " logarithm"
        )
    if high - low < SMALLEST_SPREAD:
        raise DataError(
            f"{what} varies by only {high - low:.3g}; below {SMALLEST_SPREAD:g} squares vanish: give it in smaller"
            " units"
        )
