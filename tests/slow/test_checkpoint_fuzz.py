"""Thousands of altered checkpoint files with a right digest: each is refused in words, or gives a model that works."""

from __future__ import annotations

import json
import struct
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import altered
import edgewise as ew
from edgewise import checkpoint
from edgewise.errors import CheckpointError

pytestmark = pytest.mark.slow

NETWORKS = altered.networks()
STRIDE = 5  # every fifth alteration of each network, beginning elsewhere: all of them take some minutes
PLOTTED = 20  # every so many models that loaded are drawn, which is slow


@pytest.mark.parametrize("name", NETWORKS)
def test_altered_files_are_refused_or_work(name: str, tmp_path: Path) -> None:
    model, start = NETWORKS[name], list(NETWORKS).index(name) % STRIDE
    refused, works = 0, 0
    for file in islice(altered.altered_files(model), start, None, STRIDE):
        try:
            again = altered.loaded(file)
            if again is None:
                refused += 1
                continue
            altered.assert_works(again, tmp_path, finite=not file.huge)
            if works % PLOTTED == 0:
                _draw(again)
            works += 1
        except Exception as error:
            raise AssertionError(f"{name}, {file.name}: {type(error).__name__}: {error}") from error
    print(f"{name}: {refused} refused, {works} loaded and work")
    assert refused > 100 and works > 10


def _draw(model: ew.KAN) -> None:
    plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is an optional package")
    figure = altered.attempt(lambda: ew.plot(model, altered.inside(model)))
    plt.close(figure) if figure is not None else None


def test_altered_containers_are_refused_or_change_nothing() -> None:
    """The header of the safetensors file itself: number formats, shapes and offsets of its tensors."""
    raw = checkpoint.to_bytes(NETWORKS["plain"])
    length = struct.unpack("<Q", raw[:8])[0]
    header: dict[str, Any] = json.loads(raw[8 : 8 + length])
    for name, changed in altered.altered_headers(header):
        text = json.dumps(changed).encode()
        try:
            model = checkpoint.from_bytes(struct.pack("<Q", len(text)) + text + raw[8 + length :])
        except CheckpointError:
            continue
        assert checkpoint.to_bytes(model) == raw, name
