"""Terms: a residual's derivatives by the solution and by unknowns are those of autograd; shapes are checked."""

from __future__ import annotations

import pytest
import torch

from edgewise.errors import ConfigError, ShapeError
from edgewise.pde.field import Unknown
from edgewise.pde.indices import Indices
from edgewise.pde.residual_terms import ResidualTerm, called, columns
from helpers import assert_close, assert_equal

INDICES = Indices.closing([(2, 0), (0, 1)])
K = Unknown("k", 0.3)


def burgers(u, x, given):
    return u(1) + u() * u(0) - u[K] * u(0, 0) - given


def term(places: int = 1, residual=burgers) -> ResidualTerm:
    x = torch.rand(6 * places, 2, dtype=torch.float64)
    return ResidualTerm("it", x, x[:, :1].sin(), residual, INDICES, places)


def test_slopes_are_those_of_calculus():
    derivatives = torch.randn(len(INDICES), 6, 1, dtype=torch.float64)
    it = term()
    found = it.slopes(derivatives, {"k": torch.tensor(0.3, dtype=torch.float64)})
    u, ux, ut, uxx = (derivatives[INDICES.position[entry]] for entry in ((0, 0), (1, 0), (0, 1), (2, 0)))
    assert_close(found.value, ut + u * ux - 0.3 * uxx - it.given)
    for entry, want in {(0, 0): ux, (1, 0): u, (0, 1): torch.ones_like(u), (2, 0): torch.full_like(u, -0.3)}.items():
        assert_close(found.by_solution[INDICES.position[entry], :, 0], want)
    assert_close(found.by_unknowns[:, 0], -uxx)


def test_a_residual_that_couples_two_places_has_slopes_at_both():
    it = term(2, lambda u, x, given: u().chunk(2)[0] - 2 * u().chunk(2)[1])
    found = it.slopes(torch.randn(len(INDICES), 12, 1, dtype=torch.float64), {})
    assert found.value.shape == (6, 1) and found.by_unknowns.shape == (6, 1, 0)
    assert found.by_solution[0, :, 0, 0].tolist() == [1.0] * 6 + [-2.0] * 6


def test_parts_keep_places_together():
    it = term(2)
    part = it.part(slice(2, 4))
    assert part.count == 2
    assert_equal(part.x, it.x[[2, 3, 8, 9]])


def test_columns_are_joined():
    assert columns((torch.zeros(3), torch.zeros(3, 2)), 3, "it").shape == (3, 3)


@pytest.mark.parametrize("answer, error, words", [
    (torch.zeros(2), ShapeError, "for 3 points"),
    (torch.tensor(0.0), ShapeError, "for 3 points"),
    (None, ConfigError, "must give a tensor"),
    ((), ConfigError, "nothing"),
])  # fmt: skip
def test_other_results_are_refused(answer, error, words):
    with pytest.raises(error, match=words):
        columns(answer, 3, "the equation")


def test_errors_of_the_user_are_told_and_ours_go_through():
    with pytest.raises(ConfigError, match="the value failed when it was called: ZeroDivisionError"):
        called(lambda: 1 / 0, "the value")

    def ours():
        raise ShapeError("as it is")

    with pytest.raises(ShapeError, match="as it is"):
        called(ours, "the value")
