"""ew.separability and ew.symmetry as a user meets them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import DataError
from surrogates import KNOWN, surrogate

X = np.random.default_rng(0).uniform(1, 2, (300, 4))


def law(X):
    return X[:, 0] * X[:, 1] + X[:, 2] ** 3


def test_results_print_what_holds_and_nothing_else():
    found = ew.separability(law, X, inputs=("m", "v", "r", "dummy"))
    assert repr(found).splitlines()[0] == "Separability of f(m, v, r, dummy):"
    words = [one.words for one in found.findings]
    assert words[:2] == ["dummy does not matter", "f = f1(m, v) + f2(r)"]
    assert "m and v enter only as m v" in words
    assert all(one.holds and one.confidence > 0.999 for one in found.findings)


def test_names_come_from_a_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["m", "v", "r", "q"])
    assert ew.symmetry(law, frame).inputs == ("m", "v", "r", "q")


def test_a_constant_has_no_structure_but_columns_that_do_not_matter():
    found = ew.separability(lambda X: 0 * X[:, 0] + 3.0, X)
    assert len(found.unused) == 4 and len(found.findings) == 4
    assert len(ew.symmetry(lambda X: 0 * X[:, 0] + 3.0, X).findings) == 4
    assert ew.tree(lambda X: 0 * X[:, 0] + 3.0, X).formula == "constant"


def test_one_column_is_fine():
    assert not ew.separability(lambda X: X[:, 0] ** 2, X[:, :1]).findings
    assert ew.tree(lambda X: X[:, 0] ** 2, X[:, :1]).formula == "x1^2"


def test_many_findings_of_a_kind_are_counted():
    rows = np.random.default_rng(0).uniform(1, 2, (200, 7))
    text = repr(ew.symmetry(lambda X: np.sqrt((X**2).sum(1)), rows))
    assert text.endswith("and 9 more of the kind pair") and text.count("enter only as") == 12


def test_the_same_seed_gives_the_same_bits_and_no_state_is_left():
    state = torch.get_rng_state()
    one, other = (ew.separability(law, X, noise=1e-6, seed=3) for _ in range(2))
    assert [f.statistic for f in one.findings] == [f.statistic for f in other.findings]
    assert torch.equal(state, torch.get_rng_state())


def test_columns_in_other_units_change_no_finding():
    units = np.array([1e-6, 1e3, 7.0, 1e9])
    plain, scaled = (ew.separability(f, rows) for f, rows in ((law, X), (lambda x: 1e-9 * law(x / units), X * units)))
    assert [repr(one).split(" (")[0] for one in plain.findings[:4]] == [
        repr(one).split(" (")[0] for one in scaled.findings[:4]
    ]


def test_symmetries_of_a_wave():
    found = ew.symmetry(lambda X: np.sin(4 * (X[:, 0] - X[:, 1])) * X[:, 2] ** 2, 4 * X[:, :3] - 5)
    assert [one.words for one in found.translations] == ["moving to x1 + t, x2 + t keeps f"]
    assert [one.words for one in found.scalings] == ["scaling to c x3 gives c^2 f"]
    assert [one.length for one in found.periods] == pytest.approx([np.pi / 2] * 2)


def test_a_centre_of_rotation_is_told():
    found = ew.symmetry(lambda X: np.exp(-((X[:, 0] - 1.25) ** 2) - (X[:, 1] - 1.5) ** 2) + X[:, 2], X[:, :3])
    assert [one.words for one in found.rotations] == ["x1 and x2 enter only as (x1 - 5/4)^2 + (x2 - 3/2)^2"]


def test_rows_outside_the_domain_are_left_out_until_too_few_are_left():
    assert ew.separability(lambda X: np.log(X[:, 0] - 1.2) * X[:, 1], X).product
    with pytest.raises(DataError, match="finite, with its gradient, on 0 of 300 rows"):
        ew.separability(lambda X: np.log(X[:, 0] - 3) * X[:, 1], X)


def test_a_model_that_is_less_accurate_than_a_structure_does_not_show_it():
    """A function that nearly is a sum: exactly it is none; up to an error of a tenth it is."""
    f = KNOWN["saddle"].f

    def nearly(X):
        return X[:, 0].sin() + X[:, 1].exp() + 1e-3 * f(X)

    rows = KNOWN["saddle"].rows()
    assert ew.separability(nearly, rows).sum is None
    assert ew.separability(nearly, rows, noise=1e-2).sum
    assert surrogate(nearly, rows, 1e-2).names == ("x1", "x2")
