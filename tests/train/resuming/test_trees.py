"""Trees of numbers and tensors come back as they were, and damaged files are told."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from edgewise.errors import CheckpointError
from edgewise.train.resuming import trees

TREE: dict[Any, Any] = {
    "tensors": [torch.arange(k, dtype=torch.float64) for k in range(12)],  # more than ten: "10" sorts before "2"
    "kinds": [torch.tensor(True), torch.tensor([1, 2]), torch.zeros(0, 3), torch.ones(2, 3).T],
    "numbers": [1, -0.0, 1e-310, math.inf, -math.inf, True, None, "text"],
    3: {"state": {0: {"step": torch.tensor(4.0)}}},
}


def equal(one: object, other: object) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(equal(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(equal, one, other))
    return repr(one) == repr(other)


def test_a_tree_comes_back_to_the_bit(tmp_path: Path):
    trees.write(TREE, tmp_path / "tree")
    assert equal(trees.read(tmp_path / "tree"), TREE)


def test_what_a_snapshot_cannot_hold_is_refused(tmp_path: Path):
    with pytest.raises(TypeError, match="numbers, text and tensors, got object"):
        trees.write({"a": object()}, tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("place", [0, 20, 200, -1])
def test_a_flipped_bit_is_found(tmp_path: Path, place: int):
    trees.write(TREE, tmp_path / "tree")
    raw = bytearray((tmp_path / "tree").read_bytes())
    raw[place] ^= 4
    (tmp_path / "tree").write_bytes(raw)
    with pytest.raises(CheckpointError, match="delete it and begin anew"):
        trees.read(tmp_path / "tree")


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\x03\x04" * 30])
def test_a_foreign_file_is_told(tmp_path: Path, content: bytes):
    (tmp_path / "tree").write_bytes(content)
    with pytest.raises(CheckpointError, match="holds no unfinished fit"):
        trees.read(tmp_path / "tree")


def test_a_digest_sees_every_number_and_every_kind():
    base = trees.digest(TREE)
    for change in ({"numbers": [2]}, {"kinds": [torch.tensor(1.0)]}, {"tensors": TREE["tensors"][:-1]}):
        assert trees.digest({**TREE, **change}) != base
    assert trees.digest(dict(TREE)) == base


def test_tensors_come_back_in_memory_of_their_own(tmp_path: Path):
    """In a file they lie at any address. Sums over vectors that do not begin at a cache line differ in their last bits
    on some processors."""
    trees.write(TREE, tmp_path / "tree")
    found: Any = trees.read(tmp_path / "tree")
    assert all(tensor.data_ptr() % 64 == 0 for tensor in found["tensors"])
