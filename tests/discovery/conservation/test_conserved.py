"""conserved: what is found of known systems, and that nothing is found where nothing is conserved."""

from __future__ import annotations

import pytest
import sympy
import torch
from torch import Tensor

import edgewise as ew
from edgewise.errors import ShapeError


def states(n: int, d: int, low: float = -1.0, high: float = 1.0) -> Tensor:
    return low + (high - low) * torch.rand(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def kepler(X: Tensor) -> Tensor:
    force = -X[:, :2] / X[:, :2].norm(dim=1, keepdim=True) ** 3
    return torch.cat([X[:, 2:], force], 1)


SYSTEMS = {
    "two springs": (lambda X: torch.cat([X[:, 2:], -X[:, :2]], 1), states(400, 4), 3, "x y u v"),
    "an orbit": (kepler, states(500, 4) + torch.tensor([1.5, 0, 0, 0]), 3, "x y u v"),
    "a pendulum": (lambda X: torch.stack([X[:, 1], -X[:, 0].sin()], 1), states(200, 2), 1, "a w"),
    "a top": (
        lambda X: torch.stack([-X[:, 1] * X[:, 2] / 2, X[:, 0] * X[:, 2] / 3, 0.4 * X[:, 0] * X[:, 1]], 1),
        states(200, 3),
        2,
        "a b c",
    ),
    "hunters and prey": (
        lambda X: torch.stack([X[:, 0] * (1 - X[:, 1]), X[:, 1] * (X[:, 0] - 2)], 1),
        states(200, 2, 0.5, 3.0),
        1,
        "a b",
    ),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_that_is_conserved_is_found_in_closed_form(name):
    """The formulas' time derivatives vanish as computer algebra has them, not on some rows only."""
    velocity, X, count, names = SYSTEMS[name]
    found = ew.conserved(X, velocity, inputs=names.split(), progress=False)
    assert found.independent == count and len(found.laws) == X.shape[1]
    symbols = sympy.symbols(names)
    for one in found.quantities:
        rate = sympy.Add(*(one.expression.diff(s) * sympy.nsimplify(found.laws[str(s)].expression) for s in symbols))
        assert sympy.simplify(rate) == 0, one
        assert one.drift < 1e-10


@pytest.mark.slow
def test_an_orbit_keeps_energy_angular_momentum_and_the_direction_of_its_axis():
    velocity, X, _, names = SYSTEMS["an orbit"]
    found = ew.conserved(X, velocity, inputs=names.split(), progress=False)
    x, y, u, v = (X[:, i] for i in range(4))
    r, turn = (x**2 + y**2).sqrt(), x * v - y * u
    known = [(u**2 + v**2) / 2 - 1 / r, turn, v * turn - x / r, -u * turn - y / r]
    columns = torch.stack([torch.ones_like(x), *(one(X) for one in found.quantities)], 1)
    for one in known:
        left = one - columns @ torch.linalg.lstsq(columns, one[:, None]).solution[:, 0]
        assert float(left.abs().max()) < 1e-10


ORBIT = (
    "-2/sqrt(x**2 + y**2) + v**2 + u**2",
    "y*u - x*v",
    "x/sqrt(x**2 + y**2) + y*u*v - x*v**2",
    "y/sqrt(x**2 + y**2) - y*u**2 + x*u*v",
)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_states_near_a_pole_hide_none_of_the_others(seed):
    """Forces differ by a factor of thousands. The quantities are those of states far away, and no mixtures of them."""
    X = torch.randn(500, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = ew.conserved(X, kepler, inputs=("x", "y", "u", "v"), progress=False)
    assert tuple(map(str, found.quantities)) == ORBIT and found.independent == 3
    assert [str(found.laws[name]) for name in "uv"] == ["-x/(x**2 + y**2)**(3/2)", "-y/(x**2 + y**2)**(3/2)"]


@pytest.mark.slow
def test_the_message_counts_and_names_the_columns_without_a_law():
    X = states(300, 3)
    spring = torch.stack([X[:, 1], -X[:, 0]], 1)
    alone = ew.conserved(X[:, :2], spring, inputs=("x", "v"), progress=False)
    assert alone.message == "1 conserved quantity; a flow in 2 columns has 1 at most"
    noise = torch.randn(300, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rates = torch.cat([spring, noise[:, None]], 1)
    beside = ew.conserved(X, rates, inputs="x v w".split(), seconds=3, progress=False)
    assert sorted(beside.laws) == ["v", "x"] and [str(one) for one in beside.quantities] == ["v**2 + x**2"]
    assert beside.message.split("; ")[-1].startswith(
        ("no law was found for the velocity of w", "the search for the law")
    )


def test_the_message_tells_a_search_that_was_cut_short():
    X = states(300, 4, 1.0, 2.0)
    hurried = ew.conserved(X, kepler, inputs="x y u v".split(), seconds=1e-9, progress=False)
    missing = [name for name in "xyuv" if name not in hurried.laws]
    assert missing and f"velocity of {', '.join(missing)} was cut short: give it more seconds" in hurried.message


def test_products_that_few_states_cannot_tell_apart_are_not_said_to_be_tried():
    """The energy of Henon and Heiles has terms of three factors."""

    def stars(X):
        x, y, u, v = X.T
        return torch.stack([u, v, -x - 2 * x * y, -y - x**2 + y**2], 1)

    few = ew.conserved(states(131, 4), stars, progress=False)
    assert not few.quantities
    assert few.message == (
        "nothing found that is conserved, of products of up to 2 factors; products of 3 factors were not tried: their"
        " 35 terms need 132 states"
    )
    enough = ew.conserved(states(132, 4), stars, progress=False)
    assert len(enough.quantities) == 1 and "products of 4 factors were not tried" in enough.message


@pytest.mark.slow
def test_nothing_is_told_of_a_system_that_loses_energy_or_of_noise():
    X = states(300, 2)
    damped = torch.stack([X[:, 1], -X[:, 0] - 0.1 * X[:, 1]], 1)
    assert not ew.conserved(X, damped, progress=False).quantities
    noise = torch.randn(300, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    nothing = ew.conserved(X, noise, progress=False, seconds=4)
    assert nothing.quantities == () and nothing.independent == 0 and "nothing" in nothing.message


def test_products_of_what_is_known_are_no_new_quantities():
    """The energy of a spring is all that it keeps, though its square is conserved, too."""
    X = states(300, 2)
    found = ew.conserved(X, torch.stack([X[:, 1], -2 * X[:, 0]], 1), inputs=("x", "v"), progress=False)
    assert [str(one) for one in found.quantities] == ["v**2 + 2*x**2"]
    assert torch.allclose(found.quantities[0](X), X[:, 1] ** 2 + 2 * X[:, 0] ** 2)


def test_velocities_of_another_shape_are_told():
    X = torch.rand(80, 4, dtype=torch.float64)
    for wrong in (X[:, :2], X[:70]):
        with pytest.raises(ShapeError, match=r"velocity has shape .* wanted that of X, \(80, 4\)"):
            ew.conserved(X, wrong, progress=False)


def test_what_does_not_move_is_said_to():
    X = torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = ew.conserved(X, 0 * X, progress=False)
    assert found.message == "velocity is zero: every function of X is conserved"
