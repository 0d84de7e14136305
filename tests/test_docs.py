"""What the documents say is run: every docstring example, the README's Python, the targets and commands it names. Their
sentences are short."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import edgewise
from prose import sentences, words

ROOT = Path(__file__).parents[1]
LONGEST = 25  # words in a sentence
ARCHITECTURE = 900  # words in ARCHITECTURE.md, which is read in a few minutes
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "src" / "edgewise").glob("*/README.md")),
]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LONG = ("edgewise.discovery.surfaces.boundary", "edgewise.symbolic.symbolify")  # more than a few seconds
MODULES = [
    "edgewise",
    *(
        pytest.param(found.name, marks=[pytest.mark.slow] * (found.name in LONG))
        for found in pkgutil.walk_packages(edgewise.__path__, "edgewise.")
        if not found.name.endswith("__main__")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # an example may save a model
    if name.startswith("edgewise.ops.gpu.triton_backend"):
        pytest.importorskip("triton", reason="triton is not installed")
    failed, _ = doctest.testmod(
        importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert not failed


@pytest.mark.parametrize("name", [n for n in dir(edgewise) if inspect.isfunction(getattr(edgewise, n))])
def test_public_functions_list_their_arguments(name):
    function = getattr(edgewise, name)
    documented = re.findall(r"^\s+(\w+)(?: \(.*\))?(?:, \(.*\) or .*)?:", function.__doc__ or "", re.MULTILINE)
    assert [p for p in inspect.signature(function).parameters if p not in documented] == []


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_readme_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks("python"))
    assert code, "the README shows no Python"
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_readme_names_targets_that_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = set(
        re.findall(r"\bmake ([a-z]+)\b(?=[ `\n])", "\n".join([*blocks("sh"), *re.findall(r"`[^`\n]+`", README)]))
    )
    assert {"demo", "test"} <= named <= targets


def test_readme_names_subcommands_that_exist():
    named = set(re.findall(r"^edgewise ([a-z]+)", "\n".join(blocks("sh")), flags=re.MULTILINE))
    assert named, "the README shows no command"
    for subcommand in sorted(named):
        done = subprocess.run([sys.executable, "-m", "edgewise", subcommand, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, f"edgewise {subcommand} --help: {done.stderr}"


def test_versions_agree():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert cited is not None and cited[1] == edgewise.__version__
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_are_short(page):
    found = sentences(page.read_text(encoding="utf-8"))
    assert found, f"{page} holds no sentence"
    long = [f"{len(words(sentence))} words: {sentence}" for sentence in found if len(words(sentence)) > LONGEST]
    assert not long, "\n".join([f"sentences of more than {LONGEST} words; split them:", *long])


def test_the_architecture_is_short():
    assert len((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split()) < ARCHITECTURE


@pytest.mark.parametrize(
    "page, want",
    [
        ("One two.\nThree four! Five?", ["One two.", "Three four!", "Five?"]),
        ("# A heading\nText on\ntwo lines\n\nand a paragraph", ["Text on two lines", "and a paragraph"]),
        ("Before:\n\n    code = 1. More\n\nAfter.", ["Before:", "After."]),
        ("Before:\n```sh\ncode. More code.\n```\nAfter.", ["Before:", "After."]),
        ("| a | b |\n|---|---|\n| One. | Two. |\n", []),
        ("- one\n  goes on. Two\n1. three\n\n    goes on", ["one goes on.", "Two", "three", "goes on"]),
        ("A [link. Two](a.md) is its text.", ["A link.", "Two is its text."]),
        ("See [one](a.md) and `b. c d` first. <!-- no. -->", ["See one and `b.\N{OPEN BOX}c\N{OPEN BOX}d` first."]),
        ("- [one two](a.md), [three](b.md)\n- [four](c.md): told.", ["four: told."]),
        ("![An image. Of much.](a.svg)", []),
        (
            "It is 2.5 s, e.g. by Fan et al. 2005 (a part.) Then.",
            ["It is 2.5 s, e.g. by Fan et al. 2005 (a part.", "Then."],
        ),
        ("> Quoted *text.* And more.", ["Quoted *text.", "And more."]),
    ],
)
def test_sentences_are_found_as_a_reader_does(page, want):
    assert sentences(page) == want


def test_words_are_what_holds_letters_or_digits():
    assert words("It's x -> y - or 1/2 + 2.5: m².") == ["It's", "x", "y", "or", "1/2", "2.5:", "m²."]
