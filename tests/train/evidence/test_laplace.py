"""Classes by Laplace's approximation: one that has no rows is no information, and few passes over the rows do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from edgewise.losses import Gamma
from edgewise.train.evidence import laplace
from edgewise.train.evidence.expansion import Expand, by_class, whole
from edgewise.train.evidence.laplace import cross_entropy, numbers
from edgewise.train.evidence.likelihoods import Classes
from edgewise.train.evidence.marginal import believed
from edgewise.train.evidence.posterior import Posterior, Prior

ROWS = 200


@pytest.mark.parametrize("expand", [whole, by_class])
@pytest.mark.parametrize(("classes", "there"), [(10, 8), (10, 5), (26, 20)])
def test_noise_in_some_of_the_classes_is_no_law_and_the_others_stay_possible(classes: int, there: int, expand: Expand):
    draw = torch.Generator().manual_seed(0)
    design = torch.randn(ROWS, 8, dtype=torch.float64, generator=draw)
    y, weight = torch.randint(there, (ROWS,), generator=draw), torch.ones(ROWS, dtype=torch.float64)
    places = torch.arange(8)
    prior = Prior(places, torch.ones(8, dtype=torch.float64), 8, places)
    found = cross_entropy(lambda: iter([(design, y, weight)]), prior, classes, lambda loss: False, expand=expand)
    assert not believed(found.gain, prior)  # 14 nats and more, where the way to no chance counted
    chances = found.constant.softmax(0)
    assert float(chances[there:].min()) > 0.1 / ROWS


def test_of_many_rows_several_updates_by_a_pass_end_where_single_ones_do_in_fewer_passes(monkeypatch):
    rows, functions, draw = 3000, 60, torch.Generator().manual_seed(0)
    design = torch.randn(rows, functions, dtype=torch.float64, generator=draw)
    truth = torch.linspace(1.0, -1.0, functions, dtype=torch.float64).clamp(min=0)  # half of them say nothing
    y = (torch.rand(rows, dtype=torch.float64, generator=draw) < (design @ truth).sigmoid()).long()
    places, weight = torch.arange(functions), torch.ones(rows, dtype=torch.float64)
    prior = Prior(places, torch.ones(functions, dtype=torch.float64), functions, places)

    def fitted() -> tuple[Posterior, int]:
        losses: list[float] = []  # told once a pass
        found = cross_entropy(lambda: iter([(design, y, weight)]), prior, 2, lambda loss: losses.append(loss) or False)
        assert found.settled
        return found, len(losses)

    several, fewer = fitted()
    monkeypatch.setattr(laplace, "TUNED", replace(laplace.TUNED, updates=1))
    single, passes = fitted()
    assert fewer < 0.7 * passes
    assert several.gain == pytest.approx(single.gain, abs=0.1)
    assert float((several.coef - single.coef).abs().max()) < 0.01


def test_a_fit_that_cannot_reach_what_is_asked_ends_early_and_others_are_as_they_were():
    rows, functions, draw = 400, 8, torch.Generator().manual_seed(0)
    design = torch.randn(rows, functions, dtype=torch.float64, generator=draw)
    y = (design[:, 0] + design[:, 1] + torch.randn(rows, dtype=torch.float64, generator=draw) > 0).long()
    places, weight = torch.arange(functions), torch.ones(rows, dtype=torch.float64)
    prior = Prior(places, torch.ones(functions, dtype=torch.float64), functions, places)

    def fitted(asked: float) -> tuple[Posterior, int]:
        losses: list[float] = []  # told once a pass

        def note(loss: float) -> bool:
            losses.append(loss)
            return False

        return cross_entropy(lambda: iter([(design, y, weight)]), prior, 2, note, asked=asked), len(losses)

    free, passes = fitted(-torch.inf)
    within, as_many = fitted(free.gain + 1.0)  # a nat more might still come
    assert torch.equal(within.coef, free.coef) and within.settled and as_many == passes
    beyond, few = fitted(free.gain + 100.0)
    assert few < passes and not beyond.settled and beyond.gain < free.gain + 100.0


def test_under_low_noise_several_updates_lose_no_weak_function(monkeypatch):
    """The spread of the constant is a million times the noise. By it, weak functions would be dropped."""
    rows, functions, draw = 300, 12, torch.Generator().manual_seed(0)
    design = torch.randn(rows, functions, dtype=torch.float64, generator=draw)
    truth = torch.tensor([2.0, 1.0, 0.01, 0.005] + 8 * [0.0], dtype=torch.float64)
    y = (design @ truth + 1e-3 * torch.randn(rows, dtype=torch.float64, generator=draw)).exp()
    places, weight = torch.arange(functions), torch.ones(rows, dtype=torch.float64)
    prior = Prior(places, torch.ones(functions, dtype=torch.float64), functions, places)

    def fitted() -> Posterior:
        return numbers(lambda: iter([(design, y, weight)]), prior, Gamma(), lambda loss: False)

    several = fitted()
    monkeypatch.setattr(laplace, "TUNED", replace(laplace.TUNED, updates=1))
    single = fitted()
    assert several.gain == pytest.approx(single.gain, abs=1.0)
    assert float((several.coef - truth).abs().max()) < 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_a_pass_never_raises_the_objective_however_far_the_mode_seems(seed: int):
    """Columns where a few rows lie far out, and logits that are far too large: parabolas hold for short steps alone."""
    draw = torch.Generator().manual_seed(seed)
    design = torch.randn(400, 12, dtype=torch.float64, generator=draw) ** 5
    y = (design[:, 0] + torch.randn(400, dtype=torch.float64, generator=draw) > 0).long()
    places, blocks = torch.arange(12), lambda: iter([(design, y, torch.ones(400, dtype=torch.float64))])
    prior = Prior(places, torch.ones(12, dtype=torch.float64), 12, places)
    here, likelihood = 3 * torch.randn(13, 1, dtype=torch.float64, generator=draw), Classes()

    def objective(at: torch.Tensor, precision: torch.Tensor) -> float:
        return laplace._value(blocks, likelihood, at, places) + laplace._charged(at, precision)

    strengths, lengths = laplace.Strengths(prior, 1e-3 * prior.begin, least=laplace.TUNED.least), []
    for _ in range(30):
        losses = whole(blocks, likelihood, here, places)
        precision = laplace._precision(strengths, places)
        around = laplace.SecondOrder(blocks, likelihood, here, places, losses)
        found, length, _, _ = around.moved(losses.under(precision), strengths, 1)
        assert objective(found, precision) <= objective(here, precision) * (1 + 1e-9)
        here = found
        lengths.append(length)
    assert min(lengths) < 1 and lengths[-1] == 1
    assert objective(here, precision) < 0.7 * objective(torch.zeros_like(here), precision)


def test_rules_without_errors_keep_what_they_need_when_there_are_several_updates(monkeypatch: pytest.MonkeyPatch):
    """All chances end near 0 and 1. A parabola has hardly any curvature there, and foretells that nothing is lost."""
    draw, rows = torch.Generator().manual_seed(3), 400
    least = torch.tensor([[0.2], [0.0], [-0.3], [0.4]], dtype=torch.float64)
    a, b, c, d = signs = 2 * torch.rand(4, rows, generator=draw, dtype=torch.float64) - 1 > least
    y = torch.where(a, b, torch.where(c, d, True)).long()
    a, b, c, d = singles = signs.double() - signs.double().mean(1, keepdim=True)
    design = torch.stack([*singles, a * b, a * c, a * d, c * d, b * c, b * d], 1)
    design, weight = design / design.std(0), torch.ones(rows, dtype=torch.float64)
    places = torch.arange(10)
    prior = Prior(places, torch.ones(10, dtype=torch.float64), 10, places)

    def fitted() -> Posterior:
        return cross_entropy(lambda: iter([(design, y, weight)]), prior, 2, lambda loss: False)

    several = fitted()
    monkeypatch.setattr(laplace, "TUNED", replace(laplace.TUNED, updates=1))
    assert several.gain > fitted().gain - 1.0
