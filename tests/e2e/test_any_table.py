"""`edgewise fit` on tables as people have them: unusual ones end in a fit, faulty ones in one message."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.main import main
from edgewise.storage import load
from runs import SMALL, UNIT, refused, table
from tables import FAULTY

# tables that are unusual and end in a fit: content, options
FITTED: dict[str, tuple[str | bytes, list[str]]] = {
    "ten rows": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] ** 2}, 10), []),
    "semicolons, latin-1, decimal commas": (
        table(
            {"größe": lambda i: str(UNIT[i]).replace(".", ","), "y": lambda i: str(UNIT[-i]).replace(".", ",")}, 40, ";"
        ).encode("latin-1"),
        [],
    ),
    "huge": (table({"x": lambda i: 1e100 * UNIT[i], "y": lambda i: 1e149 * UNIT[i + 40]}), []),
    "tiny": (table({"x": lambda i: 1e-100 * UNIT[i], "y": lambda i: 1e-149 * UNIT[i + 40]}), []),
    "far from zero": (table({"x": lambda i: 1e9 + 1e-3 * UNIT[i], "y": lambda i: 1e6 + 1e-5 * UNIT[i]}), []),
    "two distinct values": (table({"x": UNIT.__getitem__, "y": lambda i: i % 2}), []),
    "input with two values": (table({"x": lambda i: i % 2, "y": UNIT.__getitem__}), []),
    "input with one odd row": (table({"x": lambda i: int(i == 3), "y": UNIT.__getitem__}), []),
    "target with one odd row": (table({"x": UNIT.__getitem__, "y": lambda i: 1e6 if i == 3 else UNIT[i]}), []),
    "difficult names": (
        table(
            {
                "lambda": UNIT.__getitem__,
                "I": lambda i: UNIT[i + 40],
                "b [m/s]": lambda i: UNIT[i + 80],
                "y": lambda i: i,
            }
        ),
        [],
    ),
    "copied columns": (table({"x": lambda i: i, "z": lambda i: i, "w": lambda i: 2 * i, "y": UNIT.__getitem__}), []),
    "more inputs than rows": (
        table({**{f"x{k}": lambda i, k=k: UNIT[(i * 7 + k * 13) % 400] for k in range(30)}, "y": UNIT.__getitem__}, 20),
        [],
    ),
    "classes": (table({"x": UNIT.__getitem__, "y": lambda i: "low" if UNIT[i] < 0.5 else "high"}), []),
    "truth values": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] < 0.3}), []),
    "class of one row": (table({"x": UNIT.__getitem__, "y": lambda i: "b" if i == 3 else "a"}), []),
    "numbers as classes": (
        table({"x": UNIT.__getitem__, "y": lambda i: 3 + 4 * (i % 2)}),
        ["--task", "classification"],
    ),
    "only categories": (table({"c": lambda i: "uvw"[i % 3], "y": UNIT.__getitem__}), ["--categorical", "c"]),
    "columns as they come": (
        table(
            {
                "row_id": lambda i: i,
                "c": lambda i: ("u", "v", "w", "", "rare")[min(i % 5, 3) if i > 9 else i % 5],
                "x": lambda i: "" if i % 7 == 0 else UNIT[i],
                "day": lambda i: f"20{10 + i // 28}-{1 + i % 12:02}-{1 + i % 28:02}" if i % 9 else "",
                "y": lambda i: UNIT[i] + (i % 5 == 1),
            }
        ),
        [],
    ),
    "several targets": (
        table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i] ** 2, "z": lambda i: 1e9 * UNIT[i]}),
        ["--target", "z"],
    ),
    "faulty rows left out": (
        table({"x": lambda i: "" if i % 7 == 0 else i, "y": lambda i: "oops" if i == 5 else i * i}),
        ["--drop", "rows"],
    ),
    "no header": (
        table({"0.5": UNIT.__getitem__, "0.7": lambda i: UNIT[i]}).replace("0.5,0.7\n", ""),
        ["--target", "column2", "--no-y"],
    ),
    "largest seed": (table({"x": UNIT.__getitem__, "y": UNIT.__getitem__}), ["--seed", str(2**63 - 1)]),
    "no sparsity": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i + 1]}), ["--sparsity", "0"]),
    "overwhelming sparsity": (table({"x": UNIT.__getitem__, "y": lambda i: UNIT[i + 1]}), ["--sparsity", "1e6"]),
}


@pytest.mark.parametrize(("content", "options"), FITTED.values(), ids=FITTED)
def test_unusual_table_ends_in_a_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, options: list[str]
) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    target = [] if "--no-y" in options else ["--target", "y"]
    options = [option for option in options if option != "--no-y"]
    status = main(
        ["fit", str(path), *target, "--out", str(tmp_path / "run"), "--hidden", "0", "--grids", "3", *options]
    )
    assert status == 0, capsys.readouterr().err
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert all(value is not None for value in result["held_out"]["network"].values()), result["held_out"]
    drop = ["--drop", "rows"] if "rows" in options else []
    assert main(["predict", str(tmp_path / "run"), str(path), "--out", str(tmp_path / "new.csv"), *drop]) == 0
    assert main(["info", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize(("content", "options", "message"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_faulty_table_ends_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, options: dict[str, Any], message: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ["fit", str(path), "--out", str(tmp_path / "run")]
    for name, value in {"target": "y", **options}.items():
        for word in [] if value is None else [value] if isinstance(value, str) else value:
            arguments += [f"--{name}", word]
    assert re.search(message, refused(capsys, arguments), re.DOTALL)
    assert {entry.name for entry in tmp_path.iterdir()} == {"table.csv"}


def test_few_rows_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(table({"x": UNIT.__getitem__, "y": UNIT.__getitem__}, 9))
    assert "has 9 usable rows" in refused(
        capsys, ["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", str(tmp_path / "run")]
    )


def test_names_joined_by_commas(tmp_path: Path) -> None:
    text = '"a, in m",b,c,d,y\n' + "".join(f"{UNIT[i]},{UNIT[i + 1]},u,{UNIT[i + 2]},{UNIT[i]}\n" for i in range(20))
    (tmp_path / "a.csv").write_text(text)
    arguments = ["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", str(tmp_path / "run"), *SMALL]
    assert main([*arguments, "--features", "b,d", "--features", "a, in m"]) == 0
    assert load(tmp_path / "run" / "model.safetensors").metadata.inputs == ("b", "d", "a, in m")
    assert main([*arguments, "--drop", "b,c", "--force"]) == 0
    assert load(tmp_path / "run" / "model.safetensors").metadata.inputs == ("a, in m", "d")


def test_a_table_whose_header_has_empty_names_is_read_alike_by_predict(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i % 7},{i + 0.5}\n" for i in range(24))
    (tmp_path / "a.csv").write_text(",,y\n" + rows)
    run = str(tmp_path / "run")
    assert main(["fit", str(tmp_path / "a.csv"), "--target", "y", "--out", run, *SMALL, "--no-formula"]) == 0
    assert main(["predict", run, str(tmp_path / "a.csv"), "--out", str(tmp_path / "b.csv")]) == 0
    assert len((tmp_path / "b.csv").read_text().splitlines()) == 25
