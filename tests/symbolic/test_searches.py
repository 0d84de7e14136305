"""What small searches find, and the work they do for it, is on record: a changed number of the tuning shows."""

from __future__ import annotations

import pytest

from helpers import all_but_slow
from symbolic.searches import SEARCHES, Outcome, outcome, tuned

RECORDED = {
    "exact": Outcome(("exp", "sin", "x^2"), 0, 0.0, 225.0),
    "noisy": Outcome(("exp", "sin", "x^2"), 0, 0.0952, 789.0),
    "own_outputs": Outcome(("sin", "x^2"), 1, 1.69e-5, 1840.0),
    "some_edges": Outcome(("sin", "sin"), 1, 0.0136, 996.0),
    "addition_theorem": Outcome(("arctanh", "arctanh", "tanh"), 0, 0.0, 1480.0),
    "two_copies": Outcome(("exp", "sin", "x^2"), 0, 0.0, None),
    "noise_alone": Outcome((), 0, 0.952, 807.0),
}


@pytest.mark.parametrize("search", all_but_slow(["exact", "noise_alone", "noisy"], SEARCHES))
def test_a_search_finds_what_is_recorded_with_the_work_that_is_recorded(search: str) -> None:
    got = outcome(search)
    assert got.like(RECORDED[search]), got


@pytest.mark.parametrize(
    ("search", "field", "value"),
    [("some_edges", "rows_per_parameter", 20), ("exact", "rank_form", 4.0)],
)
def test_the_record_tells_when_the_tuning_has_changed(search: str, field: str, value: float) -> None:
    with tuned(**{field: value}):
        assert not outcome(search).like(RECORDED[search])
