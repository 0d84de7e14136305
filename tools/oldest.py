"""Print a pip constraints file that holds every package at the lowest version which pyproject.toml allows.

python tools/oldest.py > oldest.txt; PIP_CONSTRAINT=oldest.txt make test
"""

import re
import tomllib
from pathlib import Path

text = (Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8")
project = tomllib.loads(text)["project"]
extras = project["optional-dependencies"]
for line in [*project["dependencies"], *extras["all"], *extras["gpu-test"]]:
    name, version = re.match(r"([\w.-]+)>=([\d.]+)", line).groups()
    print(f"{name}~={version}" if version.count(".") == 2 else f"{name}~={version}.0")  # the last patch of that version
