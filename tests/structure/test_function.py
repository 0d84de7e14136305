"""Values, gradients and their errors of whatever can be called, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn

import edgewise as ew
from edgewise.errors import ConfigError, ShapeError
from edgewise.structure import as_function, restricted

X = np.random.default_rng(0).uniform(0.5, 2.0, (200, 2))
NAMES = ("a", "b")


def closed(X):
    """exp(sin a) b^2 and its gradient."""
    f = np.exp(np.sin(X[:, 0])) * X[:, 1] ** 2
    return f, np.stack([f * np.cos(X[:, 0]), 2 * f / X[:, 1]], 1)


def by_torch(x):
    return x[:, 0].sin().exp() * x[:, 1] ** 2


def by_numpy(x):
    return np.exp(np.sin(x[:, 0])) * x[:, 1] ** 2


class Model:
    """What has `predict` alone, as models of other libraries."""

    def predict(self, X):
        return by_numpy(X)[:, None]


class InFloat32(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.one * by_torch(x)


@pytest.mark.parametrize("f", [by_torch, by_numpy, Model(), InFloat32(), lambda x: by_torch(x).detach()])
def test_errors_tell_how_far_values_and_gradients_are_off(f):
    sample = as_function(f, X, NAMES).at(X)
    value, gradient = closed(X)
    assert np.mean(np.abs(sample.f - value) <= 2 * sample.f_error) > 0.97
    assert np.mean(np.abs(sample.gradient - gradient) <= 2 * sample.gradient_error) > 0.97


@pytest.mark.parametrize(
    "f, precise, relative", [(by_torch, True, 1e-13), (by_numpy, False, 1e-8), (InFloat32(), True, 1e-4)]
)
def test_errors_are_near_round_off(f, precise, relative):
    function = as_function(f, X, NAMES)
    sample = function.at(X)
    assert function.torch == precise  # pyright: ignore[reportAttributeAccessIssue]
    assert np.median(sample.gradient_error / np.abs(sample.gradient)) < relative


def test_derivatives_that_torch_leaves_out_are_found_by_differences():
    """torch differentiates no Bessel function, without a word."""
    function = as_function(lambda x: torch.special.bessel_j0(x[:, 0]) + x[:, 1] ** 2, X, NAMES)
    sample = function.at(X)
    np.testing.assert_allclose(sample.gradient[:, 0], -special.j1(X[:, 0]), atol=1e-9)
    half = as_function(lambda x: x[:, 0].detach().sin() + x[:, 1] ** 2, X, NAMES).at(X)
    np.testing.assert_allclose(half.gradient[:, 0], np.cos(X[:, 0]), atol=1e-9)


def test_steps_that_leave_the_domain_do_not_count():
    near = np.random.default_rng(0).uniform(1e-3, 1.0, (200, 1))
    sample = as_function(lambda x: np.log(x[:, 0]), near, ("a",)).at(near)
    assert np.all(np.abs(sample.gradient - 1 / near) <= 3 * sample.gradient_error)
    assert np.median(sample.gradient_error * near) < 1e-7


def test_a_jump_makes_large_errors_only_where_it_is():
    sample = as_function(lambda x: np.where(x[:, 0] > 1.0, 5.0, 0.0) + x[:, 1], X, NAMES).at(X)
    far = np.abs(X[:, 0] - 1.0) > 0.2
    np.testing.assert_allclose(sample.gradient[far], [[0.0, 1.0]] * far.sum(), atol=1e-6)


def test_given_noise_is_added_and_that_of_the_gradient_follows():
    exact, noisy = as_function(by_torch, X, NAMES), as_function(by_torch, X, NAMES, 0.1)
    both = as_function(by_torch, X, NAMES, (0.1, [0.3, 0.4]))
    np.testing.assert_allclose(noisy.at(X).f_error, np.hypot(0.1, exact.at(X).f_error))
    np.testing.assert_allclose(noisy.at(X).gradient_error[0] * X.std(0), [1.0, 1.0], rtol=1e-9)
    np.testing.assert_allclose(both.at(X).gradient_error[0], [0.3, 0.4], rtol=1e-9)


def test_the_result_of_a_fit_knows_its_noise():
    result = ew.fit(ew.KAN((2, 1)), X, X.sum(1), optimizer="evidence", progress=False)
    sample = as_function(result, X, NAMES).at(X)
    known = result.metrics
    noise = next(known[name] for name in ("expected_rmse", "validation_rmse", "rmse") if name in known)
    assert sample.f_error == pytest.approx(np.hypot(noise, as_function(result.model, X, NAMES).at(X).f_error))


def test_a_function_of_some_columns_holds_the_others():
    part = restricted(as_function(by_torch, X, NAMES), [1], np.array([0.7, 9.0]))
    assert part.names == ("b",)
    f, gradient = closed(np.stack([np.full(len(X), 0.7), X[:, 1]], 1))
    sample = part.at(X[:, 1:])
    np.testing.assert_allclose(sample.f, f)
    np.testing.assert_allclose(sample.gradient[:, 0], gradient[:, 1])


def test_messages_quote_the_users_error_and_the_shape():
    def broken(x):
        raise KeyError("my own mistake")

    with pytest.raises(ConfigError, match=r"failed on rows of shape \(20, 2\) \(KeyError: 'my own mistake'\)"):
        as_function(broken, X, NAMES)
    with pytest.raises(ShapeError, match=r"gave shape \(20, 2\) for 20 rows.*lambda x: f\(x\)\[:, 0\]"):
        as_function(lambda x: x, X, NAMES)


def test_functions_that_do_not_use_their_rows_have_no_slope():
    free = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    sample = as_function(lambda x: free.expand(len(x)), X, NAMES).at(X)
    assert (sample.f == 2.0).all() and (sample.gradient == 0.0).all()


def test_sparse_and_short_formats_are_read_and_ragged_values_are_told():
    sparse = as_function(lambda x: torch.as_tensor(x).sum(1).to_sparse(), X, NAMES)
    np.testing.assert_allclose(sparse.values(X)[0], X.sum(1))
    short = as_function(lambda x: torch.as_tensor(x).sum(1).bfloat16(), X, NAMES)
    assert short.values(X)[0].shape == (len(X),)
    with pytest.raises(ShapeError, match="no array of numbers"):
        as_function(lambda x: [[1.0], [1.0, 2.0]], X, NAMES).values(X)
