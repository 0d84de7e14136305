"""Settings are read as pyyaml writes them; what is no plain value is kept by the name of its kind, and never made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.errors import CheckpointError
from edgewise.imports.flat_yaml import Unread, read_entries

GOLDEN = Path(__file__).parents[1] / "golden" / "pykan"


@pytest.mark.parametrize(
    "text, want",
    [
        ("a: 3", 3),
        ("a: -0.02", -0.02),
        ("a: 1.0e-05", 1e-5),
        ("a: true", True),
        ("a: null", None),
        ("a:", None),
        ("a: ./model", "./model"),
        ("a: '0'", "0"),
        ("a: 'it''s'", "it's"),
        ('a: "x\\u00e9"', "xé"),
        ("a: 1/sqrt(x)", "1/sqrt(x)"),
        ("a: []", []),
        ("a:\n- 1\n- 2", [1, 2]),
        ("a:\n  - 1\n  - x", [1, "x"]),
        ("a:\n- - 1\n  - 2\n- []\n- - x", [[1, 2], [], ["x"]]),
        ("a:\n- - - 1\n  - - 2", [[[1], [2]]]),
        ("a:\n-\n  - 1\n  - 2", [[1, 2]]),
        ("a: !!python/tuple\n- 1\n- 2", [1, 2]),
        ("a: !!python/object:torch.nn.SiLU\n  training: true", Unread("python/object:torch.nn.SiLU")),
        ("a:\n- - !!python/object/apply:numpy.int64\n    - 1\n  - 0", [[Unread("python/object/apply:numpy.int64"), 0]]),
        ("a: *nowhere", Unread("*nowhere")),
        ("# a comment\na: 1\n\n", 1),
    ],
)
def test_every_kind_of_value(text, want):
    assert read_entries(text)["a"] == want


def test_values_that_stand_elsewhere_are_found_there():
    found = read_entries("a: &id001\n- 1\n- &id002\n  - 2\nb: *id001\nc:\n- *id002\n- *id002\n")
    assert found == {"a": [1, [2]], "b": [1, [2]], "c": [[2], [2]]}


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.glob("*_config.yml")))
def test_pykans_own_files_are_read(name):
    found = read_entries((GOLDEN / name).read_text())
    assert all(isinstance(pair, list) and len(pair) == 2 for pair in found["width"])
    assert found["symbolic_enabled"] is (name != "no_symbols_config.yml")
    assert isinstance(found["symbolic.funs_name.0"][0][0], str)


def test_lists_nested_without_end_are_let_be():
    assert "nested too deep" in str(read_entries("a:\n" + "- " * 5000 + "1"))


@settings(derandomize=True, deadline=None)
@given(st.text(alphabet="ab:-&*!'\"[]{} \n12.0", max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        read_entries(text)
    except CheckpointError as error:
        assert str(error)
