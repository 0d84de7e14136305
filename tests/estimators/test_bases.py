"""Without scikit-learn, the estimators are there and say what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edgewise.errors import MissingExtra
from edgewise.estimators import bases

WITHOUT = """
import sys
sys.modules["sklearn"] = None
from edgewise import *
from edgewise.errors import MissingExtra
for kind in (KANRegressor, KANClassifier):
    try:
        kind(hidden=(3,))
    except MissingExtra as error:
        print(error)
"""


def test_without_scikit_learn_making_one_says_how_to_install_it():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sklearn") >= 2 and done.stdout.count("pip install 'edgewise[all]'") == 2


def test_the_classes_in_their_place_are_different_ones(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> None:
        raise MissingExtra(name)

    monkeypatch.setattr(bases, "require", missing)
    found = bases.found()
    assert len(set(found)) == 3
    for kind in found:
        with pytest.raises(MissingExtra, match="sklearn"):
            kind(1, b=2)
