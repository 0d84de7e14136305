"""The step to closed forms: looked for on the training rows, kept where the rows that choose say so."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import torch

from ..data import Table
from ..errors import EdgewiseError
from ..metadata import PARTS
from ..model import KAN
from ..primitives import get, ranked
from ..size import summary
from ..symbolic.symbolify import budget_spent, symbolify
from ..train.evidence.shapes import FREE, Shapes
from .choosing import as_good, explained, stays_near
from .kept_shapes import keeps
from .replacing import against
from .tuning import TUNED


@dataclass(frozen=True)
class Closed:
    """What came of the search: the network that is better to keep (None: the one before), one that was found but is
    worse, and a sentence. `failure` is the traceback of a bug that ended the search. `apart`: whether it is a law of
    its own, whose edges took the place of no splines."""

    model: KAN | None
    rejected: KAN | None
    message: str
    failure: str = ""
    apart: bool = False


def skipped(why: str) -> Closed:
    """No search."""
    return Closed(None, None, f"No closed forms were looked for: {why}.")


def close(model: KAN, training: Table, choosing: Table | None, progress: bool = False, shapes: Shapes = FREE) -> Closed:
    """Closed forms for the edges of `model`, looked for on the training rows and judged on those that choose.

    Where no rows choose, the training rows do. A bug in the search costs no network: its traceback comes back.
    `shapes`: what the functions of some inputs are held to; forms must keep it, too.
    """
    edges = summary(model).edges
    if edges == 0:
        return Closed(None, None, "The network is a constant: no input matters.")
    if edges > TUNED.form_edges:
        many = f"the network has {edges} edges, more than {TUNED.form_edges}"
        return Closed(None, None, f"No closed forms were looked for: {many}.")
    fitted = thin(training, TUNED.form_rows)
    judging = training if choosing is None else choosing
    how: dict[str, Any] = {"sample_weight": fitted.weight, "tolerance": TUNED.form_tolerance, "progress": progress}
    try:
        found = symbolify(model, fitted.X, fitted.y, **how)
        clear = explained(found, judging)
        if has_poles_between(found, training) and not clear >= 1 - TUNED.exact:
            smooth = [form for form in ranked() if not form.poles and form.branch is None]
            calm = symbolify(model, fitted.X, fitted.y, primitives=smooth, **how)
            worse = splines_left(calm) > splines_left(found) or not as_good(calm, found, judging)
            found = found if worse and clear >= TUNED.form_exact else calm
        if repeats_season(found, model, training):
            still = [form for form in ranked() if form.period is None and not form.poles]
            other = symbolify(model, fitted.X, fitted.y, primitives=still, **how)
            found = other if as_good(other, found, judging) else found
    except EdgewiseError as error:
        return Closed(None, None, f"No closed forms: {error}")
    except Exception as error:
        said = f"No closed forms: the search ended in a bug ({type(error).__name__}: {error})."
        return Closed(None, None, said, traceback.format_exc())
    spent = " The budget of the search was spent; a larger one may find more." if budget_spent(found) else ""
    have, left = symbolic_edges(found), summary(found).edges
    if left and not have:
        return Closed(None, None, f"No edge has a closed form that is as good as its spline.{spent}")
    if why := against(found, model, training, choosing):
        return Closed(None, found, f"The closed forms that were found {why}.{spent}")
    if not stays_near(found, model, training):
        return Closed(None, found, f"The closed forms that were found have poles between the rows.{spent}")
    if not explained(model, judging) >= TUNED.form_clear and not stays_near(found, model, training, TUNED.form_beyond):
        why = "run far off beyond the rows, where so much noise supports none"
        return Closed(None, found, f"The closed forms that were found {why}.{spent}")
    if not keeps(found, shapes, training):
        return Closed(None, found, f"The closed forms that were found do not keep the constraints.{spent}")
    return Closed(found, None, told(have, left) + spent)


def has_poles_between(model: KAN, rows: Table) -> bool:
    """Whether a closed form has a pole with rows on both sides of it. Beside one row it is a curve that this row made,
    and too narrow to be seen at other points.

    >>> import edgewise as ew
    >>> model = ew.set_symbolic(ew.KAN((1, 1)), {(0, 0, 0): ("1/x", 1.0, -0.5, 1.0, 0.0)})
    >>> table = ew.from_arrays(torch.linspace(0, 1, 20)[:, None].double(), torch.rand(20).double())
    >>> has_poles_between(model.double(), table)
    True
    """
    with torch.no_grad():
        values = model.trace(rows.X)[1].nodes
        for layer, nodes in zip(model.edge_layers, values, strict=False):
            for edge, (a, b, *_) in zip(layer.symbolic, [] if layer.affine is None else layer.affine, strict=True):
                form, z = get(edge.primitive), a * nodes[:, edge.src] + b
                if any(bool((z < pole).any() and (z > pole).any()) for pole in form.poles):
                    return True
                if form.branch is not None:
                    branches = ((z - form.branch[0]) / (form.branch[1] - form.branch[0])).floor()
                    if bool(branches.min() < branches.max()):
                        return True
    return False


def repeats_season(model: KAN, splines: KAN, rows: Table) -> bool:
    """Whether a wave along the years of a date stands for its season, which the network of splines reads as well. Its
    period is never a whole part of a year to all digits, so it drifts away from the season in other years.

    >>> import edgewise as ew, pandas as pd
    >>> day = [f"{year}-{month:02}" for year in (2019, 2020, 2021) for month in range(1, 13)]
    >>> table = ew.from_dataframe(pd.DataFrame({"day": day, "y": range(36)}), "y")
    >>> splines = ew.KAN((3, 1)).double()
    >>> waves = [ew.set_symbolic(splines, {(0, 0, 0): ("sin", turn, 0.0, 1.0, 0.0)}) for turn in (6.4, 3.0)]
    >>> [repeats_season(wave, splines, table) for wave in waves]
    [True, False]
    """
    read = {rows.inputs[place] for place in splines.used_inputs}
    dates = [column for column in rows.encoding.dates if any(f"{column}={name}" in read for name in PARTS["season"])]
    years = {rows.inputs.index(f"{column}=year") for column in dates if f"{column}=year" in rows.inputs}
    layer, places = model.edge_layers[0], model.topology.node_ids[0]
    if layer.affine is None or not years:
        return False
    with torch.no_grad():
        nodes = model.trace(rows.X)[1].nodes[0]
    for edge, (a, *_) in zip(layer.symbolic, layer.affine.tolist(), strict=True):
        form, place = get(edge.primitive), places[edge.src]
        if form.period is None or place not in years:
            continue
        span, moved = (float(x.max() - x.min()) for x in (rows.X[:, place], nodes[:, edge.src]))
        turns = abs(a) * moved / (form.period * (1 if form.flip == 1.0 else 2))
        whole = round(turns / span)
        if whole and abs(turns - whole * span) < TUNED.season_turns:
            return True
    return False


def told(have: int, left: int) -> str:
    """How many of the edges that are left have a closed form, in words."""
    if have == left:
        return "Every edge has a closed form."
    rest = f"{left - have} {'stays a spline' if left - have == 1 else 'stay splines'}, by name"
    return f"{have} of {left} edges {'has' if have == 1 else 'have'} a closed form; {rest}."


def thin(table: Table, count: int) -> Table:
    """At most so many rows, evenly taken."""
    if len(table) <= count:
        return table
    return table.take(torch.linspace(0, len(table) - 1, count, dtype=torch.float64).round().long())


def symbolic_edges(model: KAN) -> int:
    """Edges that are a closed form and nothing else."""
    return summary(model).edges - splines_left(model)


def splines_left(model: KAN) -> int:
    """Edges that are not, or not only, a closed form."""
    return sum(int(layer.spline_edges().sum()) for layer in model.edge_layers)
