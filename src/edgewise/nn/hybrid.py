"""HybridLinear: linear weights beside the edges of a KAN layer. from_linear: a KAN layer that is a trained linear
layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import grid
from ..errors import ConfigError, did_you_mean, knows_keywords, shown
from ..layers import KANLayer
from ..values import is_flag
from .tuning import TUNED

ACTIVATIONS = ("silu", "identity", "relu")  # those that a KAN layer holds exactly


class HybridLinear(nn.Module):
    """y = linear(x) + KAN edges of x, where nn.Linear stood.

    The linear part begins as that of torch does. The edges are splines alone, and begin at zero. So a fresh layer is
    an `nn.Linear`, and learns how far to leave it.

    Args:
        in_features: i, the length of the last dimension of x.
        out_features: o, that of the result.
        bias: whether a constant is added to every output.
        device: where the parameters live.
        dtype: of the parameters; torch's default by default.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        domain: (low, high), the interval on which the grids lie at first.

    Attributes:
        linear: the `torch.nn.Linear`.
        edges: the `KANLayer`.

    Raises:
        ConfigError: a setting that cannot be used.

    >>> layer, x = HybridLinear(4, 3), torch.randn(5, 4)
    >>> bool(torch.equal(layer(x), layer.linear(x)))
    True
    """

    @knows_keywords
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        grid_size: int = 5,
        degree: int = 3,
        domain: tuple[float, float] = TUNED.domain,
    ) -> None:
        super().__init__()
        if not is_flag(bias):
            raise ConfigError(f"bias must be True or False, got {shown(bias)}")
        self.edges = KANLayer(
            in_features,
            out_features,
            False,
            device,
            dtype,
            grid_size=grid_size,
            degree=degree,
            base=None,
            domain=domain,
            seed=0,
        )
        self.linear = nn.Linear(int(in_features), int(out_features), bias, device, dtype)
        nn.init.zeros_(self.edges.coef)

    def reset_parameters(self) -> None:
        """New weights, and edges at zero, in place."""
        self.linear.reset_parameters()
        self.edges.reset_parameters(seed=0)
        nn.init.zeros_(self.edges.coef)

    def forward(self, x: Tensor) -> Tensor:
        """(..., i) -> (..., o). Raises `ShapeError` when x does not fit."""
        return self.edges(x) + self.linear(x.to(self.linear.weight.dtype))


@knows_keywords
def from_linear(
    linear: nn.Linear,
    activation: str | None = None,
    *,
    grid_size: int | None = None,
    degree: int | None = None,
    domain: tuple[float, float] = TUNED.domain,
) -> KANLayer:
    """The KAN layer that is a linear layer with the activation before it: x -> linear(activation(x)).

    So a trained network of linear layers and activations becomes one of KAN layers, layer by layer, and goes on from
    there. The weights become those of the base function, and the splines are zero. A relu is a spline of degree 1.

    Args:
        linear: a `torch.nn.Linear`, which stays as it is.
        activation: "silu", "relu" or "identity" (None), what stands before it.
        grid_size: G, the intervals of each spline; 5 by default, but 6 for "relu", which needs a knot at 0.
        degree: of the splines; 3 by default, but 1 for "relu", which no smoother spline is.
        domain: (low, high), the interval on which the grids lie.

    Returns:
        The new layer, in the dtype and on the device of the linear one.

    Raises:
        ConfigError: something else than a linear layer, or a setting that cannot give the same function.

    >>> mlp = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.SiLU(), torch.nn.Linear(8, 2))
    >>> net = torch.nn.Sequential(from_linear(mlp[0]), from_linear(mlp[2], "silu"))
    >>> x = torch.randn(5, 3)
    >>> bool(torch.allclose(net(x), mlp(x), atol=1e-6))
    True
    """
    if not isinstance(linear, nn.Linear):
        raise ConfigError(f"from_linear takes a torch.nn.Linear, got {shown(linear)}")
    if linear.weight.is_meta:
        raise ConfigError("from_linear takes a linear layer that holds values, got one on the device 'meta'")
    name = "identity" if activation is None else activation
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ConfigError(
            f"activation must be one of {', '.join(ACTIVATIONS)} for the same function, got {shown(activation)};"
            f" {did_you_mean(name, ACTIVATIONS)}"
        )
    bent = name == "relu"
    degree = (1 if bent else 3) if degree is None else degree
    grid_size = (6 if bent else 5) if grid_size is None else grid_size
    weight = linear.weight
    layer = KANLayer(
        linear.in_features,
        linear.out_features,
        linear.bias is not None,
        weight.device,
        weight.dtype,
        grid_size=grid_size,
        degree=degree,
        base=None if bent else name,
        domain=domain,
        seed=0,
    )
    if bent and (degree != 1 or not bool((layer.knots == 0).any(1).all())):
        raise ConfigError(
            "a relu is a spline of degree=1 with a knot at 0; take an even grid_size with a domain such as (-3, 3), got"
            f" degree={shown(degree)}, grid_size={shown(grid_size)}, domain={shown(domain)}"
        )
    with torch.no_grad():
        if linear.bias is not None:
            layer.bias.copy_(linear.bias)
        if layer.base_scale is not None:
            layer.base_scale.copy_(weight.t())
            layer.coef.zero_()
        else:  # the coefficients of straight pieces are their values at the knots
            bends = grid.greville(layer.knots, 1).clamp(min=0)
            layer.coef.copy_(bends[:, :, None] * weight.t()[:, None, :])
    return layer
