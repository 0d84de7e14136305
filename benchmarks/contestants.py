"""Who is measured. A contestant makes the case of a shape; the peers among them are the yardstick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import edgewise as ew
from edgewise.ops import basis

from . import peers
from .case import ITSELF, REFERENCE, Case, data, of_module
from .peers import FLASHKAN, INKAN, PYKAN, Peer, knots
from .shapes import DEGREE, NORMAL, Shape

OWN = "edgewise"
LINEAR, DENSE = "Linear + SiLU", "dense basis, product only"
# Errors above which a contestant counts as wrong: edgewise; all others. flashkan's formula takes differences of cubes
# that grow with the grid, which in float32 leaves 5 digits at G = 5, 3 at G = 20 and fewer than 2 at G = 50; the wide
# bar keeps it in the comparison as long as it can be.
STRICT, LOOSE = 1e-5, 1e-2


class Contestant(NamedTuple):
    """A name, what makes its layer and its network (None: it has none), and the package it comes from (None: torch or
    edgewise)."""

    name: str
    layer: Callable[[Shape], Case]
    network: Callable[[Shape], Case] | None
    peer: Peer | None = None

    @property
    def tolerance(self) -> float:
        """The error above which no speed is shown."""
        return LOOSE if self.peer else STRICT

    @property
    def missing(self) -> str:
        """How to install it, where it is not; else nothing."""
        return "" if self.peer is None or find_spec(self.peer.module) else f"not installed: {self.peer.remedy}"

    @property
    def version(self) -> str:
        """Of its package; that of torch where it has none of its own."""
        try:
            return version(self.peer.package if self.peer else "edgewise" if is_own(self.name) else "torch")
        except PackageNotFoundError:
            return ""


def own_layer(shape: Shape) -> Case:
    """edgewise's KANLayer."""
    inputs, outputs = shape.widths
    kind = {"grid_size": shape.grid, "degree": shape.degree, "base": shape.base}
    return of_module(ew.KANLayer(inputs, outputs, **kind, dtype=torch.float32), *data(shape), REFERENCE)


def own_network(shape: Shape) -> Case:
    """edgewise's KAN."""
    return of_module(
        ew.KAN(shape.widths, grid_size=shape.grid, degree=DEGREE, dtype=torch.float32),
        *data(shape),
        REFERENCE,
    )


def linear(shape: Shape) -> Case:
    """nn.Linear and SiLU of the same widths."""
    layers = [
        part for a, b in zip(shape.widths, shape.widths[1:], strict=False) for part in (nn.Linear(a, b), nn.SiLU())
    ]
    return of_module(nn.Sequential(*layers), *data(shape), ITSELF)


def dense_basis(shape: Shape) -> Case:
    """The product of a ready basis matrix (b, i*j) with coef (i*j, o), and its two gradients: no method that builds
    this matrix can be faster."""
    x, cotangent = data(shape)
    matrix = dense_matrix(x.detach().double(), knots(shape)).float().requires_grad_()
    coef = torch.randn(matrix.shape[1], shape.widths[1], generator=torch.Generator().manual_seed(1))
    coef = coef.to(shape.device).requires_grad_()
    return Case(lambda matrix: matrix @ coef, (matrix, coef), torch.matmul, ITSELF, cotangent)


def dense_matrix(x: Tensor, knots: Tensor) -> Tensor:
    """All basis functions at x (b, i): (b, i*j)."""
    first, values = basis(x, knots, degree=DEGREE)
    index = first.unsqueeze(-1) + torch.arange(DEGREE + 1, device=x.device)
    return values.new_zeros(*x.shape, knots.shape[1] - DEGREE - 1).scatter_(2, index, values).flatten(1)


ALL = (
    Contestant(OWN, own_layer, own_network),
    Contestant("pykan", peers.pykan_layer, peers.pykan_network, PYKAN),
    Contestant("inkan", partial(peers.inkan_layer, compiled=True), partial(peers.inkan_network, compiled=True), INKAN),
    Contestant(
        "inkan, not compiled",
        partial(peers.inkan_layer, compiled=False),
        partial(peers.inkan_network, compiled=False),
        INKAN,
    ),
    Contestant("flashkan", peers.flashkan_layer, peers.flashkan_network, FLASHKAN),
    Contestant(LINEAR, linear, linear),
    Contestant(DENSE, dense_basis, None),
)


def varied(name: str, **change: Any) -> Contestant:
    """edgewise's layer on a shape with something changed."""
    return Contestant(f"{OWN}, {name}", lambda shape: own_layer(replace(shape, **change)), None)


# The layer beside itself. Those of degree 4 and 5 must do more, so nothing is wanted of them.
VARIANTS = (
    Contestant(OWN, own_layer, None),
    varied("normal inputs", inputs=NORMAL),
    varied("no base", base=None),
    *(varied(f"degree {degree}", degree=degree) for degree in (1, 2, 4, 5)),
)
# On a GPU: without pykan, which takes minutes there, and without the yardstick of dense matrices, which would not fit.
ON_GPU = tuple(contestant for contestant in ALL if contestant.name not in ("pykan", DENSE))


def is_own(name: str) -> bool:
    """Whether a contestant is edgewise, in whatever variant."""
    return name.split(",")[0] == OWN


def named(name: str, among: Sequence[Contestant] = ALL) -> Contestant:
    """The contestant of this name."""
    return next(contestant for contestant in among if contestant.name == name)
