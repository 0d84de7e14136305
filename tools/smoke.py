"""Whether an installed edgewise works outside a checkout: python -I tools/smoke.py, with its environment's interpreter.

The whole chain runs through the command: fit, info, predict, plot. Where an optional package is missing, the message
must say how to install it; everything else must be there.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import edgewise

FILES = {
    "model.safetensors",
    "judged.safetensors",
    "history.csv",
    "result.json",
    "report.html",
    "kan.svg",
    "formula.txt",
}
EXTRAS = ("jinja2", "matplotlib", "pandas", "sklearn")
REMEDY = "pip install 'edgewise[all]'"


def command(*arguments: str, folder: str, status: int = 0) -> str:
    """What the command says, if it ends with this status."""
    line = [str(Path(sys.executable).with_name("edgewise")), *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
    assert done.returncode == status, (
        f"{arguments}: status {done.returncode}, wanted {status}\n{done.stdout}{done.stderr}"
    )
    return done.stdout + done.stderr


def main() -> None:
    place = Path(edgewise.__file__)
    assert Path(sys.prefix) in place.parents, f"{place} is not what was installed in {sys.prefix}"
    missing = [name for name in EXTRAS if importlib.util.find_spec(name) is None]
    with tempfile.TemporaryDirectory() as folder:
        points = [(i / 40 - 1, (i * 29 % 81) / 81) for i in range(81)]
        rows = "".join(f"{x},{t},{x * x + t}\n" for x, t in points)
        (Path(folder) / "a.csv").write_text("x,t,y\n" + rows)
        assert edgewise.__version__ in command("--version", folder=folder)
        said = command("fit", "a.csv", "--target", "y", "--hidden", "0", "--grids", "3", "--out", "run", folder=folder)
        assert "y = t + x**2" in said, said
        not_made = json.loads((Path(folder) / "run" / "result.json").read_text())["not_made"]
        assert {path.name for path in (Path(folder) / "run").iterdir()} == FILES - not_made.keys(), said
        assert all(REMEDY in why for why in not_made.values()) and (missing or not not_made), not_made
        assert ("not computed" in said) == ("sklearn" in missing) and (REMEDY in said) == bool(missing), said
        assert "predicts y from x, t" in command("info", "run", folder=folder)
        assert command("predict", "run", "a.csv", folder=folder).startswith("x,t,y,predicted y\n")
        drawn = command("plot", "run", folder=folder, status=2 if "matplotlib" in missing else 0)
        assert ("matplotlib" not in missing) or REMEDY in drawn, drawn
    without = f"without {', '.join(missing)}" if missing else "with every optional package"
    print(f"edgewise {edgewise.__version__} works on Python {sys.version.split()[0]}, {without}")


if __name__ == "__main__":
    main()
