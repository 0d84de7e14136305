"""A file of an unfinished fit whose content was altered, and its digest with it, is refused in words or goes on."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from edgewise.errors import CheckpointError, EdgewiseError
from edgewise.train.resuming import trees
from edgewise.train.resuming.soundness import are_chapters

from .test_journal import CASES, fit, killed_at


def places(tree: Any, road: tuple = ()) -> list[tuple]:
    """Roads to all parts of a tree."""
    inside = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [road, *(found for key, part in inside for found in places(part, (*road, key)))]


def other_than(value: Any, dice: random.Random) -> Any:
    """Something that does not belong in the place of a value."""
    if isinstance(value, torch.Tensor):
        flat = value.reshape(-1)
        return dice.choice(
            [flat[: max(1, len(flat) // 2)].clone(), value.float(), value[None], flat.repeat(2), 0.5, None]
        )
    return dice.choice([None, -1, "word", [], {}, 1e300, [1, 2], torch.zeros(2, dtype=torch.float64)])


def altered(tree: Any, road: tuple, dice: random.Random) -> Any:
    """A tree with something else at the end of a road, or nothing."""
    if not road:
        return other_than(tree, dice)
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(road) == 1 and dice.random() < 0.3:
        del copy[road[0]]
    else:
        copy[road[0]] = altered(tree[road[0]], road[1:], dice)
    return copy


def resumed_from_altered(case: str, folder: Path, count: int) -> list[str]:
    """What foreign errors came of so many altered files, in words."""
    state = folder / "state"
    assert killed_at(6, case, state)
    whole, dice, foreign = trees.read(state), random.Random(5), []
    roads = [road for road in places(whole) if road]
    for _ in range(count):
        road = dice.choice(roads)
        trees.write(altered(whole, road, dice), state)
        try:
            fit(case, resume=state)
        except EdgewiseError:
            pass
        except Exception as error:
            foreign.append(f"{road}: {type(error).__name__}: {error}")
    return foreign


@pytest.mark.parametrize("case", ["lm", "factory", "lbfgs"])
def test_altered_states_end_in_our_errors(case: str, tmp_path: Path):
    assert resumed_from_altered(case, tmp_path, 12) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_many_altered_states_end_in_our_errors(case: str, tmp_path: Path):
    assert resumed_from_altered(case, tmp_path, 30) == []


def test_moments_of_another_shape_are_refused(tmp_path: Path):
    """torch's kernels would write beyond them."""
    state = tmp_path / "state"
    assert killed_at(6, "factory", state)
    tree: Any = trees.read(state)
    for moments in tree["chapters"]["fit"]["now"]["solver"]["optimizer"]["state"].values():
        moments["exp_avg"] = moments["exp_avg"].reshape(-1)[:1].clone()
    trees.write(tree, state)
    with pytest.raises(CheckpointError, match="moments of another shape"):
        fit("factory", resume=state)


def test_chapters_are_told_from_other_trees():
    good = {"fit": {"digest": "a", "runs": [], "now": None, "lists": {}}}
    assert are_chapters(good) and are_chapters({})
    for bad in (
        [1, 2],
        {"fit": {}},
        {"fit": {**good["fit"], "now": 0}},
        {"fit": {**good["fit"], "runs": [{"end": {}}]}},
    ):
        assert not are_chapters(bad)
