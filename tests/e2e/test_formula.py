"""What `edgewise fit` finds and shows: the formula, the report, the picture, and what happens when one of them cannot
be made."""

from __future__ import annotations

import json
import math
import random
import re
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

from edgewise.cli.main import main
from edgewise.storage import load
from runs import FILES, SMALL, law


@pytest.fixture(scope="module")
def law_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """y = sin(3 x) + t^2 with an error of 1 %, names that are no identifiers, and a column of no use."""
    folder, draw = tmp_path_factory.mktemp("law"), random.Random(1)
    points = [(draw.uniform(-1, 1), draw.uniform(-1, 1), draw.random(), draw.gauss(0, 0.01)) for _ in range(400)]
    rows = "".join(f"{x},{t},{u},{math.sin(3 * x) + t * t + e}\n" for x, t, u, e in points)
    (folder / "data.csv").write_text("sin,t [s],<script>alert(1)</script>,out put\n" + rows)
    arguments = [
        "fit",
        str(folder / "data.csv"),
        "--target",
        "out put",
        "--out",
        str(folder / "run"),
        "--hidden",
        "0",
        "--quiet",
    ]
    assert main(arguments) == 0
    return folder / "run"


@pytest.mark.slow
def test_noisy_law_comes_back_as_a_formula(law_folder: Path) -> None:
    assert {entry.name for entry in law_folder.iterdir()} == FILES
    text = (law_folder / "formula.txt").read_text()
    one = r"(0\.99\d*\*|1\.0\d*\*)?"
    assert re.search(rf"^out_put = {one}t_s\*\*2 \+ {one}sin\((3|2\.9\d*|3\.0\d*)\*sin_\)", text, re.MULTILINE), text
    for said in (
        "sin_ is 'sin'",
        "t_s is 't [s]'",
        "out_put is 'out put'",
        "formula ",
        "network before closed forms",
        "gradient boosting",
    ):
        assert said in text
    result = json.loads((law_folder / "result.json").read_text())
    held = result["held_out"]
    assert result["formula"]["complete"] and not result["formula"]["splines"] and result["not_made"] == {}
    assert (
        held["formula"]["rmse"] == pytest.approx(held["network"]["rmse"], rel=1e-6) and held["network"]["rmse"] < 0.012
    )
    assert held["before"]["network before closed forms"]["rmse"] < 0.015


def test_formula_is_the_model_that_is_kept(law_folder: Path) -> None:
    model = load(law_folder / "model.safetensors")
    assert all(edge[1] != 2 for edge in model.active_edges()) and model.metadata.inputs[1] == "t [s]"
    X = torch.tensor([[0.5, 0.2, 9.0]], dtype=torch.float64)
    assert model(X).item() == pytest.approx(math.sin(1.5) + 0.04, abs=0.01)


def test_report_and_picture_bear_hostile_names(law_folder: Path) -> None:
    page, picture = ((law_folder / name).read_text() for name in ("report.html", "kan.svg"))
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and page.count("<script>") == 1
    assert not re.search(r"(src|href)=.(https?:)?//", page) and "Formula" in page
    assert "<script" not in picture and "<svg" in picture


def test_no_formula_leaves_it_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(law(60))
    arguments = [
        "fit",
        str(tmp_path / "a.csv"),
        "--target",
        "y",
        "--drop",
        "colour",
        "--out",
        str(tmp_path / "run"),
        "--no-formula",
        *SMALL,
    ]
    assert main(arguments) == 0
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES - {
        "formula.txt"
    } and "formula.txt" not in capsys.readouterr().out
    model, result = (
        load(tmp_path / "run" / "model.safetensors"),
        json.loads((tmp_path / "run" / "result.json").read_text()),
    )
    assert not any(layer.symbolic for layer in model.edge_layers) and "not asked for" in result["formula"]["message"]


def test_no_law_keeps_the_splines_and_says_so(tmp_path: Path) -> None:
    """A curve of random steps has no closed form."""
    draw = random.Random(2)
    steps = [draw.uniform(-1, 1) for _ in range(9)]
    (tmp_path / "a.csv").write_text(
        "x,y\n" + "".join(f"{x},{steps[int(8 * x)]}\n" for x in (draw.random() for _ in range(400)))
    )
    arguments = [
        "fit",
        str(tmp_path / "a.csv"),
        "--target",
        "y",
        "--out",
        str(tmp_path / "run"),
        "--hidden",
        "0",
        "--grids",
        "5,20",
        "--quiet",
    ]
    assert main(arguments) == 0
    text, result = (
        (tmp_path / "run" / "formula.txt").read_text(),
        json.loads((tmp_path / "run" / "result.json").read_text()),
    )
    assert "phi_0_0_0" in text and "ew.edge(model, (0, 0, 0))" in text and not text.startswith("Every edge")
    assert not result["formula"]["complete"] and result["held_out"]["formula"] is None


@pytest.mark.parametrize(("package", "lost"), [("matplotlib", {"kan.svg"}), ("sympy", {"formula.txt"})])
def test_missing_package_is_said_in_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, package: str, lost: set[str]
) -> None:
    (tmp_path / "a.csv").write_text(law(60))
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # type: ignore[arg-type]
    if package == "matplotlib":
        from edgewise.plotting.mpl import figure_class

        figure_class.cache_clear()
    assert (
        main(
            [
                "fit",
                str(tmp_path / "a.csv"),
                "--target",
                "y",
                "--drop",
                "colour",
                "--out",
                str(tmp_path / "run"),
                *SMALL,
            ]
        )
        == 0
    )
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES - lost
    said = json.loads((tmp_path / "run" / "result.json").read_text())["not_made"]
    assert said.keys() == lost and all("pip install" in why for why in said.values())
    assert all(name in capsys.readouterr().err for name in lost)


def test_a_search_whose_budget_is_spent_costs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgewise.studies import closed_forms

    (tmp_path / "a.csv").write_text(law(60))
    monkeypatch.setattr(closed_forms, "symbolify", partial(closed_forms.symbolify, budget=1))
    arguments = ["fit", str(tmp_path / "a.csv"), "--target", "y", "--drop", "colour", "--out", str(tmp_path / "run")]
    assert main([*arguments, *SMALL]) == 0
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES
    assert not any(layer.symbolic for layer in load(tmp_path / "run" / "model.safetensors").edge_layers)
    told = json.loads((tmp_path / "run" / "result.json").read_text())["formula"]["message"]
    assert "No edge" in told and told in (tmp_path / "run" / "formula.txt").read_text()


def test_a_bug_in_the_search_costs_no_network_and_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgewise.studies import closed_forms

    (tmp_path / "a.csv").write_text(law(60))

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(closed_forms, "symbolify", broken)
    arguments = ["fit", str(tmp_path / "a.csv"), "--target", "y", "--drop", "colour", "--out", str(tmp_path / "run")]
    assert main([*arguments, *SMALL]) == 1
    told = json.loads((tmp_path / "run" / "result.json").read_text())["formula"]
    assert "ZeroDivisionError: a bug" in told["message"] and "Traceback" in told["failure"]
    assert {entry.name for entry in (tmp_path / "run").iterdir()} == FILES
    assert "Traceback" in capsys.readouterr().err
