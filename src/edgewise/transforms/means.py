"""as_means: a network of logarithms of means becomes one of the means."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from .. import grid
from ..errors import StructureError
from ..metadata import Edit
from ..model import KAN
from ..prediction import as_mean
from .draft import Draft
from .straight_on import straight_on
from .symbolic import set_symbolic

INVERSES = {"log": "exp", "logit": "sigmoid"}  # link -> the closed form that takes it back
BEYOND = 0.2  # by which logarithms go on above those of all rows: means rise by a fifth (`docs/training.md` says why)


def as_means(model: KAN) -> KAN:
    """The network whose outputs are the means that those of `model` are the logarithm or the logit of.

    One more layer takes the link back: an edge with a closed form for each output. Constants need none, and a network
    without a link stays as it is.

    Args:
        model: a network of any number of outputs, whose degree is at least 1, or whose base is the identity.

    Raises:
        StructureError: for another degree and base.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(50, 1, dtype=torch.float64)
    >>> model = ew.fit(ew.KAN((1, 1)), X, 1 + X, loss="gamma", optimizer="evidence", progress=False).model
    >>> means = as_means(model)
    >>> bool(torch.allclose(means(X), model(X).exp())), means.topology.shape_text()
    (True, '[1, 1, 1]')
    """
    link = model.metadata.link
    if not link:
        return model
    if not model.active_edges():  # constants, which need no layer
        outputs = model(torch.zeros(model.features, dtype=model.dtype, device=model.device)).detach()
        shift = model.output_shift + as_mean(outputs, link) - outputs
        return model.build(scaling={"output_shift": shift}, metadata=replace(model.metadata, loss=""))
    last, nodes = model.topology.depth, model.topology.node_ids[-1]
    units = torch.stack(torch.broadcast_tensors(model.output_scale, model.output_shift), 1).tolist()
    forms = {(last, n, n): (INVERSES[link], *unit, 1.0, 0.0) for n, unit in zip(nodes, units, strict=True)}
    deep = set_symbolic(straight_on(model), forms)
    plain = {"output_shift": torch.zeros_like(deep.output_shift), "output_scale": torch.ones_like(deep.output_scale)}
    return deep.build(scaling=plain, metadata=replace(deep.metadata, loss=""))


def bounded(model: KAN, most: Tensor) -> KAN:
    """The same function up to these outputs; above, it is flat from a little further on.

    One more layer holds an edge for each output: the identity, which bends beyond what rows gave. Under an exponential
    a line without an end makes 1e40 of one mistyped cell. Constants stay as they are.

    Args:
        model: a network of any number of outputs.
        most: the largest outputs that rows gave (k,). None is more than `BEYOND` above.

    Raises:
        StructureError: for degree 0, which holds no line.

    >>> import torch, edgewise as ew
    >>> X = torch.linspace(0, 1, 50, dtype=torch.float64)[:, None]
    >>> line = ew.fit(ew.KAN((1, 1)), X, X, optimizer="evidence", progress=False).model
    >>> kept = bounded(line, line(X).detach().amax(0))
    >>> [round(value, 4) for value in kept(torch.tensor([[0.5], [9.0]], dtype=torch.float64)).flatten().tolist()]
    [0.5, 1.2]
    """
    if not model.active_edges():
        return model
    last, degree = model.topology.depth, model.config.degree
    if degree == 0:
        raise StructureError("splines of degree 0 hold no line that bends; use a model with degree >= 1")
    draft = Draft.of(straight_on(model))
    layer = draft.layers[last]
    shift, scale = (value.expand(model.outputs) for value in (model.output_shift, model.output_scale))
    around = degree + 1  # intervals on either side; what is bent in part sits above `most`
    middle, reach = (most - shift) / scale, around * BEYOND / max(1.0, (degree - 1) / 2) / scale.abs()
    knots = grid.uniform(middle - reach, middle + reach, 2 * around, degree)
    line = scale[:, None] * grid.greville(knots, degree) + shift[:, None]
    own = torch.eye(len(most), dtype=torch.bool, device=most.device)
    coef = torch.minimum(line, most[:, None] + BEYOND)[:, :, None] * own[:, None]
    draft.layers[last] = {**layer, "knots": knots, "uniform": True, "coef": coef}
    plain = {"output_shift": torch.zeros_like(shift), "output_scale": torch.ones_like(scale)}
    return draft.build(Edit("bound", f"outputs up to {most.tolist()}"), scaling=plain)
