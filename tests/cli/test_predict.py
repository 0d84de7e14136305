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
