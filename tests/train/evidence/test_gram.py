"""Products summed over the rows are those of all rows at once, whatever part of them one call takes."""

from __future__ import annotations

import pytest
import torch

from edgewise.train.evidence.gram import gram, gram_with_constant
from edgewise.train.evidence.tuning import TUNED
from helpers import assert_close

DRAW = torch.Generator().manual_seed(0)
ROWS, FUNCTIONS = 2 * TUNED.rows_at_once + 3, 150  # more rows than one call takes
DESIGN = torch.randn(ROWS, FUNCTIONS, dtype=torch.float64, generator=DRAW)
WEIGHTS = 0.5 + torch.rand(2, ROWS, dtype=torch.float64, generator=DRAW)
EVERY = torch.arange(FUNCTIONS)


@pytest.mark.parametrize("rows", [ROWS, 50, 1])
@pytest.mark.parametrize("places", [EVERY, EVERY[::3], EVERY[1:2], EVERY[:0]])
def test_gram_matrices_are_those_of_all_rows(places: torch.Tensor, rows: int):
    here, weights = DESIGN[:rows, places], WEIGHTS[:, :rows]
    wanted = torch.stack([here.T @ (weight[:, None] * here) for weight in weights])
    assert_close(gram(here, weights), wanted)
    assert_close(gram(DESIGN[:rows], weights, places), wanted)


@pytest.mark.parametrize("places", [EVERY, EVERY[1::2], EVERY[:0]])
def test_the_constant_comes_first(places: torch.Tensor):
    functions = torch.cat([torch.ones(ROWS, 1, dtype=torch.float64), DESIGN[:, places]], 1)
    wanted = torch.stack([functions.T @ (weight[:, None] * functions) for weight in WEIGHTS])
    assert_close(gram_with_constant(DESIGN, WEIGHTS, places), wanted)
