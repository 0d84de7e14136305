"""Predict the signature of a knot from its geometry: the real knot table, through the command line, judged on rows that it has not seen.

Signatures of knots are even, so every prediction is rounded to the nearest even number and counted right or wrong. The rule to beat was found by
mathematicians with the help of machine learning (Davies et al., Nature 600, 2021): signature = -slope / 2 with slope = Re(longitude / meridian).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor

import edgewise as ew
from edgewise.data import Table, read_csv, split

HERE = Path(__file__).resolve().parent
KNOTS, OUT = HERE / "knots.csv", HERE / "out" / "knots"
SEED = 0


def accuracy(predicted: Tensor, signature: Tensor) -> float:
    """Part of the rows whose nearest even number is the signature."""
    return (2 * (predicted.reshape(-1) / 2).round() == signature.reshape(-1)).double().mean().item()


def slope_rule(table: Table) -> Tensor:
    """-slope / 2 for every row."""
    longitude, re, im = (table.X[:, table.inputs.index(name)] for name in ("longitude", "meridian_re", "meridian_im"))
    return -(longitude / torch.complex(re, im)).real / 2


def linear(rest: Table, held: Table) -> Tensor:
    """Least squares with an intercept."""
    old, new = (torch.cat([part.X, torch.ones(len(part), 1, dtype=torch.float64)], dim=1) for part in (rest, held))
    return new @ torch.linalg.lstsq(old, rest.y).solution


def boosted(rest: Table, held: Table) -> Tensor:
    """Gradient boosting with scikit-learn's own settings."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(random_state=SEED).fit(rest.X.numpy(), rest.y[:, 0].numpy())
    return torch.from_numpy(model.predict(held.X.numpy()))


def main() -> int:
    """Run the command, then compare on the rows that it held out."""
    command = ["fit", str(KNOTS), "--target", "signature", "--out", str(OUT), "--seed", str(SEED), "--force"]
    print("$ edgewise " + " ".join(str(Path(word).relative_to(HERE.parent)) if word.startswith(str(HERE)) else word for word in command), flush=True)
    status = subprocess.run([sys.executable, "-m", "edgewise", *command]).returncode
    if status:
        return status

    rest, held = split(read_csv(KNOTS, "signature"), seed=SEED)  # the same draw as the command's
    model = ew.load(OUT / "model.safetensors")
    with torch.no_grad():
        network = model(held.X)
    rows = {
        "edgewise": accuracy(network, held.y),
        "slope rule": accuracy(slope_rule(held), held.y),
        "linear model": accuracy(linear(rest, held), held.y),
        "gradient boosting": accuracy(boosted(rest, held), held.y),
    }
    print(f"\nright signatures among the {len(held)} knots held out (nearest even number):")
    for name, value in rows.items():
        print(f"  {name:<20}{100 * value:5.1f} %")
    print(f"\nthe run folder: {OUT.relative_to(HERE.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
