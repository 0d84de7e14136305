"""What a fit says of itself is true."""

from __future__ import annotations

import math
import re

import pytest

from edgewise.model import KAN
from edgewise.studies import words
from edgewise.studies.scores import Scores
from edgewise.transforms import remove

MEAN = {"rmse": 2.0, "mae": 1.5, "r2": -0.01}
MOST = {"accuracy": 0.6, "cross_entropy": 0.7}


def regression(rmse: float, r2: float) -> dict[str, float]:
    return {"rmse": rmse, "mae": rmse, "r2": r2}


@pytest.mark.parametrize(
    ("network", "other", "says"),
    [
        (
            regression(0.2, 0.99),
            0.4,
            "explains 99 % of the variance of y.*better than the best baseline, gradient boosting",
        ),
        (regression(0.5, 0.94), 0.4, "worse than the best baseline, gradient boosting"),
        (regression(0.401, 0.96), 0.4, "equals the best baseline, gradient boosting"),
        (regression(1.99, 0.01), 0.4, "no better than the mean"),
        (regression(2.5, -0.6), 0.4, "no better than the mean"),
        (regression(1e-9, 1 - 1e-12), 0.4, "explains all but 1e-12 of the variance"),
        (
            regression(1e-15, 1.0),
            1e-16,
            r"explains all, to round-off, of the variance of y on rows it has not seen \(RMSE 1e-15\)\.$",
        ),
        (regression(0.1, math.nan), 0.4, "one and the same value"),
    ],
)
def test_verdict_of_a_regression(network, other, says) -> None:
    others: dict[str, Scores | str] = {
        "mean": MEAN,
        "linear regression": regression(0.9, 0.8),
        "gradient boosting": regression(other, 0.96),
    }
    text = words.verdict("regression", "y", network, others)
    assert re.search(says, text), text


@pytest.mark.parametrize(
    ("accuracy", "says"),
    [
        (0.95, "better than the best baseline"),
        (0.8, "worse than"),
        (0.9, "equals"),
        (0.6, "most frequent class does as well"),
        (0.5, "does as well"),
    ],
)
def test_verdict_of_a_classification(accuracy, says) -> None:
    others = {
        "most frequent class": MOST,
        "logistic regression": {"accuracy": 0.9, "cross_entropy": 0.3},
        "gradient boosting": "not computed: gone",
    }
    text = words.verdict("classification", "kind", {"accuracy": accuracy, "cross_entropy": 0.2}, others)
    assert says in text and f"{100 * accuracy:.4g} %" in text


@pytest.mark.parametrize(
    ("cross_entropy", "says"),
    [(0.72, "these inputs do not tell it"), (0.695, "do not tell it"), (0.6, "(cross-entropy 0.6, by frequencies")],
)
def test_chances_are_something_where_most_rows_have_one_class(cross_entropy, says) -> None:
    scores = {"accuracy": 0.6, "cross_entropy": cross_entropy}
    text = words.verdict("classification", "kind", scores, {"most frequent class": MOST})
    assert "most frequent class does as well" in text and says in text


@pytest.mark.parametrize(("r2", "says"), [(0.11, "; linear regression (1.9) does better."), (0.01, "do not tell it")])
def test_inputs_that_a_baseline_makes_something_of_are_not_said_to_tell_nothing(r2, says) -> None:
    others: dict[str, Scores | str] = {"mean": MEAN, "linear regression": regression(1.9, r2), "boosting": "gone"}
    assert says in words.verdict("regression", "y", regression(2.0, -0.01), others)


@pytest.mark.parametrize(("late", "says"), [(False, "no fit used it"), (True, "the network that is judged saw it")])
def test_whether_the_network_that_is_judged_saw_a_mistake_is_told(late, says) -> None:
    assert says in words.gross_errors(1, "y", 1e4, 12.0, late)


def test_a_network_that_beats_the_mean_of_the_rows_fitted_to_is_not_said_to_be_no_better() -> None:
    text = words.verdict("regression", "y", regression(17.4, -26.0), {"mean": regression(29.6, -79.6)})
    assert "better than the mean of the rows fitted to (29.6), but no better than the mean of the unseen rows" in text


def test_a_baseline_that_names_more_by_chance_is_not_said_to_do_better() -> None:
    lucky = {"accuracy": 0.7, "cross_entropy": 0.72}
    text = words.verdict(
        "classification", "kind", {"accuracy": 0.6, "cross_entropy": 0.7}, {"most frequent class": MOST, "trees": lucky}
    )
    assert "names more right, but says no better than frequencies" in text and "does better" not in text


def test_the_lines_of_mistakes_are_told():
    assert "A row (line 42) has" in words.gross_errors(1, "y", 1e4, 12.0, lines=[42], unit="line")
    assert "2 rows (lines 42, 113) are" in words.gross_errors(2, "y", 1e4, 12.0, lines=[42, 113], unit="line")


@pytest.mark.parametrize(("accuracy", "told"), [(0.8, True), (0.6, False)])
def test_classes_that_a_baseline_tells_are_not_said_to_be_beyond_the_inputs(accuracy, told) -> None:
    others = {"most frequent class": MOST, "logistic regression": {"accuracy": accuracy, "cross_entropy": 0.5}}
    text = words.verdict("classification", "kind", {"accuracy": 0.6, "cross_entropy": 0.7}, others)
    assert ("logistic regression (0.8) does better" in text) is told and ("do not tell it" in text) is not told


def test_table_aligns_and_keeps_sentences() -> None:
    lines = words.table(
        regression(0.25, math.nan), {"mean": MEAN, "gradient boosting": "not computed: gone"}
    ).splitlines()
    assert (
        lines[1].endswith("-")
        and lines[2].endswith("-0.01")
        and lines[3].endswith("not computed: gone")
        and len(lines[1]) == len(lines[2])
    )


def test_rows_outside_are_counted() -> None:
    assert words.extrapolated("regression", 0, None) == ""
    assert "1 of the held-out rows lies outside" in words.extrapolated("regression", 1, regression(0.5, 0.9))
    assert words.extrapolated("classification", 2, MOST).endswith("without them: 60 % right.")


def test_far_values_are_told_with_their_inputs() -> None:
    assert words.far_values([]) == ""
    assert " of width, height lie far from all others. " in words.far_values(["width", "height"])


def test_structure_names_inputs_that_are_not_used() -> None:
    model = remove(KAN((3, 2, 1)), edges=[(0, 1, 0), (0, 1, 1)])
    assert words.structure(model, ("a", "lambda", "c")).endswith("It does not use lambda.")
    assert "does not use" not in words.structure(KAN((3, 2, 1)), ("a", "b", "c"))


def test_structure_after_the_last_fit_is_told_where_it_is_another() -> None:
    judged = KAN((2, 1))
    assert len(words.structures(judged, judged, ("a", "b"))) == 1
    told = words.structures(judged, remove(judged, edges=[(0, 1, 0)]), ("a", "b"))
    assert "does not use" not in told[0]
    assert told[1].startswith("After the last fit, to all rows: KAN") and told[1].endswith("It does not use b.")


@pytest.mark.parametrize(
    ("r2", "says"), [(0.01, "no better than the mean"), (0.03, "explains 3 % of the variance"), (0.05, "explains 5 %")]
)
def test_a_fiftieth_of_the_variance_is_something(r2, says) -> None:
    assert says in words.verdict("regression", "y", regression(1.9, r2), {"mean": MEAN})


@pytest.mark.parametrize(("times", "as_good"), [(0.9, True), (1.05, True), (1.2, False), (2.5, False)])
def test_closed_forms_may_cost_a_tenth_of_the_error(times, as_good) -> None:
    before = {"rmse": 2.0, "mae": 1.5, "r2": 0.5}
    found: dict[str, Scores | str] = {
        "this network": before | {"rmse": 2.0 * times},
        "network before closed forms": before,
    }
    worse = "On the rows that judge, the network is worse with them"
    wanted = "The network is about as good with them" if as_good else worse
    text = words.closed("Forms were found.", "regression", found)
    assert text == f"Forms were found. {wanted} (RMSE {2.0 * times:g}, before 2)."


@pytest.mark.parametrize(("times", "as_good"), [(1.05, True), (1.2, False)])
def test_closed_forms_of_classes_are_compared_by_cross_entropy(times, as_good) -> None:
    found: dict[str, Scores | str] = {
        "this network": {"accuracy": 0.9, "cross_entropy": 0.5 * times},
        "network before closed forms": {"accuracy": 0.9, "cross_entropy": 0.5},
    }
    text = words.closed("Forms were found.", "classification", found)
    assert ("about as good" in text) == as_good and f"(cross-entropy {0.5 * times:g}, before 0.5)" in text


@pytest.mark.parametrize(
    ("rmse", "says"), [(0.407, "equals"), (0.42, "worse than"), (0.393, "equals"), (0.38, "better than")]
)
def test_errors_within_two_percent_are_equal(rmse, says) -> None:
    others: dict[str, Scores | str] = {"mean": MEAN, "gradient boosting": regression(0.4, 0.96)}
    assert f"{says} the best baseline" in words.verdict("regression", "y", regression(rmse, 0.96), others)


@pytest.mark.parametrize(("accuracy", "says"), [(0.904, "equals"), (0.91, "better than"), (0.89, "worse than")])
def test_accuracies_within_half_a_percent_are_equal(accuracy, says) -> None:
    others: dict[str, Scores | str] = {
        "most frequent class": MOST,
        "logistic regression": {"accuracy": 0.9, "cross_entropy": 0.3},
    }
    text = words.verdict("classification", "y", {"accuracy": accuracy, "cross_entropy": 0.2}, others)
    assert f"{says} the best baseline" in text
