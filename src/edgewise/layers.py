"""KANLayer: where nn.Linear stood, with a learned function on every edge.

Letters: b batch, i input node, j basis function, o output (sub)node.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.compiler import is_compiling

from . import grid, ops, primitives, state_notes
from .config import KANConfig, is_int, is_seed
from .devices import as_device, check_dtype, holds_values, is_traced, unreadable
from .errors import ConfigError, ShapeError, knows_keywords, shown
from .values import is_flag

OFF, SPLINE, SYMBOLIC, BOTH = 0, 1, 2, 3


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
        bias: whether a constant is added to every output.
        device: where the parameters live; on "meta" they have no values until `to_empty` and `reset_parameters`.
        dtype: of the parameters; torch's default by default.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        base: "silu", "identity" or "none" (None), the function beside the spline.
        domain: (low, high), the interval on which the grids lie at first.
        seed: of the initial functions, which then come from it alone. Without one torch's random numbers decide, as
            `torch.manual_seed` sets them.

    Attributes:
        knots (i, G+2p+1): a buffer.
        coef (i, G+p, o), base_scale (i, o) or None, bias (o,) or None: the parameters.
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
    bias: nn.Parameter  # None where bias=False, which no layer of a KAN is
    base_scale: nn.Parameter | None
    affine: nn.Parameter | None

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
        base: str | None = "silu",
        domain: tuple[float, float] = (-1.0, 1.0),
        seed: int | None = None,
    ) -> None:
        super().__init__()
        for name, count in (("in_features", in_features), ("out_features", out_features)):
            if not is_int(count):
                raise ConfigError(f"{name} must be a whole number, got {shown(count)}")
        if not is_flag(bias):
            raise ConfigError(f"bias must be True or False, got {shown(bias)}")
        config = KANConfig.create(
            (in_features, out_features),
            grid_size=grid_size,
            degree=degree,
            base=base,
            domain=domain,
            seed=0 if seed is None else seed,
        )
        i, o, p, size = int(in_features), int(out_features), config.degree, config.grid_size[0]
        dtype = check_dtype(torch.get_default_dtype() if dtype is None else dtype)
        options: dict[str, Any] = {"dtype": dtype, "device": as_device(device) or torch.get_default_device()}
        self.in_features, self.out_features, self.degree, self.base = i, o, p, config.base
        self.domain: tuple[float, float] | None = config.domain
        self.register_buffer("knots", torch.empty(i, size + 2 * p + 1, **options))
        self.register_buffer("kind", torch.empty(i, o, dtype=torch.uint8, device=options["device"]))
        self.coef = nn.Parameter(torch.empty(i, size + p, o, **options))
        scale = None if config.base == "none" else nn.Parameter(torch.empty(i, o, **options))
        self.register_parameter("base_scale", scale)
        self.register_parameter("bias", nn.Parameter(torch.empty(o, **options)) if bias else None)
        self.affine = None
        self.reset_parameters(seed)

    @torch.no_grad()
    def reset_parameters(self, seed: int | None = None) -> None:
        """New functions, in place: every edge becomes a fresh spline, and the bias zero.

        The knots return to the `domain` that the layer was made with. One that a transform made keeps its knots.

        Args:
            seed: of the functions; torch's random numbers decide where there is none.
        """
        self.symbolic: tuple[SymbolicEdge, ...] = ()
        self.affine = None
        self.all_splines = True  # cached from `kind`, so that the usual case costs nothing
        self._known = self._found(self.knots, self.domain is not None)
        if not holds_values(self.knots):  # no values to fill in
            return
        with torch.device("cpu"):  # drawn here and moved then, so that every device gets the same functions
            coef, scale = _drawn(self.in_features, self.num_basis, self.out_features, seed)
            if self.domain is not None:
                sizes = self.in_features, self.grid_size, self.degree
                self.knots.copy_(grid.uniform_as(self.knots.dtype, self.domain, *sizes))
                self._known = self._found(self.knots, True)
        self.kind.fill_(SPLINE)
        self.coef.copy_(coef)
        if self.base_scale is not None:
            self.base_scale.copy_(scale)
        if self.bias is not None:
            self.bias.zero_()

    @classmethod
    def build(
        cls,
        *,
        degree: int,
        base: str,
        knots: Tensor,
        coef: Tensor,
        base_scale: Tensor | None,
        bias: Tensor | None,
        kind: Tensor,
        symbolic: Sequence[SymbolicEdge] = (),
        affine: Tensor | None = None,
        uniform: bool | None = None,
    ) -> Self:
        """A layer from its parts, of the shapes that the class names; they are copied. Every transform ends here.

        Raises `ShapeError` for parts that differ in dtype or device, or do not belong together.
        """
        layer = cls.__new__(cls)
        nn.Module.__init__(layer)
        ops.check_layer(coef, knots, base_scale, bias, ops.Spec(degree, base))
        layer.in_features, layer.out_features, layer.degree, layer.base = coef.shape[0], coef.shape[2], degree, base
        layer.domain = None
        layer.register_buffer("knots", knots.detach().clone())
        layer._known = layer._found(layer.knots, uniform)
        layer.register_buffer("kind", kind.detach().clone())
        spline = (kind == SPLINE) | (kind == BOTH)
        layer.coef = nn.Parameter((coef.detach() * spline[:, None, :]).contiguous())
        layer.register_parameter(
            "base_scale", None if base_scale is None else nn.Parameter(base_scale.detach() * spline)
        )
        layer.register_parameter("bias", None if bias is None else nn.Parameter(bias.detach().clone()))
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
        if not holds_values(knots):
            return spec._replace(uniform=False)
        self._known = self._found(knots)
        return self._known.spec

    def _found(self, knots: Tensor, uniform: bool | None = None) -> Known:
        """What is known of these knots; `uniform` where that is known before."""
        uniform = _equidistant(knots) if uniform is None else uniform
        spec = ops.Spec(self.degree, self.base, uniform)
        if knots.is_inference() or not holds_values(knots):  # no count of changes, or no memory
            return Known(-1, 0, spec)
        return Known(knots._version, knots.data_ptr(), spec)

    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        """`.to`, `.double` and the like. Equidistant knots are spaced anew in a finer format: the rounding of the
        coarser one would look like unequal spacing."""
        before, uniform = self.knots.dtype, self.uniform
        super()._apply(fn, recurse)
        (low, high), after = self.interval, self.knots.dtype
        finer = torch.finfo(after).eps < torch.finfo(before).eps
        if uniform and finer and holds_values(self.knots) and bool((low < high).all()):
            self.knots = grid.uniform(low, high, self.grid_size, self.degree)
        return self

    @property
    def weight(self) -> Tensor:
        """A stand-in (o, i) without values, for `nn.TransformerEncoderLayer`: its fused path asks for the weights of
        its linear layers, and is not taken where these lie on the device "meta"."""
        return torch.empty(self.out_features, self.in_features, dtype=self.coef.dtype, device="meta")

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

    def _tensors(self) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
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
            # not index_add, of which torch's exporter to ONNX keeps one summand a node (torch 2.13)
            y = y.scatter_add(1, dst.expand(x.shape[0], len(dst)), values)
        return y

    def _check(self, x: Tensor) -> None:
        if is_traced():
            return
        if not isinstance(x, Tensor) or x.is_nested or x.ndim < 1 or x.shape[-1] != self.in_features:
            got = type(x).__name__ if not isinstance(x, Tensor) else unreadable(x) or f"shape {tuple(x.shape)}"
            raise ShapeError(f"the layer takes a tensor of shape (..., {self.in_features}), got {got}")

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.symbolic:
            destination[f"{prefix}{state_notes.NOTE}"] = state_notes.note(self.symbolic, self.kind.device)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any) -> None:
        state_notes.check_grid(state_dict, prefix, self.degree, self.num_basis)
        state_notes.check_forms(state_dict, prefix, self.symbolic, lambda kind: (kind == SYMBOLIC) | (kind == BOTH))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self.all_splines = not holds_values(self.kind) or bool(self.spline_edges().all())
        self._known = self._found(self.knots)

    def extra_repr(self) -> str:
        """The sizes, for print."""
        text = (
            f"{self.in_features}, {self.out_features}, grid_size={self.grid_size}, degree={self.degree},"
            f" base={self.base!r}" + ("" if self.bias is not None else ", bias=False")
        )
        return text + (f", symbolic={len(self.symbolic)}" if self.symbolic else "")


def _drawn(i: int, j: int, o: int, seed: int | None) -> tuple[Tensor, Tensor]:
    """Coefficients (i, j, o) and base scales (i, o) of a fresh layer, in float64; torch's random numbers give the seed
    where there is none."""
    if seed is not None and not is_seed(seed):
        raise ConfigError(f"seed must be an integer >= 0 and below 2^64, got {shown(seed)}")
    generator = torch.Generator().manual_seed(int(torch.randint(2**63 - 1, ()) if seed is None else seed))
    # Residual part as in the paper (Xavier); spline part small beside it, so that a fresh layer is nearly a linear map
    # of silu.
    coef = torch.randn(i, j, o, dtype=torch.float64, generator=generator) * (0.3 / math.sqrt(i))
    scale = (2 * torch.rand(i, o, dtype=torch.float64, generator=generator) - 1) * math.sqrt(3.0 / i)
    return coef, scale


def _equidistant(knots: Tensor) -> bool:
    """`grid.is_uniform`, and False for what cannot be read as knots: kernels refuse it, or take their general way."""
    return (
        holds_values(knots)
        and knots.is_floating_point()
        and knots.dim() == 2
        and knots.numel() > 0
        and grid.is_uniform(knots)
    )


def slice_all(count: int, device: torch.device) -> Tensor:
    """Row numbers (count, 1) that select all rows in an indexing beside column positions."""
    return torch.arange(count, device=device)[:, None]
