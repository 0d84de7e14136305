"""Text and missing cells made into numbers, once for each family of methods. All is learnt from the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edgewise.errors import require

from .tables import Rows

MISSING = "missing"  # the level of a missing text cell

# n rows, d columns


@dataclass(frozen=True)
class Dense:
    """Numbers without gaps, for methods that know nothing else: old (n, d) to learn from, new (m, d) to predict."""

    old: np.ndarray
    new: np.ndarray

    def standardised(self) -> Dense:
        """Columns of mean 0 and spread 1 over the old rows."""
        middle, spread = self.old.mean(0), self.old.std(0)
        return Dense((self.old - middle) / spread, (self.new - middle) / spread)


@dataclass(frozen=True)
class Coded:
    """Numbers with gaps (nan), for trees. `levels` (d,): how many levels a text column has, 0 for numbers."""

    old: np.ndarray
    new: np.ndarray
    levels: tuple[int, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> list[int]:
        """The places of the text columns."""
        return [place for place, count in enumerate(self.levels) if count]


def is_text(column: Any) -> bool:
    """Whether a column holds text or categories."""
    return not require("pandas").api.types.is_numeric_dtype(column)


def _numbers(column: Any) -> np.ndarray:
    return column.to_numpy(dtype=float, na_value=np.nan)


def _words(column: Any) -> np.ndarray:
    return column.astype(object).where(column.notna(), MISSING).astype(str).to_numpy(dtype=object)


def dense(old: Rows, new: Rows) -> Dense:
    """One column per level of a text column, medians in missing cells and a column that says where.

    A level that is only among the new rows has zeros in all its columns. Constant columns are left out.
    """
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for name in old.X:
        a, b = old.X[name], new.X[name]
        if is_text(a):
            a, b = _words(a), _words(b)
            parts += [(a == level, b == level) for level in sorted(set(a))]
            continue
        a, b = _numbers(a), _numbers(b)
        gaps, new_gaps = np.isnan(a), np.isnan(b)
        middle = 0.0 if gaps.all() else float(np.median(a[~gaps]))
        parts.append((np.where(gaps, middle, a), np.where(new_gaps, middle, b)))
        if gaps.any():
            parts.append((gaps, new_gaps))
    parts = [(a, b) for a, b in parts if (a != a[0]).any()]
    made = (np.column_stack([part[side] for part in parts]).astype(float) for side in (0, 1))
    return Dense(*made)


def coded(old: Rows, new: Rows) -> Coded:
    """Text columns as codes 0, 1, ... in the order of the alphabet. Missing cells and unknown levels are gaps."""
    sides: list[tuple[np.ndarray, np.ndarray]] = []
    levels = []
    for name in old.X:
        a, b = old.X[name], new.X[name]
        if not is_text(a):
            sides.append((_numbers(a), _numbers(b)))
            levels.append(0)
            continue
        a, b = _words(a), _words(b)
        known = [level for level in sorted(set(a)) if level != MISSING]
        code = {level: float(place) for place, level in enumerate(known)}
        a, b = (np.array([code.get(word, np.nan) for word in words]) for words in (a, b))
        sides.append((a, b))
        levels.append(max(len(known), 1))
    old_X, new_X = (np.column_stack([pair[side] for pair in sides]) for side in (0, 1))
    return Coded(old_X, new_X, tuple(levels), tuple(map(str, old.X)))


def filled(old: Rows, new: Rows) -> Coded:
    """`coded` without gaps: medians of numbers with a column that says where, and a missing level for text.

    A level that is only among the new rows counts as the most frequent one.
    """
    codes = coded(old, new)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    levels, names = [], []
    for place, (count, name) in enumerate(zip(codes.levels, codes.names, strict=True)):
        a, b = codes.old[:, place], codes.new[:, place]
        gaps, new_gaps = np.isnan(a), np.isnan(b)
        if count:
            a = np.where(gaps, count, a)
            common = float(np.bincount(a.astype(int)).argmax())
            parts.append((a, np.where(new_gaps, count if gaps.any() else common, b)))
            levels.append(count + int(gaps.any()))
            names.append(name)
            continue
        middle = 0.0 if gaps.all() else float(np.median(a[~gaps]))
        parts.append((np.where(gaps, middle, a), np.where(new_gaps, middle, b)))
        levels.append(0)
        names.append(name)
        if gaps.any():
            parts.append((gaps.astype(float), new_gaps.astype(float)))
            levels.append(0)
            names.append(f"{name} is missing")
    kept = [place for place, (a, _) in enumerate(parts) if (a != a[0]).any()]
    old_X, new_X = (np.column_stack([parts[place][side] for place in kept]) for side in (0, 1))
    return Coded(old_X, new_X, tuple(levels[p] for p in kept), tuple(names[p] for p in kept))
