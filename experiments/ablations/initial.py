"""Initial edge functions by the schemes that others publish, for a KAN whose grid is as constructed.

Letters: i input node, o output node, G intervals, p degree; every edge is r base(x) + sum over j of c_j B_j(x).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

import edgewise as ew

SAMPLES = 20_000  # uniform on the interval, over which moments of basis functions are taken


def moments(layer: Any) -> tuple[float, float, float, float]:
    """Mean squares over the layer's first interval: of the base and its derivative, and of a basis function and its
    derivative (mean over these)."""
    low, high = (float(end[0]) for end in layer.interval)
    x = torch.linspace(low, high, SAMPLES, dtype=torch.float64)[:, None]
    knots, p = layer.knots[:1].double(), layer.degree
    basis = [
        ew.spline(x, torch.eye(layer.num_basis, dtype=torch.float64)[None], knots, degree=p, derivative=order)
        for order in (0, 1)
    ]
    sigmoid = torch.sigmoid(x)
    base = x * sigmoid, sigmoid * (1 + x * (1 - sigmoid))
    values = [float(part.square().mean()) for part in (*base, *basis)]
    return values[0], values[1], values[2], values[3]


def deviations(scheme: str, layer: Any) -> tuple[float, float]:
    """Standard deviations of r and of c for one layer, by scheme; all draw from a normal distribution, pykan's from
    uniform ones.

    Sources: arXiv 2509.03417 (variances kept forwards: "LeCun", forwards and backwards: "Glorot"; "power law" with its
    best exponents, 1/4 and 7/4).
    """
    i, o, terms = layer.in_features, layer.out_features, layer.grid_size + layer.degree + 1
    if scheme == "power law":
        return (i * terms) ** -0.25, (i * terms) ** -1.75
    base, base_slope, basis, basis_slope = moments(layer)
    if scheme == "LeCun":
        return tuple(math.sqrt(1 / 3 / (terms * i * mean)) for mean in (base, basis))  # type: ignore[return-value]
    if scheme == "Glorot":
        return tuple(
            math.sqrt(2 / terms / (i * value + o * slope))
            for value, slope in ((base, base_slope), (basis, basis_slope))
        )  # type: ignore[return-value]
    raise ValueError(f"unknown scheme {scheme!r}")


def initialised(model: Any, scheme: str, seed: int) -> Any:
    """The model with new initial functions, in place. `scheme`: "pykan", "LeCun", "Glorot" or "power law"."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(shape: torch.Size, half: float) -> Tensor:
        return (2 * torch.rand(shape, dtype=torch.float64, generator=generator) - 1) * half

    with torch.no_grad():
        for layer in model.layers:
            if (
                scheme == "pykan"
            ):  # 0.2: base weights within 1/sqrt(i); noise of 0.3/2 over G, times 1/sqrt(i), for the spline
                layer.base_scale.copy_(uniform(layer.base_scale.shape, layer.in_features**-0.5))
                layer.coef.copy_(uniform(layer.coef.shape, 0.15 / layer.grid_size * layer.in_features**-0.5))
            else:
                for parameter, deviation in zip((layer.base_scale, layer.coef), deviations(scheme, layer), strict=True):
                    parameter.copy_(torch.randn(parameter.shape, dtype=torch.float64, generator=generator) * deviation)
    return model
