"""Networks made for equations in time: polynomials of time, whose splines alone may move."""

from __future__ import annotations

import pytest
import torch

import edgewise as ew
from edgewise.errors import ConfigError
from edgewise.pde.indices import Indices
from edgewise.pde.kan_jets import KanJets
from edgewise.pde.polynomial_in_time import polynomial_in_time
from helpers import assert_close


@pytest.mark.parametrize("inputs, outputs, power, terms", [(2, 1, 7, 1), (2, 2, 3, 1), (3, 1, 2, 2), (2, 1, 10, 1)])
def test_it_is_a_polynomial_of_time(inputs, outputs, power, terms):
    model = polynomial_in_time(inputs, outputs, power=power, terms=terms, grid_size=4, degree=3)
    place = torch.rand(1, inputs - 1, dtype=torch.float64).expand(40, -1)
    time = torch.linspace(-1, 1, 40, dtype=torch.float64)
    y = model(torch.cat([place, time[:, None]], 1)).detach()
    powers = time[:, None] ** torch.arange(power + 1)
    found = torch.linalg.lstsq(powers, y)
    assert_close(powers @ found.solution, y, like="formula")
    assert y.shape == (40, outputs) and bool((found.solution[-1].abs() > 1e-8).all())


def test_its_splines_alone_may_move():
    model = polynomial_in_time(2, power=3, grid_size=6, degree=5)
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert fixed == {"layers.0.bias", "layers.0.affine", "layers.1.coef", "layers.1.bias", "layers.1.affine"}
    assert len(KanJets(model.build(), fixed).start()) == 4 * (6 + 5)


def test_the_jacobian_has_the_columns_of_what_may_move():
    model = polynomial_in_time(2, power=3, grid_size=6, degree=5, seed=1)
    fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    x, indices = torch.rand(9, 2, dtype=torch.float64), Indices.closing([(2, 0), (0, 1)])
    slopes = torch.randn(len(indices), 9, 2, 1, dtype=torch.float64)
    part, whole = KanJets(model.build(), fixed), KanJets(model.build())
    got = part.rows(part.forward(x, indices), slopes)
    want = whole.rows(whole.forward(x, indices), slopes)
    assert part.flat.places is not None and whole.flat.places is not None
    assert_close(got, want[:, :, torch.isin(whole.flat.places, part.flat.places)])


@pytest.mark.parametrize("wrong", [{"power": 0}, {"power": 11}, {"terms": 0}, {"outputs": 0}, {"grid_size": 0}])
def test_numbers_that_cannot_be_used_are_refused(wrong):
    with pytest.raises(ConfigError):
        polynomial_in_time(2, **wrong)
    with pytest.raises(ConfigError, match="inputs must be"):
        polynomial_in_time(1)


def test_it_can_be_saved(tmp_path):
    model = polynomial_in_time(2, power=2, grid_size=3)
    ew.save(model, tmp_path / "u.safetensors")
    x = torch.rand(4, 2, dtype=torch.float64)
    assert_close(ew.load(tmp_path / "u.safetensors")(x), model(x))
