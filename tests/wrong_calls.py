"""What is wrong with a call, and with what it is called: the parts of `test_wrong_calls`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import edgewise as ew


@cache
def model() -> ew.KAN:
    return ew.KAN((2, 3, 1), grid_size=3)


@cache
def rows() -> Tensor:
    return 2 * torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1


@cache
def targets() -> Tensor:
    return rows().sum(1)


@cache
def result() -> Any:
    return ew.fit(model(), rows(), targets(), grids=(3,), steps=3, progress=False)


@cache
def formula_model() -> Any:
    return ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("sin", 1, 0, 1, 0)})


def loaded(device: Any) -> object:
    path = Path(tempfile.mkdtemp()) / "kan.safetensors"
    ew.save(model(), path)
    return ew.load(path, device)


def spline_parts() -> dict[str, Any]:
    return {"x": torch.ones(4, 2), "coef": torch.ones(2, 5, 1), "knots": torch.arange(-3.0, 6.0).repeat(2, 1)}


def use(name: Any) -> None:
    with ew.use_backend(name):
        pass


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"a": range(10), "b": range(10), "y": [0.5 * k for k in range(10)]})


SEEDS = {"2**64": 2**64, "-1": -1, "True": True, "1.5": 1.5, "text": "0", "None": None}
DEVICES = {"nowhere": "nowhere", "a number of no device": 3.5, "a far one": "cuda:99"}
NO_MODEL = {"None": None, "text": "model", "a Linear": nn.Linear(2, 1), "the class": ew.KAN, "a dict": {}}
NO_ROWS = {
    "None": None,
    "text": "rows",
    "a number": 3.0,
    "one column too many": torch.ones(5, 3, dtype=torch.float64),
    "words": [["a", "b"]],
    "complex": torch.ones(5, 2, dtype=torch.complex64),
    "a dict": {"a": 1},
    "ragged": [[1.0, 2.0], [3.0]],
}
NO_EDGES = {
    "None": None,
    "a number": 3,
    "two numbers": (0, 0),
    "unknown": (0, 0, 9),
    "unknown layer": (9, 0, 0),
    "text": "sin",
    "floats": (0.5, 0, 0),
}
NO_PATHS = {"None": None, "a number": 3.5, "a folder": "/", "a zero byte": "a\0b", "in no folder": "/nowhere/at/all"}

FORMS = {
    "x^1/0": "x^1/0",
    "a long power": "x^" + "9" * 400,
    "unknown": "sinus",
    "None": None,
    "a number": 3,
    "a list": ["sin"],
    "1/x^0/0": "1/x^0/0",
    "x^(1/0)": "x^(1/0)",
    "empty": "",
}

# name of a call -> (what is called, a word of its message)
CALLS: dict[str, tuple[Callable[[], object], str]] = {}
# verb and word -> what is called with a value
TAKERS: dict[str, Callable[[Any], object]] = {}


def add(verb: str, word: str, call: Callable[[Any], object], wrong: Mapping[str, Any]) -> None:
    taker = f"{verb}: {word}"
    TAKERS[taker if taker not in TAKERS else f"{taker} ({len(TAKERS)})"] = call
    for name, value in wrong.items():
        CALLS[f"{verb}: {word} is {name}"] = (lambda value=value: call(value)), word
