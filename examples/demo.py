"""Two tables through the command line, each judged on rows that it has not seen.

A law of nature, sampled with noise among columns that have nothing to do with it: is it found again? And a real table:
can the signature of a knot be told from its geometry? Signatures are even, so every prediction is rounded to the
nearest even number and counted right or wrong. The rule to beat was found by mathematicians with the help of machine
learning (Davies et al., Nature 600, 2021): signature = -slope / 2 with slope = Re(longitude / meridian).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor

import edgewise as ew
from edgewise.data import Table, read_csv, split

HERE = Path(__file__).resolve().parent
KNOTS, OUT = HERE / "knots.csv", HERE / "out"
SEED, ROWS, NOISE = 0, 1000, 0.02
LAW = "force = m1*m2/r**2"


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


def sample() -> tuple[str, Tensor, Tensor]:
    """(table as text, the force itself (n,), size of the error): masses, a distance, two columns of no use, and the
    force as measured."""
    draw = torch.Generator().manual_seed(SEED)
    m1, m2, r, hour, humidity = torch.rand(5, ROWS, dtype=torch.float64, generator=draw)
    m1, m2, r, hour = 1 + 4 * m1, 1 + 4 * m2, 1 + 2 * r, 24 * hour
    force = m1 * m2 / r**2
    error = NOISE * force.std()
    measured = force + error * torch.randn(ROWS, dtype=torch.float64, generator=draw)
    rows = torch.stack([m1, m2, r, hour, humidity, measured], dim=1).tolist()
    return (
        "m1,m2,r,hour,humidity,force\n" + "".join(",".join(f"{value:.6g}" for value in row) + "\n" for row in rows),
        force,
        error,
    )


def edgewise(table: Path, target: str, out: Path) -> int:
    """Run `edgewise fit`, showing the command."""
    command = ["fit", str(table), "--target", target, "--out", str(out), "--seed", str(SEED), "--force"]
    print(
        "$ edgewise "
        + " ".join(
            str(Path(word).relative_to(HERE.parent)) if word.startswith(str(HERE)) else word for word in command
        ),
        flush=True,
    )
    return subprocess.run([sys.executable, "-m", "edgewise", *command]).returncode


def law() -> int:
    """Find a law again."""
    print(f"1. A law, sampled at {ROWS} points with an error of {NOISE:.0%}: {LAW}\n")
    text, force, error = sample()
    table, out = OUT / "law.csv", OUT / "law"
    OUT.mkdir(exist_ok=True)
    table.write_text(text)
    if status := edgewise(table, "force", out):
        return status
    held = split(read_csv(table, "force"), seed=SEED)[1]  # the same draw as the command's
    result = json.loads((out / "result.json").read_text())
    with torch.no_grad():
        got = ew.load(out / "judged.safetensors")(held.X)[:, 0]
    truth = force[[line - 2 for line in held.lines]]  # the header is line 1
    print(f"\n  the law      {LAW}")
    for line in result["formula"]["outputs"]:
        print(f"  found        {line}")
    gap, missed = (got - truth).square().mean().sqrt().item(), result["held_out"]["network"]["rmse"]
    print(
        f"  its error    {gap:.2g} from the law itself and {missed:.2g} from the measurements, whose own error is"
        f" {error:.2g}"
    )
    print(f"               (root mean square on the {len(held)} rows held out)\n")
    return 0


def knots() -> int:
    """Signatures of knots, counted right or wrong."""
    print("2. Knots: the signature from the geometry\n")
    out = OUT / "knots"
    if status := edgewise(KNOTS, "signature", out):
        return status
    rest, held = split(read_csv(KNOTS, "signature"), seed=SEED)
    model = ew.load(out / "judged.safetensors")
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
    print(f"\nthe reports:\n{OUT / 'law' / 'report.html'}\n{out / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(law() or knots())
