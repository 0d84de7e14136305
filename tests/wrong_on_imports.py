"""Wrong calls of what makes networks of formulas, and of what others saved."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

import edgewise as ew
from wrong_calls import DEVICES, NO_PATHS, add

NAMES = {"twice": ["x", "x"], "empty": ["x", ""], "a number": 3, "text": "xy", "none": ()}

add(
    "from_formula",
    "formula|character|column",
    lambda v: ew.from_formula(v, inputs=("x", "y")),
    {
        "None": None,
        "a number": 3.0,
        "a list of numbers": [1.0],
        "an array": np.ones((3, 2)),
        "a model": ew.KAN((1, 1)),
        "empty": "",
        "blank": " \n",
        "an equation": "y = x",
        "of another column": "x + z",
        "of another function": "gamma(x)",
        "half": "x + (y",
        "code": "__import__('os')",
        "divided by zero": "x/0",
        "not real": "sqrt(-1)*x",
        "of a high power": "x**1000",
        "nested": "(" * 500 + "x" + ")" * 500,
        "bytes": b"x",
        "a dict": {"y": "x"},
    },
)
add("from_formula", "inputs|column", lambda v: ew.from_formula("x", inputs=v), NAMES | {"another": ["y"]})
add("from_formula", "outputs", lambda v: ew.from_formula("x", outputs=v), NAMES | {"two": ["a", "b"]})
add("from_formula", "device", lambda v: ew.from_formula("x", device=v), DEVICES)
add("from_formula", "dtype", lambda v: ew.from_formula("x", dtype=v), {"None": None, "text": "float32", "int": int})
add("from_formula", "grid_size", lambda v: ew.from_formula("x", grid_size=v), {"zero": 0, "text": "5", "huge": 10**15})
add("from_formula", "degree", lambda v: ew.from_formula("x", degree=v), {"8": 8, "-1": -1, "None": None, "1.5": 1.5})
add(
    "from_formula",
    "base",
    lambda v: ew.from_formula("x", base=v),
    {"another": "gelu", "a number": 3},
)
add("from_formula", "domain", lambda v: ew.from_formula("x", domain=v), {"None": None, "turned": (1, -1), "one": (1,)})
add("from_formula", "degree", lambda v: ew.from_formula("x", **{"k": v}), {"3": 3})

add(
    "from_pykan",
    "source|path|pykan|name of a file",
    ew.from_pykan,
    {
        **NO_PATHS,
        "nowhere": "model/0.1",
        "a network of ours": ew.KAN((2, 1)),
        "half an object": SimpleNamespace(act_fun=[1], symbolic_fun=[1], node_scale=[], mult_arity=2),
        "empty": "",
        "bytes": b"model",
    },
)
