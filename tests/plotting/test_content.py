"""What a picture can show: names, scores, curves and closed forms in the user's words and units."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError, DataError, StructureError
from edgewise.metadata import Metadata
from edgewise.model import KAN
from edgewise.plotting.content import describe, rows_for
from edgewise.plotting.layout import arrange

from .pictures import named, with_forms


def test_names_keep_their_feature_after_pruning():
    model = ew.KAN((5, 1))
    from edgewise.transforms import remove

    left = remove(model, nodes=[(0, 0), (0, 2)])
    labels = [m.label.text for m in arrange(describe(left)).nodes if m.label and m.node[0] == 0]
    assert labels == ["x2", "x4", "x5"]
    assert [e.edge[1] for e in arrange(describe(left)).edges] == [1, 3, 4]
    given = arrange(describe(left, inputs=list("abcde"), outputs=["out"]))
    assert [m.label.text for m in given.nodes if m.label] == ["b", "d", "e", "out"]
    with pytest.raises(ConfigError, match="inputs needs 5 names.*pruned ones too"):
        describe(left, inputs=list("abc"))


def test_classes_name_the_outputs():
    model = named(KAN((1, 2)), inputs=("a",), outputs=("kind",), classes=("red", "blue"))
    assert [n.name for n in describe(model).nodes[-1]] == ["red", "blue"]


def test_curves_of_inputs_run_over_the_data_in_its_own_units():
    model = KAN((1, 1)).build(
        scaling={"input_shift": torch.tensor([100.0], dtype=torch.float64), "input_scale": torch.tensor([5.0]).double()}
    )
    X = torch.linspace(90, 105, 50, dtype=torch.float64)[:, None]
    edge = describe(model, X).edges[0][0]
    assert (edge.x[0], edge.x[-1]) == (90, 105)
    want = model.edge_layers[0].edge_values((torch.tensor(edge.x).double()[:, None] - 100) / 5)[:, 0, 0]
    assert edge.y == pytest.approx(want.tolist())


def test_without_data_the_training_ranges_are_sampled_else_the_grids():
    assert rows_for(KAN((2, 1), domain=(3, 4)), None).min() >= 3
    model = named(KAN((2, 1)), inputs=("a", "b"), ranges=((5.0, 6.0), (-2.0, -1.0)))
    rows = rows_for(model, None)
    assert rows[:, 0].min() >= 5 and rows[:, 0].max() <= 6 and rows[:, 1].max() <= -1
    assert torch.equal(rows, rows_for(model, None))


def test_closed_forms_of_inputs_are_told_in_the_users_units():
    model = with_forms(KAN((1, 1)), {(0, 0, 0): ("sin", (2.0, 1.0, 3.0, 0.0))})
    model = model.build(
        scaling={"input_shift": torch.tensor([4.0]).double(), "input_scale": torch.tensor([8.0]).double()},
        metadata=Metadata(inputs=("t",)),
    )
    assert describe(model).edges[0][0].formula == "3 sin(0.25t)"


def test_faulty_input_is_named():
    model = KAN((2, 1))
    with pytest.raises(DataError, match="plot needs finite numbers, but 1 of 2 rows"):
        describe(model, [[0.0, 1.0], [float("nan"), 1.0]])
    with pytest.raises(DataError, match="at least one row"):
        describe(model, torch.zeros(0, 2, dtype=torch.float64))
    with pytest.raises(StructureError, match="takes an edgewise.KAN, got Linear"):
        describe(torch.nn.Linear(2, 1))  # type: ignore[arg-type]
