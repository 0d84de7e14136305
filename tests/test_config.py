"""KANConfig: one canonical form, and every mistake named at once."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from edgewise.config import KANConfig, is_int
from edgewise.errors import ConfigError


@pytest.mark.parametrize(
    ("widths", "want"),
    [
        ((2, 5, 1), ((2, ()), (5, ()), (1, ()))),
        ([2, 5, 1], ((2, ()), (5, ()), (1, ()))),
        ((2, (3, 1), 1), ((2, ()), (3, (2,)), (1, ()))),
        ((2, (3, 2), 1), ((2, ()), (3, (2, 2)), (1, ()))),
        ((3, (3, (2, 3)), (0, (4,))), ((3, ()), (3, (2, 3)), (0, (4,)))),
        (((2, ()), (3, 0), 1), ((2, ()), (3, ()), (1, ()))),
        ((np.int64(2), np.int32(1)), ((2, ()), (1, ()))),
    ],
)
def test_widths_have_one_form(widths: Any, want: Any):
    config = KANConfig.create(widths)
    assert config.widths == want
    assert KANConfig.create(config.widths).widths == want
    assert all(type(sums) is int for sums, _ in config.widths)


def test_every_setting_has_one_form():
    assert KANConfig.create((2, 3, 1), grid_size=4).grid_size == (4, 4)
    assert KANConfig.create((2, 3, 1), grid_size=[4, 6]).grid_size == (4, 6)
    assert KANConfig.create((2, 1), base=None).base == "none"
    assert KANConfig.create((2, 1), domain=(0, 2)).domain == (0.0, 2.0)
    config = KANConfig.create((2, 1))
    assert (config.degree, config.base, config.domain, config.seed) == (3, "silu", (-1.0, 1.0), 0)
    assert KANConfig.create(**dataclasses.asdict(config)) == config
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.degree = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"widths": (2,)}, r"widths needs at least 2 entries, got \(2,\)"),
        ({"widths": ()}, "at least 2 entries"),
        ({"widths": 5}, r"widths must be a sequence such as \(2, 5, 1\), got 5"),
        ({"widths": "251"}, "widths must be a sequence"),
        ({"widths": (2, 0, 1)}, r"widths\[1\] must be at least 1, got 0"),
        ({"widths": (2, 2.5)}, r"widths\[1\] must be a number or \(sums, products\), got 2.5"),
        ({"widths": (True, 1)}, r"widths\[0\] must be a number or"),
        ({"widths": ((2, 1), 1)}, r"widths\[0\] is the number of inputs and cannot hold products"),
        ({"widths": (2, (3, (1,)), 1)}, "arities of at least 2"),
        ({"widths": (2, (0, 0), 1)}, "at least one node"),
        ({"widths": (2, (-1, 2), 1)}, "cannot be negative"),
        ({"grid_size": 0}, "grid_size must be an integer >= 1"),
        ({"grid_size": 2.0}, "grid_size must be an integer >= 1"),
        ({"grid_size": (3, 4, 5)}, r"one entry per layer of edges \(2\), got 3"),
        ({"grid_size": np.array([3, 4])}, "grid_size must be an integer >= 1, or one per layer"),
        ({"degree": -1}, "degree must be an integer from 0 to 7, got -1"),
        ({"degree": 8}, "degree must be an integer from 0 to 7, got 8"),
        ({"degree": True}, "degree must be an integer"),
        ({"base": "sliu"}, "base must be one of silu, identity, none, got 'sliu'; did you mean 'silu'?"),
        ({"domain": (1, 1)}, "low < high"),
        ({"domain": (0, math.inf)}, "finite"),
        ({"domain": (math.nan, 1)}, "low < high"),
        ({"domain": 3}, "pair of numbers"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"seed": 0.5}, "seed must be an integer >= 0"),
    ],
)
def test_one_mistake_is_named(settings: dict[str, Any], words: str):
    with pytest.raises(ConfigError, match=words):
        KANConfig.create(**{"widths": (2, 5, 1), **settings})


def test_all_mistakes_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        KANConfig.create((2,), grid_size=0, degree=9, base="x", domain=(1, 0), seed=-2)
    text = str(caught.value)
    assert text.startswith("6 problems: ")
    for word in ("widths", "grid_size", "degree", "base", "domain", "seed"):
        assert word in text


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (3, True),
        (np.int8(3), True),
        (True, False),
        (np.bool_(1), False),
        (3.0, False),
        (np.ones(2, int), False),
        ("3", False),
    ],
)
def test_whole_numbers(value: object, want: bool):
    assert is_int(value) is want
