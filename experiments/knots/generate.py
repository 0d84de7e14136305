"""Makes knots.csv.gz: `python -m experiments.knots.generate --knots 20000 --out knots.csv.gz`, which needs SnapPy
(`pip install edgewise[knots]`).

Shape and maximal cusp of the complement give the longitude, real and positive, and the complex meridian.
"""

from __future__ import annotations

import argparse
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = (
    *("crossings", "volume", "chern_simons", "cusp_volume", "longitude"),
    *("meridian_re", "meridian_im", "symmetry_order", "signature"),
)


def cusp(manifold: Any) -> tuple[float, float, complex]:
    """Volume, longitude and meridian of the maximal cusp."""
    shape = complex(manifold.cusp_info("shape")[0])
    neighbourhood = manifold.cusp_neighborhood()
    neighbourhood.set_displacement(neighbourhood.stopping_displacement())
    volume = float(neighbourhood.volume())
    meridian = math.sqrt(2 * volume / abs(shape.imag))
    longitude = abs(shape) * meridian
    return volume, longitude, longitude / shape.conjugate()


def signature(manifold: Any) -> int:
    """Of the Seifert form: positive less negative eigenvalues of V + V^T."""
    seifert = np.array(manifold.link().seifert_matrix(), dtype=float)
    return int(np.sign(np.linalg.eigvalsh(seifert + seifert.T)).sum()) if seifert.size else 0


def row(manifold: Any) -> list[float]:
    """The columns of a knot."""
    volume, longitude, meridian = cusp(manifold)
    crossings = len(manifold.link().crossings)
    return [
        *(crossings, float(manifold.volume()), float(manifold.chern_simons()), volume, longitude),
        *(meridian.real, meridian.imag, manifold.symmetry_group().order(), signature(manifold)),
    ]


def main() -> None:
    """Draw knots of the census and write their rows."""
    import snappy  # pyright: ignore[reportMissingImports]

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--knots", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("knots.csv.gz"))
    given = parser.parse_args()
    census = snappy.HTLinkExteriors(num_cusps=1)
    drawn = np.random.default_rng(given.seed).choice(len(census), given.knots, replace=False)
    lines = [",".join(COLUMNS)]
    for place in drawn.tolist():
        try:
            lines.append(",".join(f"{value:.12g}" for value in row(census[place])))
        except (RuntimeError, ValueError):  # no hyperbolic structure that SnapPy finds
            continue
    given.out.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


if __name__ == "__main__":
    main()
