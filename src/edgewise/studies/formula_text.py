"""The network as formulas in the units of the table, with their errors, and formula.txt."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..data import Table
from ..losses import Loss
from ..model import KAN
from ..plotting.wording import clean
from ..size import summary
from ..symbolic.formula import edge_functions, evaluate, formula
from ..symbolic.task import present_forms
from .scores import Scores, headline, scores
from .tuning import TUNED
from .words import number

MODEL = "model.safetensors"  # the network after the last fit, to all rows
JUDGED = "judged.safetensors"  # the one before it, which scores and formulas are of
# names that mean something else in a formula
TAKEN = frozenset(
    "pi oo nan zoo exp log sqrt Abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc besselj"
    " Max Min Piecewise".split()
)


@dataclass(frozen=True)
class Written:
    """A network written down: one sympy expression per output over `symbols`, the columns and outputs that they stand
    for, its errors on held-out rows, how many of these it is undefined on, and the edges that stay splines, by
    address."""

    expressions: tuple[Any, ...]
    symbols: tuple[str, ...]
    columns: tuple[str, ...]
    names: tuple[str, ...]
    outputs: tuple[str, ...]
    scores: Scores
    undefined: int
    splines: tuple[tuple[int, int, int], ...]

    def lines(self, digits: int | None = None) -> list[str]:
        """One line per output, constants cut to so many digits."""
        shown = self.expressions if digits is None else [rounded(e, digits) for e in self.expressions]
        return [f"{name} = {expression}" for name, expression in zip(self.names, shown, strict=True)]

    def legend(self) -> list[str]:
        """What the symbols stand for, where they are not the names of the columns themselves."""
        used = {str(s) for e in self.expressions for s in e.free_symbols}
        pairs = [(s, c) for s, c in zip(self.symbols, self.columns, strict=True) if s in used]
        return [f"{s} is {c!r}" for s, c in [*pairs, *zip(self.names, self.outputs, strict=True)] if s != c]


def write(model: KAN, held: Table, loss: Loss | None = None) -> Written | None:
    """The model written down; None for one that is too large to be read. Raises `MissingExtra` without sympy,
    `SymbolicError`."""
    if summary(model).edges > TUNED.formula_edges:
        return None
    outputs = held.outputs if held.classes is None else tuple(f"score of {label}" for label in held.classes)
    names = identifiers([*held.inputs, *outputs])
    symbols, left = names[: len(held.inputs)], names[len(held.inputs) :]
    expressions = formula(model, inputs=symbols)
    forms = present_forms(model)
    splines = tuple(edge for edge in model.active_edges() if model.topology.edge_position(edge) not in forms)
    values = torch.from_numpy(
        evaluate(expressions, held.X.numpy(), symbols=symbols, functions=edge_functions(model)).copy()
    )
    undefined = int((~torch.isfinite(values)).any(dim=1).sum())
    found = scores(held, values.softmax(dim=1) if held.classes is not None else values, loss)
    return Written(tuple(expressions), tuple(symbols), held.inputs, tuple(left), outputs, found, undefined, splines)


def identifiers(names: Sequence[str]) -> list[str]:
    """Different names that can stand in a formula, as near to these as can be.

    >>> identifiers(["x", "t [s]", "t s", "lambda", "3", "%", "sin"])
    ['x', 't_s', 't_s_2', 'lambda_', 'x_3', 'x_', 'sin_']
    """
    made: list[str] = []
    plain = {
        name
        for name in names
        if name.isidentifier() and not keyword.iskeyword(name) and name not in TAKEN and not name.startswith("phi_")
    }
    for name in names:
        word = name
        if name not in plain:
            word = re.sub(r"\W+", "_", clean(name))[: TUNED.name_letters].strip("_")
            if not word or not word[0].isalpha() or not word.isidentifier():
                word = f"x_{word}" if f"x_{word}".isidentifier() else "x_"
            if keyword.iskeyword(word) or word in TAKEN or word.startswith("phi_"):
                word += "_"
        taken = {*made, *(plain - {name} if name in plain else plain)}
        free, count = word, 2
        while free in taken:
            free, count = f"{word.rstrip('_')}_{count}", count + 1
        made.append(free)
    return made


def rounded(expression: Any, digits: int) -> Any:
    """The expression with its decimal constants cut to so many digits; whole numbers and fractions stay."""
    floats = {c for c in expression.atoms() if getattr(c, "is_Float", False)}
    return expression.xreplace({c: c.n(digits) for c in floats})


def text(
    written: Written | None,
    message: str,
    rejected: Written | None,
    rows: int,
    others: dict[str, Scores | str],
) -> str:
    """formula.txt: the sentence on what was found, one formula per output, its error beside the network's and the
    baselines'."""
    out = [message, ""]
    if written is None:
        out += ["The network is too large to be written down as a formula; ew.formula and report.html show its parts."]
    else:
        out += _shown(written)
    compared = next(headline(row) for row in others.values() if not isinstance(row, str))
    out += ["", f"Errors on the {rows} rows held out ({compared}):"]
    table = {"formula" if not written.splines else "formula, with its splines": written.scores} if written else {}
    for name, row in {**table, **others}.items():
        out.append(f"  {name.ljust(34)}{row if isinstance(row, str) else number(row[compared])}")
    if written:
        out.append(
            f"The formula is that of {JUDGED}, which none of these rows fitted. The last fit, to all rows, gave"
            f" {MODEL}: ew.formula(model) writes that one down."
        )
    if written and written.undefined:
        out.append(
            f"The formula is undefined on {written.undefined} of these rows, which lie outside what it was fitted to."
        )
    if rejected is not None:
        out += [
            "",
            (f"The closed form that was found but is not as good ({compared} {number(rejected.scores[compared])}):"),
            "",
        ]
        out += _shown(rejected)
    return "\n".join(out) + "\n"


def _shown(written: Written) -> list[str]:
    short, full = written.lines(TUNED.short_digits), written.lines()
    out = short if short == full else [*short, "", "with all digits:", "", *full]
    notes = written.legend()
    if written.splines:
        shown = ", ".join(f"phi_{a}_{b}_{c}" for a, b, c in written.splines[:6]) + (
            ", ..." if len(written.splines) > 6 else ""
        )
        first = next(iter(written.splines))
        notes.append(
            f"{shown}: splines without a closed form that is as good; as functions of the network in {JUDGED} they are"
            f" ew.edge(model, (layer, from, to)), such as ew.edge(model, {first})"
        )
    return out if not notes else [*out, "", "where", *(f"  {note}" for note in notes)]


def on_screen(message: str, written: Written | None) -> str:
    """The formula, short, under the sentence on how it was found."""
    lines = written.lines(TUNED.short_digits) if written and len(written.splines) <= TUNED.screen_splines else []
    if sum(map(len, lines)) > TUNED.screen_letters:
        lines = []
    legend = written.legend() if written and lines else []
    return "\n".join([message, *(f"  {line}" for line in lines), *(f"  where {line}" for line in legend)])
