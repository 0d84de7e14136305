"""Products over a sum of two terms, found through noise."""

from __future__ import annotations

import pytest
import torch

from edgewise.discovery.formulas.tree import written
from edgewise.discovery.formulas.yardstick import Yardstick
from edgewise.discovery.polishing.least_squares import fitted
from edgewise.discovery.proposals.question import Question
from edgewise.discovery.proposals.quotients import quotients
from edgewise.discovery.tables.law_task import LawRows

LAWS = {
    "squares": lambda a, b, c: 2 * a * b / (a**2 + 1.4 * c**2),
    "constant": lambda a, b, c: 3 * b / (1 + 0.7 * c) - 1,
    "columns": lambda a, b, c: c**2 / (a + 4 * b),
}


def asked(law, noise: float, n: int = 400, d: int = 3) -> Question:
    generator = torch.Generator().manual_seed(0)
    X = 0.5 + 2 * torch.rand(n, d, dtype=torch.float64, generator=generator)
    g = law(*X.T[:3])
    g = g + noise * g.std() * torch.randn(n, dtype=torch.float64, generator=generator)
    return Question(X, g, torch.ones_like(g), Yardstick(n, 0.0, 1e-9 * float(g.square().mean().sqrt())))


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_quotient_is_found_through_noise(law, noise):
    question, clean = asked(law, noise, d=6), asked(law, 0.0, d=6)
    best = fitted(quotients(question)[0], LawRows(question.X, question.g), steps=40)
    assert clean.error(best) < (0.1 * noise + 1e-7) * float(clean.g.std()), written(best, list("abcdef"))


def test_no_quotient_has_a_zero_below_its_line_among_the_rows():
    question = asked(lambda a, b, c: a / (b - c), 0.0)
    for node in quotients(question):
        assert question.error(node) < float("inf")


def test_many_columns_are_left_alone():
    assert quotients(asked(lambda a, b, c: a / (b + c), 0.0, d=13)) == []
