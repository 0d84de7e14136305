"""Rows that look like mistakes bend no function; rows that others bear out are no mistakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import edgewise as ew
from edgewise.data import from_arrays, from_dataframe, split
from edgewise.errors import EdgewiseWarning
from edgewise.studies import gross_errors
from edgewise.studies.gross_errors import believed, excess, excess_by_log
from edgewise.studies.learning import learn_all
from edgewise.studies.readings import chosen_reading
from edgewise.studies.scores import predict, scores
from edgewise.studies.stages import chosen_network
from edgewise.studies.study_settings import StudySettings
from edgewise.studies.trained import Trained
from edgewise.train.resuming.journal import Journal
from edgewise.transforms.means import as_means

ROWS = 300


def rows(seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, a law of them with a product in it, and targets in noise."""
    draw = np.random.default_rng(seed)
    X = draw.random((ROWS, 4))
    law = 10 * X[:, 0] * X[:, 1] + 5 * np.sin(6 * X[:, 2]) + 20
    return X, law, law + noise * draw.normal(size=ROWS)


def settings(**how: Any) -> StudySettings:
    return StudySettings.of((), "auto", formula=False, **how)


@pytest.mark.parametrize("factor", [10.0, pytest.param(1e6, marks=pytest.mark.slow)])
def test_a_mistyped_target_costs_nothing_and_is_told(factor: float):
    X, law, y = rows(0)
    wrong = y.copy()
    wrong[7] *= factor
    fresh, truth, _ = rows(1)
    clean = ew.KANRegressor(hidden=(), random_state=0).fit(X, y)
    with pytest.warns(EdgewiseWarning, match="A row has y = .* where all others say"):
        found = ew.KANRegressor(hidden=(), random_state=0).fit(X, wrong)
    far, near = (np.sqrt(np.mean((model.predict(fresh) - truth) ** 2)) for model in (found, clean))
    assert far < 1.1 * near
    low, high = found.predict_interval(fresh, 0.9)
    assert np.mean(high - low) < 1.3 * 2 * 1.645


def test_several_lost_decimal_points_of_few_rows_cost_nothing():
    X, law, y = (part[:150] for part in rows(0))
    wrong = y.copy()
    wrong[[7, 40, 111]] *= 100
    frame = pd.DataFrame(X, columns=list("abcd")).assign(y=wrong)
    fresh, truth, _ = rows(1)
    clean = ew.KANRegressor(hidden=(), random_state=0).fit(X, y)
    with pytest.warns(EdgewiseWarning, match="3 rows are far"):
        found = ew.KANRegressor(hidden=(), random_state=0).fit(frame[list("abcd")], frame.y)
    far, near = (
        np.sqrt(np.mean((model.predict(part) - truth) ** 2))
        for model, part in ((found, pd.DataFrame(fresh, columns=list("abcd"))), (clean, fresh))
    )
    assert far < 1.1 * near


@pytest.mark.parametrize(
    ("near", "far", "slipped"),
    [
        ((14.0, 28.0), (2186.0, 0.21), True),
        ((-28.0, -14.0), (-2186.0, -210.0), True),
        ((14.0, 28.0), (2186.0, 700.0), False),  # 7.00 and 70.0 are unlike the others
        ((14.0, 28.0), (-2186.0,), False),
        ((-1.0, 1.0), (250.0,), False),  # such as claims: any number is like these once it is divided
        ((1.0, 30.0), (250.0,), False),
    ],
)
def test_decimal_points_slip_to_numbers_like_all_others(
    near: tuple[float, float], far: tuple[float, ...], slipped: bool
):
    y = torch.cat([torch.linspace(*near, 50, dtype=torch.float64), torch.tensor(far, dtype=torch.float64)])
    table = from_arrays(torch.arange(len(y), dtype=torch.float64)[:, None], y)
    assert gross_errors._have_slipped(table, torch.arange(len(y)) >= 50) is slipped


@pytest.mark.parametrize("place", [0, 5, 50, 51])
def test_a_law_without_noise_is_written_down_beside_a_wrong_number(place: int):
    draw = np.random.default_rng(3)
    frame = {"educ": draw.integers(6, 18, ROWS).astype(float), "exper": draw.integers(0, 40, ROWS).astype(float)}
    X = np.stack(list(frame.values()), 1)
    X, y = X[:200], X[:200].sum(1) + 6
    y[place] -= 4
    found = ew.study(X, y, hidden=(), progress=False)
    assert str(found.formulas[0]) == "x1 + x2 + 6"
    assert float((found.model(found.table.X) - found.table.y).detach().abs().median()) < 1e-9
    assert "looks like a mistake" in found.message


def test_a_row_that_judges_is_judged_and_the_last_fit_leaves_it_out():
    X, _, y = rows(4)
    y[[1, 2]] = 1e4, -1e4
    seed = next(seed for seed in range(99) if one_judges(from_arrays(X, y), seed))
    found = ew.study(X, y, hidden=(), formula=False, seed=seed, progress=False)
    network = found.scores["this network"]
    assert isinstance(network, dict) and network["rmse"] > 500
    assert float((found.model(found.table.X) - found.table.y).detach().abs().median()) < 1
    assert "2 rows (rows 1, 2) are far from what all others say" in found.verdict
    near = believed(found.trained, found.held)
    now = scores(near, predict(found.judged, near))
    assert f"1 of them looks like a mistake; without it, the RMSE is {now['rmse']:.4g}" in found.verdict
    assert now["r2"] > 0.8 and "do not tell it" not in found.verdict


def one_judges(table: Any, seed: int) -> bool:
    """Whether one of two gross errors is among the rows that judge."""
    return int((split(table, 0.2, seed)[1].y.abs() > 1e3).sum()) == 1


@pytest.mark.parametrize("noise", ["student", "skewed", "mixed"])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.slow
def test_tails_of_noise_are_no_mistakes(noise: str, seed: int):
    X, law, _ = rows(seed)
    draw = np.random.default_rng(seed + 10)
    made = {
        "student": draw.standard_t(4, ROWS),
        "skewed": np.exp(draw.normal(size=ROWS)),
        "mixed": draw.normal(size=ROWS) * np.where(draw.random(ROWS) < 0.1, 5, 1),
    }
    assert learn_all(from_arrays(X, law + made[noise]), settings()).trained.limits is None


@pytest.mark.slow
def test_rows_of_a_rare_kind_are_no_mistakes():
    X, law, y = rows(5)
    rare = (X[:, 0] > 0.93) & (X[:, 1] > 0.7)
    assert 3 <= rare.sum() <= 9
    y = y + 60 * rare
    table = from_arrays(X, y)
    found = learn_all(table, settings())
    assert len(believed(found.trained, table)) == len(table)


def events(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Few rows in a thousand have the target 1, as failures are, and the inputs foretell them."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(3000, 3))
    if kind == "flag":
        X[:, 2] = draw.random(3000) < 0.004
    far = {"flag": X[:, 2] > 0, "corner": (X[:, 0] > 1.5) & (X[:, 1] > 1.5), "tail": X[:, 0] > 2.7}[kind]
    assert 5 <= far.sum() <= 15
    return X, far.astype(float)


@pytest.mark.parametrize("kind", ["flag", "corner"])
def test_rare_events_that_inputs_foretell_are_no_mistakes(kind: str):
    X, y = events(kind)
    found = learn_all(from_arrays(X, y), settings(effort="quick"))
    assert found.trained.limits is None
    made = found.model(found.table.X).detach().numpy()[:, 0]
    assert made[y > 0].mean() > 0.7


def test_rare_events_beside_noise_are_no_mistakes():
    X, far = events("tail")
    y = X[:, 1] + 30 * far + 0.1 * np.random.default_rng(1).normal(size=len(X))
    found = learn_all(from_arrays(X, y), settings(effort="quick"))
    assert found.trained.limits is None


def test_steps_of_a_scale_are_no_mistakes_and_a_slip_beside_them_is():
    draw = np.random.default_rng(3)
    X = draw.normal(size=(3000, 3))
    y = (draw.random(3000) < 1 / (1 + np.exp(6.5 - 2 * X[:, 0]))).astype(float)
    assert 2 < y.sum() < 0.005 * len(y) * 10
    assert learn_all(from_arrays(X, y), settings(effort="quick")).trained.limits is None
    grade = (1 + (X[:, 0] > 0) + (X[:, 1] > 0) + (X[:, 2] > 0)).astype(float)
    grade[5] = 40.0
    found = learn_all(from_arrays(X, grade), settings(effort="quick"))
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [5]


def products(rows: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, a law whose causes multiply, and targets whose errors grow with it."""
    draw = np.random.default_rng(seed)
    X = np.column_stack([draw.lognormal(4.5, 0.5, rows), draw.uniform(0, 100, rows), draw.random((rows, 2))])
    law = np.exp(1 + 0.8 * np.log(X[:, 0]) - 0.004 * X[:, 1] + 1.5 * X[:, 2] - X[:, 3])
    return X, law, law * np.exp(noise * draw.normal(size=rows))


@pytest.mark.parametrize("factor", [1000.0, pytest.param(30.0, marks=pytest.mark.slow)])
def test_a_mistyped_target_among_errors_that_grow_costs_nothing(factor: float):
    X, law, y = products(400, 0.05)
    y[10] *= factor
    table = from_arrays(X, y)
    found = learn_all(table, settings(effort="quick"))
    assert found.trained.of_log is not None
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [10]
    made = found.model(found.table.X).detach().numpy()[:, 0]
    assert np.sqrt(np.mean((made - law) ** 2)) < 0.02 * law.std()


def test_a_mistyped_count_among_zeros_costs_nothing():
    X, law, _ = products(400, 0.05)
    law = law / 20
    y = np.random.default_rng(1).poisson(law).astype(float)
    place = int(np.argmax((y > 1) & (y < 9)))
    y[place] *= 1000
    found = learn_all(from_arrays(X, y), settings(effort="quick"))
    assert (y == 0).any() and found.trained.of_log is not None
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [place]
    made = found.model(found.table.X).detach().numpy()[:, 0]
    assert np.sqrt(np.mean((made - law) ** 2)) < 0.15 * law.std()


def test_where_it_judges_the_last_fit_leaves_it_out():
    X, law, y = products(400, 0.05)
    place = int(split(from_arrays(X, np.arange(400.0)), 0.2, 0)[1].y[0])
    y[place] *= 1000
    found = ew.study(X, y, hidden=(), formula=False, effort="quick", progress=False)
    assert "1 of them looks like a mistake; without it" in found.verdict
    made = found.model(found.table.X).detach().numpy()[:, 0]
    assert np.sqrt(np.mean((made - law) ** 2)) < 0.02 * law.std()


@pytest.mark.parametrize("noise", [0.3, 1.0])
@pytest.mark.slow
def test_large_errors_of_errors_that_grow_are_no_mistakes(noise: float):
    for seed in range(3):
        X, _, y = products(300, noise, seed)
        y[7] *= np.exp(4 * noise)
        assert learn_all(from_arrays(X, y), settings(effort="quick")).trained.limits is None


def test_of_each_output_errors_have_their_own_scale():
    X, _, y = rows(8)
    table = from_arrays(X, np.stack([y, 1e-3 * y], 1))
    model = ew.fit(ew.KAN((4, 2)), table.X, table.y, optimizer="evidence", progress=False).model
    table.y[3, 1] += 1.0
    assert (excess(model, table, table) > 1).nonzero()[:, 0].tolist() == [3]


def test_each_round_has_its_own_part_of_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    X, _, y = rows(9)
    X, y = np.vstack([X, X + 1e-3]), np.concatenate([y, y])
    y[7], y[20] = 1e5, 900.0  # the first hides the second
    names = []

    def named(*given: Any) -> Trained:
        names.append(given[3].name)
        return chosen_network(*given)

    monkeypatch.setattr(gross_errors, "chosen_network", named)
    monkeypatch.setattr(gross_errors, "_off_lines", lambda table: table.y.new_zeros(len(table)))  # they show both
    found, left = chosen_reading(from_arrays(X, y), settings(), False, Journal(tmp_path / "journal"))
    assert found.limits is not None and len(left) == len(y) - 2
    assert len(set(names)) == len(names) > 1


@pytest.mark.parametrize("bend", [True, False])
def test_rows_that_are_far_after_others_take_more_stages_where_they_bend_something(
    bend: bool, monkeypatch: pytest.MonkeyPatch
):
    X, _, y = rows(9)
    table, rounds = from_arrays(X, y), []
    found, first, later = chosen_network(table, settings(), False), *torch.zeros(2, len(y), dtype=torch.bool)
    first[7], later[20] = True, True

    def counted(*given: Any) -> Trained:
        rounds.append(given)
        return found

    monkeypatch.setattr(gross_errors, "chosen_network", counted)
    monkeypatch.setattr(gross_errors, "_apart", lambda *_: later if rounds else first)
    monkeypatch.setattr(gross_errors, "_is_tail", lambda *_: False)
    monkeypatch.setattr(gross_errors, "_bend", lambda *_: bend or not rounds)
    left = gross_errors.without_gross_errors(found, table, settings(), False, None)
    assert (left is not None) == bend and len(rounds) == 1 + bend


@pytest.mark.slow
def test_rows_that_splines_miss_by_little_are_no_mistakes():
    draw = np.random.default_rng(5)
    X = np.clip(0.4 * draw.normal(size=(ROWS, 3)), -1.1, None)
    y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 0]) + np.exp(X[:, 2])
    y[7] = 30 * y[7] + 10
    found = learn_all(from_arrays(X, y), settings())
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [7]


def test_more_errors_than_mistakes_are_no_mistakes():
    X, _, y = rows(9)
    y[:9] += 300
    assert learn_all(from_arrays(X, y), settings()).trained.limits is None


def test_at_the_end_of_a_column_splines_guess_and_more_makes_a_mistake():
    X, _, _ = rows(10)
    X[3] = 0.5
    table = from_arrays(X, X[:, 0])
    model = ew.fit(ew.KAN((4, 1)), table.X, table.y, optimizer="evidence", progress=False).model
    for place, least in ((0.5, 0.1), (5.0, 3.0)):
        table.X[3, 0], far = place, []
        for off in (0.8 * least, 1.2 * least):
            table.y[3, 0] = place
            table.y[3, 0] += off * float(table.y.std())
            far.append(bool(excess(model, table, table)[3] > 1))
        assert far == [False, True]


@pytest.mark.slow
def test_a_mistake_among_few_rows_of_a_kind_gets_no_products_of_its_own():
    draw = np.random.default_rng(12)
    x, kind = draw.random((200, 3)), (draw.random(200) < 0.08).astype(float)
    X = np.column_stack([x, kind])
    y = 5 * x[:, 0] + np.sin(6 * x[:, 1]) + 3 * kind + 0.3 * draw.normal(size=200)
    place = int(kind.argmax())
    X[place, :3], y[place] = 0.5, 400.0
    found = learn_all(from_arrays(X, y), settings())
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [place]
    assert float((found.model(found.table.X) - found.table.y).detach().abs().median()) < 0.4


@pytest.mark.parametrize("seed", [1, 2])
def test_a_mistake_in_one_output_shows_beside_another_without(seed: int):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(300, 4))
    law = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
    y = law[:, None] + 0.1 * draw.normal(size=(300, 2))
    y[17, 1] += 60
    found = learn_all(from_arrays(X, y), settings())
    made = found.model(found.table.X).detach().numpy()
    assert np.median(np.abs(made - law[:, None])) < 0.06


@pytest.mark.parametrize("seed", [1, 7])
def test_a_mistake_that_a_curve_follows_shows_beside_lines(seed: int):
    """A column of few different numbers had a curve with a spike at that of the mistake, and other columns paid it
    back. Another row that is far off hid it, too."""
    draw = np.random.default_rng(seed)
    fat, carb, protein = (np.round(draw.lognormal(m, s, 330)) for m, s in ((3, 0.6), (3.6, 0.5), (3.2, 0.5)))
    saturated = np.round(fat * draw.uniform(0.2, 0.5, 330) * 2) / 2
    X = np.column_stack([fat, saturated, 9 * fat + draw.integers(-5, 6, 330), carb, protein])
    law = 9 * fat + 4 * carb + 4 * protein
    y = law + 15 * draw.normal(size=330)
    order = y.argsort()
    place = int(order[-12])
    y[place], y[order[-30]] = 100.0, y[order[-30]] + 250
    found = learn_all(from_arrays(X, y), settings())
    assert gross_errors.gross(found.trained, found.table).nonzero()[:, 0].tolist() == [place]
    assert np.sqrt(np.mean((found.model(found.table.X).detach().numpy()[:, 0] - law) ** 2)) < 10


@pytest.mark.parametrize("kind", ["a number", "a date", "a level", "a factor"])
def test_what_a_missing_cell_may_hold_makes_no_mistake(kind: str):
    """The median of a column stood in the cell, and the target was far from what that says."""
    draw = np.random.default_rng(3)
    value = draw.permuted(np.linspace(0, 10, ROWS))
    cells: Any = {
        "a date": lambda: pd.Timestamp("2000-01-01") + pd.to_timedelta((365 * value).round(), unit="D"),
        "a level": lambda: np.array(["low", "mid", "high"], dtype=object)[np.digitize(value, (3, 6))],
    }.get(kind, lambda: value)()
    frame = pd.DataFrame({"a": cells, "b": draw.normal(size=ROWS)})
    law = 10.0 * np.digitize(value, (3, 6)) if kind == "a level" else 2 * value
    y = law + frame.b + 30 + 0.02 * draw.normal(size=ROWS)
    y = np.exp(y / 10) if kind == "a factor" else y
    gaps = value.argsort()[[20, 60, 250, 270, 280, 285]]
    frame.loc[gaps, "a"] = None
    wrong, y[gaps[0]], y[7] = [7, gaps[0]], 3 * y.max(), 3 * y.max()
    table = from_dataframe(frame.assign(y=y), "y")
    log = replace(table, y=table.y.log()) if kind == "a factor" else table
    assert (gross_errors._off_lines(log) > 1).nonzero()[:, 0].tolist() == sorted(wrong)
    how: dict[str, Any] = {"loss": "gamma"} if kind == "a factor" else {}
    near = table.take(torch.tensor([place for place in range(ROWS) if place not in wrong]))
    model = ew.fit(ew.KAN((near.X.shape[1], 1)), near, optimizer="evidence", progress=False, **how).model
    error = (excess_by_log if how else excess)(as_means(model), table, table)
    assert (error > 1).nonzero()[:, 0].tolist() == sorted(wrong)


@pytest.mark.parametrize("rows", [60, 6000])
def test_lines_say_nothing_of_few_rows_a_column_nor_of_many_rows(rows: int):
    X = np.random.default_rng(0).normal(size=(rows, 13 if rows == 60 else 2))
    y = X.sum(1)
    y[3] += 1e3
    assert not gross_errors._off_lines(from_arrays(X, y)).any()


def test_lines_of_constant_columns_equal_columns_and_exact_targets_are_numbers():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 1))
    X, y = np.hstack([x, x, np.full((80, 1), 1e6)]), 3 * x[:, 0]
    assert float(gross_errors._off_lines(from_arrays(X, y)).max()) < 0.01
    y[5] += 100
    off = gross_errors._off_lines(from_arrays(X, y))
    assert (off > 1).nonzero()[:, 0].tolist() == [5]


def test_a_row_that_is_far_from_lines_alone_takes_no_stages(monkeypatch: pytest.MonkeyPatch):
    draws = torch.Generator().manual_seed(3)
    X = torch.rand(200, 2, dtype=torch.float64, generator=draws)
    X[0, 0], X[1, 0], X[0, 1] = 1.6, 1.5, 1.0
    y = (1 + 4 * X[:, 0] - X[:, 1] + 0.2 * torch.randn(200, generator=draws, dtype=torch.float64)).exp()
    table = from_arrays(X.numpy(), y.numpy())
    found = chosen_network(table, settings(), False)
    assert found.of_log is not None and bool(gross_errors._apart(gross_errors._off_lines(table), table).any())

    def stages(*_: Any) -> Trained:
        raise AssertionError("a refit of the logarithm says that no row is far from it")

    monkeypatch.setattr(gross_errors, "chosen_network", stages)
    assert gross_errors.without_gross_errors(found, table, settings(), False, None) is None


def test_a_constant_that_a_mistake_has_bent_foresees_no_other_mistake(monkeypatch: pytest.MonkeyPatch):
    y = torch.cat([torch.linspace(30, 40, 30, dtype=torch.float64), torch.tensor([414.5], dtype=torch.float64)])
    table, model = from_arrays(torch.arange(31, dtype=torch.float64)[:, None], y), ew.KAN((1, 1)).double()
    monkeypatch.setattr(gross_errors, "predict", lambda _, rows: torch.full_like(rows.y, 73.6))
    assert float(gross_errors.excess(model, table, table)[30]) <= 1
    assert not bool(gross_errors._foreseen(model, table)[30])
    monkeypatch.setattr(gross_errors, "predict", lambda _, rows: rows.y.clone())
    assert bool(gross_errors._foreseen(model, table)[30])
