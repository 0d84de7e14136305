"""The report: whole and balanced HTML that loads nothing, holds no script but its own, and says what the numbers
say."""

from __future__ import annotations

import base64
import hashlib
import html
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import sympy
import torch

from edgewise.errors import ConfigError, DataError, ShapeError, StructureError
from edgewise.model import KAN
from edgewise.plotting import describe
from edgewise.report import charts, figures, report
from edgewise.report.markup import share
from edgewise.report.typesetting import render, symbol, typeset
from helpers import assert_close, assert_equal, state_of

from .plotting.pictures import HOSTILE, law, named, with_forms

VOID = {"meta", "link", "br", "img", "input", "hr"}
INJECTED = (*HOSTILE[:-1], "</style></script><img src=x onerror=alert(1)>")


class Page(HTMLParser):
    """Tags, attributes and text of a page; raises when a tag is not closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def data(model: KAN, rows: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    X = (
        2 * torch.rand(rows, model.topology.features, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
        - 1
    )
    with torch.no_grad():
        return X, model(X.to(model.dtype)).double()


def history(steps: int = 30) -> list[dict[str, Any]]:
    rows = [
        {"stage": "fit", "grid_size": 3, "step": k, "train_loss": 0.5**k, "validation_loss": 0.6**k, "seconds": 0.1 * k}
        for k in range(steps)
    ]
    return [
        *rows,
        *[
            {
                "stage": "all rows",
                "grid_size": 6,
                "step": steps,
                "train_loss": math.nan,
                "validation_loss": None,
                "seconds": 9.0,
            }
        ]
        * 10,
    ]


@pytest.fixture(scope="module")
def full() -> str:
    """The report on a law with everything that can be given."""
    model = law()
    X, y = data(model)
    x1, x2 = sympy.symbols("x y")
    return report(
        model,
        X,
        y,
        original=KAN((2, 5, 1)),
        test=data(model, 30),
        history=history(),
        inputs=("x", "y"),
        outputs=("f",),
        formulas=[sympy.exp(sympy.sin(sympy.pi * x1) + x2**2)],
        errors={"model": {"rmse": 0.25, "r2": 0.999997}, "formula": {"rmse": 1.5e-9, "r2": 1.0}},
        baselines={"mean": {"rmse": 2.5, "r2": 0.0}, "gradient boosting": "not computed: no such package"},
        verdict="It explains nearly all of it.",
        notes=["the separator is ';'"],
        title="A law",
    )


@pytest.fixture(scope="module")
def hostile() -> str:
    """The report on a classifier whose columns, classes, title, scores and history all try to break out."""
    model = named(KAN((10, 1, 10)), inputs=INJECTED, outputs=("c",), classes=INJECTED, task="classification")
    X = data(model)[0]
    bad = INJECTED[0]
    formulas = [sympy.Symbol(name) ** 2 + sympy.Function(bad)(sympy.Symbol(bad)) for name in INJECTED]
    rows = [{"stage": bad, "train_loss": 1.0 / (k + 1), "part": bad} for k in range(3)]
    return report(
        model,
        X,
        torch.arange(60) % 10,
        title=INJECTED[-1],
        verdict=bad,
        notes=[bad],
        formulas=formulas,
        errors={bad: {bad: 1.0}},
        baselines={bad: bad},
        history=rows,
        model_file=f"{bad}.safetensors",
        closed_forms={(0, 0, 0): (bad, 0.5)},
    )


@pytest.mark.parametrize("which", ["full", "hostile"])
def test_page_is_balanced_and_ids_are_unique(which, request):
    page = Page(request.getfixturevalue(which))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert set(page.attributes("data-edge")) <= set(ids)
    assert {link.removeprefix("#") for tag, a in page.tags if tag == "a" for link in [a["href"] or ""]} <= set(ids)


@pytest.mark.parametrize("which", ["full", "hostile"])
def test_page_loads_nothing(which, request):
    text = request.getfixturevalue(which)
    page = Page(text)
    assert not page.attributes("src") and not page.attributes("srcset") and not page.attributes("action")
    assert all(link.startswith("#") or link == "data:," for link in page.attributes("href"))
    assert not re.search(r"https?://|url\(|@import", text)
    assert {tag for tag, _ in page.tags} & {"img", "iframe", "object", "embed", "base", "form"} == set()


@pytest.mark.parametrize("which", ["full", "hostile"])
def test_only_the_pages_own_script_may_run(which, request):
    text = request.getfixturevalue(which)
    page = Page(text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert [tag for tag, _ in page.tags].count("script") == len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = next(a["content"] or "" for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    assert f"script-src 'sha256-{digest}';" in policy and "default-src 'none'" in policy
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "alert(1)" not in scripts[0]


def test_hostile_names_are_shown_as_text(hostile):
    text = Page(hostile).text
    for name in INJECTED:
        if len(name) < 30 and name.isprintable():
            assert " ".join(name.split()) in text


def test_the_whole_story_is_told(full):
    page = Page(full)
    titles = re.findall(r"<h2>(.*?)</h2>", full)
    assert titles == [
        "Formula",
        "Accuracy",
        "Network",
        "Edge functions",
        "Partial dependence",
        "Residuals",
        "Training",
        "Data",
        "Use it in Python",
    ]
    told = [
        "A law",
        "It explains nearly all of it.",
        "Before pruning",
        "After pruning",
        "On 30 rows that were held out.",
        "3 of 15",
    ]
    told += ["Loss, 40 steps, 9 s", "the separator is ';'", "grid 3", "grid 6"]
    assert [words for words in told if words not in page.text] == []


def test_errors_of_model_formula_and_baselines_stand_side_by_side(full):
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', full)
    cells = {re.sub("<small.*", "", name): re.findall(r"<td[^>]*>(.*?)</td>", rest) for name, rest in rows}
    assert cells["model"] == ["0.25", "0.999997"]
    assert cells["formula"] == ["1.5e−9", "1"]
    assert cells["mean"] == ["2.5", "0"] and cells["gradient boosting"] == ["–", "–"]
    assert "not computed: no such package" in full


def test_every_edge_has_its_card_with_its_closed_form(full):
    page = Page(full)
    cards = [ident for ident in page.attributes("id") if ident.startswith("edge-")]
    assert sorted(cards) == ["edge-0-0-0", "edge-0-1-0", "edge-1-0-0"]
    assert sorted(page.attributes("data-edge")) == sorted(cards)
    card = re.search(r'id="edge-0-0-0">(.*?)</figure>', full, flags=re.DOTALL)
    assert card is not None and "sin(πx)" in card[1] and "R² " in card[1]


def test_without_extras_the_parts_are_left_out_and_scores_computed():
    model = KAN((2, 2, 1))
    X, y = data(model)
    text = report(model, X.numpy(), y.numpy()[:, 0] + 0.5, closed_forms={})
    assert "Before pruning" not in text and "<h2>Formula" not in text and "<h2>Training" not in text
    assert re.search(r'<th scope="row">model</th><td data-label="RMSE">0.5</td><td data-label="MAE">0.5</td>', text)
    assert "60 rows it was fitted to" in text


def test_splines_get_the_form_that_describes_them():
    model = KAN((1, 1), base="none", grid_size=20)
    content = describe(model)
    x = torch.tensor(content.edges[0][0].x).double()
    edge = replace(content.edges[0][0], y=tuple((2 * torch.sin(3 * x) + 0.5).tolist()))
    found = figures.closed_forms(replace(content, edges=((edge,),)), None, None)[0, 0, 0]
    assert found.words == "2 sin(3x) + 0.5" and found.r2 > 1 - 1e-9 and not found.exact
    assert found.y == pytest.approx(edge.y)


def test_closed_forms_are_held_against_the_splines_they_replaced():
    sine = with_forms(KAN((1, 1)), {(0, 0, 0): ("sin", (3.0, 0.0, 2.0, 0.0))})
    after = describe(sine)
    edge = replace(
        describe(KAN((1, 1))).edges[0][0], y=tuple((5 * torch.sin(2 * torch.tensor(after.edges[0][0].x)) - 1).tolist())
    )
    before = replace(after, edges=((replace(edge, x=after.edges[0][0].x),),))
    found = figures.closed_forms(after, before, None)[0, 0, 0]
    assert found.words == "2 sin(3 x1)" and found.exact and found.r2 > 1 - 1e-6
    assert math.isnan(figures.closed_forms(after, None, None)[0, 0, 0].r2)
    assert figures.closed_forms(after, None, {(0, 0, 0): ("two words", 0.25)})[0, 0, 0].r2 == 0.25


def test_report_changes_nothing_and_writes_nothing(leaves_no_trace):
    model = KAN((2, 1))
    before = state_of(model)
    X, y = data(model)
    assert report(model, X, y, closed_forms={}) == report(model, X, y, closed_forms={})
    assert_equal(state_of(model), before)


def test_partial_dependence_is_the_mean_over_the_data():
    model = KAN((3, 2, 2))
    X, y = data(model)
    found = figures.dependence(model, figures.Data.of(model, X, y, ()), 1)
    assert (found.x[0], found.x[-1]) == (float(X[:, 1].min()), float(X[:, 1].max()))
    moved = X.clone()
    moved[:, 1] = found.x[7]
    with torch.no_grad():
        assert_close(torch.tensor(found.mean[7], dtype=torch.float64), model(moved).mean(0))


def test_pruned_inputs_keep_their_names_in_the_report():
    from edgewise.transforms import remove

    model = remove(KAN((3, 1)), nodes=[(0, 1)])
    X, y = data(model)
    page = Page(report(model, X, y, inputs=("first", "second", "third"), closed_forms={}))
    assert "input, not used" in page.text
    charts_of = [label for label in page.attributes("aria-label") if label.startswith("partial dependence")]
    assert sorted(charts_of) == ["partial dependence on first", "partial dependence on third"]


def test_the_python_it_shows_runs_and_gives_the_numbers_it_shows(tmp_path, monkeypatch):
    import edgewise as ew

    monkeypatch.chdir(tmp_path)
    model = named(KAN((2, 2, 1)), inputs=("a'b", "c\nd"), outputs=("y",))
    X, y = data(model)
    text = report(model, X, y, closed_forms={})
    shown = html.unescape(re.findall(r"<code>(import torch.*?)</code>", text, flags=re.DOTALL)[0])
    ew.save(model, "model.safetensors")
    space: dict[str, Any] = {}
    exec(shown, space)
    stated = float(re.findall(r"y = model\(X\)  # 'y': (\S+)", shown)[0])
    assert float(space["y"]) == pytest.approx(stated, rel=1e-5) and (tmp_path / "kan.svg").exists()


def test_classes_give_a_table_of_confusions():
    model = named(
        KAN((2, 3)), inputs=("a", "b"), outputs=("kind",), classes=("red", "green", "blue"), task="classification"
    )
    X, y = data(model)
    codes = y.argmax(1)
    page = Page(report(model, X, codes, closed_forms={}))
    assert "Confusions" in page.text and "Residuals" not in page.text
    assert "kind from a, b" in page.text and "accuracy of the model" in page.text
    assert re.search(r"<b>1</b><span>accuracy", report(model, X, codes, closed_forms={}))
    with pytest.raises(ShapeError, match="class codes from 0 to 2"):
        report(model, X, codes + 1)


def test_many_inputs_outputs_and_edges_are_cut_with_a_word_about_it():
    model = KAN((30, 6))
    X, y = data(model)
    text = Page(report(model, X, y, closed_forms={})).text
    assert "The 6 least important inputs are left out." in text
    assert "60 less important edges are not shown." in text
    assert "The first 4 of 6 outputs are shown." in text


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"X": torch.full((3, 2), math.nan)}, DataError, "report needs finite numbers|plot needs finite numbers"),
        ({"X": torch.zeros(3, 5)}, ShapeError, "X has 5 columns, the model takes 2"),
        ({"y": torch.zeros(7)}, ShapeError, r"y must have shape \(60, 1\)"),
        ({"y": ["a"] * 60}, ShapeError, "y must hold numbers"),
        ({"inputs": ("a",)}, ConfigError, "inputs needs 2 names"),
        ({"formulas": []}, ConfigError, r"one expression per output \(1\), got 0"),
        ({"model": torch.nn.Linear(2, 1)}, StructureError, "takes an edgewise.KAN"),
    ],
)
def test_unusable_arguments_are_named(change, error, words):
    model = KAN((2, 1))
    X, y = data(model)
    with pytest.raises(error, match=words):
        report(**{"model": model, "X": X, "y": y, **change})


@pytest.mark.parametrize(
    "rows",
    [[], [{"step": 1}], [{"train_loss": 1.0}], [{"train_loss": 0.0}, {"train_loss": math.inf}], [{"loss": 0.0}] * 5],
)
def test_any_history_can_be_shown(rows):
    model = KAN((1, 1))
    Page(report(model, *data(model), history=rows, closed_forms={}))


def test_constant_columns_and_a_single_row_can_be_shown():
    model = KAN((2, 1), dtype=torch.float32)
    for X in (torch.zeros(5, 2), torch.rand(1, 2)):
        Page(report(model, X, torch.ones(len(X)), closed_forms={}))


# ------------------------------------------------------------------ formulas


X_, Y_ = sympy.symbols("x y")


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        (sympy.sqrt(X_ + 1), ["<msqrt>"]),
        (X_ / (Y_ + 1), ["<mfrac><mrow><mi>x</mi></mrow>", "<mi>y</mi><mo>+</mo><mn>1</mn>"]),
        (sympy.Rational(2, 3) * X_, ["<mfrac>", "<mn>2</mn>", "<mn>3</mn>"]),
        (-X_ * Y_, ["<mo>−</mo>"]),
        ((X_ + 1) ** 2, ["<msup>", "(</mo>", "<mn>2</mn>"]),
        (sympy.sin(sympy.pi * X_), ["<mi>sin</mi>", "<mi>π</mi>"]),
        (sympy.log(X_), ["<mi>ln</mi>"]),
        (sympy.Abs(X_), ["|</mo>"]),
        (sympy.besselj(0, 20 * X_), ["<msub><mi>J</mi><mn>0</mn></msub>"]),
        (sympy.Float(1.5e-9) * X_, ["<mn>1.5</mn>", "<mn>10</mn>", "<mn>−9</mn>"]),
        (sympy.Function("phi_0_1_2")(X_), ["<mi>φ</mi><mtext>0,1,2</mtext>"]),
        (sympy.Symbol("<b>") ** -2, ["&lt;b&gt;"]),
        (sympy.Max(0, X_), ["<mi>max</mi>"]),
        (sympy.Piecewise((X_, X_ > 0), (0, True)), ["Piecewise"]),
        (sympy.zoo + sympy.I * X_, ["∞"]),
        (sympy.Integer(0), ["<mn>0</mn>"]),
    ],
)
def test_expressions_become_balanced_mathml(expression, parts):
    text = typeset(expression, "f")
    Page(text)
    for part in parts:
        assert part in text


def test_sums_break_between_terms_and_start_with_a_plus():
    text = typeset(-sympy.sin(X_) + Y_**2 - 3, "f")
    assert text.count("<math") == 4
    assert text.index("<mi>y</mi>") < text.index("<mi>sin</mi>")
    assert "(" not in typeset(X_ - Y_, "f") and "(" in render(X_ * (X_ - Y_), 0, 4)


def test_names_in_formulas():
    assert symbol("x_3") == symbol("x3") == "<msub><mi>x</mi><mn>3</mn></msub>"
    assert symbol("omega") == "<mi>ω</mi>" and symbol("Delta") == "<mi>Δ</mi>"
    assert len(symbol("n" * 500)) < 60


def test_what_is_no_expression_is_shown_as_text():
    assert "<code>x &lt; 1</code>" in typeset("x < 1", "f")


# ------------------------------------------------------------------ charts


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 17), (1e-9, 3e-9), (1e6, 1e6 + 3), (5, 5), (-1e300, 1e300)])
def test_ticks_are_round_and_inside(low, high):
    marks = charts.ticks(low, high)
    assert 1 <= len(marks) <= 12
    assert all(low - 1e-9 * abs(low) <= m <= high + 1e-9 * abs(high) for m in marks)
    words = [w for _, w in charts.Axis(low, high + (high == low), 0, 1).marks()]
    assert len(set(words)) == len(words)


def test_lines_break_where_there_is_no_number():
    x, y = charts.frame([0, 1, 2, 3, 4], [1, 2, math.nan, 4, 5])
    assert charts.line(x, y, [0, 1, 2, 3, 4], [1, 2, math.nan, 4, 5]).count("<polyline") == 2
    x, y = charts.frame([0, 1, 2], [1.0, 0.0, -1.0], log=True)
    assert charts.line(x, y, [0, 1, 2], [1.0, 0.0, -1.0]) == ""


def test_histogram_counts_every_finite_value():
    assert sum(charts.histogram([0, 0.5, 1, math.nan, math.inf], 4, 0, 1)) == 3
    assert sum(charts.histogram([2, 2, 2], 4, 2, 2)) == 3


def test_shares_never_round_up_to_one():
    assert share(0.9999999) == "0.9999999" and share(1.0) == "1" and share(0.99996) != "1"
    assert share(float(1 - 2**-53)) != "1"
