"""ew.relations: what ties the columns of a table, against tables made with known relations."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import edgewise as ew
from edgewise.structure.related import elimination, explicit


def paper(seed, n=400):
    """The six variables of the KAN paper, section 4.2."""
    x1, x2, x4, x6 = np.random.default_rng(seed).uniform(-1, 1, (4, n))
    return np.stack([x1, x2, np.exp(np.sin(np.pi * x1) + x2**2), x4, x4**3, x6], 1)


def assert_paper(found):
    x1, x2, x4 = sympy.symbols("x1 x2 x4")
    wanted = {"x3": sympy.exp(sympy.sin(sympy.pi * x1) + x2**2), "x5": x4**3}
    assert found.free == ("x6",)
    assert {one.target: one.columns for one in found.relations} == {"x3": ("x1", "x2", "x3"), "x5": ("x4", "x5")}
    for one in found.relations:
        assert sympy.simplify(one.expression - wanted[one.target]) == 0
        assert one.p_value < 1e-3 and one.explained > 1 - 1e-12


@pytest.mark.slow
def test_the_papers_table_has_two_relations_and_a_free_column():
    assert_paper(ew.relations(paper(0), progress=False))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_papers_table_is_read_whatever_the_seed(seed):
    assert_paper(ew.relations(paper(seed, 1000), seed=seed, progress=False))


def test_conserved_sums_are_found_where_no_column_follows_from_others():
    generator = np.random.default_rng(1)
    angle, free = generator.uniform(0, 2 * np.pi, 500), generator.standard_normal(500)
    X = np.stack([3 * np.cos(angle), free, 2 * np.sin(angle)], 1)
    found = ew.relations(X, inputs=("p", "u", "q"), progress=False)
    (one,) = found.relations
    assert one.columns == ("p", "q") and found.free == ("u",)
    assert (
        one.target == "p**2"
        and sympy.simplify(one.expression - (9 - sympy.Rational(9, 4) * sympy.Symbol("q") ** 2)) == 0
    )


def test_a_relation_is_found_once_and_not_again_without_one_of_its_columns():
    generator = np.random.default_rng(2)
    a, b = generator.uniform(1, 3, (2, 300))
    found = ew.relations(np.stack([a, b, a + b**2], 1), progress=False)
    assert [one.columns for one in found.relations] == [("x1", "x2", "x3")]


@pytest.mark.slow
def test_a_loose_relation_that_shares_columns_with_an_exact_one_is_found():
    generator = np.random.default_rng(8)
    a, b = generator.uniform(1, 3, (2, 400))
    loose = a - b**2 / 2 + 0.3 * generator.standard_normal(400)
    found = ew.relations(np.stack([a, b, a * b, loose], 1), progress=False)
    assert [one.columns for one in found.relations[1:]] == [("x1", "x2", "x4")]
    assert found.relations[0].columns == ("x1", "x2", "x3") and 0.8 < found.relations[1].explained < 0.99


@pytest.mark.slow
def test_independent_relations_among_the_same_columns_are_all_found():
    generator = np.random.default_rng(3)
    u, v, w = generator.standard_normal((3, 300))
    found = ew.relations(np.stack([u, v, w, u + 2 * v - w, u - w], 1), progress=False)
    assert len(found.relations) == 2 and not found.free
    for one in found.relations:
        assert one.explained > 1 - 1e-9 and one.expression is not None


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_relations(seed):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((100 + 30 * seed, 3 + seed % 4))
    found = ew.relations(X, progress=False)
    assert not found.relations and len(found.free) == X.shape[1]


def test_columns_that_know_little_of_each_other_are_free():
    u, v = np.random.default_rng(4).standard_normal((2, 500))
    assert not ew.relations(np.stack([u, 0.5 * u + v], 1), progress=False).relations


@pytest.mark.slow
def test_noise_in_a_relation_is_told():
    generator = np.random.default_rng(5)
    a, b, c = generator.uniform(-1, 1, (3, 600))
    y = a**2 + b + 0.05 * generator.standard_normal(600)
    (one,) = ew.relations(np.stack([a, b, c, y], 1), progress=False).relations
    assert one.columns == ("x1", "x2", "x4")
    assert 1 - one.explained == pytest.approx(0.05**2 / y.var(), rel=0.4)


def test_a_constant_is_a_relation_of_its_own():
    u, v = np.random.default_rng(6).standard_normal((2, 100))
    found = ew.relations(np.stack([u, np.full(100, 3.0), v], 1), progress=False)
    assert [(one.target, one.expression) for one in found.relations] == [("x2", 3.0)]
    assert found.free == ("x1", "x3")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_and_names_come_back():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(paper(1, 300)[:, 3:], columns=["t", "t3", "noise"])
    one, other = (ew.relations(frame, progress=False) for _ in range(2))
    assert repr(one) == repr(other) and "t3 = t**3" in repr(one) and one.free == ("noise",)


def test_an_interrupt_gives_what_was_found(monkeypatch):
    calls = []

    def interrupted(parts, column, pool):
        calls.append(column)
        if len(calls) > 3:  # all columns once
            raise KeyboardInterrupt
        return explicit.first(parts, column, pool)

    monkeypatch.setattr(elimination, "first", interrupted)
    u, v, w, z = np.random.default_rng(7).uniform(1, 2, (4, 200))
    found = ew.relations(np.stack([u, v, 3 * u + v], 1), progress=False)
    assert not found.finished and len(calls) == 4
    assert [one.columns for one in found.relations] == [("x1", "x2", "x3")]


@pytest.mark.slow
def test_names_that_are_no_words_stand_in_backquotes():
    a, b = np.random.default_rng(0).uniform(1, 2, (2, 300))
    found = ew.relations(np.stack([a, b, a * b**2], 1), inputs=("a b", "c", "d"), progress=False)
    assert "  d = `a b`*c**2 (" in repr(found)
    circle = np.stack([np.cos(5 * a), np.sin(5 * a), b], 1)
    found = ew.relations(circle, inputs=("a b", "c-d", "e"), progress=False)
    assert found.relations[0].target in ("`a b`**2", "`c-d`**2")
