"""KANLayer: where nn.Linear stood, with a learned function on every edge.

Letters: b batch, i input node, j basis function, o output (sub)node.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling

from . import grid, ops, primitives
from .config import KANConfig, is_int
from .devices import as_device, unreadable
from .errors import ConfigError, ShapeError, knows_keywords, shown

OFF, SPLINE, SYMBOLIC, BOTH = 0, 1, 2, 3
FORMATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)  # of the numbers of a model


class SymbolicEdge(NamedTuple):
    """One closed form c * f(a x + b) + d: the primitive's name and the positions of the edge's ends."""

    primitive: str
    src: int
    dst: int


class Known(NamedTuple):
    """The form of a layer's splines, and the state of the knots in which it was found: their version and address."""

    version: int
    address: int
    spec: ops.Spec


class KANLayer(nn.Module):
    """y_o = bias_o + sum_i phi_io(x_i), with phi = base_scale * base(x) + spline(x), where nn.Linear stood.

    Outside its grid a spline goes on along its tangent.

    Args:
        in_features: i, the length of the last dimension of x.
        out_features: o, that of the result.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        base: "silu", "identity" or "none" (None), the function beside the spline.
        domain: (low, high), the interval on which the grids lie at first.
        seed: of the initial functions, which come from it alone. Layers of one shape that shall differ need different
            seeds.
        dtype: of the parameters; torch's default by default.
        device: where they live.

    Attributes:
        knots (i, G+2p+1): a buffer.
        coef (i, G+p, o), base_scale (i, o) or None, bias (o,): the parameters.
        kind (i, o): a buffer; 0 off, 1 spline, 2 symbolic, 3 both.
        symbolic: the closed forms; affine (n, 4) holds their a, b, c, d.

    Raises:
        ConfigError: one error for all settings that cannot be used.

    Source: arXiv 2404.19756, eq. 2.10.

    >>> layer = KANLayer(3, 2, grid_size=4)
    >>> layer(torch.zeros(7, 5, 3)).shape
    torch.Size([7, 5, 2])
    """

    knots: Tensor
    kind: Tensor
    coef: nn.Parameter
    bias: nn.Parameter
    base_scale: nn.Parameter | None
    affine: nn.Parameter | None

    @knows_keywords
    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        grid_size: int = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        for name, count in (("in_features", in_features), ("out_features", out_features)):
            if not is_int(count):
                raise ConfigError(f"{name} must be a whole number, got {shown(count)}")
        config = KANConfig.create(
            (in_features, out_features), grid_size=grid_size, degree=degree, base=base, domain=domain, seed=seed
        )
        i, o = int(in_features), int(out_features)
        dtype = check_dtype(torch.get_default_dtype() if dtype is None else dtype)
        device = as_device(device) or torch.get_default_device()
        self.in_features, self.out_features, self.degree, self.base = i, o, config.degree, config.base
        with torch.device("cpu"):  # drawn here and moved then, so that every device gets the same functions
            knots, coef, scale = _drawn(config, i, o)
        self.register_buffer("knots", knots.to(dtype=dtype, device=device))
        self._known = self._found(self.knots, True)
        self.register_buffer("kind", torch.full((i, o), SPLINE, dtype=torch.uint8, device=device))
        self.coef = nn.Parameter(coef.to(dtype=dtype, device=device))
        self.register_parameter(
            "base_scale", None if config.base == "none" else nn.Parameter(scale.to(dtype=dtype, device=device))
        )
        self.bias = nn.Parameter(torch.zeros(o, dtype=dtype, device=device))
        self.affine = None
        self.symbolic: tuple[SymbolicEdge, ...] = ()
        self.all_splines = True  # cached from `kind`, so that the usual case costs nothing

    @staticmethod
    def build(
        *,
        degree: int,
        base: str,
        knots: Tensor,
        coef: Tensor,
        base_scale: Tensor | None,
        bias: Tensor,
        kind: Tensor,
        symbolic: Sequence[SymbolicEdge] = (),
        affine: Tensor | None = None,
        uniform: bool | None = None,
    ) -> KANLayer:
        """A layer from its parts, of the shapes that the class names; they are copied. Every transform ends here.

        Raises `ShapeError` for parts that differ in dtype or device, or do not belong together.
        """
        layer = KANLayer.__new__(KANLayer)
        nn.Module.__init__(layer)
        ops.check_layer(coef, knots, base_scale, bias, ops.Spec(degree, base))
        layer.in_features, layer.out_features, layer.degree, layer.base = coef.shape[0], coef.shape[2], degree, base
        layer.register_buffer("knots", knots.detach().clone())
        layer._known = layer._found(layer.knots, uniform)
        layer.register_buffer("kind", kind.detach().clone())
        spline = (kind == SPLINE) | (kind == BOTH)
        layer.coef = nn.Parameter((coef.detach() * spline[:, None, :]).contiguous())
        layer.register_parameter(
            "base_scale", None if base_scale is None else nn.Parameter(base_scale.detach() * spline)
        )
        layer.bias = nn.Parameter(bias.detach().clone())
        layer.affine = None if affine is None or not symbolic else nn.Parameter(affine.detach().clone())
        layer.symbolic = tuple(SymbolicEdge(*edge) for edge in symbolic)
        layer.all_splines = bool(spline.all())
        return layer

    def parts(self) -> dict[str, Any]:
        """The arguments from which `build` makes an equal layer: change some, build again."""
        names = ("degree", "base", "knots", "coef", "base_scale", "bias", "kind", "symbolic", "affine", "uniform")
        return {name: getattr(self, name) for name in names}

    @property
    def uniform(self) -> bool:
        """Whether the knots are equidistant. It is found out again when they were replaced or written to, unless
        through `.data` in place, which torch keeps no count of."""
        return self.spec.uniform

    @property
    def spec(self) -> ops.Spec:
        """Degree, base function and spacing of the splines, as the kernels take them."""
        return self._spec(self._tensors()[0])

    def _spec(self, knots: Tensor) -> ops.Spec:
        """The form of the splines on these knots, the layer's own."""
        if is_compiling():  # values cannot be read then
            return self._known.spec
        try:
            version, address, spec = self._known
            if knots._version == version and knots.data_ptr() == address:
                return spec
        except RuntimeError:  # an inference tensor keeps no count, one that torch has wrapped has no memory
            return spec._replace(uniform=knots.is_inference() and _equidistant(knots))
        self._known = self._found(knots)
        return self._known.spec

    def _found(self, knots: Tensor, uniform: bool | None = None) -> Known:
        """What is known of these knots; `uniform` where that is known before."""
        uniform = _equidistant(knots) if uniform is None else uniform
        version = -1 if knots.is_inference() else knots._version
        return Known(version, knots.data_ptr(), ops.Spec(self.degree, self.base, uniform))

    @property
    def grid_size(self) -> int:
        """Interior intervals G."""
        return self.knots.shape[1] - 1 - 2 * self.degree

    @property
    def num_basis(self) -> int:
        """Basis functions per edge, G + degree."""
        return self.coef.shape[1]

    @property
    def interval(self) -> tuple[Tensor, Tensor]:
        """Ends of the interior interval of every input: two tensors (i,)."""
        return self.knots[:, self.degree], self.knots[:, self.degree + self.grid_size]

    def spline_edges(self) -> Tensor:
        """Which edges carry a spline: (i, o) bool."""
        return (self.kind == SPLINE) | (self.kind == BOTH)

    def spline_parts(self) -> tuple[Tensor, Tensor | None]:
        """coef and base_scale with the edges that carry no spline at zero, which also stops their gradients."""
        _, coef, base_scale, _ = self._tensors()
        if self.all_splines:
            return coef, base_scale
        on = self.spline_edges().to(coef.dtype)
        return coef * on[:, None, :], None if base_scale is None else base_scale * on

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """knots, coef, base_scale and bias from where a module keeps them; the look-up by name takes 1 us for each."""
        held = self._parameters
        try:
            return self._buffers["knots"], held["coef"], held["base_scale"], held["bias"]  # type: ignore[return-value]
        except KeyError:  # torch's parametrizations put other attributes in their place
            return self.knots, self.coef, self.base_scale, self.bias

    def forward(self, x: Tensor) -> Tensor:
        """(..., i) -> (..., o). Raises `ShapeError` when x, or a parameter that was replaced, does not fit."""
        self._check(x)
        knots, coef, base_scale, bias = self._tensors()
        if not self.all_splines:
            coef, base_scale = self.spline_parts()
        y = ops.evaluate(x, coef, knots, base_scale, self._spec(knots), bias)
        if self.symbolic:
            flat = x.reshape(-1, self.in_features)
            y = y + self.sum_symbolic(flat).reshape(y.shape)
        return y

    def edge_values(self, x: Tensor, derivative: int = 0) -> Tensor:
        """Each edge function, or a derivative, on its own: (b, i) -> (b, i, o); y is their sum over i plus the bias."""
        self._check(x)
        coef, base_scale = self.spline_parts()
        values = ops.edge_values(
            x,
            coef,
            self.knots,
            degree=self.degree,
            derivative=derivative,
            base=self.base,
            base_scale=base_scale,
            uniform=self.uniform,
        )
        for columns, src, dst in self._symbolic_groups(x, derivative):
            values = values.index_put((slice_all(x.shape[0], x.device), src, dst), columns, accumulate=True)
        return values

    def _symbolic_groups(self, x: Tensor, derivative: int) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Values (b, n) and positions of the edges of each primitive: one evaluation for all of them."""
        groups: dict[str, list[int]] = {}
        for n, edge in enumerate(self.symbolic):
            groups.setdefault(edge.primitive, []).append(n)
        found = []
        for name, members in groups.items():
            affine = self.affine[members]  # type: ignore[index]
            src = torch.tensor([self.symbolic[n].src for n in members], device=x.device)
            dst = torch.tensor([self.symbolic[n].dst for n in members], device=x.device)
            a, b, c, d = affine.unbind(1)
            values = c * primitives.evaluate(name, a * x[:, src] + b, derivative) * a**derivative
            found.append((values + d if derivative == 0 else values, src, dst))
        return found

    def sum_symbolic(self, x: Tensor) -> Tensor:
        """The closed forms' share of the output: (b, i) -> (b, o)."""
        y = x.new_zeros(x.shape[0], self.out_features)
        for values, _, dst in self._symbolic_groups(x, 0):
            y = y.index_add(1, dst, values)
        return y

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.is_nested or x.ndim < 1 or x.shape[-1] != self.in_features:
            got = type(x).__name__ if not isinstance(x, Tensor) else unreadable(x) or f"shape {tuple(x.shape)}"
            raise ShapeError(f"the layer takes a tensor of shape (..., {self.in_features}), got {got}")

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.all_splines = bool(self.spline_edges().all())
        self._known = self._found(self.knots)

    def extra_repr(self) -> str:
        """The sizes, for print."""
        text = (
            f"{self.in_features}, {self.out_features}, grid_size={self.grid_size}, degree={self.degree},"
            f" base={self.base!r}"
        )
        return text + (f", symbolic={len(self.symbolic)}" if self.symbolic else "")


def _drawn(config: KANConfig, i: int, o: int) -> tuple[Tensor, Tensor, Tensor]:
    """Knots, coefficients and base scales of a fresh layer with i inputs and o outputs, in float64."""
    p, (low, high), generator = config.degree, config.domain, torch.Generator().manual_seed(config.seed)
    ends = torch.full((i,), low, dtype=torch.float64), torch.full((i,), high, dtype=torch.float64)
    # Residual part as in the paper (Xavier); spline part small beside it, so that a fresh layer is nearly a linear map
    # of silu.
    coef = torch.randn(i, config.grid_size[0] + p, o, dtype=torch.float64, generator=generator) * (0.3 / math.sqrt(i))
    scale = (2 * torch.rand(i, o, dtype=torch.float64, generator=generator) - 1) * math.sqrt(3.0 / i)
    return grid.uniform(*ends, config.grid_size[0], p), coef, scale


def _equidistant(knots: Tensor) -> bool:
    """`grid.is_uniform`, and False for what cannot be read as knots: kernels refuse it, or take their general way."""
    plain = type(knots) in (Tensor, nn.Parameter) and knots.layout is torch.strided and not knots.is_meta
    return plain and knots.is_floating_point() and knots.dim() == 2 and knots.numel() > 0 and grid.is_uniform(knots)


def check_dtype(dtype: object) -> torch.dtype:
    """The dtype itself. Raises `ConfigError` for what cannot be that of parameters."""
    if not isinstance(dtype, torch.dtype) or dtype not in FORMATS:
        raise ConfigError(f"dtype must be one of {', '.join(map(str, FORMATS))}, got {shown(dtype)}")
    return dtype


def slice_all(count: int, device: torch.device) -> Tensor:
    """Row numbers (count, 1) that select all rows in an indexing beside column positions."""
    return torch.arange(count, device=device)[:, None]
