"""docs/imports.md: its examples run, and its table names every function that a formula can call."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import edgewise as ew
from edgewise.imports.vocabulary import COMPOSED, forms, spoken
from imports.pykan_models import GOLDEN, in_memory

PAGE = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")


def test_the_examples_run_and_print_what_they_say(tmp_path, monkeypatch, capsys):
    (tmp_path / "model").mkdir()
    for number in ("0.1", "0.3"):
        for end in ("config.yml", "state"):
            shutil.copy(GOLDEN / f"plain_{end}", tmp_path / "model" / f"{number}_{end}")
    monkeypatch.chdir(tmp_path)
    space = {"ew": ew, "kan_model": in_memory("plain")}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for code in blocks:
        exec(code, space)
    said = re.search(r"print\(ew.formula\(model\)\) *# (.*)", PAGE)
    assert said and capsys.readouterr().out.splitlines()[-1] == said[1]


def test_the_table_names_what_formulas_can_call():
    rows = re.search(r"\| kind \| functions \|\n(.*?)\n\n", PAGE, re.DOTALL)
    named = set(re.findall(r"`(\w+)`", rows[1] if rows else ""))
    assert all(spoken(name) for name in named)
    main = {name for name in {*COMPOSED, *forms()} if name not in ("Abs", "Max", "Min", "sgn", "j0", "besselj0")}
    assert main - named <= {"acosh", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"}, "of pairs, one is enough"
