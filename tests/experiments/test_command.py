"""`python -m experiments`: it runs from a checkout, `all` runs each one, mistakes end in one line. Docstring examples
hold."""

from __future__ import annotations

import doctest
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from experiment_runs import ROOT, command, module


def test_docstring_examples():
    packages = module("").__path__
    for found in pkgutil.walk_packages(packages, "experiments."):
        if not found.name.endswith("__main__"):
            one = import_module(found.name)
            assert not doctest.testmod(one, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed, one


def test_the_command_runs_from_a_checkout():
    done = subprocess.run([sys.executable, "-m", "experiments", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(name in done.stdout for name in module("__main__").NAMES)


def test_all_runs_every_experiment_and_says_which_failed(monkeypatch, capsys):
    main = module("__main__")
    ran = []

    class Fake:
        @staticmethod
        def run(chosen):
            ran.append(chosen)
            return len(ran) == 2

    monkeypatch.setattr(main, "NAMES", {"a": "one", "b": "two", "c": "three"})
    monkeypatch.setattr(main, "import_module", lambda name: Fake)
    assert command("all", "--smoke") == 1
    assert len(ran) == 3 and all(chosen.smoke for chosen in ran)
    assert "2 of 3 experiments ran; not b" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("feinman",), "did you mean 'feynman'"),
        (("feynman", "--rows", "I.27.7"), "did you mean"),
        (("feynman", "--seeds", "0"), "at least 1"),
    ],
)
def test_mistakes_end_in_one_line_that_says_what_to_do(arguments, said, capsys):
    try:
        status = command(*arguments)
    except SystemExit as stop:
        status = stop.code
        print(stop.code, file=sys.stderr)
    assert status not in (0, None) and said in capsys.readouterr().err
