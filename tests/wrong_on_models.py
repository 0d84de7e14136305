"""Wrong calls of networks, and of the verbs that take one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import edgewise as ew
from wrong_calls import (
    DEVICES,
    FORMS,
    NO_EDGES,
    NO_MODEL,
    NO_PATHS,
    NO_ROWS,
    SEEDS,
    add,
    formula_model,
    model,
    result,
    rows,
    targets,
)


def _key(value: Any) -> Any:
    """The value where it can be the key of a dict, else what it is in words."""
    try:
        hash(value)
    except TypeError:
        return str(value)
    return value


# networks
add(
    "KAN",
    "widths",
    ew.KAN,
    {
        "None": None,
        "one": (2,),
        "text": "2,1",
        "zero": (2, 0),
        "float": (2.5, 1),
        "nan": (math.nan, 1),
        "a dict": {},
        "negative": (2, -3, 1),
    },
)
add(
    "KAN",
    "grid_size",
    lambda v: ew.KAN((2, 1), grid_size=v),
    {"zero": 0, "float": 1.5, "None": None, "text": "5", "two": (3, 4), "True": True},
)
add("KAN", "degree", lambda v: ew.KAN((2, 1), degree=v), {"-1": -1, "8": 8, "None": None, "2.0": 2.0})
add(
    "KAN",
    "base",
    lambda v: ew.KAN((2, 1), base=v),
    {"unknown": "relu", "a number": 1, "a list": ["silu"], "a function": torch.relu},
)
add(
    "KAN",
    "domain",
    lambda v: ew.KAN((2, 1), domain=v),
    {"None": None, "one": (1,), "falling": (1, 0), "nan": (0, math.nan), "text": "01", "endless": (0, math.inf)},
)
add("KAN", "seed", lambda v: ew.KAN((2, 1), seed=v), SEEDS)
add(
    "KAN",
    "dtype",
    lambda v: ew.KAN((2, 1), dtype=v),
    {"None": None, "int": torch.int64, "text": "float64", "numpy's": np.float64, "complex": torch.complex64},
)
add("KAN", "device", lambda v: ew.KAN((2, 1), device=v), DEVICES)
add("KAN.kolmogorov", "widths", ew.KAN.kolmogorov, {"zero": 0, "1.5": 1.5})
add("KANLayer", "widths|in_features", lambda v: ew.KANLayer(v, 1), {"zero": 0, "None": None, "text": "3"})
add("KANLayer", "dtype", lambda v: ew.KANLayer(2, 1, dtype=v), {"int": torch.int64, "text": "float64"})
add("KANLayer", "device", lambda v: ew.KANLayer(2, 1, device=v), DEVICES)
add("KANLayer", "seed", lambda v: ew.KANLayer(2, 1, seed=v), {name: v for name, v in SEEDS.items() if v is not None})
add("KANLayer", "bias", lambda v: ew.KANLayer(2, 1, v), {"a number": 1, "None": None, "text": "False"})
add(
    "model",
    "model",
    lambda v: model()(v),
    {
        "None": None,
        "a list": [[0.0, 0.0]],
        "float32": torch.zeros(1, 2),
        "three columns": torch.zeros(1, 3, dtype=torch.float64),
    },
)
add("predict", "X", lambda v: model().predict(v), NO_ROWS)

# verbs on a model
VERBS: dict[str, Callable[[Any], object]] = {
    "adapt": lambda m: ew.adapt(m, rows()),
    "attribute": lambda m: ew.attribute(m, rows()),
    "deepen": lambda m: ew.deepen(m, 1),
    "edge": lambda m: ew.edge(m, (0, 0, 0)),
    "export": lambda m: ew.export(m),
    "extend": lambda m: ew.extend(m, rows()),
    "formula": lambda m: ew.formula(m),
    "merge": lambda m: ew.merge(m, rows()),
    "perturb": lambda m: ew.perturb(m),
    "plot": lambda m: ew.plot(m),
    "prune": lambda m: ew.prune(m, rows()),
    "refine": lambda m: ew.refine(m),
    "refit": lambda m: ew.refit(m, rows(), targets()),
    "remove": lambda m: ew.remove(m),
    "save": lambda m: ew.save(m, "kan.safetensors"),
    "set_symbolic": lambda m: ew.set_symbolic(m, {}),
    "suggest": lambda m: ew.suggest(m, rows(), (0, 0, 0)),
    "summary": lambda m: ew.summary(m),
    "swap": lambda m: ew.swap(m, 1, 0, 1),
    "symbolify": lambda m: ew.symbolify(m, rows()),
    "tidy": lambda m: ew.tidy(m),
    "unset_symbolic": lambda m: ew.unset_symbolic(m),
    "widen": lambda m: ew.widen(m, 1),
}
for verb, call in VERBS.items():
    add(verb, verb, call, NO_MODEL)
for verb in ("adapt", "attribute", "extend", "merge", "prune"):
    add(verb, "X", lambda v, verb=verb: getattr(ew, verb)(model(), v), NO_ROWS)

# one verb after the other
add(
    "adapt",
    "grid_size",
    lambda v: ew.adapt(model(), rows(), grid_size=v),
    {"zero": 0, "text": "5", "1.5": 1.5, "three": (1, 2, 3)},
)
add(
    "adapt",
    "quantile",
    lambda v: ew.adapt(model(), rows(), quantile=v),
    {"2": 2, "None": None, "text": "0.5", "nan": math.nan},
)
add("adapt", "margin", lambda v: ew.adapt(model(), rows(), margin=v), {"-1": -1, "None": None, "inf": math.inf})
add("deepen", "layer", lambda v: ew.deepen(model(), v), {"-1": -1, "9": 9, "None": None, "text": "1", "1.0": 1.0})
add("edge", "edge|layer", lambda v: ew.edge(model(), v), NO_EDGES)
add(
    "export",
    "to",
    lambda v: ew.export(formula_model(), v),
    {"None": None, "unknown": "fortran", "a number": 3, "a list": ["c"]},
)
add(
    "export",
    "function",
    lambda v: ew.export(formula_model(), function=v),
    {"None": None, "two words": "a b", "a keyword": "def", "empty": ""},
)
add("export", "inputs", lambda v: ew.export(formula_model(), inputs=v), {"a number": 3, "too many": ["a", "b"]})
add(
    "export",
    "path|file|folder|written",
    lambda v: ew.export(formula_model(), path=v),
    {name: v for name, v in NO_PATHS.items() if v is not None},
)
add(
    "formula",
    "inputs|names",
    lambda v: ew.formula(formula_model(), v),
    {"a number": 3, "too many": ["a", "b"], "an empty name": [""]},
)
add("load", "path|file|folder|read", ew.load, NO_PATHS)
add("save", "path|file|folder|written", lambda v: ew.save(model(), v), NO_PATHS)
add(
    "merge",
    "tolerance",
    lambda v: ew.merge(model(), rows(), tolerance=v),
    {"-1": -1, "None": None, "text": "0.1", "nan": math.nan},
)
add(
    "perturb",
    "scale",
    lambda v: ew.perturb(model(), v),
    {"-1": -1, "None": None, "text": "1", "nan": math.nan, "inf": math.inf},
)
add("perturb", "seed", lambda v: ew.perturb(model(), seed=v), SEEDS)
add("plot", "top", lambda v: ew.plot(model(), top=v), {"-1": -1, "text": "3", "1.5": 1.5})
add(
    "plot", "threshold", lambda v: ew.plot(model(), threshold=v), {"-1": -1, "None": None, "nan": math.nan, "text": "1"}
)
add("plot", "inputs|names", lambda v: ew.plot(model(), inputs=v), {"too few": ["a"], "a number": 3})
add("plot", "title", lambda v: ew.plot(model(), title=v), {"a number": 5, "a list": ["a"]})
add("plot", "beta", lambda v: ew.plot(model(), beta=v), {"-1": -1, "None": None, "text": "1", "nan": math.nan})
add(
    "plot",
    "figsize",
    lambda v: ew.plot(model(), figsize=v),
    {"a number": 3, "zero": (0, 0), "text": "ab", "nan": (1, math.nan), "three": (1, 2, 3), "huge": (1e9, 1e9)},
)
add("plot", "ax", lambda v: ew.plot(model(), ax=v), {"a number": 3, "text": "axes"})
add("plot", "X", lambda v: ew.plot(model(), v), {name: v for name, v in NO_ROWS.items() if v is not None})
add(
    "prune",
    "threshold",
    lambda v: ew.prune(model(), rows(), threshold=v),
    {"-1": -1, "None": None, "text": "1", "nan": math.nan},
)
add("refine", "factor", lambda v: ew.refine(model(), v), {"zero": 0, "1.5": 1.5, "text": "2", "True": True})
add(
    "refine",
    "grid_size",
    lambda v: ew.refine(model(), grid_size=v),
    {"fewer": 2, "zero": 0, "text": "5", "three": (5, 6, 7)},
)
add("refit", "refit|result", lambda v: ew.refit(v, rows(), targets()), {"a model": ew.KAN((2, 1))})
add("refit", "X", lambda v: ew.refit(result(), v, targets()), NO_ROWS)
add(
    "refit",
    "y",
    lambda v: ew.refit(result(), rows(), v),
    {"None": None, "fewer": torch.ones(3, dtype=torch.float64), "text": "y"},
)
add(
    "remove",
    "node",
    lambda v: ew.remove(model(), nodes=v),
    {"a number": 3, "unknown": [(1, 9)], "text": "ab", "one number": [1], "None": None},
)
add(
    "remove",
    "edge|layer",
    lambda v: ew.remove(model(), edges=v),
    {"a number": 3, "None": None, **{name: [v] for name, v in NO_EDGES.items()}},
)
add("set_symbolic", "edge|layer", lambda v: ew.set_symbolic(model(), {_key(v): ("sin", 1, 0, 1, 0)}), NO_EDGES)
add(
    "set_symbolic", "forms", lambda v: ew.set_symbolic(model(), v), {"None": None, "a list": [(0, 0, 0)], "text": "sin"}
)
add(
    "set_symbolic",
    "edge|layer",
    lambda v: ew.set_symbolic(model(), {(0, 0, 0): (v, 1, 0, 1, 0)}),
    {f"a form {name}": v for name, v in FORMS.items()},
)
add(
    "set_symbolic",
    "constants",
    lambda v: ew.set_symbolic(model(), {(0, 0, 0): ("sin", *v) if isinstance(v, tuple) else v}),
    {"three": (1, 2, 3), "nan": (1, 2, 3, math.nan)},
)
add("suggest", "edge|layer", lambda v: ew.suggest(model(), rows(), v), NO_EDGES)
add("suggest", "X", lambda v: ew.suggest(model(), v, (0, 0, 0)), NO_ROWS)
add(
    "suggest",
    "form|primitives",
    lambda v: ew.suggest(model(), rows(), (0, 0, 0), primitives=v),
    {"a number": 3, **{name: [v] for name, v in FORMS.items()}},
)
add(
    "swap",
    "swap|node|layer",
    lambda v: ew.swap(model(), *(v if isinstance(v, tuple) else (v, 0, 1))),
    {"unknown": (1, 0, 9), "floats": (1, 0.5, 1), "None": (None, 0, 1), "outer": (0, 0, 1), "text": (1, "a", "b")},
)
add("symbolify", "X", lambda v: ew.symbolify(model(), v, progress=False), NO_ROWS)
add(
    "symbolify",
    "y",
    lambda v: ew.symbolify(model(), rows(), v, progress=False),
    {"text": "y", "fewer": torch.ones(3, dtype=torch.float64)},
)
add(
    "symbolify",
    "form|primitives",
    lambda v: ew.symbolify(model(), rows(), primitives=v, progress=False),
    {"a number": 3, **{name: [v] for name, v in FORMS.items()}},
)
add(
    "symbolify",
    "tolerance",
    lambda v: ew.symbolify(model(), rows(), tolerance=v),
    {"-1": -1, "None": None, "nan": math.nan, "text": "1"},
)
add(
    "symbolify",
    "budget",
    lambda v: ew.symbolify(model(), rows(), budget=v),
    {"zero": 0, "nan": math.nan, "text": "1", "True": True},
)
add(
    "symbolify",
    "validation",
    lambda v: ew.symbolify(model(), rows(), targets(), validation=v),
    {"a number": 3, "rows alone": rows(), "text": "v"},
)
add(
    "symbolify",
    "sample_weight",
    lambda v: ew.symbolify(model(), rows(), targets(), sample_weight=v),
    {"fewer": [1.0], "negative": -torch.ones(60), "text": "w"},
)
add(
    "unset_symbolic",
    "edge|layer",
    lambda v: ew.unset_symbolic(formula_model(), v),
    {"a number": 3, **{name: [v] for name, v in NO_EDGES.items()}},
)
add("widen", "layer", lambda v: ew.widen(model(), v), {"outer": 0, "None": None, "text": "1", "9": 9})
add("widen", "nodes", lambda v: ew.widen(model(), 1, v), {"-1": -1, "None": None, "1.5": 1.5, "text": "2"})
add(
    "widen",
    "products",
    lambda v: ew.widen(model(), 1, products=v),
    {"one factor": (1,), "text": "2", "-1": -1, "None": None, "1.5": 1.5},
)
add("widen", "seed", lambda v: ew.widen(model(), 1, seed=v), SEEDS)
