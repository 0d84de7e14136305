"""Which part of a network a picture shows: the most important edges, and the nodes that they join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import ConfigError
from .content import Content, EdgeContent, NodeContent

MOST_READABLE = 40  # edges of a layer: as many cards as stand in one row of the widest picture


def select(content: Content, *, top: int | None = None, threshold: float = 0.0) -> Content:
    """The content with at most `top` edges in each layer, none of them scored below `threshold`, and what they join.

    Layers are cut from the outputs down. First come the most important edges into each node that is still there, then
    the most important of the rest. So every node keeps a way to the outputs. A node that loses all its edges is left
    out. `note` says how much is not shown. Nothing changes where nothing is too much.

    Raises `ConfigError` for a threshold that hides every edge.
    """
    scores = [edge.score for layer in content.edges for edge in layer]
    if scores and max(scores) < threshold:
        raise ConfigError(
            f"threshold={threshold:g} hides all {len(scores)} edges, whose largest score is {max(scores):.3g}; choose a"
            " lower one"
        )
    chosen = _chosen(content, top, threshold)
    shown = [_still_joined(content, level, chosen, top) for level in range(len(content.nodes))]
    return _rebuilt(content, shown, chosen)


def _chosen(content: Content, top: int | None, threshold: float) -> list[list[EdgeContent]]:
    """The edges that stay, by layer; below the outputs only those whose target is the source of one that stays."""
    chosen: list[list[EdgeContent]] = []
    targets = set(range(len(content.nodes[-1])))
    for layer in reversed(range(len(content.edges))):
        owners = _owners(content.nodes[layer + 1])
        leading = [e for e in content.edges[layer] if e.score >= threshold and owners[e.dst] in targets]
        chosen.insert(0, _most_important(leading, top))
        targets = {edge.src for edge in chosen[0]}
    return chosen


def _owners(nodes: Sequence[NodeContent]) -> list[int]:
    """The position of the node that each subnode belongs to."""
    return [place for place, node in enumerate(nodes) for _ in node.factors]


def _most_important(edges: Sequence[EdgeContent], top: int | None) -> list[EdgeContent]:
    """At most `top` edges in their order, the most important one into each subnode first."""
    if top is None or len(edges) <= top:
        return list(edges)
    order = sorted(range(len(edges)), key=lambda k: -edges[k].score)
    first: dict[int, int] = {}
    for k in order:
        first.setdefault(edges[k].dst, k)
    best = list(first.values())
    chosen = [*best, *(k for k in order if k not in set(best))][:top]
    return [edges[k] for k in sorted(chosen)]


def _still_joined(content: Content, level: int, chosen: list[list[EdgeContent]], top: int | None) -> list[int]:
    """The positions of nodes with an edge left, and of those that never had one, unless there are more than `top`."""
    nodes = content.nodes[level]
    if level < len(chosen):
        before, after = ({edge.src for edge in edges} for edges in (content.edges[level], chosen[level]))
    else:
        owners = _owners(nodes)
        before, after = ({owners[edge.dst] for edge in edges} for edges in (content.edges[-1], chosen[-1]))
    idle = set() if top is not None and len(nodes) > top else set(range(len(nodes))) - before
    return sorted(idle | after)


def _rebuilt(content: Content, shown: list[list[int]], edges: list[list[EdgeContent]]) -> Content:
    """The content of these nodes and edges, at their new positions."""
    nodes = [tuple(layer[k] for k in keep) for layer, keep in zip(content.nodes, shown, strict=True)]
    layers = []
    for number, layer in enumerate(edges):
        owners = _owners(content.nodes[number + 1])
        sources = {old: new for new, old in enumerate(shown[number])}
        kept = set(shown[number + 1])
        targets = {old: new for new, old in enumerate(k for k, owner in enumerate(owners) if owner in kept)}
        layers.append(tuple(replace(edge, src=sources[edge.src], dst=targets[edge.dst]) for edge in layer))
    return Content(tuple(nodes), tuple(layers), _note(content, nodes, layers))


def _note(content: Content, nodes: Sequence[Sequence[object]], edges: Sequence[Sequence[object]]) -> str:
    """How much is not shown, in a sentence; nothing where everything is."""
    counts = [
        (what, sum(map(len, whole)), sum(map(len, kept)))
        for what, whole, kept in (
            ("inputs", content.nodes[:1], nodes[:1]),
            ("hidden nodes", content.nodes[1:-1], nodes[1:-1]),
            ("outputs", content.nodes[-1:], nodes[-1:]),
            ("edges", content.edges, edges),
        )
    ]
    left_out = [(whole - kept, f"{whole - kept} of {whole} {what}") for what, whole, kept in counts if kept < whole]
    if not left_out:
        return ""
    words = [text for _, text in left_out]
    listed = " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    return f"{listed} {'is' if [n for n, _ in left_out] == [1] else 'are'} not shown."
