"""SplineActivation and ActivationLinear: learned functions on nodes, with linear weights behind them.

Letters: i input node, j basis function, o output node, g group of input nodes that share a function.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .. import grid, ops
from ..config import is_int
from ..errors import ConfigError, ShapeError, knows_keywords, shown
from ..layers import KANLayer
from ..limits import layer_bytes, refuse_too_large
from ..values import is_flag
from .tuning import TUNED


class NodeFunctions(KANLayer):
    """A KAN layer of one output whose edges are not summed: (..., g) -> (..., g)."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., g) -> (..., g), every function of its own input."""
        self._check(x)
        coef, base_scale = self.spline_parts()
        return ops.activations(x, coef, self.knots, base_scale, self.spec)


class SplineActivation(nn.Module):
    """y_i = phi_i(x_i): a learned function of one variable for every feature, or for every group of features.

    It starts as its base function, or as the identity where it has none.

    Args:
        features: i, the length of the last dimension of x.
        device: where the parameters live.
        dtype: of the parameters; torch's default by default.
        share: how many neighbouring features share one function: 1 for none, `features` for all.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        base: "silu", "identity" or "none" (None), the function beside the spline.
        domain: (low, high), the interval on which the grids lie at first.

    Attributes:
        functions: `NodeFunctions`, a `KANLayer` of g inputs and one output, whose edges are the functions.

    Raises:
        ConfigError: a setting that cannot be used.

    Source: arXiv 2409.10594 for groups that share a function, there a rational one.

    >>> activation = SplineActivation(6, share=3)
    >>> x = torch.randn(4, 6)
    >>> bool(torch.allclose(activation(x), torch.nn.functional.silu(x), atol=1e-6))
    True
    """

    @knows_keywords
    def __init__(
        self,
        features: int,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        share: int = 1,
        grid_size: int = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = TUNED.domain,
    ) -> None:
        super().__init__()
        if not is_int(features) or features < 1:
            raise ConfigError(f"features must be a whole number from 1 on, got {shown(features)}")
        refuse_too_large(f"features={shown(features)}", layer_bytes(features, 1, 1, 1), "take fewer")
        if not is_int(share) or share < 1 or features % share:
            raise ConfigError(f"share must divide the {features} features into groups of one size, got {shown(share)}")
        self.features, self.share = int(features), int(share)
        self.functions = NodeFunctions(
            self.features // self.share,
            1,
            False,
            device,
            dtype,
            grid_size=grid_size,
            degree=degree,
            base=base,
            domain=domain,
            seed=0,
        )
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """The functions of the start, in place; no random number is drawn for them."""
        functions = self.functions
        functions.reset_parameters(seed=0)
        if functions.base_scale is not None:
            functions.base_scale.fill_(1.0)
            functions.coef.zero_()
        else:  # coefficients on a line are that line
            functions.coef.copy_(grid.greville(functions.knots, functions.degree)[..., None])

    def forward(self, x: Tensor) -> Tensor:
        """(..., i) -> (..., i). Raises `ShapeError` when x does not fit."""
        if not isinstance(x, Tensor) or x.dim() < 1 or x.shape[-1] != self.features:
            got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ShapeError(f"the activation takes a tensor of shape (..., {self.features}), got {got}")
        if self.share == 1:
            return self.functions(x)
        rows = x.unflatten(-1, (-1, self.share)).transpose(-1, -2)  # (..., share, g)
        return self.functions(rows).transpose(-1, -2).flatten(-2)

    def extra_repr(self) -> str:
        """The sizes, for print."""
        return f"{self.features}, share={self.share}"


class ActivationLinear(nn.Module):
    """y_o = bias_o + sum_i weight_oi phi_i(x_i): learned activations on the nodes, then a linear layer.

    i functions and i o weights, where a `KANLayer` has i o functions. It starts as silu and a linear layer.

    Args:
        in_features: i, the length of the last dimension of x.
        out_features: o, that of the result.
        bias: whether a constant is added to every output.
        device: where the parameters live.
        dtype: of the parameters; torch's default by default.
        share, grid_size, degree, base, domain: of the functions, as for `SplineActivation`.

    Attributes:
        activation: the `SplineActivation`.
        linear: the `torch.nn.Linear` behind it.

    Raises:
        ConfigError: a setting that cannot be used.

    >>> ActivationLinear(8, 3, share=4)(torch.randn(5, 8)).shape
    torch.Size([5, 3])
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
        share: int = 1,
        grid_size: int = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = TUNED.domain,
    ) -> None:
        super().__init__()
        if not is_int(out_features) or out_features < 1:
            raise ConfigError(f"out_features must be a whole number from 1 on, got {shown(out_features)}")
        inner = layer_bytes(in_features, out_features, 1, 1) if is_int(in_features) else 0.0
        refuse_too_large(f"out_features={shown(out_features)}", inner, "take fewer")
        if not is_flag(bias):
            raise ConfigError(f"bias must be True or False, got {shown(bias)}")
        self.activation = SplineActivation(
            in_features,
            device,
            dtype,
            share=share,
            grid_size=grid_size,
            degree=degree,
            base=base,
            domain=domain,
        )
        self.linear = nn.Linear(int(in_features), int(out_features), bias, device, dtype)

    def reset_parameters(self) -> None:
        """New weights, and the functions of the start, in place."""
        self.activation.reset_parameters()
        self.linear.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """(..., i) -> (..., o). Raises `ShapeError` when x does not fit."""
        return self.linear(self.activation(x))
