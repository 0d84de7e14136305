"""Forms of which the data see so small or so far a piece that a simpler form has the same curve: a flat cosine is a
parabola, a logistic curve far below its middle an exponential."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ..primitives import Primitive, get
from .program import Program, Term
from .rank import Candidate, cost_of, rank_many
from .work import Work, price_of_ranking

SIMPLE, SAME = (
    2.5,
    1e-3,
)  # cost of the forms that others may turn out to be, and the relative error at which that is worth a trial


def straightened(
    program: Program, x: Tensor, primitives: Sequence[Primitive], work: Work
) -> Iterator[tuple[int, int, Candidate, Program]]:
    """(stage, term, simpler form, the program with it) for every term whose curve on the data x (n, i) a simpler form
    has too."""
    simple = tuple(p for p in primitives if p.name != "0" and cost_of(p) <= SIMPLE)
    places, inputs, curves = [], [], []
    nodes = program.nodes(x)
    for number, (stage, (a, b, c, _)) in enumerate(zip(program.stages, program.split(), strict=True)):
        for n, term in enumerate(stage.terms):
            if cost_of(term.primitive) > SIMPLE:
                source = nodes[number][:, term.src]
                places.append((number, n))
                inputs.append(source)
                curves.append(c[n] * term.primitive.safe(a[n] * source + b[n]))
    if not places or not simple or not bool(torch.isfinite(torch.stack(curves)).all()):
        return
    if not work.afford(price_of_ranking(len(places), x.shape[0], len(simple))):
        return
    for (number, n), ranked in zip(places, rank_many(torch.stack(inputs), torch.stack(curves), simple), strict=True):
        same = [one for one in ranked if one.relative < SAME and one.inside and one.primitive != "0"]
        for candidate in sorted(same, key=lambda one: (cost_of(get(one.primitive)), one.relative)):
            yield number, n, candidate, replaced(program, number, n, candidate)


def replaced(program: Program, number: int, term: int, candidate: Candidate) -> Program:
    """The program with one term replaced, its d put into the bias."""
    stages = []
    for where, (stage, (a, b, c, bias)) in enumerate(zip(program.stages, program.split(), strict=True)):
        entries: list[tuple[Term, Sequence[float]]] = []
        for n, one in enumerate(stage.terms):
            if where == number and n == term:
                entries.append((Term(get(candidate.primitive), one.src, one.dst), candidate.constants))
            else:
                entries.append((one, (float(a[n]), float(b[n]), float(c[n]), 0.0)))
        stages.append((entries, bias.tolist(), stage.factors))
    return Program.create(stages)
