"""Networks whose parameters are finite and whose outputs are not: neither saved nor loaded; all that work are both."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import altered
import edgewise as ew
from edgewise.checkpoint import from_bytes, to_bytes
from edgewise.errors import CheckpointError
from edgewise.model import KAN
from edgewise.spec.overflow import refuse_overflow
from helpers import assert_equal

NETWORKS = altered.networks()
TENSORS = ("coef", "bias", "base_scale", "affine")


def multiplied(model: KAN, by: float, names: tuple[str, ...] = TENSORS) -> KAN:
    """The model with these parameters of all its layers multiplied."""
    again = model.build()
    with torch.no_grad():
        for name, value in again.named_parameters():
            if name.rpartition(".")[2] in names:
                value.mul_(by)
    return again


def works(model: KAN) -> bool:
    """Whether each output is finite on some of many rows over the grids."""
    t = torch.rand(500, model.features, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).to(model.dtype)
    x = model.input_shift + model.input_scale * (2 * t - 1)
    with torch.no_grad():
        return bool(torch.isfinite(model(x)).any(0).all())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("power", [-250, -100, 20, 75, 100, 150, 200, 300])
def test_every_network_that_works_is_saved_and_loaded(name: str, power: int):
    model = multiplied(NETWORKS[name], 10.0**power)
    if all(bool(torch.isfinite(value).all()) for value in model.state_dict().values()) and works(model):
        assert_equal(from_bytes(to_bytes(model)).state_dict(), model.state_dict())


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1e150, 1e300])
def test_units_of_any_size_are_saved_and_loaded(scale: float, tmp_path: Path):
    model = NETWORKS["plain"]
    for which in ("input_scale", "output_scale", "input_shift", "output_shift"):
        big = model.build(scaling={which: torch.full_like(getattr(model, which), scale)})
        ew.save(big, tmp_path / "kan.safetensors")
        assert_equal(ew.load(tmp_path / "kan.safetensors").state_dict(), big.state_dict())


def test_a_fit_to_large_and_small_numbers_is_saved_and_loaded(tmp_path: Path):
    X = 2 * torch.rand(60, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    for unit in (1e-140, 1e140):
        fitted = ew.fit(KAN((2, 2, 1)), X * unit, X.sum(1) / unit, grids=(3,), restarts=0, steps=3, progress=False)
        ew.save(fitted, tmp_path / "kan.safetensors")
        assert_equal(ew.load(tmp_path / "kan.safetensors").state_dict(), fitted.model.state_dict())


def test_what_overflows_everywhere_is_neither_saved_nor_loaded():
    model = multiplied(NETWORKS["plain"], 1e300, ("coef", "base_scale"))
    assert not works(model)
    with pytest.raises(CheckpointError, match="cannot be saved: its parameters are too large together: output 0 is"):
        to_bytes(model)
    (file,) = (
        file
        for file in altered.altered_files(NETWORKS["plain"])
        if file.name == "spec.config.seed = 3"  # a file that loads
    )
    huge = {name: value.detach() for name, value in model.state_dict().items()}
    with pytest.raises(CheckpointError, match="does not describe a model: its parameters are too large together"):
        from_bytes(altered.Altered("huge", file.header, huge).raw)


def test_one_output_that_overflows_is_named():
    model = KAN((2, 2))
    with torch.no_grad():
        model.edge_layers[0].bias[1] = 1e308
    refuse_overflow(model)
    big = model.build(scaling={"output_scale": torch.tensor([1.0, 1e10], dtype=torch.float64)})
    with pytest.raises(CheckpointError, match="output 1 is finite on none of 64 rows"):
        refuse_overflow(big)


@pytest.mark.parametrize("form", ["x^1000", "1/x^1000", "x^-1000.5", "x^1000.5", "1/x^9"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_powers_of_any_exponent_stay_finite(form: str, dtype: torch.dtype, tmp_path: Path):
    model = ew.set_symbolic(KAN((1, 1, 1), dtype=dtype), {(0, 0, 0): (form, 3.0, 0.0, 1.0, 0.0)})
    ew.save(model, tmp_path / "kan.safetensors")
    again = ew.load(tmp_path / "kan.safetensors")
    x = torch.linspace(-2, 2, 101, dtype=dtype)[:, None].requires_grad_()
    y = again(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert bool(torch.isfinite(y).all()) and bool(torch.isfinite(slope).all())
