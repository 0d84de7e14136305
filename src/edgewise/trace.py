"""What flows through a network on given data, and how much each part matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .model import KAN


@dataclass(frozen=True)
class Trace:
    """Activations of one forward pass, layer by layer, in the network's own (scaled) units.

    nodes[l] (b, n_l): node values, nodes[0] the scaled inputs; edges[l] (b, i, o): every edge's value; subnodes[l] (b, s): the sums that enter
    layer l+1 before products are taken.
    """

    nodes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    subnodes: tuple[Tensor, ...]


@dataclass(frozen=True)
class Attribution:
    """How much of the output's spread each part carries. Positions follow the model's topology.

    features (features,): per column of the user's input, zero for those no longer used; nodes[l] (n_l,); edges[l] (i, o). The score of an output
    node is the share of its standard deviation; outputs are averaged. per_output[k] holds the features' scores for output k.
    """

    features: Tensor
    nodes: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]
    per_output: Tensor


def attribute(model: KAN, X: Any) -> Attribution:
    """Scores of inputs, nodes and edges on X (b, features): an edge passes its target's score on, times the share of its spread.

    Scores do not change when an activation is rescaled. Source: arXiv 2408.10205, section 4 (attribution score).

    >>> import torch, edgewise as ew
    >>> ew.attribute(ew.KAN((2, 3, 1)), torch.rand(50, 2, dtype=torch.float64)).features.shape
    torch.Size([2])
    """
    x = model.as_input(X)
    with torch.no_grad():
        _, trace = model.trace(x)
        outputs = trace.nodes[-1].shape[1]
        score = torch.eye(outputs, dtype=x.dtype, device=x.device)  # (k, node)
        nodes, edges = [score.mean(0)], []
        for layer in reversed(range(len(trace.edges))):
            owner = model.subnode_owner(layer + 1)
            sub = score[:, owner]  # (k, o)
            spread = trace.subnodes[layer].std(0, unbiased=False)
            edge_spread = trace.edges[layer].std(0, unbiased=False)  # (i, o)
            floor = torch.finfo(x.dtype).eps * (trace.subnodes[layer].abs().amax(0) + edge_spread.amax(0))
            share = torch.where(spread > floor, edge_spread / spread.clamp(min=torch.finfo(x.dtype).tiny), torch.zeros_like(edge_spread))
            passed = sub[:, None, :] * share  # (k, i, o)
            score = passed.sum(2)
            edges.insert(0, passed.mean(0))
            nodes.insert(0, score.mean(0))
        columns = torch.tensor(model.topology.node_ids[0], device=x.device)
        per_output = torch.zeros(outputs, model.topology.features, dtype=x.dtype, device=x.device)
        per_output[:, columns] = score
    return Attribution(per_output.mean(0), tuple(nodes), tuple(edges), per_output)
