"""Wrong calls of curves and shares, of the modules of deep networks, and of differential equations."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

import edgewise as ew
from wrong_calls import NO_MODEL, NO_ROWS, SEEDS, add, model, rows, targets

# curves and shares
WHOLE: dict[str, Any] = {"zero": 0, "1.5": 1.5, "text": "3", "True": True, "a list": [3], "nan": math.nan}
PARTS: dict[str, Any] = {"0": 0, "1": 1, "95": 95, "text": "0.9", "None": None, "nan": math.nan, "True": True}
add("explain", "explain", lambda v: ew.explain(v, rows()), NO_MODEL)
add("explain", "X|explain", lambda v: ew.explain(model(), v), NO_ROWS)
add("explain", "background", lambda v: ew.explain(model(), rows(), background=v), NO_ROWS | {"None": "rows"})
add("effects", "effects", lambda v: ew.effects(v, rows()), NO_MODEL)
add("effects", "X|effects", lambda v: ew.effects(model(), v), NO_ROWS)
add("effects", "level", lambda v: ew.effects(model(), rows(), level=v), PARTS)
add("effects", "points", lambda v: ew.effects(model(), rows(), points=v), WHOLE | {"one": 1, "None": None})
add("redraw", "redraw", lambda v: ew.redraw(v, rows(), "x1", lambda x, y: y), NO_MODEL)
add("redraw", "X|redraw", lambda v: ew.redraw(ew.KAN((2, 1)), v, "x1", lambda x, y: y), NO_ROWS)
add(
    "redraw",
    "column",
    lambda v: ew.redraw(ew.KAN((2, 1)), rows(), v, lambda x, y: y),
    {"None": None, "3": 3, "misspelt": "x9", "list": ["x1"]},
)
add(
    "redraw",
    "curve",
    lambda v: ew.redraw(ew.KAN((2, 1)), rows(), "x1", v),
    {
        "None": None,
        "text": "abc",
        "short": lambda x, y: y[:-1],
        "nothing": lambda x, y: None,
        "nan": lambda x, y: y * float("nan"),
    },
)
add(
    "redraw",
    "output",
    lambda v: ew.redraw(ew.KAN((2, 1)), rows(), "x1", lambda x, y: y, output=v),
    {"None": None, "text": "abc", "one": 1, "minus": -1, "true": True},
)
add("plot_effects", "effect", ew.plot_effects, {"None": None, "3": 3, "text": "abc", "none": (), "others": [1, 2]})
add("plot_front", "found", ew.plot_front, {"None": None, "3": 3, "text": "abc", "rows": [1, 2]})
add("plot_effects", "top", lambda v: ew.plot_effects(ew.effects(ew.KAN((2, 1)), rows()), top=v), WHOLE)

# constraints
SHAPES: dict[str, Any] = {
    "text": "increasing",
    "a list": ["increasing"],
    "an unknown word": {0: "rising"},
    "an unknown input": {"x9": "convex"},
    "far": {9: "convex"},
    "both ways": {0: ("convex", "concave")},
    "a number": {0: 3},
    "nothing": {0: ()},
    "a tuple for a name": {(0, 1): "convex"},
}
how: dict[str, Any] = {"optimizer": "evidence", "progress": False}
add("fit", "constraints", lambda v: ew.fit(ew.KAN((2, 1)), rows(), targets(), constraints=v, **how), SHAPES)
add("study", "constraints", lambda v: ew.study(rows(), targets(), constraints=v, progress=False), SHAPES)

# modules of deep networks
NO_WIDTHS: dict[str, Any] = {"zero": 0, "-1": -1, "1.5": 1.5, "text": "3", "None": None, "nan": math.nan}
add("nn", "in_features|widths", lambda v: ew.nn.HybridLinear(v, 2), NO_WIDTHS)
add("nn", "out_features", lambda v: ew.nn.ActivationLinear(2, v), NO_WIDTHS)
add("nn", "in_channels", lambda v: ew.nn.KANConv2d(v, 2, 3), NO_WIDTHS)
add("nn", "kernel_size", lambda v: ew.nn.KANConv2d(2, 2, v), NO_WIDTHS)
add("nn", "share", lambda v: ew.nn.SplineActivation(4, share=v), NO_WIDTHS | {"no divisor": 3})
add("nn", "dropout", lambda v: ew.nn.KANFeedForward(4, 8, dropout=v), {"2": 2, "text": "0.1", "nan": math.nan})
add("nn", "from_linear", ew.nn.from_linear, {"None": None, "a KAN": ew.KAN((2, 1)), "a number": 3})
add("nn", "activation", lambda v: ew.nn.from_linear(nn.Linear(2, 2), v), {"gelu": "gelu", "3": 3, "a list": ["silu"]})
add(
    "nn",
    "shape",
    lambda v: ew.nn.KANConv2d(2, 2, 3)(v),
    {"flat": torch.ones(4), "other channels": torch.ones(1, 3, 8, 8)},
)


# differential equations
def _wave(u: Any, x: Any) -> Any:
    return u(0, 0) + u()


def solve(**changed: Any) -> Any:
    given = {"domain": ((0, 1),), "conditions": [ew.pde.Dirichlet(0.0)], "points": 30, "progress": False}
    equation = changed.pop("equation", _wave)
    network = changed.pop("model", ew.KAN((1, 1), degree=5, base=None))
    return ew.pde.solve(network, equation, **{**given, **changed})


add("pde", "model", lambda v: solve(model=v), {name: value for name, value in NO_MODEL.items() if name != "a Linear"})
add("pde", "equation", lambda v: solve(equation=v), {"None": None, "text": "u = 0", "of nothing": lambda u, x: 0 * x})
add("pde", "domain", lambda v: solve(domain=v), {"None": None, "empty": (), "backwards": ((1, 0),), "text": "box"})
add("pde", "conditions", lambda v: solve(conditions=v), {"None": None, "a number": [3], "text": "Dirichlet"})
add("pde", "points", lambda v: solve(points=v), {name: value for name, value in WHOLE.items()})
add("pde", "steps", lambda v: solve(steps=v), WHOLE)
add("pde", "grids", lambda v: solve(grids=v), {"text": "fine", "zero": (0,), "None": None, "empty": ()})
add("pde", "callbacks", lambda v: solve(callbacks=v), {"None": None, "True": True, "bytes": b"a"})
add("pde", "slabs", lambda v: solve(slabs=v), {"zero": 0, "text": "many", "None": None, "empty": (), "no time": 2})
add("pde", "features", lambda v: solve(features=v), {"text": "abs", "a number": [3], "a list": [torch.abs, 1]})
add("pde", "restarts", lambda v: solve(restarts=v), {"-1": -1, "1.5": 1.5, "None": None})
add("pde", "seed", lambda v: solve(seed=v), SEEDS)
