"""Forms of which the data see so small or so far a piece that a simpler form has the same curve.

A flat cosine is a parabola; a logistic curve far below its middle is an exponential.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..primitives import Primitive, get
from .program import Program, ProgramTerm
from .rank import FittedForm, cost_of, rank_many
from .tuning import TUNED
from .work import Work, price_of_ranking


def straightened(
    program: Program, x: Tensor, primitives: Sequence[Primitive], work: Work
) -> Iterator[tuple[int, int, FittedForm, Program]]:
    """(stage, term, simpler form, the program with it) for every term whose curve on the data x (n, i) a simpler form
    has too."""
    simple = tuple(p for p in primitives if p.name != "0" and cost_of(p) <= TUNED.simple_cost)
    places, inputs, curves = [], [], []
    nodes = program.nodes(x)
    for number, (stage, (a, b, c, _)) in enumerate(zip(program.stages, program.split(), strict=True)):
        for n, term in enumerate(stage.terms):
            if cost_of(term.primitive) > TUNED.simple_cost:
                source = nodes[number][:, term.src]
                places.append((number, n))
                inputs.append(source)
                curves.append(c[n] * term.primitive.safe(a[n] * source + b[n]))
    if not places or not simple or not bool(torch.isfinite(torch.stack(curves)).all()):
        return
    if not work.afford(price_of_ranking(len(places), x.shape[0], len(simple))):
        return
    for (number, n), ranked in zip(places, rank_many(torch.stack(inputs), torch.stack(curves), simple), strict=True):
        same = [one for one in ranked if one.relative < TUNED.simpler_error and one.inside and one.primitive != "0"]
        for candidate in sorted(same, key=lambda one: (cost_of(get(one.primitive)), one.relative)):
            yield number, n, candidate, replaced(program, number, n, candidate)


def replaced(program: Program, number: int, term: int, candidate: FittedForm) -> Program:
    """The program with one term replaced, its d put into the bias."""
    stages = []
    for where, (stage, (a, b, c, bias)) in enumerate(zip(program.stages, program.split(), strict=True)):
        entries: list[tuple[ProgramTerm, Sequence[float]]] = []
        for n, one in enumerate(stage.terms):
            if where == number and n == term:
                entries.append((ProgramTerm(get(candidate.primitive), one.src, one.dst), candidate.constants))
            else:
                entries.append((one, (float(a[n]), float(b[n]), float(c[n]), 0.0)))
        stages.append((entries, bias.tolist(), stage.factors))
    return Program.create(stages)
