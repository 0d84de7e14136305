"""Files with one header and a digest: what is packed comes back, and what was changed is told."""

from __future__ import annotations

import pytest
import torch

from edgewise.container import digest_of, header_text, pack, unpack
from edgewise.errors import CheckpointError

TENSORS = {"a": torch.arange(3.0), "b": torch.zeros(0, 2, dtype=torch.float64)}
HEADER = {"format": 2, "version": "1.0", "about": [1, "ü"]}


def test_what_is_packed_comes_back_and_equal_content_gives_equal_bytes():
    raw = pack(TENSORS, "key", HEADER)
    tensors, header, number = unpack(raw, "key", ("about",), 2, "it")
    assert number == 2 and header == HEADER
    assert {name: value.tolist() for name, value in tensors.items()} == {"a": [0, 1, 2], "b": []}
    assert raw == pack(dict(reversed(TENSORS.items())), "key", dict(reversed(HEADER.items())))


def test_a_field_that_is_missing_and_a_later_format_are_told():
    raw = pack(TENSORS, "key", HEADER)
    with pytest.raises(CheckpointError, match="it is damaged: KeyError: 'other'"):
        unpack(raw, "key", ("other",), 2, "it")
    with pytest.raises(CheckpointError, match="format 2, of edgewise '1.0'; this is .* reads up to 1: update it"):
        unpack(raw, "key", ("about",), 1, "it")


def test_every_changed_byte_of_the_tensors_is_found():
    raw = pack({"a": TENSORS["a"]}, "key", HEADER)
    start = len(raw) - 12
    for place in range(start, len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(CheckpointError, match="does not match its digest"):
            unpack(changed, "key", (), 2, "it")


def test_the_digest_tells_names_shapes_and_kinds_apart():
    same = [{"a": torch.zeros(4)}, {"b": torch.zeros(4)}, {"a": torch.zeros(2, 2)}, {"a": torch.zeros(2).double()}]
    assert len({digest_of(header_text(HEADER), tensors) for tensors in same}) == 4
