"""The curvature class by class: it is the curvature itself for two classes and for classes that are alike, and its
steps are Newton's. Where information is steady, it is summed once."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import edgewise as ew
from edgewise.losses import Gamma
from edgewise.train.evidence.expansion import by_class, steady, whole
from edgewise.train.evidence.likelihoods import Classes, Scored
from helpers import assert_close

ROWS, FUNCTIONS = 60, 5
GENERATOR = torch.Generator().manual_seed(0)
DESIGN = torch.randn(ROWS, FUNCTIONS, dtype=torch.float64, generator=GENERATOR)
WEIGHT = 0.5 + torch.rand(ROWS, dtype=torch.float64, generator=GENERATOR)
PRECISION = 0.1 + torch.rand(1 + FUNCTIONS, dtype=torch.float64, generator=GENERATOR)
PLACES = torch.arange(FUNCTIONS)
TERMS = torch.tensor([0, 0, 1, 1, 1])


def blocks(classes: int):
    y = torch.randint(classes, (ROWS,), generator=torch.Generator().manual_seed(1))
    return lambda: iter([(DESIGN[:20], y[:20], WEIGHT[:20]), (DESIGN[20:], y[20:], WEIGHT[20:])])


def logits(classes: int, size: float) -> Tensor:
    """Coefficients whose sum over classes is zero, as those of fits are."""
    coef = size * torch.randn(1 + FUNCTIONS, classes, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    return coef - coef.mean(1, keepdim=True)


def both(classes: int, size: float):
    """Losses and curvature, as they are and class by class."""
    coef = logits(classes, size)
    one, other = (expand(blocks(classes), Classes(), coef, PLACES) for expand in (whole, by_class))
    assert_close(torch.tensor(other.value), torch.tensor(one.value))
    assert_close(other.slope, one.slope)
    return coef, one.slope, one.under(PRECISION), other.under(PRECISION)


@pytest.mark.parametrize(("classes", "size"), [(2, 1.0), (2, 5.0), (4, 0.0)])
def test_two_classes_and_classes_that_are_alike_have_the_curvature_as_it_is(classes, size):
    coef, _, exact, mine = both(classes, size)
    assert mine.occam() == pytest.approx(exact.occam(), rel=1e-9)
    assert_close(mine.determined(), exact.determined())
    assert_close(mine.worth(coef, TERMS, 2), exact.worth(coef, TERMS, 2))
    one, other = (curvature.spread(TERMS, PLACES) for curvature in (exact, mine))
    for exactly, by_classes in zip(one.covariance, other.covariance, strict=True):
        for a, b in zip(exactly, by_classes, strict=True):
            assert_close(b, a)


@pytest.mark.parametrize(("classes", "size"), [(3, 1.0), (5, 3.0)])
def test_contrasts_of_classes_say_all_that_the_curvature_of_every_logit_does(classes: int, size: float):
    coef, slope, found, _ = both(classes, size)
    y = torch.cat([part for _, part, _ in blocks(classes)()])

    def value(flat: Tensor) -> Tensor:
        mine = flat.reshape(classes, -1).T
        return WEIGHT @ Classes().losses(mine[0] + DESIGN @ mine[1:], y)

    precision = PRECISION.repeat(classes)
    hessian = torch.autograd.functional.hessian(value, coef.T.reshape(-1))
    assert isinstance(hessian, Tensor)
    matrix = hessian + torch.diag(precision)
    inverse = torch.linalg.inv(matrix)
    assert_close(found.step(slope), -(inverse @ slope.T.reshape(-1)).reshape(classes, -1).T)
    occam = torch.logdet(matrix) - PRECISION[1:].log().sum() * classes
    assert found.occam() == pytest.approx(float(occam), rel=1e-9)
    determined = 1 - (precision * inverse.diagonal()).reshape(classes, -1)[:, 1:]
    assert_close(found.determined(), determined.sum(0))
    for term, covariance in zip((slice(1, 3), slice(3, 6)), found.spread(TERMS, PLACES).covariance, strict=True):
        for number, mine in enumerate(covariance):
            assert_close(mine, inverse.reshape(classes, 6, classes, 6)[number, term, number, term])


@pytest.mark.parametrize("size", [0.5, 3.0])
def test_of_several_classes_as_much_is_determined_within_a_tenth(size):
    _, _, exact, mine = both(5, size)
    assert float(mine.determined().sum()) == pytest.approx(float(exact.determined().sum()), rel=0.1)


@pytest.mark.parametrize("size", [0.5, 3.0])
def test_steps_are_those_of_newton(size):
    coef, slope, exact, mine = both(5, size)
    down = slope + PRECISION[:, None] * coef
    wanted, found = exact.step(down), mine.step(down)
    assert float((found - wanted).norm()) < 0.05 * float(wanted.norm())


@pytest.mark.slow
def test_many_columns_and_classes_are_told_apart():
    """Eight classes of 40 columns, where the curvature as it is has thousands of rows."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(700, 40, dtype=torch.float64, generator=generator)
    y = torch.stack([2 * X[:, number] + X[:, number + 8] ** 2 for number in range(8)], 1).argmax(1)
    found = ew.fit(ew.KAN((40, 8)), X[:400], y[:400], loss="cross_entropy", optimizer="evidence", progress=False).model
    with torch.no_grad():
        right = (found(X[400:]).argmax(1) == y[400:]).double().mean()
    assert float(right) > 0.75


@pytest.mark.parametrize("places", [PLACES, torch.tensor([3, 1]), PLACES[:0]])
def test_steady_information_is_summed_once_for_all_expansions(places: Tensor):
    y = (0.3 * DESIGN[:, 0] + 0.2 * DESIGN[:, 1]).exp()
    likelihood = Scored.of(Gamma(), y, WEIGHT)

    def rows():
        return iter([(DESIGN[:20], y[:20], WEIGHT[:20]), (DESIGN[20:], y[20:], WEIGHT[20:])])

    coef = 0.1 * torch.randn(1 + len(places), 1, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    precision = PRECISION[: 1 + len(places)]
    one, other = (expand(rows, likelihood, coef, places) for expand in (whole, steady(rows)))
    assert other.value == pytest.approx(one.value)
    assert_close(other.slope, one.slope)
    assert_close(other.under(precision).step(one.slope), one.under(precision).step(one.slope))
    assert other.under(precision).occam() == pytest.approx(one.under(precision).occam())
