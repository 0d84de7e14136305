"""suggest: the table for one edge."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import DataError, StructureError, SymbolicError
from edgewise.symbolic import suggest
from symbolic.laws import F, fitted, network, uniform

X = uniform((2.0, 4.0), (-1.0, 1.0), rows=300)


@pytest.fixture(scope="module")
def trained() -> ew.KAN:
    return fitted((2, 1, 1), X, torch.exp(torch.sin(3 * X[:, :1]) + X[:, 1:] ** 2))


@pytest.mark.slow
def test_trained_edges_get_their_forms_in_the_users_units(trained: ew.KAN) -> None:
    sine = suggest(trained, X, edge=(0, 0, 0))[0]
    assert sine.primitive == "sin" and abs(sine.a - 3) < 0.05
    assert suggest(trained, X, edge=(0, 1, 0))[0].primitive == "x^2"
    assert suggest(trained, X, edge=(1, 0, 0))[0].primitive == "exp"


@pytest.mark.slow
def test_suggestions_predict_the_edge_function(trained: ew.KAN) -> None:
    best = suggest(trained, X, (0, 0, 0))[0]
    phi = ew.edge(trained, (0, 0, 0))
    x = torch.linspace(2.1, 3.9, 20, dtype=F)
    assert float((best(x) - phi(x)).abs().max().detach()) < 0.05 * float(phi(x).std().detach())


def test_table_is_a_sequence_and_reads_well(trained: ew.KAN) -> None:
    table = suggest(trained, X, (0, 0, 0))
    assert len(table) > 20 and [c.score for c in table] == sorted(c.score for c in table) and len(table[:3]) == 3
    text = repr(table)
    assert (
        "edge (0, 0, 0)" in text
        and "sin" in text.splitlines()[2]
        and "R2" in text
        and f"and {len(table) - 8} more" in text
    )


def test_the_model_stays_as_it_is(trained: ew.KAN) -> None:
    before, kinds = {k: v.clone() for k, v in trained.state_dict().items()}, trained.active_edges()
    for edge in trained.active_edges():
        suggest(trained, X, edge)
    assert all(torch.equal(v, before[k]) for k, v in trained.state_dict().items()) and trained.active_edges() == kinds


def test_dead_and_symbolic_edges_are_told_what_they_are() -> None:
    model = network((2, 1), {(0, 1, 0): ("tanh", 3.0, 0.5, 1.0, 0.0)})
    assert suggest(model, X, (0, 0, 0))[0].primitive == "0"
    best = suggest(model, X, (0, 1, 0))[0]
    assert best.primitive == "tanh" and abs(best.a - 3) < 1e-9
    assert suggest(model, X, (0, 0, 0))[0].primitive == "0"


def test_choice_of_primitives_and_mistakes(trained: ew.KAN) -> None:
    assert {c.primitive for c in suggest(trained, X, (0, 0, 0), primitives=["x^2", "exp"])} == {"x^2", "exp"}
    with pytest.raises(StructureError, match="no edge"):
        suggest(trained, X, (0, 5, 0))
    with pytest.raises(SymbolicError, match="sine"):
        suggest(trained, X, (0, 0, 0), primitives=["sine"])
    with pytest.raises(DataError, match="NaN"):
        suggest(trained, torch.full((5, 2), torch.nan, dtype=F), (0, 0, 0))


def test_ids_of_nodes_survive_pruning() -> None:
    model = ew.tidy(
        network((2, 3, 1), {(0, 1, 2): ("sin", 2.0, 0.0, 1.0, 0.0), (1, 2, 0): ("x^3", 1.0, 0.0, 1.0, 0.0)})
    )
    assert suggest(model, X, (0, 1, 2))[0].primitive == "sin" and suggest(model, X, (1, 2, 0))[0].primitive == "x^3"
