"""The parameters of a network as one vector, and the matrices over those of them that training may move.

The vector has per layer coef, base_scale, bias, affine. Edges that carry no spline have coefficients too, which stay:
matrices hold no lines for these. Letters: i input node, j basis, o subnode, m places, P parameters, M of them that
move.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import KANLayer
from ...model import KAN


class Flat:
    """The parameters of a private model as one vector (P,); the parameters are views of it."""

    def __init__(self, model: KAN) -> None:
        self.model = model
        present = [p for layer in model.edge_layers for p in parameters_of(layer)]
        self.theta = torch.cat([p.detach().reshape(-1) for p in present])
        start = 0
        for p in present:
            p.requires_grad_(False)
            p.data = self.theta[start : start + p.numel()].view(p.shape)
            start += p.numel()
        self.free = torch.cat([mask.reshape(-1) for layer in model.edge_layers for mask in free_masks(layer)])
        self.places = (
            None if bool(self.free.all()) else self.free.nonzero()[:, 0]
        )  # of the parameters that may move, where not all may

    def load(self, theta: Tensor) -> None:
        """Set all parameters; theta (M,) holds only those that training may move."""
        if self.places is not None:
            self.theta[self.places] = theta
        else:
            self.theta.copy_(theta)

    def read(self) -> Tensor:
        """A copy of the parameters that training may move."""
        return self.moving(self.theta).clone()

    def moving(self, vector: Tensor) -> Tensor:
        """The part (M,) of a vector (P,) that belongs to parameters that move."""
        return vector if self.places is None else vector[self.places]

    def over_moving(self, matrix: Tensor) -> Curvature:
        """A matrix (M, M) that is to be read and added to by places in the vector."""
        if self.places is None:
            return Curvature(matrix, None)
        where = torch.full_like(self.free, -1, dtype=torch.int64)
        where[self.places] = torch.arange(len(self.places), device=where.device)
        return Curvature(matrix, where)


@dataclass(frozen=True, eq=False)
class Curvature:
    """A matrix (M, M) over the parameters that move; where (P,): the line of each parameter, -1 for those that stay,
    None where all move."""

    matrix: Tensor
    where: Tensor | None

    def add(self, places: Tensor, blocks: Tensor) -> None:
        """Add blocks (..., m, m) at parameters (..., m) of the vector, of which all of a block move, or none."""
        if self.where is not None:
            places = self.where[places]
            on = places[..., 0] >= 0
            places, blocks = places[on], blocks[on]
        self.matrix[places[..., :, None], places[..., None, :]] += blocks

    def blocks(self, places: Tensor) -> Tensor:
        """The blocks (..., m, m) there, zeros for parameters that stay."""
        if self.where is None:
            return self.matrix[places[..., :, None], places[..., None, :]]
        places = self.where[places]
        found = self.matrix[places[..., :, None], places[..., None, :]]
        return torch.where((places[..., 0] >= 0)[..., None, None], found, 0.0)


def parameters_of(layer: KANLayer) -> list[Tensor]:
    """A layer's parameters in their order in the vector."""
    return [p for p in (layer.coef, layer.base_scale, layer.bias, layer.affine) if p is not None]


def size_of(layer: KANLayer) -> int:
    """How many parameters a layer has, those that training may not move included."""
    return sum(p.numel() for p in parameters_of(layer))


def free_masks(layer: KANLayer) -> list[Tensor]:
    """Which parameters of a layer training may move: none of the edges that carry no spline."""
    on = layer.spline_edges()
    masks = [on[:, None, :].expand(layer.coef.shape)]
    if layer.base_scale is not None:
        masks.append(on)
    masks.append(torch.ones_like(layer.bias, dtype=torch.bool))
    if layer.affine is not None:
        masks.append(torch.ones_like(layer.affine, dtype=torch.bool))
    return masks


def index_of(start: int, i: int, j: int, o: int, base: bool, device: torch.device) -> Tensor:
    """Places of coef and base_scale of one layer in the vector, as one block (i, j(+1), o)."""
    coef = start + torch.arange(i * j * o, device=device).view(i, j, o)
    if not base:
        return coef
    scale = start + i * j * o + torch.arange(i * o, device=device).view(i, 1, o)
    return torch.cat([coef, scale], dim=1)
