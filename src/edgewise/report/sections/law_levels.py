"""The laws of all levels of a column, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from ...discovery.by_level import LevelDiscovery
from ...plotting.wording import clean
from ..digits import amount, score


@dataclass(frozen=True)
class LawLevels:
    """The heads of the table, and its rows: the level first."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def law_levels(found: LevelDiscovery) -> LawLevels:
    """The formula of each level with its figures, and the constants that differ by level."""
    shared = found.shared
    symbols = () if shared is None else tuple(clean(symbol) for symbol in shared.symbols)
    rows = []
    for level, one in found.levels.items():
        own = () if shared is None else shared.by_level[level]
        constants = (f"{constant.value:.6g} ± {constant.error:.2g}" for constant in own)
        law = one.best
        figures = (str(found.rows[level]), amount(law.rmse, 3), score("r2", law.r2))
        rows.append((clean(level), *figures, *constants, clean(str(law)), clean(one.verdict.value)))
    return LawLevels((clean(found.column), "rows", "RMSE", "R²", *symbols, "formula", "verdict"), tuple(rows))
