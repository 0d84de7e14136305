"""as_means: a network of logarithms of means becomes one of the means."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..model import KAN
from ..prediction import as_mean
from .edits import deepen
from .structure import remove
from .symbolic import set_symbolic

INVERSES = {"log": "exp", "logit": "sigmoid"}  # link -> the closed form that takes it back


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
    deep = deepen(model, last)
    deep = remove(deep, edges=[(last, a, b) for a in nodes for b in nodes if a != b])
    deep = set_symbolic(
        deep, {(last, n, n): (INVERSES[link], *unit, 1.0, 0.0) for n, unit in zip(nodes, units, strict=True)}
    )
    plain = {"output_shift": torch.zeros_like(deep.output_shift), "output_scale": torch.ones_like(deep.output_scale)}
    return deep.build(scaling=plain, metadata=replace(deep.metadata, loss=""))
