"""What a study shows."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import edgewise as ew
from edgewise.studies.papers import page


def test_code_on_the_page_gives_its_numbers_with_the_file_that_it_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    generator = torch.Generator().manual_seed(0)
    X = torch.rand(80, 2, dtype=torch.float64, generator=generator)
    y = X[:, 0] + X[:, 1] ** 2 + 0.1 * torch.randn(80, dtype=torch.float64, generator=generator)
    found = ew.study(X, y, effort="quick", formula=False, progress=False)
    assert found.save(tmp_path / "run") == {}
    monkeypatch.chdir(tmp_path / "run")
    text = Path("report.html").read_text()
    code = html.unescape(re.findall(r"<code>(import edgewise.*?)</code>", text, flags=re.DOTALL)[0])
    space: dict[str, Any] = {}
    exec(code, space)
    stated = re.search(r"^y = .*: ([^:\n]+)$", code, flags=re.MULTILINE)
    assert stated is not None and space["y"].item() == pytest.approx(float(stated[1]), rel=1e-5)
    assert found.judged.predict(found.rest.X[:1]).item() != pytest.approx(float(stated[1]), rel=1e-5)
    says = "This page shows the network in judged.safetensors"
    assert says in text and says not in page(replace(found, model=found.judged))
