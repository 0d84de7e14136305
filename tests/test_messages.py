"""What messages and docstrings name exists: every `ew.x` and `edgewise.x` that the source writes in a string."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgewise

ROOT = Path(edgewise.__file__).parent
NAMED = re.compile(r"(?<![\w./:-])(?:ew|edgewise)((?:\.[A-Za-z_]\w*)+)")
FILES = {"safetensors", "csv", "html", "json", "py"}  # endings: `edgewise.html` is a file


def names(text: str) -> list[str]:
    """The dotted names below edgewise that a text speaks of."""
    found = [match[1].removeprefix(".") for match in NAMED.finditer(text)]
    return [name for name in found if name not in FILES]


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every string in a file, docstrings and the parts of f-strings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def exists(name: str) -> bool:
    """Whether `edgewise.name` can be reached, through attributes and submodules."""
    value = edgewise
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            try:
                value = importlib.import_module(f"{value.__name__}.{part}")
            except (ImportError, AttributeError):
                return False
    return True


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_name_in_a_string_exists(path: Path):
    wrong = [f"line {line}: edgewise.{name}" for line, text in strings(path) for name in names(text)]
    assert not [place for place in wrong if not exists(place.partition("edgewise.")[2])]


def test_the_reader_of_names_sees_calls_modules_and_methods():
    text = "see ew.KAN.kolmogorov, edgewise.from_table(x) and `ew.fit`; not kan.edgewise.x, edgewise.html or ew"
    assert names(text) == ["KAN.kolmogorov", "from_table", "fit"]
    assert exists("KAN.kolmogorov") and exists("errors.DataError") and not exists("from_table")
