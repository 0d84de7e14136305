"""The verdict of a study: what the rows that judge say of its network, and what to keep in mind."""

from __future__ import annotations

from collections.abc import Sequence

from ..data import Table
from ..losses import Loss
from . import words
from .gross_errors import believed
from .scores import Scores, predict, scores
from .trained import Trained


def verdict(
    trained: Trained,
    rest: Table,
    held: Table,
    loss: Loss,
    network: Scores,
    rivals: dict[str, Scores | str],
    told: Sequence[str],
) -> str:
    """One paragraph.

    Args:
        trained: the network.
        rest, held: the rows that made it, and those that judge.
        loss: that scores.
        network: what the network scores.
        rivals: what baselines score, the trivial one first; none after an interruption.
        told: remarks on the table, which end it.
    """
    goal = ", ".join(held.outputs)
    near = believed(trained, held)
    mistakes = ""
    if 1 < len(near) < len(held):
        mistakes = words.judging_mistakes(len(held) - len(near), scores(near, predict(trained.model, near), loss))
    said = words.verdict(held.task, goal, network, rivals, mistakes)
    said += words.of_log(goal, trained.of_log if trained.model.active_edges() else None)
    said += words.far_values(trained.tame)
    if held.groups is not None:
        said += words.of_groups(len(held.groups.unique()))
    said += _outside(trained, rest, near, loss)
    return " ".join((said, *told))


def _outside(trained: Trained, rest: Table, held: Table, loss: Loss) -> str:
    """What rows beyond those of the fit do to the scores. `held`: the rows that judge and are no mistakes."""
    inside = ((held.X >= rest.X.amin(dim=0)) & (held.X <= rest.X.amax(dim=0))).all(dim=1)
    within = None
    if inside.any():
        within = scores(held.take(inside.nonzero()[:, 0]), predict(trained.model, held)[inside], loss)
    return words.extrapolated(held.task, len(held) - int(inside.sum()), within)
