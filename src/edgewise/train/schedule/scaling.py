"""What training starts from: a first fit gives a network its scaling, inputs onto the grid's domain, targets to zero
mean and unit spread. A later fit keeps it, and reaches the rows."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import DataError
from ...knots_by_samples import bulk
from ...losses import Location, Loss, Numbers, SquaredError, within
from ...losses.location import first_spread
from ...metadata import Edit
from ...model import KAN
from ...transforms.grids import reaching
from ..job import Job
from .knots import reaching_rows
from .tuning import TUNED


def prepared(model: KAN, job: Job) -> KAN:
    """The private copy that training starts from: right number format and place, scaled on a first fit, grids extended
    on a later one."""
    start = model.build().to(dtype=job.x.dtype, device=job.x.device)
    if not fitted_before(model):
        start = scaled_to(start, job.x, job.y if job.squared else None)
        start = scaled_by(start, job) if isinstance(job.loss, Numbers) else start
    else:
        start = reaching_rows(start, job)
    return reaching(start, job.exact.model) if job.exact else start


def fitted_before(model: KAN) -> bool:
    """Whether the model carries the marks of an earlier fit, or closed forms, whose arguments are in its units: then
    its scaling must stay."""
    return (
        model.scaled
        or any(edit.action == "fit" for edit in model.edits)
        or any(layer.symbolic for layer in model.edge_layers)
    )


def representable(x: Tensor, y: Tensor | None, dtype: torch.dtype) -> None:
    """Raise `DataError` where a network of this number format cannot hold the range of a column of x (n, d) or y (n,
    k)."""
    limits = torch.finfo(dtype)
    for what, values in (("X", x), ("y", y)):
        if values is None or not values.numel():
            continue
        most, span = float(values.abs().max()), values.amax(0) - values.amin(0)
        if most > limits.max:
            raise DataError(
                f"{what} reaches {most:.3g}, more than {dtype} can hold ({limits.max:.3g}); use a float64 model or"
                " other units"
            )
        small = (span > 0) & (span < limits.tiny)
        if bool(small.any()):
            column = int(small.nonzero()[0])
            raise DataError(
                f"column {column} of {what} spans {float(span[column]):.3g}, less than {dtype} can tell apart"
                f" ({limits.tiny:.3g}); use a float64 model or other units"
            )


def in_own_units(model: KAN, loss: Loss, y: Tensor) -> tuple[Loss, Tensor]:
    """The loss and the targets, numbers (n, k) or class codes (n,), in the units of the network, before its outputs are
    scaled back."""
    if isinstance(loss, SquaredError):
        return loss, (y - model.output_shift) / model.output_scale
    return within(loss, model.output_shift, model.output_scale), y


def scaled_to(model: KAN, x: Tensor, y: Tensor | None) -> KAN:
    """A copy whose scaling maps the range of x (n, d) onto the domain (where nearly all rows lie in a small part of it,
    that part), and y (n, k), if given, to zero mean and unit spread."""
    low, high = model.config.domain
    first, last = x.amin(0), x.amax(0)
    inner, outer, narrow = bulk(x)
    first, last = torch.where(narrow, inner, first), torch.where(narrow, outer, last)
    flat = (last - first) <= TUNED.flat_input * torch.maximum(first.abs(), last.abs())
    scale = torch.where(flat, torch.ones_like(first), (last - first) / (high - low))
    shift = torch.where(flat, first - (low + high) / 2, first - low * scale)
    scaling = {"input_shift": shift, "input_scale": scale}
    if y is not None:
        spread = y.std(0, unbiased=False)
        if not bool(torch.isfinite(spread).all()):
            raise DataError(
                f"y reaches {float(y.abs().max()):.3g}, and the square of its spread overflows {y.dtype}; give y in"
                " other units"
            )
        most = y.abs().amax(0)
        unit = torch.where(most > 0, most.clamp(max=1.0), 1.0)  # of constant targets
        spread = torch.where(spread > TUNED.flat_target * most, spread, unit)
        if bool((spread.square() == 0).any()):
            raise DataError(
                f"y reaches {float(most.min()):.3g}, and the square of that is zero in {y.dtype}; give y in other units"
            )
        product = torch.tensor(
            [len(node) > 1 for node in model.topology.factors[-1]], device=y.device
        )  # a product cannot absorb a shift
        scaling |= {"output_shift": torch.where(product, torch.zeros_like(spread), y.mean(0)), "output_scale": spread}
    return model.build(
        scaling=scaling,
        edit=Edit("scale", "inputs to the grid's domain" + ("" if y is None else ", targets to unit spread")),
    )


def scaled_by(model: KAN, job: Job) -> KAN:
    """A copy whose outputs begin at the constant that is best by the job's loss, one of numbers, and are in units of
    the median absolute deviation from it, which outliers do not move; links have their own unit."""
    assert isinstance(job.loss, Numbers)
    shift = job.loss.constant(job.y, job.weight)
    scale = torch.ones_like(shift)
    if isinstance(job.loss, Location):
        found = [first_spread(column, job.weight) for column in (job.y - shift).T]
        most = job.y.abs().amax(0)
        unit = torch.where(most > 0, most, 1.0)
        spread = shift.new_tensor(found)
        scale = torch.where(spread > TUNED.flat_target * most, spread, unit)
    product = torch.tensor([len(node) > 1 for node in model.topology.factors[-1]], device=shift.device)
    scaling = {"output_shift": torch.where(product, 0.0, shift), "output_scale": scale}
    return model.build(scaling=scaling)
