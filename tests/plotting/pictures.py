"""Networks to draw: of every shape, with closed forms, and with names that nobody should give."""

from __future__ import annotations

import math
from typing import Any

import torch

from edgewise.layers import KANLayer, SymbolicEdge
from edgewise.metadata import Metadata
from edgewise.model import KAN

HOSTILE = (
    "<script>alert(1)</script>",
    "a & b",
    "$x_1$ and $",
    "under_score^{2}",
    "a" * 200,
    "quote \" ' \\",
    "new\nline\ttab\x00",
    "温度",
    "$",
    "%s{0}",
)

SHAPES = {
    "paper": (2, 5, 1),
    "deep": (4, 4, 4, 1),
    "knots": (17, 1, 14),
    "single": (1, 1),
    "products": (3, (2, (2, 3)), (0, (4,)), 1),
    "wide": (12, 12, 3),
    "crowded": (40, 2),
}


def with_forms(
    model: KAN, forms: dict[tuple[int, int, int], tuple[str, tuple[float, float, float, float]]], kind: int = 2
) -> KAN:
    """The model with these closed forms in place of (kind 2), or beside (kind 3), the splines at these positions."""
    layers = []
    for number, layer in enumerate(model.edge_layers):
        parts = layer.parts()
        here = {(src, dst): form for (where, src, dst), form in forms.items() if where == number}
        kinds = parts["kind"].clone()
        for place in here:
            kinds[place] = kind
        affine = torch.tensor([constants for _, constants in here.values()], dtype=model.dtype) if here else None
        symbolic = [SymbolicEdge(name, *place) for place, (name, _) in here.items()]
        layers.append(KANLayer.build(**{**parts, "kind": kinds, "symbolic": symbolic, "affine": affine}))
    return model.build(layers=layers)


def all_symbolic(model: KAN) -> KAN:
    """Every edge a closed form with four long constants."""
    form = ("gaussian", (1.2345, -0.3456, 1.7e-3, 0.1234))
    return with_forms(
        model,
        {(n, s, d): form for n, layer in enumerate(model.edge_layers) for s, d in (layer.kind != 0).nonzero().tolist()},
    )


def law() -> KAN:
    """exp(sin(pi x) + y^2), exactly."""
    sine, square, exp = ("sin", (math.pi, 0.0, 1.0, 0.0)), ("x^2", (1.0, 0.0, 1.0, 0.0)), ("exp", (1.0, 0.0, 1.0, 0.0))
    return with_forms(KAN((2, 1, 1)), {(0, 0, 0): sine, (0, 1, 0): square, (1, 0, 0): exp})


def named(model: KAN, **metadata: Any) -> KAN:
    """The model with this metadata."""
    return model.build(metadata=Metadata(**metadata))


def zoo() -> dict[str, KAN]:
    """One network of every kind."""
    models = {name: KAN(widths) for name, widths in SHAPES.items()}
    models |= {
        f"{name} in closed form": all_symbolic(models[name])
        for name in ("paper", "deep", "knots", "crowded", "products")
    }
    models["law"] = law()
    models["both"] = with_forms(KAN((2, 1)), {(0, 0, 0): ("sin", (1.0, 0.0, 1.0, 0.0))}, kind=3)
    models["hostile"] = named(KAN((10, 3, 10)), inputs=HOSTILE, outputs=HOSTILE)
    models["float32"] = KAN((2, 2, 1), dtype=torch.float32)
    return models
