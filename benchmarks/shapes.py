"""What is measured: layers and networks, and how many times faster than the fastest peer forward + backward has to
be."""

from __future__ import annotations

from dataclasses import dataclass

DEGREE = 3  # the only one that every peer has


@dataclass(frozen=True)
class Shape:
    """A network of these widths (two of them: one layer) with `grid` intervals on `batch` rows; `bar`: how many times
    faster it has to be.

    >>> Shape((64, 64), 5, 1024).name, Shape((64, 64), 5, 1024).title
    ('64-64-G5-b1024', '64 -> 64, G = 5, batch 1024')
    """

    widths: tuple[int, ...]
    grid: int
    batch: int
    bar: float | None = None

    @property
    def name(self) -> str:
        """As in results.csv and in --rows."""
        return f"{'-'.join(map(str, self.widths))}-G{self.grid}-b{self.batch}"

    @property
    def title(self) -> str:
        """As on the page."""
        return f"{' -> '.join(map(str, self.widths))}, G = {self.grid}, batch {self.batch}"


LAYERS = (
    Shape((2, 5), 5, 1000, bar=2.5),
    Shape((64, 64), 5, 1024, bar=1.7),
    Shape((64, 64), 50, 1024, bar=8.0),
    Shape((784, 64), 5, 256, bar=1.5),
    Shape((256, 256), 20, 256, bar=3.5),
)
GROWTH = (Shape((64, 64), 8, 4096), Shape((64, 64), 64, 4096))  # the time of the second over that of the first
MOST_GROWTH = 1.3
NETWORKS = (Shape((2, 5, 1), 5, 1000), Shape((64, 64, 64), 20, 1024), Shape((784, 64, 10), 5, 256))
SMOKE_LAYERS, SMOKE_NETWORKS = (Shape((2, 5), 5, 20),), (Shape((2, 5, 1), 5, 20),)
