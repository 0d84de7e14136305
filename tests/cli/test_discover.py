"""`edgewise discover`: what it writes, and what it refuses."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.discovery import one_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    X = 0.5 + torch.rand(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    lines = ["u,v,w,name"] + [f"{u!r},{v!r},{(u + v) / (1 + u * v)!r},n" for u, v in X.tolist()]
    place = tmp_path / "data.csv"
    place.write_text("\n".join(lines))
    return place


def test_a_law_is_written_with_its_front_and_its_code(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "found"
    assert main(["discover", str(table), "--target", "w", "--features", "u,v", "--out", str(out)]) == 0
    assert "an exact law" in capsys.readouterr().out
    assert sorted(entry.name for entry in out.iterdir()) == ["front.csv", "law.txt", "report.html"]
    rows = list(csv.DictReader((out / "front.csv").read_text().splitlines()))
    assert [row["best"] for row in rows].count("*") == 1 and float(rows[-1]["rmse"]) < 1e-12
    text = (out / "law.txt").read_text()
    assert text.startswith("w = (u + v)/(u*v + 1)") and "LaTeX:" in text
    code: dict = {}
    exec(text.split("Python:\n")[1], code)
    assert code["predict"]([1.0, 0.5]) == [1.0]


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_without_a_folder_the_front_is_printed_and_nothing_written(
    table: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, quiet: tuple[str, ...]
):
    monkeypatch.chdir(table.parent)
    assert main(["discover", str(table), "--target", "w", "--features", "u,v", *quiet]) == 0
    told = capsys.readouterr().out
    assert "(u + v)/(u*v + 1)" in told and "an exact law" in told and "written to" not in told
    assert [entry.name for entry in table.parent.iterdir()] == ["data.csv"]


def test_names_that_are_no_words_stand_in_backquotes(tmp_path: Path):
    """`3*x-1/pi` would be another formula, and `ew.from_formula` reads this one."""
    X = 1 + torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    place = tmp_path / "data.csv"
    place.write_text("\n".join(["x-1,pi,y", *(f"{u!r},{v!r},{3 * u / v!r}" for u, v in X.tolist())]))
    assert main(["discover", str(place), "--target", "y", "--out", str(tmp_path / "found"), "--quiet"]) == 0
    line = (tmp_path / "found" / "law.txt").read_text().splitlines()[0]
    assert line == "y = 3*`x-1`/`pi`"
    rows = list(csv.DictReader((tmp_path / "found" / "front.csv").read_text().splitlines()))
    assert rows[-1]["formula"] == "3*`x-1`/`pi`"
    again = ew.from_formula(line.removeprefix("y = "), inputs=["x-1", "pi"], dtype=torch.float64)
    assert torch.allclose(again(X)[:, 0], 3 * X[:, 0] / X[:, 1], rtol=1e-9)


def test_units_are_taken_and_wrong_ones_told(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    call = ["discover", str(table), "--target", "w", "--features", "u,v", "--out", str(tmp_path / "found")]
    assert main([*call, "--unit", "u=", "--unit", "v=", "--unit", "w=m"]) == 2
    assert "no product of powers" in capsys.readouterr().err
    assert main([*call, "--unit", "u=", "--unit", "v=rad", "--unit", "w=", "--quiet"]) == 0


def test_constants_enter_the_law_and_made_inputs_need_no_unit(tmp_path: Path, capsys: pytest.CaptureFixture):
    draws = torch.rand(160, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).tolist()
    lines = [
        f"{0.2 + u!r},{'' if n % 20 == 3 else v},{'calm' if v > 0.5 else 'wind'},{((0.2 + u) / 9.81) ** 0.5!r}"
        for n, (u, v) in enumerate(draws)
    ]
    place = tmp_path / "swing.csv"
    place.write_text("\n".join(["length,mass,air,period", *lines]))
    call = ["discover", str(place), "--target", "period", "--out", str(tmp_path / "found"), "--quiet"]
    assert main(call) == 2
    assert "column 'mass' misses its number in lines 5, 25, 45 and 5 more" in capsys.readouterr().err
    call += ["--drop", "rows"]
    units = ["--unit", "length=m", "--unit", "mass=kg", "--unit", "period=s"]
    assert main([*call, *units]) == 2
    assert "no product of powers of the columns has the unit of 'period'" in capsys.readouterr().err
    assert main([*call, *units, "--constant", "g=9.81", "--unit", "g=m/s^2"]) == 0
    assert (tmp_path / "found" / "law.txt").read_text().startswith("period = sqrt(length)/sqrt(g)\n")
    assert main([*call, *units, "--force", "--constant", "mass=1"]) == 2
    assert "name of its own, got 'mass'" in capsys.readouterr().err


def test_a_folder_that_is_there_is_kept(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "found"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    for more in ([], ["--force"]):
        assert main(["discover", str(table), "--target", "w", "--out", str(out), *more]) == 2
    assert "found" in capsys.readouterr().err and (out / "notes.txt").read_text() == "mine"


def test_a_target_that_is_no_number_is_refused(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    assert main(["discover", str(table), "--target", "name", "--out", str(tmp_path / "found")]) == 2
    assert "name" in capsys.readouterr().err and not (tmp_path / "found").exists()


@pytest.fixture
def metals(tmp_path: Path) -> Path:
    """s = k*x/z with k of 1, 2 and 3.5 by material; a column of truth values and one of numbers say the same."""
    draws = 1 + 2 * torch.rand(150, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    lines = ["material,light,kind,x,z,s"]
    for n, (x, z) in enumerate(draws.tolist()):
        material, k = (("steel", 1.0), ("brass", 2.0), ("steel", 1.0), ("lead", 3.5))[n % 4]
        lines.append(f"{material},{'no' if material == 'lead' else 'yes'},{int(2 * k)},{x!r},{z!r},{k * x / z!r}")
    place = tmp_path / "metals.csv"
    place.write_text("\n".join(lines))
    return place


def test_a_column_of_text_splits_the_table(metals: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "found"
    assert main(["discover", str(metals), "--target", "s", "--features", "material,x,z", "--out", str(out)]) == 0
    assert "s = k[material]*x/z" in capsys.readouterr().out
    rows = list(csv.DictReader((out / "front.csv").read_text().splitlines()))
    best = {row["level"]: row["formula"] for row in rows if row["best"] == "*"}
    assert best == {"brass": "2*x/z", "lead": "7*x/(2*z)", "steel": "x/z"}
    text = (out / "law.txt").read_text()
    assert text.startswith("s = k[material]*x/z") and "lead: 3.5 +-" in text and "material = brass (38 rows)" in text
    code: dict = {}
    exec(text.split("Python:\n")[1], code)
    assert [code["LAWS"][level]([4.0, 2.0]) for level in ("brass", "lead", "steel")] == [[4.0], [7.0], [2.0]]
    page = (out / "report.html").read_text()
    assert all(word in page for word in ("k[material]*x/z", "7*x/(2*z)", "brass", "lead", "steel"))


def test_levels_of_any_words_have_functions_of_their_own(metals: Path, tmp_path: Path):
    odd = {"steel": "a b", "brass": "a b 2", "lead": "a-b", "tin": "m\u00b2", "zinc": "m\u00b3"}  # as code: a_b, m_
    text = metals.read_text()
    text += "".join(
        f"\n{name},yes,2,{n}.0,2.0,{0.5 * n * k}" for n in range(1, 31) for name, k in (("tin", 5), ("zinc", 6))
    )
    for name, level in odd.items():
        text = text.replace(f"\n{name},", f"\n{level},")
    metals.write_text(text, encoding="utf-8")
    out = tmp_path / "found"
    call = ["discover", str(metals), "--target", "s", "--features", "material,x,z", "--out", str(out), "--quiet"]
    assert main(call) == 0
    code: dict = {}
    exec((out / "law.txt").read_text(encoding="utf-8").split("Python:\n")[1], code)
    factors = {level: law([4.0, 2.0])[0] / 2 for level, law in code["LAWS"].items()}
    assert factors == pytest.approx({"a b": 1.0, "a b 2": 2.0, "a-b": 3.5, "m\u00b2": 5.0, "m\u00b3": 6.0})


@pytest.mark.parametrize(
    "features, more, words",
    [
        ("kind,x,z", ("--categorical", "kind"), "kind = 7 (37 rows)"),
        ("material,light,x,z", (), "material & light = lead & no (37 rows)"),
    ],
)
def test_truth_values_and_chosen_columns_split_it_too(
    metals: Path, tmp_path: Path, features: str, more: tuple[str, ...], words: str
):
    out = tmp_path / "found"
    call = ["discover", str(metals), "--target", "s", "--features", features, "--out", str(out), "--quiet"]
    assert main([*call, *more]) == 0
    assert words in (out / "law.txt").read_text()


@pytest.mark.parametrize(
    "line, words",
    [
        ("tin,yes,2,1.5,2.5,0.6", "'tin' has 1 row;"),
        (",yes,2,1.5,2.5,0.6", "'material' misses its level in line 152"),
        ("brass,yes,2,,2.5,0.6", "'x' misses its number in line 152"),
    ],
)
def test_levels_that_cannot_be_searched_are_told(
    metals: Path, tmp_path: Path, capsys: pytest.CaptureFixture, line: str, words: str
):
    metals.write_text(f"{metals.read_text()}\n{line}")
    out = tmp_path / "found"
    call = ["discover", str(metals), "--target", "s", "--features", "material,x,z", "--out", str(out)]
    assert main(call) == 2
    told = capsys.readouterr().err
    assert words in told and "--drop" in told and not out.exists()


def test_a_target_is_no_column_of_levels(metals: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    call = ["discover", str(metals), "--target", "s", "--categorical", "s", "--out", str(tmp_path / "found")]
    assert main(call) == 2 and "--categorical names the target 's'" in capsys.readouterr().err


def test_ctrl_c_writes_what_was_found_and_ends_with_its_signal(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    whole = one_table.search

    def stopped(task, n_jobs):
        for event in whole(task):
            yield event
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(one_table, "search", stopped)
    out = tmp_path / "found"
    assert main(["discover", str(table), "--target", "w", "--features", "u,v", "--out", str(out), "--quiet"]) == 130
    assert "Ctrl-C" in (out / "law.txt").read_text()
