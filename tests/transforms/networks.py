"""Networks and data that the tests of the transforms share."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from edgewise.layers import KANLayer
from edgewise.model import KAN
from edgewise.transforms import set_symbolic
from edgewise.transforms.modules import layers_of

SHAPES: dict[str, tuple[Any, ...]] = {
    "plain": (2, 3, 1),
    "deep": (3, 4, 2, 2),
    "flat": (3, 2),
    "products": (3, (2, (2, 3)), (1, 1), 2),
    "product outputs": (2, 3, (1, (2,))),
}


def points(model: KAN, rows: int = 40, seed: int = 0, spread: float = 1.2) -> Tensor:
    """Inputs inside the first grids and a little beyond."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, model.topology.features, dtype=torch.float64, generator=generator)
    return (spread * (2 * x - 1)).to(model.dtype)


def rich(shape: tuple[Any, ...], seed: int = 0, **settings: Any) -> KAN:
    """A network with biases, scaling and, on one edge of its last layer, a closed form."""
    model = KAN(shape, seed=seed, **{"grid_size": 4, **settings})
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for layer in model.edge_layers:
            layer.bias.add_(torch.randn(layer.bias.shape, dtype=torch.float64, generator=generator).to(layer.bias))
    last = model.topology.depth - 1
    edge = model.topology.edge_at(last, 0, 0)
    return set_symbolic(scaled(model), {edge: ("sin", 1.5, 0.2, -0.7, 0.3)})


def spline_layers(module: nn.Module) -> list[KANLayer]:
    """The layers of splines in a module, each once."""
    return [layer for layer in layers_of(module) if isinstance(layer, KANLayer)]


def scaled(model: KAN) -> KAN:
    """The model with scaling of inputs and outputs that is not the identity."""
    features, outputs = model.input_shift.numel(), model.output_shift.numel()
    kind: dict[str, Any] = {"dtype": model.dtype}
    scaling = {
        "input_shift": 0.1 * torch.arange(1, features + 1, **kind),
        "input_scale": 1 + 0.2 * torch.arange(features, **kind),
        "output_shift": torch.arange(outputs, **kind),
        "output_scale": 2 + torch.arange(outputs, **kind),
    }
    return model.build(scaling=scaling)


@st.composite
def networks(draw: st.DrawFn) -> KAN:
    """Any small network."""
    return rich(
        draw(st.sampled_from(list(SHAPES.values()))),
        draw(st.integers(0, 50)),
        degree=draw(st.integers(1, 4)),
        base=draw(st.sampled_from(["silu", "none", "identity"])),
    )
