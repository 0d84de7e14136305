"""straight_on: one more layer behind the outputs, which changes none of them."""

from __future__ import annotations

from ..model import KAN
from .edits import deepen
from .structure import remove


def straight_on(model: KAN) -> KAN:
    """The same function with one more layer behind the outputs: each goes straight on, by an edge of its own.

    Args:
        model: a network of any number of outputs, whose degree is at least 1, or whose base is the identity.

    Raises:
        StructureError: for another degree and base.

    >>> import edgewise as ew
    >>> straight_on(ew.KAN((3, 2))).active_edges()[-2:]
    [(1, 0, 0), (1, 1, 1)]
    """
    last, nodes = model.topology.depth, model.topology.node_ids[-1]
    return remove(deepen(model, last), edges=[(last, a, b) for a in nodes for b in nodes if a != b])
