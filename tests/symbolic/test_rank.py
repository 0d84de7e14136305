"""Ranking of closed forms on one edge: scale-free, exact on exact data, simple where the data allow it."""

from __future__ import annotations

import math

import pytest
import torch

from edgewise.errors import DataError, SymbolicError
from edgewise.primitives import add_primitive, get, ranked, remove_primitive
from edgewise.symbolic import order, rank, rank_many
from edgewise.symbolic.initial_guesses import proposals

F = torch.float64


def uniform(low: float, high: float, count: int = 400, seed: int = 0) -> torch.Tensor:
    return low + (high - low) * torch.rand(count, dtype=F, generator=torch.Generator().manual_seed(seed))


# name, range of x, (a, b, c, d) in canonical form
EXACT = [
    ("sin", (-1, 1), (math.pi, 0.0, 1e-4, 3.0)),
    ("sin", (-1, 1), (40.0, 1.0, 1.0, 0.0)),
    ("sin", (100, 103), (1.0, 0.5, -2.0, 0.0)),
    ("exp", (-1, 1), (1.0, 0.0, 1.0, 1e3)),
    ("exp", (999, 1002), (1.0, -1000.0, 1.0, 0.0)),
    ("J0", (-1, 1), (20.0, 0.0, 1.0, 0.0)),
    ("J0", (0, 1), (20.0, 0.0, 1.0, 0.0)),
    ("tan", (-1.56, 1.56), (1.0, 0.0, 1.0, 0.0)),
    ("tan", (0, 1.57), (1.0, 0.0, 1.0, 0.0)),
    ("tanh", (-1, 1), (50.0, -10.0, 1.0, 0.0)),
    ("sqrt", (0, 1), (1.0, 0.0, 3.0, 1.0)),
    ("sqrt", (-1, 0.5), (-1.0, 0.5, 1.0, 0.0)),
    ("log", (0, 1), (1.0, 0.0, 1.0, 0.0)),
    ("1/x", (0.01, 1), (1.0, 0.0, 1.0, 0.0)),
    ("1/x", (-1, 1), (1.0, 0.0, 1.0, 0.0)),
    ("1/x^2", (0.1, 1), (1.0, 0.0, 1.0, 0.0)),
    ("1/x^3", (0.5, 1), (1.0, 0.2, -1.0, 0.0)),
    ("1/sqrt", (-0.8, 0.8), (-1.0, 1.0, 1.0, 0.0)),
    ("x", (-1, 1), (1.0, 0.0, 2.0, 1.0)),
    ("x^2", (-1, 1), (1.0, -0.3, 1.0, 0.0)),
    ("x^2", (50, 60), (1.0, 0.0, 1.0, 0.0)),
    ("x^3", (-1, 1), (1.0, -0.3, 1.0, 0.0)),
    ("x^4", (-1, 1), (1.0, 0.0, 5.0, -5.0)),
    ("x^5", (-1, 1), (1.0, 0.0, 1.0, 0.0)),
    ("x^1.5", (0, 1), (1.0, 0.0, 1.0, 0.0)),
    ("gaussian", (-3, 3), (math.sqrt(0.5), 0.0, 1.0, 0.0)),
    ("sinh", (-2, 2), (1.0, 0.3, 1.0, 0.0)),
    ("cosh", (-2, 2), (1.0, 0.3, 1.0, 0.0)),
    ("arcsin", (-1, 1), (1.0, 0.0, 1.0, 0.0)),
    ("arctan", (-5, 5), (1.0, 0.0, 1.0, 0.0)),
    ("arcsinh", (-5, 5), (1.0, 0.0, 1.0, 0.0)),
    ("arccosh", (1, 5), (1.0, 0.0, 1.0, 0.0)),
    ("arctanh", (-0.99, 0.99), (1.0, 0.0, 1.0, 0.0)),
    ("erf", (-2, 2), (1.0, 0.0, 1.0, 0.0)),
    ("softplus", (-5, 5), (1.0, 0.0, 1.0, 0.0)),
    ("abs", (-1, 1), (1.0, -0.2, 1.0, 0.0)),
    ("relu", (-1, 1), (1.0, -0.2, 1.0, 0.0)),
]


@pytest.mark.parametrize("name, limits, constants", EXACT, ids=[f"{n}{i}" for i, (n, _, _) in enumerate(EXACT)])
def test_exact_samples_give_the_form_first_with_its_constants(name: str, limits: tuple, constants: tuple) -> None:
    x = uniform(*limits)
    a, b, c, d = constants
    y = c * get(name).value(a * x + b) + d
    best = rank(x, y)[0]
    assert best.primitive == name
    assert best.relative < 1e-11 and best.inside
    sizes = (a, max(1.0, abs(b)), c, max(abs(c), abs(d)))
    assert all(
        abs(got - want) < 1e-9 * abs(size) for got, want, size in zip(best.constants, constants, sizes, strict=True)
    ), best


def test_a_jump_is_found_between_its_samples() -> None:
    x = uniform(-1, 1)
    best = rank(x, 3 * torch.sign(x - 0.2) + 1)[0]
    below, above = x[x < 0.2].max().item(), x[x > 0.2].min().item()
    assert best.primitive == "sign" and below < -best.b / best.a < above and abs(best.c - 3) < 1e-12


@pytest.mark.parametrize("noise", [1e-4, 1e-2])
@pytest.mark.parametrize("name", ["sin", "exp", "x^2", "x", "tanh", "sqrt", "gaussian", "log", "1/x"])
def test_noise_is_not_explained_by_a_more_complex_form(name: str, noise: float) -> None:
    x = uniform(0.05, 2, 600) if name in ("sqrt", "log", "1/x") else uniform(-2, 2, 600)
    y = get(name).value(x)
    y = y + noise * y.std() * torch.randn(len(y), dtype=F, generator=torch.Generator().manual_seed(1))
    assert rank(x, y)[0].primitive == name


@pytest.mark.parametrize("scale, shift", [(1e-8, 0.0), (1e8, 0.0), (1.0, 1e4), (1e-3, -5.0)])
def test_ranking_does_not_depend_on_scale_and_shift(scale: float, shift: float) -> None:
    x = uniform(-2, 2)
    y = torch.tanh(1.5 * x + 0.2)
    plain = rank(x, y)
    moved = rank(scale * x + shift, scale * y + shift)
    assert moved[0].primitive == plain[0].primitive == "tanh"
    for p in plain[:8]:
        q = next(c for c in moved if c.primitive == p.primitive)
        assert abs(q.relative - p.relative) < 1e-3 * p.relative + 1e-6


def test_tolerance_prefers_the_simplest_form_consistent_with_it() -> None:
    x = uniform(-0.5, 0.5)
    y = torch.sin(x)
    assert rank(x, y)[0].primitive == "sin"
    assert rank(x, y, tolerance=0.05)[0].primitive == "x"


def test_constant_is_chosen_only_for_a_negligible_effect() -> None:
    x = uniform(-1, 1)
    assert rank(x, 0 * x + 0.3)[0].primitive == "0"
    assert rank(x, 1e6 + 1e-3 * torch.sin(3 * x))[0].primitive == "sin"
    noisy = 1e-4 * torch.sin(3 * x) + 2e-5 * torch.randn(len(x), dtype=F, generator=torch.Generator().manual_seed(0))
    found = rank(x, noisy)
    assert found[0].primitive == "sin" and found[0].r2 > 0.9


def test_r2_error_and_prediction_agree() -> None:
    x = uniform(-2, 2)
    y = 3 * torch.exp(x) + torch.cos(9 * x)
    for c in rank(x, y):
        residual = (c(x) - y).square().mean().sqrt().item()
        assert abs(residual - c.error) < 1e-6 * (1 + residual), c
        assert abs(c.r2 - (1 - (residual / y.std(unbiased=False).item()) ** 2)) < 1e-6


def test_every_form_appears_once_and_best_comes_first() -> None:
    x = uniform(0.1, 2)
    found = rank(x, torch.log(x))
    assert len({c.primitive for c in found}) == len(found) > 25
    assert [c.score for c in found] == sorted(c.score for c in found)
    assert order(reversed(found), samples=len(x)) == found


def test_many_edges_give_the_same_as_one_at_a_time() -> None:
    x = torch.stack([uniform(-1, 1, seed=s) for s in range(3)])
    y = torch.stack([torch.sin(3 * x[0]), x[1] ** 2, torch.exp(x[2])])
    for many, xs, ys in zip(rank_many(x, y), x, y, strict=True):
        assert [c.primitive for c in many[:3]] == [c.primitive for c in rank(xs, ys)[:3]]


def test_weights_say_what_counts() -> None:
    x = uniform(-1, 1)
    y = torch.where(x > 0.8, 5.0, torch.sin(2 * x))
    best = rank(x, y, weights=(x <= 0.8).to(F))[0]
    assert best.primitive == "sin" and abs(best.a - 2) < 1e-9 and abs(best.c - 1) < 1e-9


def test_few_samples_and_repeated_inputs_are_ranked() -> None:
    x = torch.tensor([0.0, 0.0, 1.0, 1.0, 2.0, 3.0], dtype=F)
    assert rank(x, 2 * x)[0].primitive == "x"
    assert rank(x, x * x, ["x", "x^2"])[0].primitive == "x^2"
    assert rank(torch.ones(5, dtype=F), torch.arange(5))[0].primitive == "0"


def test_chosen_primitives_and_added_ones_are_used() -> None:
    x = uniform(0.1, 3)
    assert {c.primitive for c in rank(x, x * x, ["exp", "sin"])} == {"exp", "sin"}
    add_primitive("xlogx", lambda z: z * torch.log(z), domain=(0.0, math.inf))
    try:
        best = rank(x, 2 * x * torch.log(x))[0]
        assert best.primitive == "xlogx" and best.relative < 1e-9
    finally:
        remove_primitive("xlogx")
    with pytest.raises(SymbolicError, match="expp"):
        rank(x, x, ["expp"])


def test_bad_samples_are_refused_in_words() -> None:
    x = uniform(-1, 1, 20)
    for bad in (x[:-1], x[:, None]):
        with pytest.raises(DataError, match="samples of one function"):
            rank(x, bad)
    with pytest.raises(DataError, match="NaN"):
        rank(x, torch.where(x > 0, torch.nan, x))
    with pytest.raises(DataError, match="weights"):
        rank(x, x, weights=-torch.ones(20))
    with pytest.raises(DataError, match="numbers"):
        rank(["a", "b", "c"], x)


def test_numpy_and_float32_are_accepted_and_inputs_stay_as_they_are() -> None:
    x = uniform(-1, 1).float().numpy()
    before = x.copy()
    assert rank(x, x**3)[0].primitive == "x^3"
    assert (x == before).all()


def test_samples_outside_the_domain_are_marked() -> None:
    x = uniform(-1, 1)
    found = {c.primitive: c for c in rank(x, torch.sqrt(x.clamp(min=0)) + 0.01 * x)}
    inside = get("sqrt").contains(found["sqrt"].a * x + found["sqrt"].b).all().item()
    assert found["sqrt"].inside == inside


def test_every_form_has_starts_and_no_random_state_is_touched() -> None:
    state = torch.get_rng_state()
    assert all(proposals(p) or p.name == "0" for p in ranked())
    rank(uniform(-1, 1), uniform(-1, 1, seed=1))
    assert torch.equal(state, torch.get_rng_state())


def test_many_samples_are_thinned_not_swept() -> None:
    x = uniform(-1, 1, 300_000)
    y = torch.sin(9 * x)
    best = rank(x, y)[0]
    assert best.primitive == "sin" and abs(best.a - 9) < 1e-9
