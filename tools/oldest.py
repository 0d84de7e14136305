"""Print a pip constraints file that holds every package at the lowest version which pyproject.toml allows.

python tools/oldest.py > oldest.txt
PIP_CONSTRAINT=oldest.txt make test
"""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
lines = [*project["dependencies"], *project["optional-dependencies"]["all"]]
for line in lines:
    name, version = re.fullmatch(r"([\w.-]+)>=([\d.]+)", line).groups()
    print(f"{name}~={version}" if version.count(".") == 2 else f"{name}~={version}.0")
