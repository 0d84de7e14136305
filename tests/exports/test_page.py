"""docs/exports.md: its example runs, and its table names every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgewise.exports.export import TARGETS
from exports.databases import needs_mathematics

PAGE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")


def test_the_table_names_every_language():
    rows = "\n".join(re.findall(r'^\| (`".*) \|', PAGE, re.MULTILINE))
    assert sorted(re.findall(r'`"(\w+)"`', rows)) == sorted(TARGETS)


@pytest.mark.slow
def test_the_example_runs(capsys: pytest.CaptureFixture[str]):
    needs_mathematics()
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    first, second = (eval(line) for line in capsys.readouterr().out.splitlines())
    assert first[:4] == (1, "p", 0.5, 0.1) and first[4] == pytest.approx(1.0075, abs=1e-3)
    assert second == (2, "q", 0.2, None, None)
