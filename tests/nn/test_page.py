"""docs/nn.md: its table names every public module, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import edgewise as ew

PAGE = (Path(__file__).parents[2] / "docs" / "nn.md").read_text(encoding="utf-8")


def test_the_table_names_what_there_is():
    named = set(re.findall(r"`(\w+)[`(]", "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))))
    assert named - {"KANLayer"} == {name for name, value in vars(ew.nn).items() if callable(value)}


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (lambda: ew.KANLayer(6, 4, False), 9 * 6 * 4),
        (lambda: ew.nn.SplineActivation(6, share=2), 9 * 6 // 2),
        (lambda: ew.nn.ActivationLinear(6, 4, False, share=3), 9 * 6 // 3 + 6 * 4),
        (lambda: ew.nn.HybridLinear(6, 4, False), 9 * 6 * 4),
        (lambda: ew.nn.KANConv2d(6, 4, 3, bias=False), 9 * 9 * 6 * 4),
        (lambda: ew.nn.GaussianLayer(6, 4, False), 9 * 6 * 4),
        (lambda: ew.nn.ChebyshevLayer(6, 4, False), 9 * 6 * 4),
        (lambda: ew.nn.FourierLayer(6, 4, False), 9 * 6 * 4),
        (lambda: ew.nn.RationalLayer(6, 4, False), 9 * 6 * 4 + 6 * 8 // 2),
        (lambda: ew.nn.KANFeedForward(6, 4, bias=False), 2 * 9 * 6 * 4),
    ],
)
def test_the_numbers_of_parameters_are_those_of_the_table(make, count: int):
    module: nn.Module = make()
    assert sum(p.numel() for p in module.parameters()) == count


def test_the_example_runs(capsys):
    state = torch.get_rng_state()
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, {})
    torch.set_rng_state(state)
    assert capsys.readouterr().out == "True\n"
