"""`edgewise predict`: which columns it asks for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

import edgewise as ew
from edgewise.cli.main import main
from edgewise.metadata import Metadata
from helpers import assert_close

NAMES = tuple(f"c{column}" for column in range(10))


@pytest.fixture
def pruned(tmp_path: Path) -> Path:
    """A run folder whose network has the inputs c3 to c9 no more, and reads c2 through no edge."""
    model = ew.remove(ew.KAN((10, 2, 1)), nodes=[(0, column) for column in range(3, 10)], edges=[(0, 2, 0), (0, 2, 1)])
    model = model.build(metadata=Metadata(NAMES, ("y",), ranges=((-1.0, 1.0),) * 10, task="regression"))
    ew.save(model, tmp_path / "model.safetensors")
    return tmp_path


def test_columns_without_use_may_be_missing(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pruned / "new.csv").write_text("c1,c0,c7\n0.5,-0.25,text\n-1,1,\n")
    assert main(["predict", str(pruned), str(pruned / "new.csv")]) == 0
    said = capsys.readouterr()
    got = [float(row["predicted y"]) for row in csv.DictReader(said.out.splitlines())]
    X = torch.zeros(2, 10, dtype=torch.float64)
    X[:, :2] = torch.tensor([[-0.25, 0.5], [1, -1]])
    assert_close(got, ew.load(pruned / "model.safetensors")(X).detach()[:, 0])
    assert "not used by the model: c7" in said.err and "outside" not in said.err


def test_columns_in_use_are_asked_for(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pruned / "new.csv").write_text("c0,c2\n1,2\n")
    assert main(["predict", str(pruned), str(pruned / "new.csv")]) != 0
    assert "lacks the column 'c1' that the model needs" in capsys.readouterr().err


def test_columns_of_parquet_stand_as_they_are_stored(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    pytest.importorskip("pyarrow", reason="pyarrow is an optional package")
    key = pd.array([2**53 + 1, None], dtype="Int64")
    frame = pd.DataFrame({"key": key, "c1": [0.5, -1.0], "c0": [-0.25, 1.0], "took": pd.to_timedelta(["1min", None])})
    frame.to_parquet(pruned / "new.parquet")
    frame.to_csv(pruned / "new.csv", index=False)
    assert main(["predict", str(pruned), str(pruned / "new.parquet"), "--quiet"]) == 0
    got = capsys.readouterr().out
    assert main(["predict", str(pruned), str(pruned / "new.csv"), "--quiet"]) == 0
    assert got == capsys.readouterr().out and f"{2**53 + 1},0.5,-0.25,0 days 00:01:00," in got


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("k.parquet", "Parquet is written only where the table is Parquet; name a .csv file"),
        ("k.xlsx", "predictions are a .csv, .tsv, .txt or .parquet file, got .xlsx"),
        ("k.new.JSON", "predictions are a .csv, .tsv, .txt or .parquet file, got .json"),
    ],
)
def test_text_is_not_written_under_the_name_of_another_kind(
    name: str, why: str, pruned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pruned / "new.csv").write_text("c0,c1\n1,2\n")
    (pruned / "model.safetensors").write_bytes(b"")  # nothing is read before
    assert main(["predict", str(pruned), str(pruned / "new.csv"), "--out", str(pruned / name)]) == 2
    assert capsys.readouterr().err == f"edgewise predict: --out {pruned / name}: {why}\n"
    assert not (pruned / name).exists()


@pytest.mark.parametrize("name", ["k", "k.csv", "k.txt", "k.tsv", "k.dat", "k.csv.gz", "k.2024"])
def test_other_names_are_of_text(name: str, pruned: Path) -> None:
    (pruned / "new.csv").write_text("c0,c1\n1,2\n")
    assert main(["predict", str(pruned), str(pruned / "new.csv"), "--out", str(pruned / name), "--quiet"]) == 0
    assert (pruned / name).read_text().startswith("c0,c1,predicted y\n1,2,")


def test_parquet_is_written_where_the_table_is(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    pytest.importorskip("pyarrow", reason="pyarrow is an optional package")
    key = pd.array([2**53 + 1, None, 3], dtype="Int64")
    frame = pd.DataFrame({"key": key, "c1": [0.5, -1.0, 2.0], "c0": [-0.25, None, 1.0]}, index=pd.Index([5, 6, 7]))
    frame.to_parquet(pruned / "new.parquet")
    out = pruned / "out.parquet"
    command = ["predict", str(pruned), str(pruned / "new.parquet"), "--quiet", "--drop", "rows"]
    assert main(command) == 0
    text = [float(row["predicted y"]) for row in csv.DictReader(capsys.readouterr().out.splitlines())]
    assert main([*command, "--out", str(out), "--safe-csv"]) == 2 and "--safe-csv" in capsys.readouterr().err
    assert main([*command, "--out", str(out)]) == 0
    got = pd.read_parquet(out)
    pd.testing.assert_frame_equal(got[list(frame.columns)], frame.iloc[[0, 2]])
    assert [*got.columns] == [*frame.columns, "predicted y"] and got["predicted y"].tolist() == text


def test_a_table_that_is_not_there_is_said_first(pruned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(pruned), str(pruned / "none.parquet"), "--out", str(pruned / "k.parquet")]) == 2
    assert "there is no file" in capsys.readouterr().err


def test_a_heading_of_two_words_is_one_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    metadata = Metadata(("S (uM)",), ("y",), ranges=((0.0, 50.0),), task="regression")
    ew.save(ew.KAN((1, 1)).build(metadata=metadata), tmp_path / "model.safetensors")
    (tmp_path / "new.csv").write_text("S (uM)\n0\n2\n50\n")
    assert main(["predict", str(tmp_path), str(tmp_path / "new.csv"), "--quiet"]) == 0
    got = [*csv.DictReader(capsys.readouterr().out.splitlines())]
    assert [row["S (uM)"] for row in got] == ["0", "2", "50"] and all(row["predicted y"] for row in got)


def test_there_is_a_prediction_for_each_row_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.csv").write_text("a,b,y\n1,2,3\n2,5,1\n3,1,2\n")
    metadata = ew.read_csv(tmp_path / "old.csv", "y").metadata()
    ew.save(ew.KAN((2, 1)).build(metadata=metadata), tmp_path / "model.safetensors")
    (tmp_path / "new.csv").write_text("a,b\n1,2\n,\n3,1\n")
    assert main(["predict", str(tmp_path), str(tmp_path / "new.csv")]) == 0
    said = capsys.readouterr()
    got = [*csv.DictReader(said.out.splitlines())]
    assert [row["a"] for row in got] == ["1", "", "3"] and all(row["predicted y"] for row in got)
    assert "note: 1 empty row, in line 3: their cells count as missing" in said.err
