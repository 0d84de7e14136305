"""The published B-spline layers: how each is made at its fastest, and which spline its parameters stand for.

Letters: i input node, j basis, o output node. Each maker imports its package.
"""

# pyright: reportMissingImports=false
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import edgewise as ew

from .case import ITSELF, REFERENCE, Case, data, of_module
from .shapes import DEGREE, INSIDE, Shape

Mapped = Callable[[dict[str, Tensor]], tuple[Tensor, Tensor]]  # float64 parameters -> coef (i, j, o), base scale (i, o)


class Peer(NamedTuple):
    """Names on PyPI and of the import, and what `pip install` needs besides (pykan declares nothing)."""

    package: str
    module: str
    needs: str = ""

    @property
    def remedy(self) -> str:
        """The command that installs it."""
        return f"pip install {self.package} {self.needs}".strip()


PYKAN = Peer("pykan", "kan", "matplotlib pandas pyyaml scikit-learn sympy tqdm")
INKAN = Peer("inkan", "inkan")
FLASHKAN = Peer("flashkan", "flashkan")


def knots(shape: Shape) -> Tensor:
    """(i, G+2p+1) equidistant, float64, over [-1, 1], on the device of the shape."""
    places = torch.arange(-DEGREE, shape.grid + DEGREE + 1, dtype=torch.float64, device=shape.device)
    return (2 * places / shape.grid - 1).repeat(shape.widths[0], 1)


def mapped(module: nn.Module, shape: Shape, mapping: Mapped) -> Case:
    """The case of a peer's layer whose parameters map to those of the reference. Outside their grids peers end in ways
    of their own: where inputs lie there, the truth is the layer itself in float64."""
    x, cotangent = data(shape)
    if shape.inputs != INSIDE:
        return of_module(module, x, cotangent, ITSELF, only)
    module = module.to(shape.device)
    named = {name: p for name, p in module.named_parameters() if p.requires_grad}

    def truth(x: Tensor, *parameters: Tensor) -> Tensor:
        coef, scale = mapping(dict(zip(named, parameters, strict=True)))
        return ew.spline(x, coef.contiguous(), knots(shape), degree=DEGREE, base="silu", base_scale=scale.contiguous())

    return Case(lambda x: only(module(x)), (x, *named.values()), truth, REFERENCE, cotangent)


def only(y: Tensor | tuple[Tensor, ...]) -> Tensor:
    """The outputs among what a layer returns."""
    return y[0] if isinstance(y, tuple) else y


def pykan_layer(shape: Shape) -> Case:
    """pykan's KANLayer."""
    with quiet():
        from kan.KANLayer import KANLayer

        layer = KANLayer(*shape.widths, num=shape.grid, k=DEGREE)
    return mapped(layer, shape, lambda p: ((p["coef"] * p["scale_sp"][:, :, None]).transpose(1, 2), p["scale_base"]))


def pykan_network(shape: Shape) -> Case:
    """pykan's MultKAN in its own fast mode."""
    with quiet():
        from kan import MultKAN

        network: Any = MultKAN(list(shape.widths), grid=shape.grid, k=DEGREE, auto_save=False).speed()
    return of_module(network, *data(shape), ITSELF)


def inkan_layer(shape: Shape, compiled: bool) -> Case:
    """inkan's KANLayer: compiled (its default), or not."""
    from inkan import KANLayer

    layer, (i, o) = KANLayer(*shape.widths, grid_size=shape.grid, compile_basis=compiled), shape.widths
    count = i * (shape.grid + DEGREE)
    return mapped(
        layer, shape, lambda p: (p["weight"][:, :count].reshape(o, i, -1).permute(1, 2, 0), p["weight"][:, count:].t())
    )


def inkan_network(shape: Shape, compiled: bool) -> Case:
    """inkan's KANNetwork."""
    from inkan import KANNetwork

    return of_module(
        KANNetwork(list(shape.widths), grid_size=shape.grid, compile_basis=compiled),
        *data(shape),
        ITSELF,
    )


def flashkan_layer(shape: Shape) -> Case:
    """flashkan's KANLayer, which is compiled."""
    from flashkan import KANLayer

    layer = KANLayer(*shape.widths, grid_size=shape.grid)
    return mapped(layer, shape, lambda p: (p["spline_weight"].permute(1, 2, 0), p["base_weight"].t()))


def flashkan_network(shape: Shape) -> Case:
    """flashkan's KANNetwork."""
    from flashkan import KANNetwork

    return of_module(KANNetwork(list(shape.widths), grid_size=shape.grid), *data(shape), ITSELF)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without prints; torch's global random state as before: pykan seeds it when a network is made."""
    with torch.random.fork_rng(devices=[]), open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
