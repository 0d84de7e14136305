"""The numbers that steer the search are in one place, each explained and used, and a bug is no missing formula."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.symbolic.tuning import TUNED, SymbolicTuning
from symbolic.laws import network, uniform

FOLDER = Path(importlib.import_module("edgewise.symbolic.tuning").__file__ or "").parent
FILES = [path for path in sorted(FOLDER.glob("*.py")) if path.name != "tuning.py"]
# numbers that mean themselves: none, one, halves, pairs, squares, third and fourth of a list, an empty default
PLAIN = {0, 1, 2, 3, 4, -1, 0.5}
# what a function takes where the caller says nothing, and sizes of caches
KNOWN = {("rank.py", 200), ("rank.py", 8), ("symbolify.py", 0.1), ("simple_numbers.py", 10.0)}


def test_tuning_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TUNED.keep = 9  # type: ignore[misc]


def test_every_field_says_what_it_means() -> None:
    (body,) = [
        node.body
        for node in ast.parse((FOLDER / "tuning.py").read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "SymbolicTuning"
    ]
    for field, words in zip(body, body[1:], strict=False):
        if isinstance(field, ast.AnnAssign):
            assert isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant), ast.unparse(field)
            assert len(str(words.value.value)) > 5


def test_every_field_is_used() -> None:
    text = "".join(path.read_text() for path in FILES)
    unused = [f.name for f in dataclasses.fields(SymbolicTuning) if f"TUNED.{f.name}" not in text]
    assert not unused


def test_no_function_holds_a_number_of_its_own() -> None:
    found = {
        (path.name, node.value)
        for path in FILES
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value not in PLAIN
    }
    assert found == KNOWN


# ------------------------------------------------------------------ bugs come to light


@pytest.mark.parametrize(
    ("room", "name"),
    [
        ("candidates", "rank_many"),
        ("program", "minimize"),
        ("stepwise", "minimize"),
        ("search", "normal_forms"),
        ("symbolify", "drop_terms"),
        ("symbolify", "snap"),
        ("written", "nearest"),
    ],
)
def test_a_bug_inside_is_raised_and_never_taken_for_no_formula(
    monkeypatch: pytest.MonkeyPatch, room: str, name: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    X = uniform((-1.0, 1.0), rows=60)
    y = torch.exp(X)
    model = ew.unset_symbolic(network((1, 1), {(0, 0, 0): ("exp", 1.0, 0.0, 1.0, 0.0)}))
    monkeypatch.setattr(importlib.import_module(f"edgewise.symbolic.{room}"), name, broken)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        ew.formula(ew.symbolify(model, X, y))


def test_the_error_of_an_added_primitive_stays_the_cause() -> None:
    def own(z: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("in the user's own function")

    with pytest.raises(ew.errors.SymbolicError, match="in the user's own function") as told:
        importlib.import_module("edgewise.primitives").add_primitive("own", own)
    assert isinstance(told.value.__cause__, ZeroDivisionError)
