"""The pages of docs: their examples run from top to bottom, and every public name stands on one of them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest

import edgewise as ew

ROOT = Path(__file__).parents[1]
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TESTED_BY_ROOM = ("exports", "imports", "losses", "nn", "pde")  # each has a test_page.py
SLOW = ("discovery", "editing", "estimators", "structure")  # more than a few seconds
WHOLE = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
    for name in PAGES
    if BLOCK.search(PAGES[name]) and name not in TESTED_BY_ROOM
]
PRINTED = {  # what a page says is printed, word by word
    "editing": "exp",
    "structure": "x1 * g(x2 x3^(-1)) + f(x4)",
}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuses every connection."""

    def refused(*_: object) -> None:
        raise OSError("an example went to the network")

    for door in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, door, refused)


@pytest.fixture
def no_window() -> Iterator[None]:
    """Draws into memory."""
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    yield
    matplotlib.use(before)


@pytest.mark.usefixtures("offline", "no_window")
@pytest.mark.parametrize("name", WHOLE)
def test_examples_run_from_top_to_bottom(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": name}
    for number, code in enumerate(BLOCK.findall(PAGES[name]), start=1):
        exec(compile(code, f"docs/{name}.md, example {number}", "exec"), space)
    said = PRINTED.get(name)
    assert said is None or (f")  # {said}\n" in PAGES[name] and said in capsys.readouterr().out.splitlines())
    assert not list(tmp_path.iterdir()), "no page says that its example writes a file"


def test_pages_of_a_room_are_those_with_a_test_there():
    there = {path.parent.name for path in (ROOT / "tests").glob("*/test_page.py")}
    assert {*TESTED_BY_ROOM} == there & {*PAGES}


def test_every_public_name_stands_on_a_page():
    text = "\n".join([(ROOT / "README.md").read_text(encoding="utf-8"), *PAGES.values()])
    assert [name for name in ew.__all__ if not re.search(rf"\bew\.{name}\b|`{name}[`(]", text)] == []


def test_the_table_of_edits_names_every_verb_that_makes_a_network_of_one():
    named = re.findall(r"^\| `(\w+)\(", PAGES["editing"], re.MULTILINE)
    transforms = {name for name, home in ew._HOME.items() if home == "transforms"}
    assert sorted(named) == sorted(transforms - {"edge"})


def test_the_readme_links_every_page():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in PAGES if f"](docs/{name}.md)" not in readme] == []
