"""One layer of a network in sympy: the pieces from which formulas and exported code are put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from ..errors import ConfigError, SymbolicError, as_list, as_words, require, shown
from ..layers import OFF
from ..model import KAN
from ..primitives import get
from .simple_numbers import nearest
from .task import output_scale, positions, present_forms
from .tuning import TUNED


class Writer:
    """Writes the layers of one model, in the units of X and y; numbers are exact where they are simple to their last
    digit."""

    def __init__(self, model: KAN) -> None:
        self.model, self.forms, self.sympy = model, present_forms(model), require("sympy")
        eps = torch.finfo(model.dtype).eps
        double = eps < torch.finfo(torch.float32).eps
        self.reach, self.chance = (2 * eps, TUNED.chance) if double else (eps, TUNED.chance_single)

    def number(self, value: float) -> Any:
        """A double as a sympy number. Raises `SymbolicError` when it is not finite."""
        if not math.isfinite(value):
            raise SymbolicError(
                f"the network holds a constant that is not finite ({value}); a formula needs finite ones: fit it again"
            )
        simple = nearest(value, self.reach * abs(value), self.chance) if value else None
        return self.sympy.Integer(0) if value == 0 else self.sympy.Float(value) if simple is None else simple.expr()

    def layer(self, number: int, values: Sequence[Any]) -> list[Any]:
        """The nodes behind layer `number` as expressions of the expressions `values` of those before it; inputs are the
        columns in use."""
        sympy, topology, layer = self.sympy, self.model.topology, self.model.edge_layers[number]
        last = number == topology.depth - 1
        sums: list[Any] = []
        for o, bias in enumerate(layer.bias.tolist()):
            scale = output_scale(self.model, number, o)
            terms, constants, size = [], [bias * scale, self._shift_of_sum(o) if last else 0.0], 0.0
            for i in (layer.kind[:, o] != OFF).nonzero()[:, 0].tolist():
                if (number, i, o) in self.forms:
                    name, a, b, c, d = self.forms[number, i, o]
                    constants.append(d)
                    terms.append(self.number(c) * get(name).expr(self.number(a) * values[i] + self.number(b)))
                else:
                    size = max(size, abs(scale) * float(layer.coef[i, :, o].detach().abs().max()))
                    terms.append(
                        self.number(scale) * sympy.Function(edge_name(topology.edge_at(number, i, o)))(values[i])
                    )
            sums.append(sympy.Add(*terms, self.number(self._total(constants, size))))
        nodes = [sympy.Mul(*(sums[s] for s in node)) for node in positions(self.model, number + 1)]
        if last and topology.has_products(topology.depth):
            shifts = zip(self.model.output_shift.tolist(), topology.factors[-1], strict=True)
            nodes = [
                node + self.number(shift if len(members) > 1 else 0.0)
                for node, (shift, members) in zip(nodes, shifts, strict=True)
            ]
        return nodes

    def _total(self, constants: Sequence[float], size: float) -> float:
        """Their sum; zero where it is what round-off leaves of constants that cancel, or beside splines of this
        size."""
        total = math.fsum(constants)
        return 0.0 if abs(total) <= self.reach * math.fsum([size, *map(abs, constants)]) else total

    def _shift_of_sum(self, subnode: int) -> float:
        owner = int(self.model.subnode_owner(self.model.topology.depth)[subnode])
        return float(self.model.output_shift[owner]) if len(self.model.topology.factors[-1][owner]) == 1 else 0.0


def edge_name(edge: tuple[int, int, int]) -> str:
    """The name under which an edge without closed form stands in a formula."""
    return "phi_{}_{}_{}".format(*edge)


def input_symbols(model: KAN, inputs: Sequence[Any] | None = None) -> list[Any]:
    """A plain Symbol for every column of X: the names given, else the model's, else x1, x2, ... Raises `ConfigError`
    for names that do not fit."""
    sympy, count = require("sympy"), model.topology.features
    if inputs is None:
        inputs = model.metadata.inputs if len(model.metadata.inputs) == count else [f"x{n + 1}" for n in range(count)]
    names, words = as_list(inputs), as_words(inputs)
    if names is None or len(words or ()) != count:
        raise ConfigError(
            f"inputs needs {count} names, one for every column of X (pruned ones too), got {shown(inputs)}"
        )
    if not all(words or ()):
        raise ConfigError(f"inputs needs names that are not empty, got {shown(inputs)}")
    symbols = [name if isinstance(name, sympy.Symbol) else sympy.Symbol(str(name)) for name in names]
    if len(set(symbols)) < count:
        raise ConfigError(f"inputs must be different names, got {shown([str(s) for s in symbols])}")
    return symbols


def output_names(model: KAN, outputs: Sequence[Any] | None = None) -> list[str]:
    """A name for every output: those given, else the model's, else y or y1, y2, ... Raises `ConfigError` when their
    number does not fit."""
    count = len(model.topology.node_ids[-1])
    if outputs is None:
        known = model.metadata.outputs
        return list(known) if len(known) == count else ["y"] if count == 1 else [f"y{n + 1}" for n in range(count)]
    words = as_words(outputs)
    if words is None or len(words) != count:
        raise ConfigError(f"outputs needs {count} names, got {shown(outputs)}")
    return words
