"""The Python on the page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.model import KAN
from edgewise.report import report
from plotting.pictures import named

from ..pages import data

CLASSES = {"outputs": ("kind",), "classes": ("p", "q"), "task": "classification"}


@pytest.mark.parametrize(
    ("widths", "metadata"),
    [
        ((2, 2, 1), {"outputs": ("y",)}),
        ((2, 2), {"outputs": ("y", "z")}),
        ((2, 2), CLASSES),
        ((2, 2), {"task": "classification"}),
    ],
)
def test_it_runs_and_gives_the_numbers_it_shows(tmp_path, monkeypatch, widths, metadata):
    monkeypatch.chdir(tmp_path)
    model = named(KAN(widths), inputs=("a'b", "c\nd"), **metadata)
    X, y = data(model)
    text = report(model, X, y.argmax(1) if "task" in metadata else y, closed_forms={})
    shown = html.unescape(re.findall(r"<code>((?:import torch\n)?import edgewise.*?)</code>", text, flags=re.DOTALL)[0])
    ew.save(model, "model.safetensors")
    space: dict[str, Any] = {}
    exec(shown, space)
    stated = re.search(r"^y = .*: ([^:\n]+)$", shown, flags=re.MULTILINE)
    assert stated is not None
    got = torch.as_tensor(space["y"]).reshape(-1).tolist()
    assert got == pytest.approx([float(v) for v in stated[1].split(", ")], rel=1e-5)
    assert (tmp_path / "kan.svg").exists()
