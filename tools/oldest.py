"""Print a pip constraints file that holds every package at the lowest version which pyproject.toml allows.

python tools/oldest.py > oldest.txt; PIP_CONSTRAINT=oldest.txt make test
"""

import re
import tomllib
from pathlib import Path

text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
project = tomllib.loads(text)["project"]
for line in [*project["dependencies"], *project["optional-dependencies"]["all"]]:
    name, version = re.fullmatch(r"([\w.-]+)>=([\d.]+)", line).groups()
    print(f"{name}~={version}" if version.count(".") == 2 else f"{name}~={version}.0")  # the last patch of that version
