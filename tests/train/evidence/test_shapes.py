"""What the function of an input is held to, as inequalities of spline coefficients."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from edgewise import grid, spline
from edgewise.errors import ConfigError
from edgewise.metadata import Metadata
from edgewise.train.evidence.shapes import Shape, faults_of, shapes_of, with_periods

KNOTS = grid.from_breaks(torch.tensor([[0.0, 0.1, 0.3, 0.35, 0.7, 1.0]], dtype=torch.float64), 3)[0]
X = torch.linspace(-1, 2, 3001, dtype=torch.float64)[:, None]


def values(coef: torch.Tensor, derivative: int = 0) -> torch.Tensor:
    return spline(X, coef[None, :, None], KNOTS[None], degree=3, derivative=derivative)[:, 0]


@pytest.mark.parametrize("words", ["increasing", "decreasing", "convex", "concave", ("decreasing", "convex")])
def test_coefficients_that_no_wall_forbids_keep_the_shape_everywhere(words: Any):
    shape, generator = Shape.of(words), torch.Generator().manual_seed(0)
    walls, of_slope = shape.walls(KNOTS, 3)
    assert len(walls) == len(of_slope) and bool((walls.abs() <= 1).all())
    for _ in range(20):
        coef = torch.randn(8, dtype=torch.float64, generator=generator)
        coef = shape.repaired(coef, KNOTS, 3)
        assert float((walls @ coef).min()) > -1e-12
        assert float((shape.slope * values(coef, 1)).min()) > -1e-12
        bends = (shape.bend * values(coef).diff(n=2)).min()
        assert float(bends) > -1e-12


def test_coefficients_that_keep_a_shape_are_not_changed():
    coef = torch.tensor([0.0, 0.5, 0.5, 1.0, 4.0, 5.0, 5.5, 9.0], dtype=torch.float64)
    torch.testing.assert_close(Shape(1, 0).repaired(coef, KNOTS, 3), coef, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ("increasing", "must be a dict"),
        ({"a": "rising"}, "did you mean 'increasing'"),
        ({"a": ("increasing", "decreasing")}, "increasing and decreasing are opposites"),
        ({"a": ("increasing", "increasing")}, "say the same thing of it twice"),
        ({"a": ()}, "must be one or more of"),
        ({"a": 3}, "must be one or more of"),
        ({1.5: "convex"}, "the name of an input, or its position"),
        ({"a": "periodic:0"}, "a period is a number above zero"),
        ({"a": "periodic:day"}, "a period is a number above zero"),
        ({"a": ("periodic", "periodic:2")}, "say the same thing of it twice"),
        ({"a": ("periodic:2", "convex")}, "which only a constant does"),
        ({"a": ("concave", "non-negative")}, "which only a constant does"),
        ({"a": "nonnegative"}, "did you mean 'non-negative'"),
    ],
)
def test_what_constraints_cannot_be_is_told(constraints: Any, words: str):
    assert any(words in fault for fault in faults_of(constraints))


def test_not_to_be_negative_asks_for_no_walls_of_its_own():
    for words in ("convex", "increasing", ("decreasing", "convex")):
        several = (words,) if isinstance(words, str) else words
        for own, other in zip(
            Shape.of(several).walls(KNOTS, 3), Shape.of((*several, "non-negative")).walls(KNOTS, 3), strict=True
        ):
            assert torch.equal(own, other)
    assert not any(len(part) for part in Shape.of("non-negative").walls(KNOTS, 3))


def test_a_period_without_a_number_is_the_range_of_the_rows():
    rows = torch.tensor([[1.0, 0.0], [4.0, 1.0]], dtype=torch.float64)
    found = with_periods({"hour": ("periodic", "non-negative"), 0: "periodic:7"}, Metadata(inputs=("a", "hour")), rows)
    assert found == {"hour": ("periodic:1.0", "non-negative"), 0: ("periodic:7",)}
    assert shapes_of(found, Metadata(inputs=("a", "hour")), 2, torch.float64).words(("a", "hour")) == (
        "hour non-negative and periodic:1, a periodic:7"
    )


@pytest.mark.parametrize(
    ("constraints", "words"),
    [
        ({"aeg": "convex"}, "did you mean 'age'"),
        ({5: "convex"}, "inputs are 0 to 2"),
        ({"c": "convex"}, "'c', which is no input; the column became c=red, c=blue"),
        ({"c=red": "convex"}, "a level and no number"),
        ({"age": "convex", 0: "convex"}, "twice"),
    ],
)
def test_inputs_that_are_none_are_told(constraints: Any, words: str):
    metadata = Metadata(inputs=("age", "c=red", "c=blue"), categories={"c": ("red", "blue")})
    with pytest.raises(ConfigError, match=words):
        shapes_of(constraints, metadata, 3, torch.float64)


def test_shapes_are_found_by_name_and_by_position():
    found = shapes_of({"x2": "convex", 0: ("increasing", "concave")}, Metadata(), 3, torch.float64)
    assert found.each == {1: Shape(0, 1), 0: Shape(1, -1)}
    assert found.words(()) == "x2 convex, x1 increasing and concave"
    assert found.of((0, 2)) == {0: Shape(1, -1)}
