"""How much each part of a network matters on given data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .errors import few, knows_keywords
from .model import KAN, Fitted, as_kan
from .trace import Trace

LIMIT = 2**23  # edge values held at a time: 64 MB


@dataclass(frozen=True, repr=False)
class Attribution:
    """How much of the outputs' spread each part carries, averaged over the outputs. Positions follow the topology.

    Attributes:
        features (features,): per column of X, zero for those no longer used.
        nodes: per layer of nodes (n,); an output has score 1 for itself.
        edges: per layer of edges (i, o).
        per_output (outputs, features): the scores of the features for each output on its own.
        inputs: names of the features; x1, x2, ... where the model knows none.
    """

    features: Tensor
    nodes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    per_output: Tensor
    inputs: tuple[str, ...] = ()

    def __repr__(self) -> str:
        order = self.features.argsort(descending=True).tolist()
        scores = [f"{self.inputs[column]} {float(self.features[column]):.3g}" for column in order]
        return f"Attribution({few(scores)})"


@knows_keywords
def attribute(model: KAN | Fitted, X: Any) -> Attribution:
    """How much inputs, nodes and edges matter on X.

    An edge passes its target's score on, times its share of the spread there. Scores do not change when an activation
    is rescaled. A factor of a product passes on the share of the product's spread that its own variation causes, so a
    nearly constant factor counts little.

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): the rows that judge, of any kind that `KAN.predict` takes.

    Returns:
        An `Attribution`.

    Raises:
        StructureError: `model` is no KAN.
        DataError: no row, or numbers that are not finite.

    Source: arXiv 2408.10205, section 4 (attribution score), which knows no shares of factors.

    >>> import torch, edgewise as ew
    >>> ew.attribute(ew.KAN((2, 3, 1)), torch.rand(50, 2, dtype=torch.float64)).features.shape
    torch.Size([2])
    """
    model = as_kan(model, "attribute")
    x = model.finite_input(X, "attribute")
    with torch.no_grad():
        nodes, edges = scores(model, activity(model, x))
    columns = torch.tensor(model.topology.node_ids[0], device=x.device)
    per_output = x.new_zeros(nodes[0].shape[0], model.topology.features)
    per_output[:, columns] = nodes[0]
    return Attribution(
        per_output.mean(0),
        tuple(n.mean(0) for n in nodes),
        tuple(e.mean(0) for e in edges),
        per_output,
        model.input_names,
    )


def column_scores(model: KAN, X: Any, columns: Sequence[Sequence[int]]) -> Tensor:
    """How much the features of each column carry together on X, such as the levels of one: (columns,).

    Into every target, the sum of their edges counts as one edge. Sums of their scores would grow with their number, as
    only one level is there at a time.

    Args:
        model: the KAN.
        X (b, features): the rows that judge, as `attribute` takes them.
        columns: the positions of the features of each column.

    >>> model = KAN((3, 1))
    >>> column_scores(model, torch.rand(50, 3, dtype=torch.float64), [[0], [1, 2]]).shape
    torch.Size([2])
    """
    x = model.finite_input(X, "attribute")
    place = {number: at for at, number in enumerate(model.topology.node_ids[0])}
    mine = [[place[number] for number in column if number in place] for column in columns]
    found = x.new_zeros(len(columns))
    with torch.no_grad():
        trace = activity(model, x)
        edges = scores(model, trace)[1][0].mean(0)  # (i, o)
        a, layer, spreads = model.scale_inputs(x), model.edge_layers[0], trace.edge_spread[0]
        for number, group in enumerate(mine):
            if len(group) > 1:

                def together(rows: Tensor, group: list[int] = group) -> Tensor:
                    return layer.edge_values(rows)[:, group].sum(1, keepdim=True)

                spread = _moments(together, a, max(1, LIMIT // layer.kind.numel()))[1][0]
                alone = spreads[group]
                found[number] = (edges[group].sum(0) * _ratio(spread, alone.sum(0), alone.amax(0))).sum()
            elif group:
                found[number] = edges[group[0]].sum()
    return found


@dataclass(frozen=True)
class Activity:
    """What judging a network takes: node and subnode values as in `Trace`, of every edge only its mean and standard
    deviation, (i, o) per layer."""

    nodes: tuple[Tensor, ...]
    subnodes: tuple[Tensor, ...]
    edge_mean: tuple[Tensor, ...]
    edge_spread: tuple[Tensor, ...]


def activity(model: KAN, x: Tensor, *, limit: int = LIMIT) -> Activity:
    """The activity on x (b, features), holding at most about `limit` edge values at a time, so that long tables fit in
    memory."""
    a = model.scale_inputs(x)
    nodes, subnodes, means, spreads = [a], [], [], []
    for number, layer in enumerate(model.edge_layers, start=1):
        mean, spread = _moments(layer.edge_values, a, max(1, limit // layer.kind.numel()))
        s = layer(a)
        a = model.multiply(number, s)
        nodes.append(a)
        subnodes.append(s)
        means.append(mean)
        spreads.append(spread)
    return Activity(tuple(nodes), tuple(subnodes), tuple(means), tuple(spreads))


def _moments(values_of: Callable[[Tensor], Tensor], a: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of every edge, whose values on a (b, i) are given, over slices of `rows`, merged as
    in Chan, Golub, LeVeque, doi:10.2307/2683386."""
    count, mean, square = 0, a.new_zeros(()), a.new_zeros(())
    for piece in a.split(rows):
        values = values_of(piece)
        here, n = values.mean(0), len(piece)
        step = here - mean
        square = square + values.var(0, unbiased=False) * n + step**2 * (count * n / (count + n))
        mean = mean + step * (n / (count + n))
        count += n
    return mean, (square / max(count, 1)).sqrt()


def scores(model: KAN, trace: Activity | Trace) -> tuple[list[Tensor], list[Tensor]]:
    """Scores for every output k on its own: nodes (k, n) per layer of nodes, edges (k, i, o) per layer of edges."""
    last = trace.nodes[-1]
    score = torch.eye(last.shape[1], dtype=last.dtype, device=last.device)
    nodes, edges = [score], []
    spreads = trace.edge_spread
    for layer in reversed(range(len(spreads))):
        sub = score[:, model.subnode_owner(layer + 1)]  # (k, o)
        if model.topology.has_products(layer + 1):
            sub = sub * _factor_shares(model, trace, layer + 1)
        values = spreads[layer]  # (i, o)
        share = _ratio(
            values, trace.subnodes[layer].std(0, unbiased=False), trace.subnodes[layer].abs().amax(0) + values.amax(0)
        )
        edges.insert(0, sub[:, None, :] * share)
        score = edges[0].sum(2)
        nodes.insert(0, score)
    return nodes, edges


def _factor_shares(model: KAN, trace: Activity | Trace, layer: int) -> Tensor:
    """The part of a node's spread that the variation of each of its subnodes causes, the others as they are: (s,), one
    for a sum."""
    sub, node = trace.subnodes[layer - 1], trace.nodes[layer]
    table = torch.tensor(model.topology.factor_table(layer), device=sub.device)  # (n, arity)
    padded = torch.cat([sub, torch.ones_like(sub[:, :1])], dim=1)[:, table]  # (b, n, arity)
    spread, size = node.std(0, unbiased=False), node.abs().amax(0)
    shares = sub.new_ones(sub.shape[1] + 1)
    for m in range(table.shape[1]):
        others = torch.cat([padded[..., :m], padded[..., m + 1 :]], dim=2).prod(2)
        caused = (others * (padded[..., m] - padded[..., m].mean(0))).std(0, unbiased=False)
        shares[table[:, m]] = _ratio(caused, spread, size)
    return shares[:-1]


def _ratio(part: Tensor, whole: Tensor, size: Tensor) -> Tensor:
    """part / whole, and zero where the whole is round-off of numbers of this size."""
    info = torch.finfo(whole.dtype)
    return torch.where(whole > info.eps * size, part / whole.clamp(min=info.tiny), torch.zeros_like(part))
