"""A network of pykan as a KAN that has the same outputs everywhere.

Outside its outermost knot a spline of pykan is zero; ours goes on along its tangent. So each gets further intervals at
both ends, on which it is zero, and one more on which nothing but zeros counts.

Letters: i input node, j basis function, o subnode.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from .. import grid, primitives
from ..config import KANConfig, refuse_widths
from ..errors import CheckpointError, ConfigError, SymbolicError, few, shown
from ..layers import BOTH, OFF, SPLINE, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit, Metadata
from ..model import KAN
from ..topology import Topology
from .low_precision import converted, dtype_name
from .pykan_record import PykanLayer, PykanNetwork

Width = tuple[int, tuple[int, ...]]


def kan_of_pykan(
    network: PykanNetwork, columns: Sequence[int], metadata: Metadata, edit: Edit, features: int, like: Tensor
) -> KAN:
    """The KAN with the outputs of a network of pykan.

    Args:
        network: of pykan.
        columns: of X that it reads, in its order.
        metadata: names of the columns.
        edit: what made the network.
        features: how many columns X has.
        like: a tensor of the dtype and on the device of the parameters.

    Raises:
        CheckpointError: degrees that differ between layers, a closed form that is not known here, numbers and knots
            that the dtype does not hold.
        ConfigError: a network that this machine cannot hold.
    """
    config = _config(network)
    layers, widths = [], [config.widths[0]]
    for number, layer in enumerate(network.layers):
        last = number == len(network.layers) - 1
        layers.append(_edges(layer, number, network.base, like))
        widths.append(layer.width)
        shift = _shift(layer)
        if not last and bool(shift.any()):  # a product has no bias of its own: the next layer adds it
            layers.append(_shifted(shift, layers[-1], like))
            widths.append((len(shift), ()))
    fresh = Topology.create(tuple(widths))
    topology = Topology(features, (tuple(columns), *fresh.node_ids[1:]), fresh.factors)
    shift = converted(_shift(network.layers[-1]), like, CheckpointError)
    scaling = (like.new_zeros(features), like.new_ones(features), shift, torch.ones_like(shift))
    settings = vars(config) | {"widths": topology.widths, "grid_size": tuple(layer.grid_size for layer in layers)}
    return KAN.assemble(KANConfig(**settings), topology, layers, scaling, metadata, (edit,))


def _config(network: PykanNetwork) -> KANConfig:
    """Settings for these layers. Raises `CheckpointError` for degrees that a KAN does not have."""
    degrees = [layer.degree for layer in network.layers]
    if len(set(degrees)) > 1:
        raise CheckpointError(
            f"its layers have the degrees k={shown(degrees)}, and a KAN has one for all: no other spline is the same"
        )
    widths: list[Width] = [(network.layers[0].grid.shape[0], ()), *(layer.width for layer in network.layers)]
    sizes = [_padded_size(layer) for layer in network.layers]
    refuse_widths(widths, sizes, degrees[0])
    try:
        return KANConfig.create(widths, grid_size=sizes, degree=degrees[0], base=network.base)
    except ConfigError as error:
        raise CheckpointError(f"the network cannot be a KAN: {error}") from error


def _padding(degree: int) -> int:
    """Knots to add at each end. With `degree` of them the interior begins where the spline is zero with its slope, if
    the degree is above 1. One more, and no rounding is left in the tangent either."""
    return degree + 1


def _padded_size(layer: PykanLayer) -> int:
    """Intervals between the first and the last knot, and one more at both ends."""
    return layer.grid.shape[1] - 1 + 2 * (_padding(layer.degree) - layer.degree)


def _edges(layer: PykanLayer, number: int, base: str, like: Tensor) -> KANLayer:
    """The edges of a layer, with the scales and biases of the subnodes and nodes behind them."""
    mask = layer.mask.double()
    factor, bias = _affine(layer)
    kind = torch.where(mask != 0, SPLINE, OFF).to(torch.uint8)
    table, constants = [], []
    for form, (a, b, c, d) in _forms(layer, number):
        bias[form.dst] += factor[form.dst] * d
        if form.primitive != "0":
            kind[form.src, form.dst] = BOTH if int(kind[form.src, form.dst]) == SPLINE else SYMBOLIC
            table.append(form)
            constants.append((a, b, float(factor[form.dst]) * c, 0.0))
    pad = _padding(layer.degree)
    coef = (layer.coef.double() * (mask * layer.scale_sp.double() * factor)[..., None]).transpose(1, 2)
    scale = mask * layer.scale_base.double() * factor
    return KANLayer.build(
        degree=layer.degree,
        base=base,
        knots=_knots(layer.grid.double(), pad, number, like),
        coef=converted(torch.nn.functional.pad(coef, (0, 0, pad, pad)), like, CheckpointError),
        base_scale=None if base == "none" else converted(scale, like, CheckpointError),
        bias=converted(bias, like, CheckpointError),
        kind=kind.to(like.device),
        symbolic=table,
        affine=converted(bias.new_tensor(constants), like, CheckpointError) if constants else None,
    )


def _knots(grid: Tensor, pad: int, number: int, like: Tensor) -> Tensor:
    """The padded knots of layer `number`. Raises `CheckpointError` where the dtype leaves two of them equal."""
    knots = converted(_padded_knots(grid, pad), like, CheckpointError)
    close = (knots.diff(dim=1) <= 0).nonzero()
    if len(close):
        words = f"knots of input {int(close[0, 0])} of layer {number} are too close for {dtype_name(like)}"
        raise CheckpointError(f"{words}; take dtype=torch.float64, or fit the grid to a wider range")
    return knots


def _forms(layer: PykanLayer, number: int) -> list[tuple[SymbolicEdge, tuple[float, float, float, float]]]:
    """The closed forms of a layer that count, with their a, b, c, d. Raises one `CheckpointError` for all unknown
    ones."""
    found, wrong = [], []
    for dst, src in (layer.symbolic_mask != 0).nonzero().tolist():
        weight = float(layer.symbolic_mask[dst, src])
        a, b, c, d = layer.affine[dst, src].tolist()
        try:
            name = primitives.get(layer.names[dst][src]).name
        except (IndexError, SymbolicError):
            told = shown(layer.names[dst][src]) if dst < len(layer.names) and src < len(layer.names[dst]) else "no name"
            wrong.append(f"edge ({number}, {src}, {dst}) carries {told}")
            continue
        found.append((SymbolicEdge(name, src, dst), (a, b, weight * c, weight * d)))
    if wrong:
        raise CheckpointError(
            f"closed forms that are not known here: {few(wrong)}; edgewise.primitives.add_primitive(name, ...) adds one"
            " under the name that pykan gives it"
        )
    return found


def _affine(layer: PykanLayer) -> tuple[Tensor, Tensor]:
    """What the nodes do to a sum s: factor * s + added, both (o,). The scale of a product goes into its first
    factor."""
    factor, added = layer.subnode_scale.double().clone(), layer.subnode_bias.double().clone()
    sums, arities = layer.width
    first = [0, *accumulate([1] * sums + list(arities))][:-1]
    scale = layer.node_scale.double()
    factor[first] *= scale
    added[first] *= scale
    added[:sums] += layer.node_bias.double()[:sums]
    return factor, added


def _shift(layer: PykanLayer) -> Tensor:
    """What is added to every node behind its products: (nodes,). To sums it is added with their bias."""
    shift = layer.node_bias.double().clone()
    shift[: layer.width[0]] = 0.0
    return shift


def _padded_knots(grid: Tensor, pad: int) -> Tensor:
    """The knots (i, t) with `pad` more at each end, at the spacing of the outermost two."""
    steps = torch.arange(1, pad + 1, dtype=grid.dtype, device=grid.device)
    left = grid[:, :1] - steps.flip(0) * (grid[:, 1:2] - grid[:, :1])
    right = grid[:, -1:] + steps * (grid[:, -1:] - grid[:, -2:-1])
    return torch.cat([left, grid, right], dim=1)


def _shifted(shift: Tensor, before: KANLayer, like: Tensor) -> KANLayer:
    """A layer that adds a number to each node: its edges are x."""
    n, base_scale = len(shift), None if before.base == "none" else like.new_zeros(len(shift), len(shift))
    low, high = like.new_full((n,), -1.0), like.new_full((n,), 1.0)  # where splines would begin, if there were any
    return KANLayer.build(
        degree=before.degree,
        base=before.base,
        knots=grid.uniform(low, high, before.grid_size, before.degree),
        coef=like.new_zeros(n, before.num_basis, n),
        base_scale=base_scale,
        bias=converted(shift, like, CheckpointError),
        kind=torch.full((n,), SYMBOLIC, dtype=torch.uint8, device=like.device).diag(),
        symbolic=[SymbolicEdge("x", node, node) for node in range(n)],
        affine=like.new_tensor([[1.0, 0.0, 1.0, 0.0]] * n),
    )
