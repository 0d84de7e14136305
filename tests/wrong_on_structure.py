"""Wrong calls of what takes a function apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import edgewise as ew
from wrong_calls import NO_MODEL, NO_ROWS, SEEDS, add, model, rows

add(
    "relations",
    "X",
    lambda v: ew.relations(v, progress=False),
    {
        **{words: value for words, value in NO_ROWS.items() if words != "one column too many"},
        "few rows": torch.ones(5, 2),
        "nan": [[math.nan, 1.0]] * 70,
        "empty": torch.ones(0, 2),
        "one column alone": torch.ones(80),
    },
)
add(
    "relations",
    "inputs",
    lambda v: ew.relations(torch.rand(80, 2), inputs=v, progress=False),
    {"one": ["a"], "twice": ["a", "a"], "a number": 3, "text": "ab", "three": ["a", "b", "c"]},
)
add("relations", "seed", lambda v: ew.relations(torch.rand(80, 2), seed=v, progress=False), SEEDS)
add("relations", "progress", lambda v: ew.relations(rows(), progress=v), {"None": None, "text": "no", "2": 2})

many, signs = torch.rand(300, 2), torch.arange(300) % 2
add(
    "boundary",
    "X",
    lambda v: ew.boundary(v, signs),
    {
        **{words: value for words, value in NO_ROWS.items() if words != "one column too many"},
        "few rows": torch.ones(5, 2),
        "nan": [[math.nan, 1.0]] * 300,
    },
)
add(
    "boundary",
    "y",
    lambda v: ew.boundary(many, v),
    {"None": None, "fewer": [1.0], "a number": 3.0, "one class": [1] * 300, "three classes": torch.arange(300) % 3},
)
add(
    "boundary",
    "inputs",
    lambda v: ew.boundary(many, signs, inputs=v),
    {"one": ["a"], "twice": ["a", "a"], "text": "ab"},
)
add("boundary", "seed", lambda v: ew.boundary(many, signs, seed=v), SEEDS)
MOVING = {"few rows": torch.ones(5, 2), "nan": [[math.nan, 1.0]] * 70, "empty": torch.ones(0, 2)}
add("conserved", "X", lambda v: ew.conserved(v, torch.ones(70, 2), progress=False), {**NO_ROWS, **MOVING})
add(
    "conserved",
    "velocity",
    lambda v: ew.conserved(torch.rand(70, 2), v, progress=False),
    {**NO_ROWS, **MOVING, "failing": lambda X: {}["my own mistake"], "of no argument": lambda: 3.0},
)
add(
    "conserved",
    "inputs",
    lambda v: ew.conserved(torch.rand(70, 2), torch.rand(70, 2), inputs=v, progress=False),
    {"one": ["a"], "twice": ["a", "a"], "a number": 3, "text": "ab", "three": ["a", "b", "c"]},
)
add("conserved", "seed", lambda v: ew.conserved(torch.rand(70, 2), torch.rand(70, 2), seed=v, progress=False), SEEDS)
add(
    "conserved",
    "seconds",
    lambda v: ew.conserved(torch.rand(70, 2), torch.rand(70, 2), seconds=v, progress=False),
    {"zero": 0, "negative": -1.0, "nan": math.nan, "text": "long", "None": None},
)
add("conserved", "progress", lambda v: ew.conserved(rows(), rows(), progress=v), {"None": None, "text": "no", "2": 2})

VERBS: dict[str, Callable[..., Any]] = {"separability": ew.separability, "symmetry": ew.symmetry, "tree": ew.tree}


def _fails(X: Any) -> Any:
    raise KeyError("my own mistake")


for name, verb in VERBS.items():
    add(
        name,
        "f",
        lambda v, verb=verb: verb(v, rows()),
        {
            **{words: value for words, value in NO_MODEL.items() if words != "a Linear"},
            "of another width": ew.KAN((3, 1)),
            "of two outputs": ew.KAN((2, 2)),
            "one number": lambda X: X.sum(),
            "text out of it": lambda X: ["a"] * len(X),
            "complex": lambda X: np.asarray(X[:, 0]) + 1j,
            "failing": _fails,
            "nan": lambda X: X[:, 0] * math.nan,
            "of no argument": lambda: 3.0,
        },
    )
    add(
        name,
        "X",
        lambda v, verb=verb: verb(model(), v),
        {**NO_ROWS, "few rows": torch.ones(5, 2), "nan": [[math.nan, 1.0]] * 30, "empty": torch.ones(0, 2)},
    )
    add(
        name,
        "noise",
        lambda v, verb=verb: verb(model(), rows(), noise=v),
        {
            "negative": -1.0,
            "nan": math.nan,
            "infinite": math.inf,
            "text": "small",
            "for three columns": (0.1, [0.1, 0.1, 0.1]),
            "negative slopes": (0.1, -0.1),
            "three": (0.1, 0.1, 0.1),
            "True": True,
        },
    )
    add(
        name,
        "inputs",
        lambda v, verb=verb: verb(model(), rows(), inputs=v),
        {"one": ["a"], "twice": ["a", "a"], "a number": 3, "text": "ab", "three": ["a", "b", "c"]},
    )
    add(name, "seed", lambda v, verb=verb: verb(model(), rows(), seed=v), SEEDS)
