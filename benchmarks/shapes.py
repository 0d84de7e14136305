"""What is measured: layers and networks, and how many times faster than the fastest peer forward + backward has to
be."""

from __future__ import annotations

from dataclasses import dataclass, replace

DEGREE = 3  # the only one that every peer has
INSIDE, NORMAL = "inside", "normal"  # inputs: in [-1, 1), where all functions are splines, or standard normal


@dataclass(frozen=True)
class Shape:
    """A network of these widths (two of them: one layer) with `grid` intervals on `batch` rows; `bar`: how many times
    faster it has to be; `inputs`: where they lie; `degree` and `base` of its functions; `device`: where it runs.

    >>> Shape((64, 64), 5, 1024).name, Shape((64, 64), 5, 1024).title
    ('64-64-G5-b1024', '64 -> 64, G = 5, batch 1024')
    >>> Shape((64, 64), 5, 1024, inputs="normal").name
    '64-64-G5-b1024-normal'
    """

    widths: tuple[int, ...]
    grid: int
    batch: int
    bar: float | None = None
    inputs: str = INSIDE
    degree: int = DEGREE
    base: str | None = "silu"
    device: str = "cpu"

    @property
    def name(self) -> str:
        """As in results.csv and in --rows."""
        where = [word for word, usual in ((self.inputs, INSIDE), (self.device, "cpu")) if word != usual]
        return "-".join([*map(str, self.widths), f"G{self.grid}", f"b{self.batch}", *where])

    @property
    def title(self) -> str:
        """As on the page."""
        normal = ", normal inputs" if self.inputs == NORMAL else ""
        return f"{' -> '.join(map(str, self.widths))}, G = {self.grid}, batch {self.batch}{normal}"


LAYERS = (
    Shape((2, 5), 5, 1000, bar=2.5),
    Shape((64, 64), 5, 1024, bar=1.7),
    Shape((64, 64), 50, 1024, bar=8.0),
    Shape((784, 64), 5, 256, bar=1.5),
    Shape((256, 256), 20, 256, bar=3.5),
)
OUTSIDE = tuple(replace(shape, inputs=NORMAL) for shape in LAYERS)  # the bars hold there too
GROWTH = (Shape((64, 64), 8, 4096), Shape((64, 64), 64, 4096))  # the time of the second over that of the first
MOST_GROWTH = 1.3
NETWORKS = (Shape((2, 5, 1), 5, 1000), Shape((64, 64, 64), 20, 1024), Shape((784, 64, 10), 5, 256))
VARIED = Shape((64, 64), 5, 1024)  # of which inputs, degree and base are varied
GPU = tuple(Shape((64, 64), grid, batch, device="cuda") for grid in (5, 50, 500) for batch in (256, 4096, 65536))

SMOKE_LAYERS, SMOKE_NETWORKS = (Shape((2, 5), 5, 20),), (Shape((2, 5, 1), 5, 20),)
SMOKE_OUTSIDE, SMOKE_VARIED = (Shape((2, 5), 5, 20, inputs=NORMAL),), Shape((2, 5), 5, 20)
