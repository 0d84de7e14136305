"""Curves of experiments: who looks changes nothing, curves end at the figures of the table, the picture shows all."""

from __future__ import annotations

import csv
import time
from importlib import import_module
from pathlib import Path

import pytest
import torch

from helpers import all_but_slow

ROOT = Path(__file__).parents[1]
STEPS, COST = 32, 0.25  # of each training here; CPU seconds that a step is said to take


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str):
    return import_module(f"experiments.{name}")


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def image_training():
    """A network with normalisations, its training for `STEPS` steps, and what it reaches."""
    networks, training = module("images.networks"), module("images.training")
    images = module("images.data").load(None)
    network = networks.build("CNN", (1, 8, 8), 4, 10, seed=0)

    def train(watch):
        return training.trained(network, *images.train, 1e-2, STEPS, 0, watch)

    return network, train, lambda: training.accuracy(network, *images.test)


def text_training():
    """The same of a reader of text."""
    networks, training, text = module("language.networks"), module("language.training"), module("language.text").load()
    network = networks.Reader("MLP", len(text.alphabet), seed=0)

    def train(watch):
        return training.trained(network, text.train, 1e-2, STEPS, 0, watch)

    return network, train, lambda: training.bits(network, text.test[:500])


@pytest.mark.parametrize("training", [image_training, text_training])
def test_a_training_that_is_watched_ends_as_one_that_is_not(training):
    curves, states = module("learning_curves"), []
    for watched in (False, True):
        network, train, reached = training()

        def measure(reached=reached):
            torch.rand(3)  # whoever measures may draw numbers
            return reached()

        watch = curves.Watch(network, measure, STEPS, COST)
        train(watch if watched else curves.unwatched)
        assert network.training
        states.append(network.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert [point.moment for point in watch.points] == list(range(1, curves.MOMENTS + 1))
    assert watch.points[-1].value == reached() and watch.points[-1].at == STEPS * COST


def test_a_step_that_passes_several_moments_is_read_once_and_none_twice():
    curves, network = module("learning_curves"), torch.nn.Identity()
    watch = curves.Watch(network, lambda: 0.0, 4, 0.5)
    for done in (1, 1, 2, 3, 4, 4):
        watch(done)
    assert [(point.moment, point.at) for point in watch.points] == [(2, 0.5), (5, 1.0), (7, 1.5), (10, 2.0)]


def test_new_curves_replace_those_of_their_row_and_leave_the_others(tmp_path):
    curves = module("learning_curves")
    point = curves.Point(1, 0.5, 80.0)
    for name, panel, count in (("a", "one", 3), ("b", "one", 1), ("a", "two", 1), ("a", "one", 2)):
        curves.keep(curves.kept(tmp_path), name, panel, [[point]] * count)
    found = sorted((record["name"], record["panel"], record["seed"]) for record in records(tmp_path / curves.FILE))
    assert found == [("a", "one", "1"), ("a", "one", "2"), ("a", "two", "1"), ("b", "one", "1")]


def test_the_picture_has_a_panel_for_each_set_and_a_line_for_each_row(tmp_path):
    curves = module("learning_curves")
    kept = curves.kept(tmp_path)
    for name, values in {"slow": (10.0, 20.0), "fast": (15.0, 40.0), "once": (30.0,)}.items():
        seeds = [[curves.Point(n, n / 2, value + seed) for n, value in enumerate(values, 1)] for seed in range(3)]
        curves.keep(kept, name, "here", seeds)
    rows = {"slow": "Slow", "fast": "Fast", "once": "Once", "missing": "Missing"}
    figure = curves.picture(kept, {"here": rows, "nowhere": rows}, "seconds", "percent")
    (axes,) = figure.axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn == {"Slow": [11.0, 21.0], "Fast": [16.0, 41.0], "Once": [31.0, 31.0]}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Slow", "Fast", "Once"]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("here", "seconds", "percent")


# experiment -> rows that take a few seconds, and the column that holds the end of the curves of each panel
SMOKE = {
    "images": ("KAN,hybrid,KANConv", {"digits": "accuracy"}),
    "language": ("KAN,MLP", {"Northanger Abbey": "bits"}),
    "class_incremental": ("linear,mlp_ewc", {"all classes shown so far": "accuracy", "0 and 1": "first_task"}),
}


@pytest.mark.parametrize("name", all_but_slow(["class_incremental"], SMOKE))
def test_every_curve_of_a_small_run_rises_in_time_and_ends_at_the_figure_of_the_table(name, tmp_path):
    rows, panels = SMOKE[name]
    assert module("__main__").main([name, "--smoke", "--rows", rows, "--out", str(tmp_path)]) == 0
    table = records(tmp_path / "result.csv")
    assert {record["name"] for record in table} == set(rows.split(","))
    points, key = records(tmp_path / "curves.csv"), next(iter(table[0]))
    assert {(point["name"], point["panel"]) for point in points} == {
        (record[key], panel) for record in table for panel in panels
    }
    for record in table:
        for panel, column in panels.items():
            own = [point for point in points if (point["name"], point["panel"]) == (record[key], panel)]
            times = [float(point["at"]) for point in own]
            assert times == sorted(set(times)) and own[-1]["value"] == record[column]
    assert (tmp_path / "result.png").exists()
    assert "(result.png)" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SMOKE)
def test_the_committed_curves_have_the_rows_and_seeds_of_the_table_or_the_page_says_so(name):
    folder = ROOT / "experiments" / name
    table, points = records(folder / "result.csv"), records(folder / "curves.csv")
    key = next(iter(table[0]))
    seeds = {record[key]: int(record["seeds"]) for record in table}
    drawn = {
        name: {point["seed"] for point in points if point["name"] == name}
        for name in {point["name"] for point in points}
    }
    assert {name: len(own) for name, own in drawn.items()}.items() <= seeds.items()
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert drawn.keys() == seeds.keys() or "no curves are recorded" in page


def test_a_step_costs_what_the_undisturbed_one_takes(monkeypatch):
    """All but one take twice as long, as beside other work, and the first one compiles."""
    step_cost, now = module("step_cost"), [0.0]
    monkeypatch.setattr(time, "process_time", lambda: now[0])

    def train(passed):
        for step in range(step_cost.ROUND):
            now[0] += 64.0 if step == 0 else 0.25 if step == 7 else 0.5
            passed(step + 1)

    assert step_cost.fastest(train, 0.1) == 0.25
    assert now[0] < 2 * 75  # one round was enough
    before = now[0]
    step_cost.fastest(train, 200.0)
    assert now[0] - before >= 200.0


@pytest.mark.slow
def test_a_row_gets_as_many_steps_as_on_a_quieter_machine_before(tmp_path):
    """Of 5 ms each, the 0.2 seconds of a small run hold 40; a machine that is faster yet does more."""
    columns = module("language.run").COLUMNS
    before = module("results").Results(tmp_path / "result.csv", columns)
    before.put({"name": "MLP", "seconds": 0.2, "steps": 40})
    assert module("__main__").main(["language", "--smoke", "--rows", "MLP", "--out", str(tmp_path)]) == 0
    (found,) = records(tmp_path / "result.csv")
    assert int(found["steps"]) >= 40 and float(found["seconds"]) == pytest.approx(0.2, rel=0.02)
