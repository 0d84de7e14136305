"""Strengths of the groups of a prior."""

import numpy as np
import torch

from edgewise.train.evidence.posterior import Prior
from edgewise.train.evidence.strengths import Strengths


def test_a_strength_never_falls_below_the_least():
    of_two = Prior(torch.tensor([0, 0, 1]), torch.ones(3, dtype=torch.float64), 2, torch.tensor([0, 0, 1]))
    free, bound = (Strengths(of_two, of_two.begin, least=least) for least in (0.0, 1e-4))
    huge, places = np.full(3, 1e12), np.arange(3)
    for _ in range(6):
        for strengths in (free, bound):
            strengths.update(np.ones(3), huge, places)
    assert (free.value < 1e-9).all() and (bound.value == 1e-4).all()


def test_an_update_gives_a_group_its_effective_parameters_over_what_the_prior_charges():
    prior = Prior(torch.tensor([0, 1, 0]), torch.tensor([1.0, 1.0, 4.0]).double(), 3, torch.tensor([0, 1, 0]))
    strengths = Strengths(prior, torch.ones(3, dtype=torch.float64))
    assert strengths.there.tolist() == [True, True, False]  # the third group is empty
    effective, change = strengths.update(np.array([0.5, 0.9, 0.25]), np.array([0.5, 0.3, 0.25]), strengths.places)
    assert effective.tolist() == [0.75, 0.9, 0.0]
    np.testing.assert_allclose(strengths.value[:2], [0.75 / 1.5, 0.9 / 0.3])
    assert change == np.log(0.9 / 0.3)
    assert strengths.left.isnan().tolist() == [False, False, True]


def test_a_group_without_effective_parameters_goes_once_updates_are_many():
    prior = Prior(torch.tensor([0, 1]), torch.ones(2, dtype=torch.float64), 2, torch.tensor([0, 1]))
    strengths = Strengths(prior, prior.begin)
    for number in range(12):
        places = strengths.places
        strengths.update(np.array([0.9, 0.001])[places], np.ones(2)[places], places)
        assert len(places) == (2 if number <= 10 else 1)
