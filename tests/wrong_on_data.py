"""Wrong calls of training, tables, studies and splines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn

import edgewise as ew
from edgewise import ops
from edgewise.ops import Spec
from edgewise.primitives import evaluate, get
from wrong_calls import (
    DEVICES,
    FORMS,
    NO_MODEL,
    NO_PATHS,
    NO_ROWS,
    SEEDS,
    add,
    frame,
    loaded,
    model,
    rows,
    spline_parts,
    targets,
    use,
)

# training
add(
    "fit",
    "model",
    lambda v: ew.fit(v, rows(), targets(), progress=False),
    {name: v for name, v in NO_MODEL.items() if name != "a Linear"},
)
add("fit", "X", lambda v: ew.fit(model(), v, targets(), progress=False), NO_ROWS)
add(
    "fit",
    "y",
    lambda v: ew.fit(model(), rows(), v, progress=False),
    {
        "None": None,
        "fewer": torch.ones(3),
        "nan": torch.full((60,), math.nan),
        "a number": 3.0,
        "complex": torch.ones(60, dtype=torch.complex64),
    },
)
SETTINGS: dict[str, dict[str, Any]] = {
    "residual": {"a number": 3},
    "validation": {"a number": 3.5, "three": (1, 2, 3), "text": "x"},
    "optimizer": {"unknown": "adm", "a number": 3, "None": None},
    "grids": {"falling": (5, 3), "zero": (0,), "text": "5", "None": None, "a number": 5, "empty": (), "floats": (2.5,)},
    "sparsity": {"-1": -1, "None": None, "nan": math.nan, "text": "1", "True": True},
    "loss": {"unknown": "l1", "None": None, "a number": 3},
    "restarts": {"-1": -1, "1.5": 1.5, "None": None, "text": "many"},
    "steps": {"zero": 0, "1.5": 1.5, "text": "3", "True": True},
    "batch_size": {"zero": 0, "1.5": 1.5},
    "sample_weight": {
        "fewer": [1.0],
        "negative": [-1.0] * 60,
        "text": "w",
        "nan": [math.nan] * 60,
        "zeros": [0.0] * 60,
    },
    "memory": {"a number": 3, "text": "m"},
    "seed": SEEDS,
    "callbacks": {"a number": 3, "numbers": (3,)},
    "device": DEVICES,
}
for name, word in (("Huber", "delta"), ("StudentT", "freedom"), ("Quantile", "quantile")):
    add("losses", word, getattr(ew.losses, name), {"zero": 0, "None": None, "text": "x", "nan": math.nan, "-1": -1})
add("losses", "scale", lambda v: ew.losses.Huber(scale=v), {"zero": 0.0, "text": "x", "negative": (-1.0,), "none": ()})
add(
    "study",
    "loss",
    lambda v: ew.study(rows(), targets(), loss=v, progress=False),
    {"unknown": "l1", "None": None, "a number": 3},
)
for setting, wrong in SETTINGS.items():
    given: tuple[Any, ...] = {"residual": (model(),)}.get(setting, (model(), rows(), targets()))
    add("fit", setting, lambda v, s=setting, g=given: ew.fit(*g, progress=False, **{s: v}), wrong)
add(
    "fit a module",
    "device",
    lambda v: ew.fit(nn.Linear(2, 1).double(), rows(), targets(), device=v, progress=False),
    DEVICES,
)
add("load", "device", lambda v: loaded(v), DEVICES)

# tables
add("from_arrays", "X", lambda v: ew.from_arrays(v, targets()), NO_ROWS | {"one column too many": rows()[:3]})
add("from_arrays", "y", lambda v: ew.from_arrays(rows(), v), {"None": None, "fewer": [1.0], "a number": 3.0})
add(
    "from_arrays",
    "inputs|names",
    lambda v: ew.from_arrays(rows(), targets(), inputs=v),
    {"too few": ["a"], "a number": 3, "twice": ["a", "a"]},
)
add(
    "from_arrays",
    "outputs|names",
    lambda v: ew.from_arrays(rows(), targets(), outputs=v),
    {"too many": ["a", "b"], "a number": 3},
)
add(
    "from_arrays",
    "task",
    lambda v: ew.from_arrays(rows(), targets(), task=v),
    {"unknown": "regresion", "None": None, "a number": 3},
)
add("from_arrays", "drop", lambda v: ew.from_arrays(rows(), targets(), drop=v), {"unknown": "colums", "a number": 3})
add("from_dataframe", "DataFrame", ew.from_dataframe, {"None": None, "a list": [[1, 2]], "text": "frame"})
for keyword in ("target", "features", "drop", "categorical"):
    add(
        "from_dataframe",
        keyword + "|column",
        lambda v, k=keyword: ew.from_dataframe(frame(), **{"target": "y", k: v}),
        {"unknown": "z", "a number": 3, "numbers": [1]},
    )
add(
    "from_dataframe", "task", lambda v: ew.from_dataframe(frame(), "y", task=v), {"unknown": "regresion", "a number": 3}
)
add("read_csv", "file|folder|read|path", ew.read_csv, NO_PATHS)
add(
    "from_function",
    "f|function",
    lambda v: ew.from_function(v, [(0, 1)], 10),
    {"None": None, "text": "sin", "a number": 3},
)
add(
    "from_function",
    "ranges",
    lambda v: ew.from_function(torch.sin, v, 10),
    {"None": None, "empty": [], "falling": [(1, 0)], "a number": 3, "text": "ab", "nan": [(0, math.nan)]},
)
add(
    "from_function",
    "n",
    lambda v: ew.from_function(torch.sin, [(0, 1)], v),
    {"1": 1, "-5": -5, "None": None, "1.5": 1.5, "text": "10"},
)
add("from_function", "seed", lambda v: ew.from_function(torch.sin, [(0, 1)], 10, v), SEEDS)
add(
    "from_function",
    "f",
    lambda v: ew.from_function(lambda x: v, [(0, 1)], 10),
    {"giving None": None, "giving text": "a", "giving one number": 1.0, "giving nan": torch.full((10,), math.nan)},
)

# studies
STUDY: dict[str, dict[str, Any]] = {
    "hidden": {"zero": 0, "None": None, "text": "5", "1.5": 1.5, "a float in it": (2.5,)},
    "grids": {"falling": (5, 3), "text": "5", "a number": 3, "empty": ()},
    "sparsity": {"-1": -1, "None": None, "nan": math.nan},
    "test": {"zero": 0, "1": 1, "None": None, "text": "0.2"},
    "effort": {"unknown": "hard", "None": None, "a list": ["quick"]},
    "interactions": {"negative": -1, "text": "all", "None": None, "a float": 1.5},
    "seed": SEEDS,
    "formula": {"None": None, "a number": 3},
    "task": {"unknown": "regresion", "None": None},
    "inputs": {"too few": ["a"], "a number": 3},
}
for setting, wrong in STUDY.items():
    word = f"{setting}|names" if setting == "inputs" else setting
    add("study", word, lambda v, s=setting: ew.study(rows(), targets(), progress=False, **{s: v}), wrong)
add(
    "study",
    "X|rows|file|table",
    lambda v: ew.study(v, progress=False),
    {"None": None, "a number": 3, "no file": "nowhere.csv", "empty": ""},
)

# laws
DISCOVERY: dict[str, dict[str, Any]] = {
    "seconds": {"zero": 0, "None": None, "text": "60", "nan": math.nan},
    "seed": SEEDS,
    "inputs": {"too few": ["a"], "a number": 3, "twice the same": ["a", "a"]},
    "target": {"a number": 3, "a list": ["a"]},
    "units": {"a list": ["m", "s"], "text": "m"},
    "n_jobs": {"zero": 0, "None": None, "text": "1"},
}
for setting, wrong in DISCOVERY.items():
    add("discover", setting, lambda v, s=setting: ew.discover(rows(), targets(), progress=False, **{s: v}), wrong)
add("discover", "X", lambda v: ew.discover(v, targets(), progress=False), NO_ROWS)
add("discover", "y", lambda v: ew.discover(rows(), v, progress=False), {"None": None, "fewer": [1.0], "a number": 3.0})

# splines and primitives
for part, wrong in {
    "x": {
        "None": None,
        "a list": [[1.0, 1.0]],
        "int": torch.ones(4, 2, dtype=torch.int64),
        "three columns": torch.ones(4, 3),
    },
    "coef": {
        "None": None,
        "a list": [1.0],
        "two dimensions": torch.ones(2, 5),
        "float64": torch.ones(2, 5, 1).double(),
    },
    "knots": {
        "None": None,
        "a list": [1.0],
        "one dimension": torch.arange(9.0),
        "falling": torch.arange(9.0).flip(0).repeat(2, 1),
    },
    "degree": {"-1": -1, "8": 8, "None": None, "2.5": 2.5, "text": "3"},
    "derivative": {"-1": -1, "None": None, "0.5": 0.5, "text": "1"},
    "base": {"unknown": "relu", "a number": 3, "a list": ["silu"], "without base_scale": "silu"},
    "base_scale": {"without base": torch.ones(2, 1), "a number": 3.0},
}.items():
    add("spline", part, lambda v, p=part: ew.spline(**{**spline_parts(), p: v}), wrong)
    if part not in ("derivative", "degree", "base", "base_scale"):
        add("edge_values", part, lambda v, p=part: ops.edge_values(**{**spline_parts(), p: v}), wrong)
        add(
            "evaluate",
            part,
            lambda v, p=part: ops.evaluate(**{**spline_parts(), p: v}, base_scale=None, spec=Spec(3)),
            {name: v for name, v in wrong.items() if name != "falling"},
        )
WRONG_BACKENDS = {"None": None, "unknown": "numba", "a number": 3, "a list": ["cpu"], "an array": np.zeros(2)}
add("use_backend", "use_backend", use, WRONG_BACKENDS)
add("primitives.get", "closed form", get, FORMS)
add("primitives.evaluate", "closed form", lambda v: evaluate(v, torch.ones(3)), FORMS)


# estimators
for name, kind in {"KANRegressor": ew.KANRegressor, "KANClassifier": ew.KANClassifier}.items():
    for setting in ("hidden", "grids", "sparsity", "effort", "interactions"):
        wrong = {what: value for what, value in STUDY[setting].items() if value is not None}
        add(
            name,
            setting,
            lambda v, kind=kind, setting=setting: kind(**{setting: v}).fit(torch.rand(40, 2).numpy(), [0, 1] * 20),
            wrong,
        )
