"""A table taken apart: parts that add or multiply become tables of their own, and their laws are put together."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import product as every

import torch
from torch import Tensor

from ...structure import blocks as separate
from ...structure import probe, through
from ..formulas.tree import Node, Num, Var, on_columns, product, total, written
from ..formulas.yardstick import Yardstick
from ..parts.factors import Factors, factors
from ..parts.inner_sums import inner_sum
from ..parts.splits import Blocks, Split, SplitPart, SplitRows, joined, split
from ..polishing.exactness import is_exact
from ..polishing.polish import Polished, of_choice, polished
from ..polishing.tuning import POLISHING
from ..reductions.states import ReducedProblem, Reduction
from ..reductions.surrogated import SurrogatedProblem, SurrogateFunction
from ..reductions.tuning import REDUCTIONS
from ..tables.law_task import LawRows, LawTask
from ..tables.tuning import TABLES
from .steps import Event, Pause, ProofStep, TableSearch
from .tuning import SEARCH


def apart(known: SurrogatedProblem, task: LawTask, search: TableSearch, depth: int) -> Iterator[Event | Pause]:
    """The parts that a state falls apart into, the search for their laws, and the formulas that these make."""
    d = len(known.state.columns)
    if d < 2 or depth >= _deepest(task):
        return
    fitting, held = (
        SplitRows(*known.state.inner(rows)) for rows in (task.fitting.first(SEARCH.split_rows), task.choosing)
    )
    most = _most(known, task)
    found: list[Split | Factors] = []
    for blocks in _blocks(known, fitting.Z):
        found += [one for one in split(blocks, fitting, held)[: SEARCH.splits] if one.error <= most]
    for i in range(d):
        block, rest = (i,), tuple(j for j in range(d) if j != i)
        pairs = [((block, rest), True), *([((rest, block), True)] if d > 2 else [])]
        for pair, beside in [*([((block, rest), False)] if d > 2 or not i else []), *pairs]:
            one = factors(pair, fitting, held, beside=beside)
            if one is not None and one.error <= most:
                found.append(one)
                break
    for one in sorted(found, key=lambda one: one.error)[: SEARCH.splits]:
        yield ProofStep(_told(one, known.state, task))
        yield from _put_together(one, known.state, task, search, depth)
        yield Pause(SEARCH.apart_constants)


def _deepest(task: LawTask) -> int:
    """How often a table may be taken apart: under noise a part of a part is known too roughly."""
    return 1 if task.unsure > SEARCH.part_rough * task.spread else SEARCH.split_depth


def _most(known: SurrogatedProblem, task: LawTask) -> float:
    """The error of y that a structure may leave: about that of the surrogate, where this says anything."""
    rough = known.left > SEARCH.split_rough * task.spread
    return max(0.0 if rough else SEARCH.lost * known.left, SEARCH.split_left * task.spread)


def _blocks(known: SurrogatedProblem, Z: Tensor) -> list[Blocks]:
    """Each column by itself, and the blocks that the surrogate shows."""
    d = Z.shape[1]
    found = [joined([n] for n in range(d))]
    if d > 2 and known.pair is not None:
        looked = _probe(known, Z)
        if looked is not None:
            inside = through(looked)
            found += [] if inside is None or not inside.holds else [joined(inside.blocks)]
            found += [joined(one.blocks) for one in separate(looked)]
    return [blocks for blocks in dict.fromkeys(found) if len(blocks) > 1]


def _probe(known: SurrogatedProblem, Z: Tensor):
    from ...errors import DataError

    assert known.pair is not None
    try:
        return probe(SurrogateFunction.of(known.pair, Z[: REDUCTIONS.compared_rows]), Z.numpy())
    except DataError:
        return None


def _laws(table: LawTask, search: TableSearch, depth: int) -> Generator[Event, None, list[Polished]]:
    """Yields the steps of a search on a part's table, one level deeper, and returns its laws, the cheapest first.

    Exact ones go before all others: where a part has few features, errors cost less than constants.
    """
    laws: list[Polished] = []
    for event in search(table, depth + 1):
        if isinstance(event, ProofStep):
            yield event.deeper()
        else:
            laws.append(event)
    measure = of_choice(table)
    return sorted(laws, key=lambda one: (not is_exact(one.node, table), measure.price(one.node, one.error)))


def _put_together(
    found: Split | Factors, state: ReducedProblem, task: LawTask, search: TableSearch, depth: int
) -> Iterator[Event]:
    """The laws of all parts, and formulas made of them."""
    choices: list[list[Polished]] = []
    for part in found.parts:
        table = _table_of(part, found, state, task)
        if table is None:
            return
        laws = yield from _laws(table, search, depth)
        choices.append(laws[: SEARCH.part_laws])
    nodes = [state.formula(_joined(found, [one.node for one in chosen])) for chosen in _choices(choices)]
    few = task.fitting.first(POLISHING.quick_rows)
    yield from polished(nodes, task, few, Yardstick(len(few), 0.0, task.floor))


def _choices(choices: Sequence[Sequence[Polished]]) -> list[tuple[Polished, ...]]:
    """One formula of each part, the best ones first."""
    ranked = sorted(every(*(range(len(laws)) for laws in choices)), key=lambda places: (sum(places), places))
    return [
        tuple(laws[place] for laws, place in zip(choices, places, strict=True)) for places in ranked[: SEARCH.together]
    ]


def _joined(found: Split | Factors, nodes: Sequence[Node]) -> Node:
    """g, from the formulas of its parts, each over the columns of its block."""
    placed = [
        on_columns(node, [Var(column) for column in part.block]) for node, part in zip(nodes, found.parts, strict=True)
    ]
    if isinstance(found, Factors):
        return total(product(*placed[:2]), *placed[2:], Num(found.constant))
    return found.output.inverse(total(*placed, Num(found.constant)))


def _table_of(part: SplitPart, found: Split | Factors, state: ReducedProblem, task: LawTask) -> LawTask | None:
    """A part as a table: its columns and values on the rows that fit, and on those that choose."""
    rows = []
    for given in (task.fitting, task.choosing):
        Z = state.inner(given)[0]
        values = part.values(Z)
        finite = torch.isfinite(values)
        rows.append(LawRows(Z[finite][:, list(part.block)], values[finite]))
    if min(map(len, rows)) < 4 or not float(rows[0].y.std()) > 0:
        return None
    names = tuple(written(state.columns[column], task.names) for column in part.block)
    return LawTask(
        rows[0], rows[1], rows[1], names, _name(part, names), _unsure(part, found, state, task), len(part.weights)
    )


def _unsure(part: SplitPart, found: Split | Factors, state: ReducedProblem, task: LawTask) -> float:
    """What the values of a part are wrong by: the error of the whole, by its share of the weights and by the slope."""
    Z, g, factor = state.inner(task.fitting.first(SEARCH.split_rows))
    if isinstance(found, Factors):
        others = [found.parts[1 - place].values(Z) for place in range(2) if found.parts[place] is part]
        slope = float((factor * others[0] if others else factor).square().mean().sqrt())
    else:
        slope = float((factor / found.output.slope(g)).square().mean().sqrt())
    share = (len(part.weights) / len(g)) ** 0.5
    return SEARCH.part_unsure * share * found.error / slope if slope > 0 else 0.0


def _name(part: SplitPart, names: Sequence[str]) -> str:
    return f"f{part.block[0] + 1}({', '.join(names)})"


def _told(found: Split | Factors, state: ReducedProblem, task: LawTask) -> str:
    names = [_name(part, [written(state.columns[column], task.names) for column in part.block]) for part in found.parts]
    left = found.error / task.spread
    inner = task.target if not state.trail else state.call(task.names)
    if isinstance(found, Factors):
        more = f" + {found.constant:.4g}" if abs(found.constant) > TABLES.exact * task.size else ""
        added = "".join(f" + {name.replace('f', 'h', 1)}" for name in names[2:])
        return f"{inner} = {' * '.join(names[:2])}{added}{more}, tested to {left:.1g}"
    return f"{found.output.name.replace('y', inner, 1)} = {' + '.join(names)}, tested to {left:.1g}"


# ------------------------------------------------------------------ sums inside


def paired(
    known: SurrogatedProblem, task: LawTask, search: TableSearch, depth: int
) -> Iterator[Event | ReducedProblem]:
    """States in which all columns are one, the sum that they enter through, with closed forms for its summands."""
    d = len(known.state.columns)
    if known.pair is None or d < 2 or depth >= _deepest(task):
        return
    fitting, held = (
        SplitRows(*known.state.inner(rows)) for rows in (task.fitting.first(SEARCH.split_rows), task.choosing)
    )
    found = inner_sum(fitting, held, known.pair.fine.gradient(fitting.Z))
    most = _most(known, task)
    if found is None or found.error > most:
        return
    words = known.state.words(task.names)
    left = found.error / task.spread
    yield ProofStep(f"{words} enter through one sum of functions, tested to {left:.1g}")
    Z, chosen = fitting.Z, held.Z
    forms: list[list[Node]] = []
    values, tested = found.values(Z), found.values(chosen)
    for i in range(d):
        name = written(known.state.columns[i], task.names)
        tables = [LawRows(rows[:, [i]], those[:, i]) for rows, those in ((Z, values), (chosen, tested))]
        unsure = SEARCH.part_unsure * left * float(values[:, i].std())
        label, count = f"a{i + 1}({name})", found.weights.shape[1]
        table = LawTask(tables[0], tables[1], tables[1], (name,), label, unsure, count)
        laws = yield from _laws(table, search, depth)
        forms.append([on_columns(one.node, [Var(i)]) for one in laws[: SEARCH.inner_laws]])
    for nodes in list(every(*forms))[: SEARCH.together]:
        inner = total(*nodes)
        column = on_columns(inner, known.state.columns)
        yield ReducedProblem(known.state.prefactor, (column,), (*known.state.trail, Reduction("sums", 1, left)))
