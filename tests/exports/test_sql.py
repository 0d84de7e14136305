"""A query gives what the network gives, for a table of any columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import SymbolicError
from edgewise.exports.sql import sql_source
from edgewise.metadata import Metadata
from edgewise.primitives import names
from edgewise.symbolic.formula import evaluate
from exports.databases import asked, numbers
from exports.test_export import closed, constant, dead, rows_of
from helpers import assert_close
from symbolic.laws import F, network, uniform

FORMS = [name for name in names() if name not in ("0", "erf", "J0")]
HARD = (
    *("out_0", "node_1_0", "phi_0_0_0", "part_1", "cell_0", "x_0", "numbered", "step_1", "data", "edgewise_row"),
    *("select", "order", "NULL", 'a "b"', "a 'b'", "a\nb", "{0}", "%s", "--", "/* x */", ";", " ", "é", "1"),
)


def queried(model: ew.KAN, X: torch.Tensor, **settings: Any) -> np.ndarray:
    columns = settings.get("inputs") or model.input_names
    answer = asked(sql_source(model, **settings), columns, X.tolist())
    return numbers(answer, model.outputs)


def splines() -> ew.KAN:
    """Products, two outputs, scaling, many intervals."""
    model = ew.KAN((3, (3, 2), 2), grid_size=(20, 7), degree=4, seed=1)
    shift = torch.tensor([0.3, 0.0, -0.2], dtype=F)
    return model.build(scaling={"input_shift": shift, "output_scale": torch.tensor([2.0, 3.0], dtype=F)})


MODELS = {
    "closed": closed,
    "dead": dead,
    "constant": constant,
    "splines": splines,
    "steps": lambda: ew.KAN((2, 3), degree=0, seed=1),
    "lines": lambda: ew.KAN((2, 2), degree=1, base="identity", seed=1),
    "wide": lambda: ew.KAN((300, 1), grid_size=2, degree=1, base=None, seed=1),
    "deep": lambda: ew.KAN((2, 3, 3, 3, 3, 3, 1), grid_size=2, seed=1),
}


@pytest.mark.parametrize("which", list(MODELS))
def test_answers_are_those_of_the_network(which: str) -> None:
    model = MODELS[which]()
    X = rows_of(model)[:25]
    with torch.no_grad():
        assert_close(queried(model, X), model(X))


def test_every_closed_form_and_null_where_it_is_undefined() -> None:
    model = network((1, len(FORMS)), {(0, 0, k): (name, 0.4, 0.4, 1.1, 0.2) for k, name in enumerate(FORMS)})
    X = torch.cat([uniform((0.1, 1.0), rows=20), torch.linspace(-5, 5, 41, dtype=F)[:, None]])
    found = queried(model, X)
    wanted = evaluate(ew.formula(model), X, symbols=["x1"])
    wanted[~np.isfinite(wanted)] = np.nan
    for place in range(len(FORMS)):
        assert_close(found[:, place], wanted[:, place])


def test_an_edge_may_have_a_spline_and_a_closed_form() -> None:
    layer = ew.set_symbolic(ew.KAN((1, 1), seed=1), {(0, 0, 0): ("sin", 2.0, 0.1, 1.5, 0.2)}).edge_layers[0]
    parts: dict[str, Any] = layer.parts() | {"kind": torch.full_like(layer.kind, 3)}
    parts["coef"] = torch.linspace(-1, 1, layer.num_basis, dtype=F)[None, :, None]
    model = ew.KAN((1, 1)).build(layers=[type(layer).build(**parts)])
    X = uniform((-2.0, 2.0), rows=20)
    with torch.no_grad():
        assert_close(queried(model, X), model(X))


@pytest.mark.parametrize("cell", [None, "nan", "NA", "", "inf", "-inf", "abc", "1-2", "1e", ".", "1.2.3", "2020-01-01"])
def test_what_is_no_number_gives_null_and_no_other_row_changes(cell: Any) -> None:
    model = ew.KAN((2, 1), degree=0, seed=1)  # of constants, which a NULL could pass by
    answer = asked(sql_source(model), ("x1", "x2"), [[0.5, 0.1], [0.5, cell], [0.5, 0.1]])
    assert [row[-1] is None for row in answer] == [False, True, False]


def test_numbers_may_be_texts() -> None:
    texts = ["1", "-1.5", "+2", " 3. ", ".5", "1e-1", "-2E+0", "\u22120.25", "true", "No"]
    values = [1.0, -1.5, 2.0, 3.0, 0.5, 0.1, -2.0, -0.25, 1.0, 0.0]
    model = network((1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)})
    assert numbers(asked(sql_source(model), ("x1",), [[text] for text in texts]), 1)[:, 0].tolist() == values


def test_whole_numbers_are_not_divided_as_such() -> None:
    model = network((2, 1), {(0, 0, 0): ("1/x", 1.0, 0.0, 1.0, 0.0), (0, 1, 0): ("x", 1.0, 0.0, 1 / 3, 0.0)})
    assert numbers(asked(sql_source(model), ("x1", "x2"), [[4, 1]]), 1)[0, 0] == pytest.approx(1 / 4 + 1 / 3)


def test_every_digit_of_a_number_counts() -> None:
    model = network((1, 1), {(0, 0, 0): ("x", 1.0, 0.0, 1.0, 0.0)})
    values = [0.1 + 0.2, 1 + 2**-52, 1e300, -5e-324]
    assert numbers(asked(sql_source(model), ("x1",), [[v] for v in values]), 1)[:, 0].tolist() == values


def test_columns_may_have_any_names() -> None:
    model = ew.KAN((len(HARD), 2, 1), grid_size=2, degree=1, seed=1)
    X = rows_of(model)[:9]
    with torch.no_grad():
        assert_close(queried(model, X, inputs=HARD, outputs=['y"; --']), model(X))


def test_names_that_differ_in_capitals_alone_are_refused_where_both_are_read() -> None:
    model = ew.KAN((2, 1))
    with pytest.raises(SymbolicError, match="'a' and 'A' differ in capitals alone"):
        sql_source(model, inputs=("a", "A"))
    assert "numbered" in sql_source(ew.remove(model, edges=[(0, 1, 0)]), inputs=("a", "A"))


def test_outputs_have_names_of_their_own() -> None:
    for outputs, said in ((("a", "A"), "'a' and 'A' differ in capitals alone"), (("a", "a"), "are the same")):
        with pytest.raises(SymbolicError, match=f"{said}.*outputs="):
            sql_source(ew.KAN((1, 2)), outputs=outputs)


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_text_that_no_query_can_hold_is_refused(name: str) -> None:
    levels = Metadata((f"c={name}", "c=q"), categories={"c": (name, "q")})
    for model, inputs, outputs in (
        (ew.KAN((1, 1)), [name], None),
        (ew.KAN((1, 1)), None, [name]),
        (ew.KAN((2, 1)).build(metadata=levels), None, None),
    ):
        with pytest.raises(SymbolicError, match="no query can hold"):
            sql_source(model, inputs, outputs)
    with pytest.raises(SymbolicError):
        sql_source(ew.KAN((1, 1)), function=name)


def test_all_columns_of_the_table_come_along_in_their_order() -> None:
    query = ew.export(closed(), "sql", inputs=("a", "b"), outputs=["found"], function='my "table')
    answer = asked(
        query.replace('my ""table', "t"), ("key", "b", "y", "a"), [("q", 1.0, 2.0, 3.0), ("p", 0.0, 0.0, 0.0)], "t"
    )
    assert [row[1:-1] for row in answer] == [("q", 1.0, 2.0, 3.0), ("p", 0.0, 0.0, 0.0)]
    assert [row[0] for row in answer] == [1, 2] and answer[1][-1] == 1.0


def test_steps_are_computed_once() -> None:
    """Written as one expression, a chain of splines would double with each of them."""
    model = ew.KAN((1,) * 20 + (1,), grid_size=2, degree=1, seed=1)
    assert len(sql_source(model)) < 30_000
    X = uniform((-1.0, 1.0), rows=5)
    with torch.no_grad():
        assert_close(queried(model, X), model(X))


@pytest.mark.parametrize("loss", ["poisson", "binomial"])
def test_means_are_written_where_the_network_gives_their_logarithms_or_logits(loss: str) -> None:
    plain = ew.KAN((1, 1), seed=1)
    model, X = plain.build(metadata=replace(plain.metadata, loss=loss)), uniform((-1.0, 1.0), rows=7)
    assert_close(queried(model, X)[:, 0], model.predict(X))


def test_exponentials_neither_overflow_nor_end_the_query() -> None:
    model = network((1, 2), {(0, 0, 0): ("sigmoid", 1.0, 0.0, 1.0, 0.0), (0, 0, 1): ("gaussian", 1.0, 0.0, 1.0, 0.0)})
    found = queried(model, torch.tensor([[-1e4], [1e4]], dtype=F))
    assert_close(found, np.array([[0.0, 0.0], [1.0, 0.0]]))


def test_softplus_goes_on_where_its_exponential_is_too_large() -> None:
    query = ew.export(ew.from_formula("softplus(x)"), "sql")
    found = numbers(asked(query, ("x",), [[1000.0], [-1000.0], [0.0]]), 1)[:, 0]
    assert_close(found, np.array([1000.0, 0.0, np.log(2)]))


def test_laws_are_queries_too() -> None:
    X = 0.5 + uniform((0.0, 1.0), (0.0, 1.0), rows=200)
    law = ew.discover(X, X[:, 0] ** 2 / X[:, 1], inputs=["v", "r"], progress=False).best
    answer = asked(ew.export(law, "sql"), ("r", "v"), [[0.5, 3.0], [0.0, 1.0], [None, 1.0]])
    assert [row[-1] for row in answer] == [pytest.approx(18.0), None, None]


def test_what_sql_does_not_have_is_named() -> None:
    for name, word in (("erf", "erf"), ("J0", "Bessel functions")):
        with pytest.raises(SymbolicError, match=f"SQL has no {word}"):
            sql_source(network((1, 1), {(0, 0, 0): (name, 1.0, 0.0, 1.0, 0.0)}))
    for table in ("", " ", None):
        with pytest.raises(SymbolicError, match="the table needs a name"):
            sql_source(closed(), function=table)  # type: ignore[arg-type]
