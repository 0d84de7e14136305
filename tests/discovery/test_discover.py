"""discover: laws of several kinds, noise, names, and what is wrong with a call."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy
import torch

import edgewise as ew
from edgewise.discovery import one_table as module
from edgewise.errors import ConfigError, DataError, ShapeError
from edgewise.primitives.functions import bessel_j0
from helpers import all_but_slow

QUIET = {"progress": False, "seconds": 3600}  # counted work decides, on a busy machine too


def rows(n: int, d: int, low: float = 1.0, high: float = 3.0, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(n, d, dtype=torch.float64, generator=generator)


# No two of them are found by the same search.
LAWS = {
    "a product of powers": ("3*a**2/(4*pi*b*c)", 3),
    "a product with a shape": ("a*sqrt(1 - b**2/(16*c**2))", 3),
    "a sum under an output": ("1/(1/a + b/c)", 3),
    "a quotient": ("(a + b)/(1 + a*b/4)", 2),
    "after a scaling": ("a*(b + c*sin(d))", 4),
    "after translations": ("a/((b - c)**2 + (d - e)**2)", 5),
    "a shape of a logarithm": ("sin(2*log(a) + 2*log(b))", 2),
    "a power beside a constant": ("2*a**1.7 + 0.4", 1),
}


@pytest.mark.parametrize(
    "name", all_but_slow(["a sum under an output", "a shape of a logarithm", "after translations"], LAWS)
)
def test_exact_laws_are_found_and_hold_far_from_the_rows(name):
    text, d = LAWS[name]
    symbols = sympy.symbols("a b c d e")[:d]
    law = sympy.lambdify(symbols, sympy.sympify(text), "numpy")
    X = rows(600, d) + (torch.tensor([0.0, 3.0, 0.0, 3.0, 0.0]) if d == 5 else 0.0)
    found = ew.discover(X, torch.as_tensor(law(*X.numpy().T)), inputs=[str(s) for s in symbols], **QUIET)
    assert found.is_law and "exact" in found.message
    at = [1.5, 4.0, 2.5, 3.5, 7.0][:d]
    got = float(found.best.expression.subs(dict(zip(symbols, at, strict=True))))
    assert got == pytest.approx(float(law(*at)), rel=1e-9)


@pytest.mark.parametrize("d", [2, 3])
def test_central_forces_are_laws_on_all_sides_of_their_centre(d):
    """The force changes its sign with one column, and a few rows near the pole hold most of its variance."""
    X = rows(600, d, -1, 1)
    found = ew.discover(X, -2.5 * X[:, 1] / X.square().sum(1) ** 1.5, **QUIET)
    names = sympy.symbols("x1 x2 x3")[:d]
    want = sympy.Rational(-5, 2) * names[1] / sum(name**2 for name in names) ** sympy.Rational(3, 2)
    assert sympy.simplify(found.best.expression - want) == 0 and found.is_law


def test_a_law_is_found_under_noise_with_its_constants():
    X = rows(1500, 3)
    y = X[:, 0] * torch.exp(-X[:, 1] / X[:, 2])
    noisy = y + 0.01 * y.std() * torch.randn(1500, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    found = ew.discover(X, noisy, inputs=["a", "b", "c"], **QUIET)
    a, b, c = sympy.symbols("a b c")
    assert found.is_law and found.best.expression == a * sympy.exp(-b / c)
    assert found.best.rmse == pytest.approx(0.01 * float(y.std()), rel=0.15)


def test_constants_come_with_standard_errors_that_cover_the_truth():
    X = rows(2000, 2)
    y = 1.2345 * X[:, 0] * X[:, 1] ** 2
    noisy = y + 0.3 * torch.randn(2000, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    best = ew.discover(X, noisy, **QUIET).best
    ((value, error),) = best.constants
    assert abs(value - 1.2345) < 4 * error < 0.02


@pytest.mark.parametrize("seed", [0, 1, 6])
@pytest.mark.slow
def test_noise_is_no_law(seed):
    n, d = 100 + 20 * seed, 1 + seed % 4
    y = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = ew.discover(rows(n, d, seed=seed), y, **QUIET)
    assert not found.is_law and "nothing" in found.message


@pytest.mark.slow
def test_a_function_without_a_short_form_is_no_law():
    X, generator = rows(600, 2, -1.0, 1.0), torch.Generator().manual_seed(3)
    first, second = (torch.randn(2, 30, dtype=torch.float64, generator=generator) for _ in range(2))
    y = torch.tanh(3 * X @ first + second[0]) @ second[1]
    assert not ew.discover(X, y, **QUIET).is_law


def test_the_front_is_sorted_and_its_table_shows_the_best():
    X = rows(600, 2)
    found = ew.discover(X, X[:, 0] / (X[:, 0] + X[:, 1]), inputs=["E", "S"], **QUIET)
    lengths = [law.complexity for law in found.front]
    assert lengths == sorted(lengths) and found.best.rmse == min(law.rmse for law in found.front)
    assert "complexity" in repr(found) and "*" in repr(found) and found.message in repr(found)
    assert found.best.expression.free_symbols == {sympy.Symbol("E"), sympy.Symbol("S")}
    assert torch.allclose(found.best(X), X[:, 0] / (X[:, 0] + X[:, 1]))


def test_the_same_seed_gives_the_same_bits():
    X = rows(700, 1)
    y = X[:, 0] + 0.1 * torch.randn(700, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    one, two = (ew.discover(X, y, seed=4, **QUIET) for _ in range(2))
    assert repr(one) == repr(two) and torch.equal(one.best(X), two.best(X))


def test_frames_give_names_and_the_target():
    pandas = pytest.importorskip("pandas")
    X = rows(100, 2)
    frame = pandas.DataFrame({"beta": X[:, 0], "I": X[:, 1], "y": X[:, 0] * X[:, 1]})
    found = ew.discover(frame, target="y", **QUIET)
    assert found.best.expression == sympy.Symbol("beta") * sympy.Symbol("I") and found.target == "y"
    with pytest.raises(DataError, match="no column 'z'"):
        ew.discover(frame, target="z")


def test_frames_with_names_that_occur_twice_or_have_parts_are_taken():
    pandas = pytest.importorskip("pandas")
    X = rows(100, 2)
    columns = [*X.T.tolist(), (X[:, 0] * X[:, 1]).tolist()]
    twice = pandas.DataFrame(dict(enumerate(columns))).set_axis(["u", "u", "y"], axis=1)
    assert str(ew.discover(twice, target="y", **QUIET).best) == "u*`u.2`"
    parts = twice.set_axis(pandas.MultiIndex.from_tuples([("a", "u"), ("a", "v"), ("b", "y")]), axis=1)
    found = ew.discover(parts, target="b y", **QUIET)
    assert str(found.best) == "`a u`*`a v`" and found.target == "b y"


def test_a_target_in_a_frame_whose_names_are_no_text_is_told():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({0: [1.0, 2.0], "y": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"map\(str, frame.columns\)"):
        ew.discover(frame, target="y", progress=False)


def test_a_constant_and_a_column_are_laws():
    X = rows(60, 2)
    assert ew.discover(X, torch.full((60,), math.pi, dtype=torch.float64), **QUIET).best.expression == sympy.pi
    assert str(ew.discover(X, X[:, 1], **QUIET).best) == "x2"


@pytest.mark.parametrize("events", [0, 2])
def test_what_cuts_a_search_short_is_told(monkeypatch, events: int):
    X = rows(200, 2)
    y = torch.sin(3 * X[:, 0] ** 2) * torch.exp(X[:, 1])
    assert "0.001 seconds" in ew.discover(X, y, seconds=0.001, progress=False).message
    whole = module.search

    def stopped(task, n_jobs):
        for n, event in enumerate(whole(task)):
            if n == events:
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(module, "search", stopped)
    found = ew.discover(X, y, **QUIET)
    assert "Ctrl-C" in found.message and len(found.front) > 0


@pytest.mark.parametrize(
    "wrong, word",
    [
        ({"seconds": 0}, "seconds"),
        ({"seconds": "1"}, "seconds"),
        ({"seed": -1}, "seed"),
        ({"units": ["m"]}, "units"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"inputs": ["a"]}, "inputs"),
        ({"inputs": ["a", "a"]}, "inputs"),
        ({"progress": 3}, "progress"),
        ({"time": 3}, "time"),
    ],
)
def test_settings_that_cannot_be_used_are_named(wrong, word):
    with pytest.raises(ConfigError, match=word):
        ew.discover(rows(50, 2), torch.ones(50), **wrong)


def test_rows_that_cannot_be_used_are_refused():
    with pytest.raises(DataError, match="rows"):
        ew.discover(rows(5, 2), torch.ones(5))
    with pytest.raises(ShapeError):
        ew.discover(rows(50, 2), torch.ones(49))
    with pytest.raises(DataError, match="another unit"):
        ew.discover(torch.ones(30, 1), torch.linspace(1e150, 1e160, 30, dtype=torch.float64), progress=False)
    with pytest.raises(DataError, match="y is missing"):
        ew.discover(rows(50, 2))
    with pytest.raises(ShapeError, match="y has 2 columns, a law gives 1 output$"):
        ew.discover(rows(50, 2), rows(50, 2))
    for y in (rows(50, 1)[:, 0] * 1j, (rows(50, 1)[:, 0] * 1j).numpy()):
        with pytest.raises(DataError, match="y is complex.*; give its real or its imaginary part"):
            ew.discover(rows(50, 2), y)


@pytest.mark.parametrize("seed", [5, 0])
@pytest.mark.slow
def test_noise_beside_row_numbers_is_no_law(seed: int):
    generator = torch.Generator().manual_seed(1000 + seed)
    n = int(torch.randint(50, 501, (1,), generator=generator))
    d = int(torch.randint(1, 7, (1,), generator=generator))
    X = torch.rand(n, d, dtype=torch.float64, generator=generator) * 2 - 1
    X[:, 0] = torch.arange(n, dtype=torch.float64)
    found = ew.discover(X, torch.randn(n, dtype=torch.float64, generator=generator), progress=False, seed=seed)
    assert not found.is_law


@pytest.mark.slow
def test_many_periods_on_few_rows_are_no_noise():
    """No polynomial of so few rows shows them, so that they look like noise to a surrogate."""
    X = rows(600, 1, low=-1.0, high=1.0, seed=2002)
    found = ew.discover(X, bessel_j0(20 * X[:, 0]) + 0.3, **QUIET)
    assert str(found.best.expression) == "besselj(0, 20*x1) + 3/10" and found.is_law


def test_numpys_whole_numbers_are_seeds():
    X = rows(50, 1)
    seed: Any = np.int64(2)
    assert str(ew.discover(X, X[:, 0] ** 2, seed=seed, progress=False).best) == "x1**2"


def test_a_target_that_is_the_same_on_the_rows_that_fit_ends_the_search():
    y = torch.zeros(20_000, dtype=torch.float64)
    y[torch.randperm(20_000, generator=torch.Generator().manual_seed(0))[:6]] = 1.0  # all among those that choose
    found = ew.discover(torch.rand(20_000, 2, dtype=torch.float64), y, seed=0, progress=False)
    assert not found.is_law
