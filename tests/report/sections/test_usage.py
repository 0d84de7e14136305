"""The Python on the page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

import edgewise as ew
from edgewise.model import KAN
from edgewise.report import report
from plotting.pictures import named

from ..pages import data


def test_it_runs_and_gives_the_numbers_it_shows(tmp_path, monkeypatch):
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
