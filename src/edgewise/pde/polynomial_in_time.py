"""Networks whose form suits an equation: splines in space times powers of time.

Letters: i input, s subnode.
"""

from __future__ import annotations

from typing import Any

import torch

from ..config import is_int
from ..errors import ConfigError, knows_keywords, shown
from ..layers import OFF, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN

LARGEST = 5  # power of x among the closed forms of an edge; higher ones are products


@knows_keywords
def polynomial_in_time(
    inputs: int,
    outputs: int = 1,
    *,
    power: int = 7,
    terms: int = 1,
    grid_size: int = 20,
    degree: int = 7,
    seed: int = 0,
) -> KAN:
    """A network that is a polynomial of time, the last input, with splines of the other inputs as coefficients.

    Its nodes multiply one spline of each input in space with a power of time. The splines alone are trained. Where the
    equation is linear, so is its residual in them: steps converge in a few, from any start. It is meant for slabs.

    Args:
        inputs: the coordinates in space, and time.
        outputs: of the network.
        power (1 to 10): the highest power of time.
        terms: products for each power and output; with one coordinate in space, one is enough.
        grid_size, degree: of the splines in space.
        seed: of their initial functions.

    Returns:
        A `KAN` whose closed forms do not require gradients, which `solve` respects.

    Raises:
        ConfigError: numbers that cannot be used.

    >>> model = polynomial_in_time(2, power=3, grid_size=10)
    >>> model(torch.zeros(5, 2, dtype=torch.float64)).shape
    torch.Size([5, 1])
    """
    for name, value, least, most in (
        ("inputs", inputs, 2, 100),
        ("outputs", outputs, 1, 100),
        ("power", power, 1, 10),
        ("terms", terms, 1, 1000),
    ):
        if not is_int(value) or not least <= value <= most:
            raise ConfigError(f"{name} must be a whole number from {least} to {most}, got {shown(value)}")
    factors = [_powers(k) for _ in range(outputs) for k in range(power + 1) for _ in range(terms)]
    arities = tuple(max(2, inputs - 1 + len(names)) for names in factors)  # a node multiplies at least two
    model = KAN(
        (inputs, (0, arities), outputs),
        grid_size=(grid_size, 1),
        degree=degree,
        base=None,
        seed=seed,
    )
    layers = [_first(model.edge_layers[0], inputs, factors), _last(model.edge_layers[1], len(factors) // outputs)]
    model = model.build(layers=layers, edit=Edit("build", f"polynomial of degree {power} in time"))
    for layer in model.edge_layers:
        layer.bias.requires_grad_(False)
        if layer.affine is not None:
            layer.affine.requires_grad_(False)
    model.edge_layers[1].coef.requires_grad_(False)
    return model


def _powers(power: int) -> list[str]:
    """Closed forms whose product is this power of their argument."""
    whole, rest = divmod(power, LARGEST)
    exponents = [LARGEST] * whole + ([rest] if rest else [])
    return ["x" if exponent == 1 else f"x^{exponent}" for exponent in exponents]


def _first(layer: KANLayer, inputs: int, factors: list[list[str]]) -> KANLayer:
    """Subnodes with one edge each: a spline of a coordinate in space, a power of time, or the constant 1."""
    kind = torch.full_like(layer.kind, OFF)
    bias, forms, s = torch.zeros_like(layer.bias), [], 0
    for names in factors:
        for space in range(inputs - 1):
            kind[space, s] = SPLINE
            s += 1
        for name in names:
            kind[inputs - 1, s] = SYMBOLIC
            forms.append(SymbolicEdge(name, inputs - 1, s))
            s += 1
        if inputs - 1 + len(names) < 2:
            bias[s] = 1.0
            s += 1
    return _with(layer, kind, forms, bias)


def _last(layer: KANLayer, each: int) -> KANLayer:
    """Outputs that are sums of as many products each."""
    kind, forms = torch.full_like(layer.kind, OFF), []
    for node in range(layer.in_features):
        kind[node, node // each] = SYMBOLIC
        forms.append(SymbolicEdge("x", node, node // each))
    return _with(layer, kind, forms, torch.zeros_like(layer.bias))


def _with(layer: KANLayer, kind: torch.Tensor, forms: list[SymbolicEdge], bias: torch.Tensor) -> KANLayer:
    plain = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=layer.coef.dtype).repeat(len(forms), 1)
    changed: dict[str, Any] = {"kind": kind, "symbolic": forms, "affine": plain, "bias": bias}
    return KANLayer.build(**{**layer.parts(), **changed})
