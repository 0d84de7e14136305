"""How large a model is: its shape, its active edges, its effective parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import knows_keywords
from .layers import OFF
from .model import KAN, Fitted, as_kan


@dataclass(frozen=True)
class Summary:
    """Shape, active edges and parameters of a model.

    shape: the widths in words. edges: edges that are not off. symbolic_edges: those of them with a closed form.
    parameters: the effective count that comparisons use, see `summary`. stored: all numbers in `model.parameters()`.
    grid_size: intervals per layer. degree: of the splines.
    """

    shape: str
    edges: int
    symbolic_edges: int
    parameters: int
    stored: int
    grid_size: tuple[int, ...]
    degree: int

    def __str__(self) -> str:
        return (
            f"KAN {self.shape}, degree {self.degree}, grid {list(self.grid_size)}: {self.edges} active edges "
            f"({self.symbolic_edges} symbolic), {self.parameters} effective parameters ({self.stored} stored)"
        )


@knows_keywords
def summary(model: KAN | Fitted) -> Summary:
    """Shape, active edges and effective parameters of a model.

    Effective parameters are what training can move in edges that are on: spline coefficients, base scales, the four
    constants of a closed form. Each subnode adds its bias. Each spline loses one, since its mean and the bias are the
    same freedom.

    Args:
        model: the KAN to count, or the result of its fit.

    Returns:
        A `Summary`; `print` shows it as one line.

    Raises:
        StructureError: `model` is no KAN.

    >>> summary(KAN((2, 1, 1), grid_size=3)).parameters
    20
    """
    model = as_kan(model, "summary")
    edges = symbolic = parameters = 0
    for layer in model.edge_layers:
        splines = int(layer.spline_edges().sum())
        edges += int((layer.kind != OFF).sum())
        symbolic += len(layer.symbolic)
        parameters += (
            splines * (layer.num_basis - 1 + (layer.base_scale is not None))
            + 4 * len(layer.symbolic)
            + layer.bias.numel()
        )
    stored = math.fsum(p.numel() for p in model.parameters())
    sizes = tuple(layer.grid_size for layer in model.edge_layers)
    return Summary(model.topology.shape_text(), edges, symbolic, parameters, int(stored), sizes, model.config.degree)
