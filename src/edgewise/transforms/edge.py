"""edge: one edge function as a callable."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from ..devices import unreadable
from ..errors import ShapeError, clipped, knows_keywords
from ..layers import BOTH, OFF, SPLINE, SYMBOLIC, KANLayer
from ..model import KAN, Fitted, as_kan
from ..ops.base_function import check_derivative
from ..topology import Edge
from .draft import Draft, as_edge, select

KIND_NAMES = {OFF: "off", SPLINE: "spline", SYMBOLIC: "symbolic", BOTH: "both"}


class EdgeFunction:
    """An edge function phi, called as phi(x) or phi(x, derivative=n); a copy, which later training does not change.

    For an edge of layer 0, x is in the user's units and derivatives are taken by it; elsewhere x is the value of the
    source node. The result is what the edge adds to its target subnode, whose bias is not in it.

    Attributes:
        edge: (layer, source node, target subnode).
        kind: "off", "spline", "symbolic" or "both".
        interval: (low, high) of the grid, in the units of x.
        degree, grid_size, base: as of its layer.
        knots (G+2p+1,), coef (G+p,), base_scale: of the spline, in the units of the node.
        primitive: the name of a closed form, or None.
        affine: its constants (a, b, c, d), for the x that the call takes, or None.
    """

    def __init__(self, edge: Edge, layer: KANLayer, shift: float, scale: float) -> None:
        self.edge, self._layer, self._shift, self._scale = edge, layer, shift, scale
        self.kind = KIND_NAMES[int(layer.kind[0, 0])]
        low, high = (float(end[0]) * scale + shift for end in layer.interval)
        self.interval = (min(low, high), max(low, high))
        self.degree, self.grid_size, self.base = layer.degree, layer.grid_size, layer.base
        self.knots, self.coef = layer.knots[0], layer.coef.detach()[0, :, 0]
        self.base_scale = None if layer.base_scale is None else float(layer.base_scale[0, 0])
        self.primitive: str | None = None
        self.affine: tuple[float, float, float, float] | None = None
        if layer.symbolic and layer.affine is not None:
            a, b, c, d = (float(v) for v in layer.affine[0])
            self.primitive, self.affine = layer.symbolic[0].primitive, (a / scale, b - a * shift / scale, c, d)

    @overload
    def __call__(self, x: Tensor, derivative: int = 0) -> Tensor: ...
    @overload
    def __call__(self, x: float, derivative: int = 0) -> float: ...
    @overload
    def __call__(self, x: Any, derivative: int = 0) -> Any: ...
    def __call__(self, x: Any, derivative: int = 0) -> Any:
        """phi, or a derivative of it.

        Args:
            x (any shape): a tensor, an array, a list or a number.
            derivative: the order of the derivative.

        Returns:
            The values, in the shape of x: a tensor, an array for an array or list, a number for a number.

        Raises:
            ConfigError: an order that is no whole number from 0 on.
            ShapeError: an x that holds no numbers, or a tensor of whole numbers.
        """
        derivative = check_derivative(derivative)
        knots = self._layer.knots
        if isinstance(x, Tensor):
            if odd := unreadable(x):
                raise ShapeError(f"an edge takes a plain tensor; x is {odd}")
            if not x.is_floating_point():
                raise ShapeError(f"an edge takes a floating-point tensor, got {x.dtype}; use x.to({knots.dtype})")
            u = ((x.to(knots) - self._shift) / self._scale).reshape(-1, 1)
            values = self._layer.edge_values(u, derivative).reshape(x.shape) / self._scale**derivative
            return values.to(device=x.device, dtype=x.dtype)
        try:
            array = np.array(x, dtype=np.float64)
        except Exception as error:  # of the values' own methods
            raise ShapeError(f"an edge takes numbers, got {type(x).__name__}: {clipped(error)}") from error
        with torch.no_grad():
            values = self(torch.as_tensor(array).to(knots), derivative).cpu().numpy()
        return values if array.ndim else float(values)

    @property
    def expression(self) -> str:
        """The function in words: a closed form, 'spline', '0', or their sum."""
        words = []
        if self.affine is not None:
            a, b, c, d = self.affine
            inner = f"{a:.6g}*x" + (f" {'-' if b < 0 else '+'} {abs(b):.6g}" if b else "")
            words.append(f"{c:.6g}*{self.primitive}({inner})" + (f" {'-' if d < 0 else '+'} {abs(d):.6g}" if d else ""))
        if self.kind in ("spline", "both"):
            words.append(
                "spline(x)"
                if not self.base_scale
                else f"spline(x) {'-' if self.base_scale < 0 else '+'} {abs(self.base_scale):.6g}*{self.base}(x)"
            )
        return " + ".join(words) or "0"

    def __repr__(self) -> str:
        low, high = self.interval
        return f"EdgeFunction({self.edge}, {self.kind}, on [{low:.6g}, {high:.6g}]: {self.expression})"


@knows_keywords
def edge(model: KAN | Fitted, which: Edge) -> EdgeFunction:
    """One edge function as a callable: phi(x, derivative=0).

    Args:
        model: the KAN, or the result of its fit.
        which: (layer, source node, target subnode), by their original ids.

    Returns:
        An `EdgeFunction`, which shares nothing with the model.

    Raises:
        StructureError: there is no such edge.

    >>> import edgewise as ew
    >>> phi = ew.edge(ew.set_symbolic(ew.KAN((2, 1)), {(0, 1, 0): ("x^2", 2.0, 0.0, 1.0, 0.5)}), (0, 1, 0))
    >>> phi(3.0), phi(3.0, derivative=1), phi.expression
    (36.5, 24.0, '1*x^2(2*x) + 0.5')
    """
    model = as_kan(model, "edge")
    which = as_edge(which)
    layer, src, dst = model.topology.edge_position(which)
    alone = KANLayer.build(**select(Draft.of(model).layers[layer], [src], [dst]))
    alone.requires_grad_(False)
    column = which[1]
    shift, scale = (float(model.input_shift[column]), float(model.input_scale[column])) if layer == 0 else (0.0, 1.0)
    return EdgeFunction(which, alone, shift, scale)
