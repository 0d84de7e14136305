"""What the documents say is run: every docstring example, the README's Python, the targets and commands it names."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import edgewise

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = [
    "edgewise",
    *(
        found.name
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


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


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
