"""The experiment `symbolic_recovery`: equations without units, Operon's models read and judged, its rows one by one."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch

from edgewise.errors import DataError

ROOT = Path(__file__).parents[1]
SMOKE = ("symbolic_recovery", "--smoke", "--peers", "pyoperon", "--rows", "textbook/reynolds")


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str):
    return import_module(f"experiments.{name}")


def room(name: str):
    return module(f"symbolic_recovery.{name}")


def records(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---------------------------------------------------------------------------------------------------- equations


def assignments(text: str) -> dict[str, str]:
    """{"a": "m1/m2"} from "a=m1/m2"."""
    return dict(part.split("=") for part in text.split())


def parsed(text: str, names: set[str]) -> sympy.Expr:
    return sympy.parse_expr(text.replace("^", "**"), local_dict={name: sympy.Symbol(name) for name in names})


@pytest.mark.parametrize("record", records(ROOT / "experiments/data/dimensionless_groups.csv"), ids=lambda r: r["name"])
def test_dimensionless_equations_have_no_units_and_follow_from_the_full_laws(record):
    equations = room("equations").equations()
    short, law = equations[f"dimensionless/{record['name']}"], equations[f"feynman/{record['law']}"]
    names = set(law.variables)
    groups = {name: name for name in short.variables if name in names} | assignments(record["groups"])
    assert set(groups) == set(short.variables)
    units = assignments(record["units"])
    assert set(units) <= names
    plain = {unit: sympy.Symbol(unit, positive=True) for unit in ("kg", "m", "s", "A", "K")}
    unit_of = {
        name: sympy.parse_expr(units.get(name, "1").replace("^", "**"), local_dict=dict(plain)) for name in names
    }
    for text in groups.values():
        assert not (parsed(text, names).subs({sympy.Symbol(n): u for n, u in unit_of.items()})).free_symbols, text
    factor = parsed(record["factor"], names)
    inside = {sympy.Symbol(name): parsed(text, names) for name, text in groups.items()}
    X, y = law.rows(50, "test")
    again = room("equations").evaluate(factor * short.expression.subs(inside, simultaneous=True), law.variables, X)
    np.testing.assert_allclose(again, y, rtol=1e-9)


def test_all_of_the_papers_equations_without_units_are_told_where_they_come_from():
    told = [record["name"] for record in records(ROOT / "experiments/data/dimensionless_groups.csv")]
    names = [one.name for one in room("equations").equations().values() if one.table == "dimensionless"]
    assert told == names and len(names) == 27


def test_the_name_of_a_table_stands_for_all_its_laws():
    options = module("runner").options("symbolic_recovery", ["--rows", "dimensionless,textbook/kepler"])
    laws = room("run")._laws(options, list(room("equations").equations()))
    assert len(laws) == 28 and sum(law.startswith("dimensionless/") for law in laws) == 27


# ---------------------------------------------------------------------------------------------------- Operon's text

MODELS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "(1.50000000000000000 + ((-0.25000000000000000) * X1))": lambda x, z: 1.5 - 0.25 * x,
    "((2.00000000000000000 * X1) - ((-1.00000000000000000) * X2))": lambda x, z: 2 * x + z,
    "((3.00000000000000000 * X1) / (sqrt(1 + ((0.50000000000000000) * X2) ^ 2)))": lambda x, z: (
        3 * x / np.sqrt(1 + (0.5 * z) ** 2)
    ),
    "log((0.50000000000000000 * X1)+1)": lambda x, z: np.log1p(0.5 * x),
    "(((-1.50000000000000000) * X1) ^ 2)": lambda x, z: (1.5 * x) ** 2,
    "(X1 ^ ((0.50000000000000000) * X2))": lambda x, z: x ** (0.5 * z),
    "X1 - X2 - 1.00000000000000000": lambda x, z: x - z - 1,
    "X1 / X2 / 2.00000000000000000": lambda x, z: x / z / 2,
    "cbrt(X1) + asin((0.10000000000000000 * X2)) * tanh(X1)": lambda x, z: np.cbrt(x) + np.arcsin(z / 10) * np.tanh(x),
    "-X1 ^ 2 + exp(-X2)": lambda x, z: -(x**2) + np.exp(-z),
}


@pytest.mark.parametrize("text", MODELS)
def test_models_in_operons_words_have_its_values(text):
    tree = import_module("edgewise.discovery.formulas.tree")
    X = np.random.default_rng(0).uniform(0.5, 3, (40, 2))
    found = tree.values(room("operon_text").as_node(text, ["X1", "X2"]), torch.from_numpy(X))
    np.testing.assert_allclose(found.numpy(), MODELS[text](*X.T), rtol=1e-12)


@pytest.mark.parametrize(
    "text, told",
    [
        ("X1 + Y", "no column 'Y'"),
        ("sine(X1)", "did you mean 'sin'"),
        ("(X1 + 1.0", "its end"),
        ("X1 X2", "the end"),
        ("X1 + * X2", "a number, a column or a function"),
        ("X1; X2", "';'"),
        ("__import__('os')", '"\'"'),
    ],
)
def test_text_that_is_no_model_is_refused_in_words(text, told):
    with pytest.raises(DataError, match="Operon's model") as caught:
        room("operon_text").as_node(text, ["X1", "X2"])
    assert told in str(caught.value)


# ---------------------------------------------------------------------------------------------------- the judge


def judged(texts: list[str], law: str) -> tuple[sympy.Expr | None, float]:
    equation = room("equations").equations()[law]
    return room("judging").best_of([room("operon_text").as_node(text, equation.variables) for text in texts], equation)


def test_any_model_counts_once_its_constants_are_fitted_in_float64():
    reynolds = ["1.3", "rho * v", "((1.7 * rho) * ((0.6 * v) * L)) / (1.02 * mu) + 0.001"]
    expression, off = judged(reynolds, "textbook/reynolds")
    assert off <= room("judging").EXACT and expression is not None and expression.free_symbols


def test_idle_terms_do_not_stand_between_a_model_and_the_law():
    _, off = judged(["0.999 * a ^ 2 * 1.5 / (b ^ 2) + 0.0001 * a"], "dimensionless/II.38.3")
    assert off > room("judging").EXACT
    _, off = judged(["(0.999 * a) / (1.001 * b) + 0.0001 * a + 0.0001 * b"], "dimensionless/II.38.3")
    assert off <= room("judging").EXACT


def test_a_model_of_another_structure_is_not_exact_however_it_is_fitted():
    series = "a * b * (0.5 * C - 0.08 * C ^ 3 + 0.004 * C ^ 5)"  # of the sine
    expression, off = judged([series, "a * b * C"], "textbook/triangle")
    assert off > 1e-5 and expression is not None and sympy.Symbol("C") in expression.free_symbols


def test_nothing_is_exact_where_all_models_are_constants_or_overflowed():
    assert judged(["2.5", "inf", "nan"], "textbook/reynolds") == (None, np.inf)
    assert judged(["nan * rho"], "textbook/reynolds")[1] == np.inf


def test_a_formula_without_a_value_where_the_law_has_one_is_infinitely_far_off():
    equation = room("equations").equations()["textbook/reynolds"]
    rho = sympy.Symbol("rho")  # from 1 to 5
    for formula in (sympy.log(rho - 2), sympy.sqrt(6 - rho), sympy.nan * rho):  # none, beyond the range, nowhere
        assert room("judging").off_by(equation.expression + formula, equation) == np.inf


# ---------------------------------------------------------------------------------------------------- the rows


@pytest.fixture
def searched(monkeypatch) -> list[tuple[str, ...]]:
    """The columns of every search; Operon finds the product of all of them."""
    search, calls = room("operon_search"), []

    def front(X, y, names, seconds):
        calls.append(tuple(names))
        return ["1.5 * " + " * ".join(names)]

    monkeypatch.setattr(search, "has_pyoperon", lambda: True)
    monkeypatch.setattr(search, "package", lambda: "pyoperon of a test")
    monkeypatch.setattr(search, "front", front)
    return calls


def command(*arguments: str) -> int:
    return module("__main__").main(list(arguments))


def test_rows_of_the_peer_stand_beside_ours_and_are_not_done_twice(searched, tmp_path):
    assert command(*SMOKE, "--out", str(tmp_path)) == 0
    assert len(searched) == 2 and not (tmp_path / "result.csv").exists()
    before = (tmp_path / "pyoperon.csv").read_bytes()
    assert command(*SMOKE, "--out", str(tmp_path)) == 0
    assert len(searched) == 2 and (tmp_path / "pyoperon.csv").read_bytes() == before
    assert command(*SMOKE, "--again", "--out", str(tmp_path)) == 0
    assert len(searched) == 4


def test_a_run_that_is_cut_short_keeps_its_rows_and_goes_on_from_there(searched, tmp_path, monkeypatch):
    search = room("operon_search")
    whole = search.front

    def stops(*arguments):
        if len(searched) == 1:
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(search, "front", stops)
    assert command(*SMOKE, "--out", str(tmp_path)) == 130
    (first,) = records(tmp_path / "pyoperon.csv")
    monkeypatch.setattr(search, "front", whole)
    assert command(*SMOKE, "--out", str(tmp_path)) == 0
    assert len(searched) == 2 and first in records(tmp_path / "pyoperon.csv")
    assert len(records(tmp_path / "pyoperon.csv")) == 2


def test_the_page_counts_the_cases_that_both_ran(searched, tmp_path):
    product = ("symbolic_recovery", "--smoke", "--rows", "feynman/I.12.5,feynman/I.34.1", "--noise", "0")
    assert command(*product, "--peers", "only", "--out", str(tmp_path)) == 0
    assert "Beside Operon" not in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert command(*product[:-4], "--rows", "feynman/I.12.5", "--noise", "0", "--out", str(tmp_path)) == 0
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| feynman | 0 | 0 | 1 | 1 | 1 |" in page
    assert command(*product, "--peers", "too", "--out", str(tmp_path)) == 0
    assert "| feynman | 0 | 0 | 2 | 2 | 1 |" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert {r["name"]: r["exact"] for r in records(tmp_path / "pyoperon.csv")} == {"I.12.5": "1", "I.34.1": "0"}


def test_without_the_package_its_rows_stay_as_they_are(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(room("operon_search"), "has_pyoperon", lambda: False)
    assert command(*SMOKE, "--out", str(tmp_path)) == 1
    assert "pip install" in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_the_peers_of_other_tables_are_not_those_of_laws(capsys):
    for name, peer in (("symbolic_recovery", "pykan"), ("feynman", "pyoperon")):
        with pytest.raises(SystemExit):
            module("runner").options(name, ["--peers", peer])
        assert "invalid choice" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")  # what pyoperon and scikit-learn say of themselves
def test_every_model_of_a_front_can_be_read():
    pytest.importorskip("pyoperon.sklearn")
    equation = room("equations").equations()["textbook/charging"]
    X, y = equation.rows(100, "test")
    models = room("operon_search").front(X, y, equation.variables, 0.5)
    tree, text = import_module("edgewise.discovery.formulas.tree"), room("operon_text")
    found = [tree.values(text.as_node(model, equation.variables), torch.from_numpy(X)).numpy() for model in models]
    assert found and min(np.nanmean((y - one) ** 2) for one in found) < y.var()
    assert "pyoperon" not in sys.modules or room("operon_search").package().startswith("pyoperon 0.")
