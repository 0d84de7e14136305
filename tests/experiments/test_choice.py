"""The shape is chosen without the test points, and the record of a row keeps to its seeds."""

from __future__ import annotations

import pytest

from experiment_runs import module


def tried(origin: str, held_out: float, test: float, shape: str = "[2,2,1]", edges: int = 6):
    training = module("training")
    return training.Attempt(origin, shape, 3, 10 * edges, edges, (3, 3), held_out, test, 1.0)


def test_the_held_out_error_chooses_the_shape_not_the_test_error():
    good, lucky = tried("general", 1e-6, 2e-6), tried("general", 2e-6, 1e-9)
    assert module("training").winner([lucky, good]) is good


def test_every_shape_is_within_the_papers_search_and_the_papers_come_first():
    training, tables = module("training"), module("tables")
    for row in (*tables.read_rows("special"), *tables.read_rows("feynman")):
        shapes = training.candidates(row)
        assert next(iter(shapes)) == row.shapes["best"]
        assert list(shapes.values()) == sorted(shapes.values(), key=lambda origin: origin == "general")
        assert set(training.general_shapes(len(row.inputs))) <= set(shapes)
        for shape in shapes:
            hidden = [width if isinstance(width, int) else sum(width) for width in shape[1:]]
            assert shape[0] == len(row.inputs) and shape[-1] == 1 and max(hidden) <= 5 and len(hidden) <= 6


def test_the_record_of_a_row_keeps_to_its_seeds():
    paper, row = module("paper"), module("tables").read_rows("feynman")[0]
    runs = [
        [
            tried("paper's best", 1e-4, 3e-4, "[2,2,1,1]"),
            tried("general", 1e-5, 5e-5, "[2,1x2,1]"),
            tried("pruned", 1e-3, 5e-3, "[2,1,1]", 3),
        ],
        [
            tried("paper's best", 1e-5, 2e-5, "[2,2,1,1]"),
            tried("general", 1e-4, 1e-6, "[2,1x2,1]"),
            tried("pruned", 1e-3, 2e-2, "[2,1,1]", 2),
        ],
    ]
    values = paper.edgewise_values(row, runs, 1000)
    assert (
        values["edgewise_best"] == 2e-5
        and values["shape"] == "[2,2,1,1]"
        and values["edgewise_median"] == pytest.approx(3.5e-5)
    )
    assert values["smallest_shape"] == "[2,1,1] (3 edges)" and values["smallest_rmse"] == 5e-3
    assert values["human_rmse"] == 2e-5 and values["pruned_rmse"] == 5e-3 and values["unpruned_rmse"] is None
    assert set(values) <= set(paper.COLUMNS)
    wanted = (
        "name, shape, parameters, paper_kan, paper_mlp, pykan_same_data, edgewise_best, edgewise_median, mlp_best,"
        " mlp_median, mlp_10x, mlp_100x"
    )
    assert list(paper.COLUMNS[:13]) == [*wanted.split(", "), "seconds"]


def test_multiplication_nodes_are_marked():
    paper, row = module("paper"), module("tables").read_rows("feynman")[0]
    marked = [
        paper.edgewise_values(row, [[tried("general", 1.0, 1.0, shape)]], 1000)["note"]
        for shape in ("[2,1x2,1]", "[2,2,1]")
    ]
    assert ["multiplication" in str(note) for note in marked] == [True, False]
