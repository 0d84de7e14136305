"""Classes by Laplace's approximation: one that has no rows is no information."""

from __future__ import annotations

import pytest
import torch

from edgewise.train.evidence.expansion import Expand, by_class, whole
from edgewise.train.evidence.laplace import cross_entropy
from edgewise.train.evidence.marginal import Prior, believed

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
