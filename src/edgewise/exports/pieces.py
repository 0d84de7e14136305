"""An edge without closed form as polynomials, for code that runs without this package.

With u = (x - shift) / scale, phi is a polynomial in u - centre on every grid interval, and its tangent outside. To that
comes base_scale * base(u).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from .. import ops, primitives
from ..errors import SymbolicError
from ..layers import BOTH
from ..model import KAN
from ..topology import Edge
from ..transforms import edge as edge_function


@dataclass(frozen=True)
class Pieces:
    """breaks (G+1,), centres (G,), coefficients (G, degree+1) ascending; base and its weight; the closed form of an
    edge that has both."""

    shift: float
    scale: float
    breaks: list[float]
    centres: list[float]
    coefficients: list[list[float]]
    base: str
    base_scale: float
    form: tuple[str, float, float, float, float] | None = None

    @staticmethod
    def of(model: KAN, edge: Edge) -> Pieces:
        """The pieces of one edge: exact, from the derivatives of its spline at the middle of every interval. Raises
        `SymbolicError` where these leave the range of floats."""
        phi = edge_function(model, edge)
        number, src, dst = model.topology.edge_position(edge)
        shift = scale = None
        if number == 0:
            shift, scale = float(model.input_shift[edge[1]]), float(model.input_scale[edge[1]])
        knots = phi.knots.detach().double().cpu()
        degree = phi.degree
        breaks = knots[degree : degree + phi.grid_size + 1]
        breaks = breaks[torch.cat([torch.tensor([True]), breaks[1:] > breaks[:-1]])]
        centres = (breaks[1:] + breaks[:-1]) / 2
        coef = phi.coef.detach().double().cpu()[None, :, None]
        columns = [
            ops.spline(centres[:, None], coef, knots[None], degree=degree, derivative=k)[:, 0] / math.factorial(k)
            for k in range(degree + 1)
        ]
        coefficients = torch.stack(columns, dim=1)
        if not bool(torch.isfinite(coefficients).all()):
            raise SymbolicError(
                f"edge {edge} has grid steps so short that its derivatives leave the range of floats; fit to inputs in"
                " another unit"
            )
        form = None
        if (
            int(model.edge_layers[number].kind[src, dst]) == BOTH
            and phi.primitive is not None
            and phi.affine is not None
        ):
            form = (phi.primitive, *phi.affine)
            primitives.get(phi.primitive)
        return Pieces(
            0.0 if shift is None else shift,
            1.0 if scale is None else scale,
            breaks.tolist(),
            centres.tolist(),
            coefficients.tolist(),
            phi.base,
            phi.base_scale or 0.0,
            form,
        )
