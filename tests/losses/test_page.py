"""docs/losses.md: its table is that of the losses there are, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import edgewise as ew
from edgewise.losses import LOSSES

PAGE = (Path(__file__).parents[2] / "docs" / "losses.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE)


def test_the_table_names_every_loss_once():
    assert [name for name, _ in ROWS] == [
        *("squared_error", "huber", "student_t", "absolute_error", "quantile"),
        *("poisson", "gamma", "binomial", "cross_entropy"),
    ]
    assert {name for name, _ in ROWS} == set(LOSSES)


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_parameters_and_their_defaults_are_those_of_the_objects(name: str, row: str):
    shown = re.findall(r"`(\w+\([\w=.]+\))`", row)
    assert [eval(f"losses.{call}", {"losses": ew.losses}) for call in shown] == [LOSSES[name]] * len(shown)
    assert bool(shown) == (name in ("huber", "student_t", "quantile"))


def test_the_example_runs(capsys):
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, {})
    assert float(capsys.readouterr().out) < 1e-3
