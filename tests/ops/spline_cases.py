"""Layers at random for the tests of the spline form: b batch, i input, j basis, o output. What a backend computes for
one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Layer:
    x: Tensor  # (b, i)
    h: Tensor  # (b, i)
    coef: Tensor  # (i, j, o)
    scale: Tensor | None  # (i, o)
    knots: Tensor  # (i, G+2p+1)
    g: Tensor  # (b, o)
    degree: int

    @property
    def base_scale(self) -> Tensor:
        assert self.scale is not None
        return self.scale

    def parameters(self) -> list[Tensor]:
        found = [self.x, self.coef] + ([] if self.scale is None else [self.scale])
        return [t.requires_grad_() for t in found]


def make_knots(
    inputs: int, grid_size: int, degree: int, uniform: bool, dtype: torch.dtype, generator: torch.Generator
) -> Tensor:
    """Knots with interior interval about [-1, 1]; irregular ones have gaps that differ by up to ten times."""
    count = grid_size + 2 * degree
    gaps = torch.ones(inputs, count, dtype=torch.float64)
    if not uniform:
        gaps = 0.1 + torch.rand(inputs, count, dtype=torch.float64, generator=generator)
    knots = torch.cat([torch.zeros(inputs, 1, dtype=torch.float64), gaps.cumsum(1)], 1)
    low, high = knots[:, degree, None], knots[:, degree + grid_size, None]
    return (2 * (knots - low) / (high - low) - 1).to(dtype)


def make_layer(
    b: int = 13,
    i: int = 3,
    o: int = 4,
    *,
    grid_size: int = 5,
    degree: int = 3,
    uniform: bool = True,
    base: bool = True,
    spread: float = 1.4,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> Layer:
    """A layer with inputs drawn from [-spread, spread]: some of them outside the interior interval, where spread >
    1."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator).to(dtype)

    knots = make_knots(i, grid_size, degree, uniform, dtype, generator)
    x = (spread * (2 * torch.rand(b, i, dtype=torch.float64, generator=generator) - 1)).to(dtype)
    return Layer(
        x, normal(b, i), normal(i, grid_size + degree, o), normal(i, o) if base else None, knots, normal(b, o), degree
    )


def kernels(backend, layer, spec, nu, with_h=True):
    """Everything that a backend computes for a layer, by name."""
    h = layer.h if with_h else None
    found = {"to_in": backend.to_in(layer.x, layer.g, layer.coef, layer.scale, layer.knots, spec, nu)}
    found["to_out"] = backend.to_out(layer.x, h, layer.coef, layer.scale, layer.knots, spec, nu)
    if nu <= spec.degree:
        found["to_coef"], scale = backend.to_coef(layer.x, h, layer.g, layer.knots, spec, nu)
        if scale is not None:
            found["to_coef scale"] = scale
        first, found["basis"] = backend.basis(layer.x, layer.knots, spec, nu)
        found["first"] = first.double()
    return found
