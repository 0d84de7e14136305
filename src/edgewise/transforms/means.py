"""as_means: a network of logarithms of means becomes one of the means."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..layers import OFF, SYMBOLIC, KANLayer, SymbolicEdge
from ..metadata import Edit
from ..model import KAN
from ..topology import Topology
from .draft import Draft

INVERSES = {"log": "exp", "logit": "sigmoid"}  # link -> the closed form that takes it back


def as_means(model: KAN) -> KAN:
    """The network whose outputs are the means that those of `model` are the logarithm or the logit of: one more layer
    takes the link back, an edge with a closed form for each output. A network without a link stays as it is.

    >>> import torch, edgewise as ew
    >>> X = torch.rand(50, 1, dtype=torch.float64)
    >>> model = ew.fit(ew.KAN((1, 1)), X, 1 + X, loss="gamma", optimizer="evidence", progress=False).model
    >>> means = as_means(model)
    >>> bool(torch.allclose(means(X), model(X).exp())), means.topology.shape_text()
    (True, '[1, 1, 1]')
    """
    form = INVERSES.get(model.metadata.link)
    if form is None:
        return model
    draft, count = Draft.of(model), model.outputs
    # Each closed form takes its node from the units of the network to those of the link.
    rows = [model.output_scale.expand(count), model.output_shift.expand(count)]
    affine = torch.stack([*rows, torch.ones_like(rows[0]), torch.zeros_like(rows[0])], 1).detach()
    like, diagonal = draft.layers[-1], torch.eye(count, dtype=torch.bool, device=model.device)
    blank = KANLayer(count, count, degree=model.config.degree, base=model.config.base, dtype=model.dtype)
    parts = blank.to(model.device).parts()
    parts["kind"] = torch.where(diagonal, SYMBOLIC, OFF).to(like["kind"].dtype)
    parts["symbolic"] = tuple(SymbolicEdge(form, place, place) for place in range(count))
    parts["affine"], parts["bias"] = affine, torch.zeros_like(parts["bias"].detach())
    old = model.topology
    places = tuple(range(count))
    topology = Topology(old.features, (*old.node_ids, places), (*old.factors, tuple((place,) for place in places)))
    shift, scale = torch.zeros_like(model.output_shift), torch.ones_like(model.output_scale)
    layers = [KANLayer.build(**part) for part in (*draft.layers, parts)]
    return model.build(
        layers=layers,
        topology=topology,
        scaling={"output_shift": shift, "output_scale": scale},
        metadata=replace(model.metadata, loss=""),
        edit=Edit("as_means", f"{form} after the {model.metadata.link} of the mean"),
    )
