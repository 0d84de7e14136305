"""The picture in the README: a network fitted to samples of exp(sin(pi x) + y^2), and what it became. Writes
examples/formula.svg."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from matplotlib import rc_context
from matplotlib.figure import Figure

import edgewise as ew
from edgewise.files import write_whole

OUT = Path(__file__).resolve().parent / "formula.svg"


def main() -> None:
    """Fit, prune, fit again, find closed forms, draw both."""
    X = 2 * torch.rand(1000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    y = torch.exp(torch.sin(torch.pi * X[:, 0]) + X[:, 1] ** 2)
    first = ew.fit(ew.KAN((2, 5, 1), grid_size=3), X, y, grids=(3,), sparsity=1e-2, progress=False).model
    pruned = ew.fit(ew.prune(first, X), X, y, grids=(3, 6, 12, 24), progress=False).model
    closed = ew.symbolify(pruned, X, y)
    found = f"z = {ew.formula(closed, inputs=('x', 'y'))[0]}"
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "edgewise", "font.family": ["DejaVu Sans", "sans-serif"]}):
        figure = Figure(figsize=(8, 3.6), facecolor="white")
        for left, wide, model, title in ((0, 0.62, first, "fitted to 1000 points"), (0.62, 0.38, closed, found)):
            ew.plot(model, X, inputs=("x", "y"), outputs=("z",), title=title, ax=figure.add_axes((left, 0, wide, 1)))
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    write_whole(OUT, file.getvalue())
    print(f"{found}\nwritten to {OUT}")


if __name__ == "__main__":
    main()
