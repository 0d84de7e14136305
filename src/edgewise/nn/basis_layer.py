"""BasisLayer: what layers of edges on other bases than B-splines have in common.

An edge is phi = base_scale * base(x) + sum_j coef_j B_j(u), where u runs over [-1, 1] on the domain. A subclass says
what the B_j are, with derivatives of every order. These bases are global: every function is computed at every point, so
the cost grows with their number. B-splines (`KANLayer`) touch degree + 1 of them.

Letters: b row, i input node, j basis function, o output node.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from ..config import is_int, is_number, is_seed
from ..devices import as_device, autocasts, check_dtype
from ..errors import ConfigError, ShapeError, StructureError, knows_keywords, problems, shown
from ..limits import layer_bytes, refuse_too_large
from ..ops.base_function import base_value, check_base, check_derivative
from ..ops.checks import refuse_cast
from ..values import is_flag
from .rebasing import Rebasing
from .tuning import TUNED

POINTS = 2001  # where means over standard normal inputs are taken: exact to six digits for these functions


class BasisLayer(nn.Module):
    """y_o = bias_o + sum_i phi_io(x_i), where nn.Linear stood, as `KANLayer` is; the basis is the subclass's.

    Args:
        in_features: i, the length of the last dimension of x.
        out_features: o, that of the result.
        bias: whether a constant is added to every output.
        device: where the parameters live; on "meta" they have no values until `to_empty` and `reset_parameters`.
        dtype: of the parameters; torch's default by default.
        num_basis: j, basis functions of an edge; 8, as many as a `KANLayer` has by default.
        base: "silu", "identity" or "none" (None), the function beside them.
        domain: (low, high), the interval that inputs are expected on.
        seed: of the initial functions. Without one torch's random numbers decide.

    Attributes:
        coef (i, j, o), base_scale (i, o) or None, bias (o,) or None: the parameters.

    Raises:
        ConfigError: one error for all settings that cannot be used.
    """

    coef: nn.Parameter
    bias: nn.Parameter
    base_scale: nn.Parameter | None
    least = 1  # basis functions

    @knows_keywords
    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        num_basis: int = 8,
        base: str | None = "silu",
        domain: tuple[float, float] = TUNED.domain,
        seed: int | None = None,
    ) -> None:
        super().__init__()
        wrong = [
            f"{name} must be a whole number from {least} on, got {shown(count)}"
            for name, count, least in [
                ("in_features", in_features, 1),
                ("out_features", out_features, 1),
                ("num_basis", num_basis, self.least),
            ]
            if not is_int(count) or count < least
        ]
        if not is_flag(bias):
            wrong.append(f"bias must be True or False, got {shown(bias)}")
        ends: Any = domain
        if not isinstance(ends, (tuple, list)) or len(ends) != 2 or not all(map(is_number, ends)) or ends[0] >= ends[1]:
            wrong.append(f"domain must be (low, high) with low < high, got {shown(domain)}")
        problems(wrong, ConfigError)
        refuse_too_large("the layer", layer_bytes(in_features, out_features, num_basis, 0), "take fewer features")
        self.base = check_base(base)
        self.in_features, self.out_features, self.num_basis = int(in_features), int(out_features), int(num_basis)
        self.domain = float(ends[0]), float(ends[1])
        options: dict[str, Any] = {
            "dtype": check_dtype(torch.get_default_dtype() if dtype is None else dtype),
            "device": as_device(device) or torch.get_default_device(),
        }
        i, j, o = self.in_features, self.num_basis, self.out_features
        self.coef = nn.Parameter(torch.empty(i, j, o, **options))
        scale = None if self.base == "none" else nn.Parameter(torch.empty(i, o, **options))
        self.register_parameter("base_scale", scale)
        self.register_parameter("bias", nn.Parameter(torch.empty(o, **options)) if bias else None)
        self._own_parameters(options)
        self.reset_parameters(seed)

    def basis(self, u: Tensor, derivative: int = 0) -> Tensor:
        """The functions B_j, or a derivative by u: (..., i) -> (..., i, j)."""
        raise NotImplementedError

    def refinement(self, num_basis: int) -> Rebasing:
        """The same functions on so many basis functions, at least as many as now. Raises `StructureError` where a
        subclass knows of none."""
        raise StructureError(
            f"{num_basis} basis functions do not hold the functions of {self.num_basis} exactly; ew.adapt(module, X,"
            f" grid_size={num_basis}) refits them, and a grid_size of {self.num_basis} leaves this layer as it is"
        )

    def extension(self, low: float, high: float) -> Rebasing:
        """The same functions on a domain that holds low and high and the old one. Raises `StructureError` where a
        subclass knows of none, `GridError` where the ends are too far away."""
        raise StructureError(
            f"a domain from {low:.6g} to {high:.6g} does not hold the functions on {self.domain} exactly; ew.adapt("
            "module, X) refits them"
        )

    def follow_domain(self, num_basis: int, stretch: float) -> dict[str, Tensor]:
        """What `Rebasing.own` is on other basis functions, with a domain `stretch` times as long; nothing for a basis
        without parameters."""
        return {}

    def _own_parameters(self, options: dict[str, Any]) -> None:
        """Parameters of the basis itself, without values."""

    def _reset_own(self) -> None:
        """The values that they begin with."""

    @torch.no_grad()
    def reset_parameters(self, seed: int | None = None) -> None:
        """New functions, in place. Standard normal inputs, scaled to the domain, keep their variance, and their
        gradients keep theirs, as far as both can be had: their product is 1 (Glorot & Bengio 2010).

        Args:
            seed: of the functions; torch's random numbers decide where there is none.
        """
        if seed is not None and not is_seed(seed):
            raise ConfigError(f"seed must be an integer >= 0 and below 2^64, got {shown(seed)}")
        self._reset_own()
        if self.coef.is_meta:
            return
        with torch.device("cpu"):  # drawn here and moved then, so that every device gets the same functions
            generator = torch.Generator().manual_seed(int(torch.randint(2**63 - 1, ()) if seed is None else seed))
            of_base, of_basis = self._spreads()
            i, j, o = self.in_features, self.num_basis, self.out_features
            coef = torch.randn(i, j, o, dtype=torch.float64, generator=generator) * of_basis[:, None]
            scale = of_base * (2 * torch.rand(i, o, dtype=torch.float64, generator=generator) - 1) * math.sqrt(3.0)
        self.coef.copy_(coef)
        if self.base_scale is not None:
            self.base_scale.copy_(scale)
        if self.bias is not None:
            self.bias.zero_()

    def _spreads(self) -> tuple[float, Tensor]:
        """Standard deviations of the base scale and of the coefficients (j,).

        Every basis function gets the same part of the mean square slope, so wild ones begin small. The base function,
        where there is one, gets all but `TUNED.basis_part` of it.
        """
        z = torch.linspace(-6, 6, POINTS, dtype=torch.float64)
        share = torch.softmax(-0.5 * z.square(), 0)
        (low, high), spread = self.domain, (self.domain[1] - self.domain[0]) / 6.0
        x = 0.5 * (low + high) + spread * z
        options: dict[str, Any] = {"num_basis": self.num_basis, "domain": self.domain, "dtype": torch.float64}
        twin = type(self)(1, 1, base=None, device="meta", **options).to_empty(device="cpu")
        twin._reset_own()
        columns = [twin.basis(twin._inside(x)[:, None], nu)[:, 0] * twin._unit**nu for nu in (0, 1)]
        if self.base != "none":
            columns = [
                torch.cat([values, base_value(self.base, x, nu)[:, None]], 1) for nu, values in enumerate(columns)
            ]
        values, slopes = columns
        slope = share @ slopes.square()
        variance = (share @ values.square() - (share @ values).square()) / spread**2
        part = torch.full_like(slope, 1.0 / self.num_basis)
        if self.base != "none":
            part[:-1] *= TUNED.basis_part
            part[-1] = 1.0 - TUNED.basis_part
        squares = part / slope.clamp(min=1e-12)
        both = float((squares @ slope) * (squares @ variance))
        found = (squares / math.sqrt(both) / self.in_features).sqrt()
        return (float(found[-1]), found[:-1]) if self.base != "none" else (0.0, found)

    @property
    def _unit(self) -> float:
        """du / dx."""
        return 2.0 / (self.domain[1] - self.domain[0])

    def _inside(self, x: Tensor) -> Tensor:
        """u of x: the domain becomes [-1, 1]."""
        return (x - 0.5 * (self.domain[0] + self.domain[1])) * self._unit

    @property
    def weight(self) -> Tensor:
        """A stand-in (o, i) without values, for `nn.TransformerEncoderLayer`, as `KANLayer` has one."""
        return torch.empty(self.out_features, self.in_features, dtype=self.coef.dtype, device="meta")

    def forward(self, x: Tensor) -> Tensor:
        """(..., i) -> (..., o). Raises `ShapeError` when x does not fit."""
        self._check(x)
        y = self.basis(self._inside(x)).flatten(-2) @ self.coef.flatten(0, 1)
        if self.base_scale is not None:
            y = y + base_value(self.base, x) @ self.base_scale
        return y if self.bias is None else y + self.bias

    def edge_values(self, x: Tensor, derivative: int = 0) -> Tensor:
        """Each edge function, or a derivative, on its own: (b, i) -> (b, i, o); y is their sum over i plus the bias."""
        self._check(x)
        derivative = check_derivative(derivative)
        features = self.basis(self._inside(x), derivative) * self._unit**derivative
        values = torch.einsum("...ij,ijo->...io", features, self.coef)
        if self.base_scale is not None:
            values = values + base_value(self.base, x, derivative)[..., None] * self.base_scale
        return values

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.dim() < 1 or x.shape[-1] != self.in_features:
            got = f"shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ShapeError(f"the layer takes a tensor of shape (..., {self.in_features}), got {got}")
        if x.device != self.coef.device:
            raise ShapeError(f"x is on {x.device} but the layer is on {self.coef.device}; move one with .to(...)")
        if x.dtype != self.coef.dtype and not (x.is_floating_point() and autocasts(x.device)):
            refuse_cast(x, self.coef.dtype, "the layer is")

    def extra_repr(self) -> str:
        """The sizes, for print."""
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features}, {self.out_features}, num_basis={self.num_basis}, base={self.base!r}{bias}"
