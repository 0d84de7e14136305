"""prune: choose what matters least, and remove it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..attribution import Activity, activity, scores
from ..errors import ConfigError, knows_keywords, problems, shown
from ..metadata import Edit
from ..model import KAN, Fitted, as_kan
from ..topology import Topology
from ..values import is_flag
from .draft import Draft, reached
from .structure import difference, take_away

log = logging.getLogger("edgewise")


@knows_keywords
def prune(
    model: KAN | Fitted, X: Any, *, threshold: float = 0.01, nodes: bool = True, edges: bool = True, inputs: bool = True
) -> KAN:
    """The model without the inputs, nodes and edges that matter little on X; their means stay in the biases.

    A part goes when its attribution score is low for every output, so an edge that serves one output of many stays.
    What is left is judged again until nothing more goes. Nodes that have become constant or feed nothing then vanish.
    Every output that varies keeps a path from the inputs: where the threshold would cut it, the strongest path stays.

    What was removed stands in the last record of `.edits` and in the log (logger "edgewise", level INFO). Nothing is
    refitted: train again afterwards.

    Args:
        model: the KAN, or the result of its fit.
        X (b, features): the rows that judge, of any kind that `KAN.predict` takes.
        threshold (0 to below 1): the score below which a part goes. Its unit is the largest score in the layer, or the
            output's own spread, if that is less.
        nodes: whether hidden nodes may go.
        edges: whether single edges may go.
        inputs: whether inputs may go; `forward` takes the full row all the same.

    Returns:
        The new model.

    Raises:
        ConfigError: a threshold outside its range.
        DataError: no row, or numbers that are not finite.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(50, 2, dtype=torch.float64)
    >>> ew.prune(ew.remove(ew.KAN((2, 3, 1)), edges=[(1, 0, 0)]), X).edits[-1].detail
    'threshold=0.01: nodes (1, 0)'
    """
    model = as_kan(model, "prune")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold < 1:
        raise ConfigError(f"threshold must be a number from 0 to below 1, such as 0.01, got {shown(threshold)}")
    flags = {"nodes": nodes, "edges": edges, "inputs": inputs}
    wrong = [name for name, flag in flags.items() if not is_flag(flag)]
    problems(f"{name} must be True or False, got {shown(flags[name])}" for name in wrong)
    x = model.finite_input(X, "prune")
    draft, current = Draft.of(model), model
    draft.tidy(nodes=nodes, inputs=inputs)
    while True:
        if draft.topology != current.topology:
            current = draft.build()
        with torch.no_grad():
            seen = activity(current, x)
        off = weak_edges(current, seen, threshold, nodes=nodes, edges=edges, inputs=inputs)
        if not any(bool(mask.any()) for mask in off):
            break
        for number, mask in enumerate(off):
            take_away(draft, number, mask, seen.edge_mean[number])
        draft.tidy(nodes=nodes, inputs=inputs)
        current = draft.build()
    removed = difference(model, draft)
    log.info(
        "prune: removed %s; %d of %d edges remain",
        removed or "nothing",
        len(current.active_edges()),
        len(model.active_edges()),
    )
    return draft.build(Edit("prune", f"threshold={threshold:g}: {removed or 'nothing'}"))


def weak_edges(model: KAN, seen: Activity, threshold: float, *, nodes: bool, edges: bool, inputs: bool) -> list[Tensor]:
    """Masks (i, o) of the edges that are on and should go, those of weak nodes and inputs among them; a path to every
    varying output is left."""
    topology, live = model.topology, Draft.of(model).live()
    node_scores, edge_scores = scores(model, seen)
    strong = (
        [relative(e) >= threshold for e in edge_scores]
        if edges
        else [torch.ones_like(e[0], dtype=torch.bool) for e in edge_scores]
    )
    keep = [(mask.cpu().numpy() | ~on) for mask, on in zip(strong, live, strict=True)]
    for layer in range(topology.depth):
        if nodes if layer else inputs:
            strong_node = (relative(node_scores[layer]) >= threshold).cpu().numpy()
            keep[layer] &= strong_node[:, None]
            if layer:
                keep[layer - 1] &= np.repeat(strong_node, [len(f) for f in topology.factors[layer]])[None]
    varying = (edge_scores[-1].amax((1, 2)) > 0).cpu().numpy()
    if not varying.any():
        return [torch.zeros_like(mask) for mask in strong]
    reach = reached(topology, [on & stays for on, stays in zip(live, keep, strict=True)])[-1]
    for output in np.flatnonzero(varying & ~reach):
        for number, src, dst in strongest_path(
            topology, live, [e[output].cpu().numpy() for e in edge_scores], int(output)
        ):
            keep[number][src, dst] = True
    return [torch.as_tensor(on & ~stays, device=model.device) for on, stays in zip(live, keep, strict=True)]


def relative(score: Tensor) -> Tensor:
    """Scores (k, ...) as parts of the largest one for the output, or of 1 if that is less; the largest part over the
    outputs: (...)."""
    unit = score.flatten(1).amax(1).clamp(max=1.0)
    unit = unit.view(-1, *[1] * (score.ndim - 1))
    return torch.where(unit > 0, score / unit.clamp(min=torch.finfo(score.dtype).tiny), torch.zeros_like(score)).amax(0)


def strongest_path(
    topology: Topology, live: list[np.ndarray], weights: list[np.ndarray], output: int
) -> list[tuple[int, int, int]]:
    """The path of edges that are on, from some input to this output, whose weakest edge is strongest; empty when there
    is none."""
    width, come_from = np.ones(len(topology.node_ids[0])), []
    for layer, on in enumerate(live):
        through = np.where(
            on & (width >= 0)[:, None], np.minimum(width[:, None], weights[layer]), -1.0
        )  # (i, s); -1 where no path leads
        best = through.argmax(0)
        arrive, starts = through.max(0), np.cumsum([0, *(len(f) for f in topology.factors[layer + 1])])
        sub = [a + int(arrive[a:b].argmax()) for a, b in zip(starts[:-1], starts[1:], strict=True)]
        come_from.append([(int(best[s]), s) for s in sub])
        width = arrive[sub]
    if width[output] < 0:
        return []
    path, node = [], output
    for layer in reversed(range(topology.depth)):
        src, dst = come_from[layer][node]
        path.append((layer, src, dst))
        node = src
    return path[::-1]
