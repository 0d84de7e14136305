"""A network as the bytes of an ONNX file, written operator by operator.

torch's own exporter writes numbers in float32 on the way, even for a network in float64, and takes a minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import ops
from ..discovery.formulas.tree import Apply, Node, Num, Power, Product, Sum, Var
from ..discovery.judging.laws import Law
from ..errors import ConfigError, SymbolicError
from ..grid import breaks_of
from ..layers import KANLayer
from ..model import KAN
from ..primitives import get
from ..symbolic.written import input_symbols, output_names
from . import onnx_forms, onnx_functions
from .law import law_outputs, law_symbols
from .onnx_graph import Graph

FORMATS = {torch.float64: "float64", torch.float32: "float32"}


def onnx_bytes(model: KAN | Law, inputs: Sequence[Any] | None = None, outputs: Sequence[Any] | None = None) -> bytes:
    """An ONNX model X (rows, columns) -> y (rows, outputs), for any number of rows. Arguments as for `export`.

    It does what the network does, outside the domains of closed forms too, in the number format of the network. All of
    it runs in onnxruntime. The names of inputs, outputs and classes stand in its metadata, as lists in JSON.

    Raises:
        ConfigError: for a network in another format than float64 or float32, or names that do not fit.
        MissingExtra: onnx is not installed.
        SymbolicError: for a closed form that was added, or a spline that leaves the range of floats.

    >>> import edgewise as ew
    >>> onnx_bytes(ew.KAN((2, 1), dtype=torch.bfloat16))
    Traceback (most recent call last):
    ...
    edgewise.errors.ConfigError: ONNX takes networks in float64 or float32, got torch.bfloat16; ...
    """
    if isinstance(model, Law):
        names, targets, classes = law_symbols(model, inputs), law_outputs(outputs), ()
        op = Graph("float64", len(names))
        result = op.Unsqueeze(op.Expand(_law(op, model._node), op.Shape(_column(op, 0))), np.array([1]))
    else:
        names, targets, classes = input_symbols(model, inputs), output_names(model, outputs), model.metadata.classes
        if model.dtype not in FORMATS:
            raise ConfigError(
                f"ONNX takes networks in float64 or float32, got {model.dtype}; export model.to(torch.float32)"
            )
        op = Graph(FORMATS[model.dtype], len(names))
        result = _network(op, model)
    told = {"inputs": [str(name) for name in names], "outputs": targets, "classes": classes}
    return op.file(result, len(targets), told)


def _network(op: Graph, model: KAN) -> str:
    """The outputs (rows, outputs): means, where the network gives their logarithms or logits."""
    columns = list(model.topology.node_ids[0])
    value = op.Gather(op.X, np.array(columns), axis=1)
    if model.scaled:
        value = op.Div(op.Sub(value, _array(model.input_shift)[columns]), _array(model.input_scale)[columns])
    for number, layer in enumerate(model.edge_layers, start=1):
        value = _multiplied(op, _layer(op, layer, value), layer.out_features, getattr(model, f"factors_{number}"))
    if model.scaled:
        value = op.Add(op.Mul(value, _array(model.output_scale)), _array(model.output_shift))
    link = model.metadata.link
    return op.Exp(value) if link == "log" else onnx_functions.sigmoid(op, value) if link == "logit" else value


def _layer(op: Graph, layer: KANLayer, x: str) -> str:
    """The subnodes (rows, o) behind the nodes x (rows, i)."""
    parts: list[str] = []
    if bool(layer.spline_edges().any()):
        parts.append(_splines(op, layer, x))
        if layer.base_scale is not None:
            base = op.Mul(x, onnx_functions.sigmoid(op, x)) if layer.base == "silu" else x
            parts.append(op.MatMul(base, _array(layer.spline_parts()[1])))
    parts += [_closed(op, layer, name, x) for name in dict.fromkeys(edge.primitive for edge in layer.symbolic)]
    total = parts[0] if parts else op.MatMul(x, np.zeros((layer.in_features, layer.out_features)))
    for part in parts[1:]:
        total = op.Add(total, part)
    return total if layer.bias is None else op.Add(total, _array(layer.bias))


def _splines(op: Graph, layer: KANLayer, x: str) -> str:
    """The sums of the splines (rows, o), by one matrix product: which interval a point is in, times its powers there.

    Outside the grid, t is at its end, and the tangent there goes on.
    """
    breaks, centres, table = _polynomials(layer)
    low, high = breaks[:, 0], breaks[:, -1]
    inner = op.Where(op.Less(x, low), low, op.Where(op.Greater(x, high), high, x))
    on = op.GreaterOrEqual(op.Unsqueeze(inner, np.array([2])), breaks[:, :-1])  # (rows, i, G): at or past each start
    before = op.Less(
        op.Unsqueeze(inner, np.array([2])), np.append(breaks[:, 1:-1], np.full((len(low), 1), math.inf), 1)
    )
    place = op.Where(op.And(on, before), 1.0, 0.0)
    t = op.Sub(inner, op.ReduceSum(op.Mul(place, centres), np.array([2]), keepdims=0))
    beyond = op.Sub(x, inner)
    powers, features = [op.Add(op.Mul(t, 0.0), 1.0)], []
    for r in range(layer.degree + 1):
        slope = op.Mul(op.Mul(powers[r - 1], float(r)), beyond) if r else op.Mul(beyond, 0.0)
        features.append(op.Unsqueeze(op.Add(powers[r], slope), np.array([2, 3])))
        powers.append(op.Mul(powers[r], t))
    spread = op.Mul(op.Unsqueeze(place, np.array([3])), op.Concat(*features, axis=3))  # (rows, i, G, degree + 1)
    return op.MatMul(op.Reshape(spread, np.array([-1, table.shape[0]])), table)


def _polynomials(layer: KANLayer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ends (i, G+1) and middles (i, G) of the intervals, and the coefficients (i * G * (degree + 1), o) of the
    polynomials about the middles. Raises `SymbolicError` where these leave the range of floats."""
    knots, coef = layer.knots.detach().double().cpu(), layer.spline_parts()[0].detach().double().cpu()
    breaks = breaks_of(knots, layer.degree)
    centres = (breaks[:, 1:] + breaks[:, :-1]) / 2
    terms = [
        ops.edge_values(centres.t().contiguous(), coef, knots, degree=layer.degree, derivative=k) / math.factorial(k)
        for k in range(layer.degree + 1)
    ]
    table = torch.stack(terms, dim=2).transpose(0, 1)  # (i, G, degree + 1, o)
    table = torch.where((breaks[:, 1:] > breaks[:, :-1])[:, :, None, None], table, 0.0)  # no point is in an empty one
    if not bool(torch.isfinite(table).all()):
        raise SymbolicError(
            "a spline has grid steps so short that its derivatives leave the range of floats; fit to inputs in another"
            " unit"
        )
    return breaks.numpy(), centres.numpy(), table.flatten(0, 2).numpy()


def _closed(op: Graph, layer: KANLayer, name: str, x: str) -> str:
    """The sums (rows, o) of the edges with this closed form."""
    members = [n for n, edge in enumerate(layer.symbolic) if edge.primitive == name]
    a, b, c, d = _array(layer.affine)[members].T  # type: ignore[arg-type]
    source = op.Gather(x, np.array([layer.symbolic[n].src for n in members]), axis=1)
    z = op.Add(op.Mul(source, a), b)
    found = op.Add(op.Mul(onnx_forms.safe(op, get(name), z, layer.coef.dtype), c), d)
    places = np.zeros((len(members), layer.out_features))
    places[range(len(members)), [layer.symbolic[n].dst for n in members]] = 1.0
    return op.MatMul(found, places)


def _multiplied(op: Graph, subnodes: str, width: int, table: Tensor | None) -> str:
    """The nodes (rows, n) of a layer: products of its subnodes (rows, width) by the table (n, factors), where an entry
    of `width` stands for 1."""
    if table is None:
        return subnodes
    total = ""
    for column in table.cpu().numpy().T:
        factor = op.Gather(subnodes, np.minimum(column, width - 1), axis=1)
        factor = op.Where(column == width, 1.0, factor)
        total = op.Mul(total, factor) if total else factor
    return total


def _column(op: Graph, index: int) -> str:
    return op.Gather(op.X, np.array(index), axis=1)


def _law(op: Graph, node: Node) -> Any:
    """The formula of a law: the name of a value (rows,), or a number."""
    match node:
        case Num(value):
            return float(value)
        case Var(index):
            return _column(op, index)
        case Sum(parts) | Product(parts):
            join = op.Add if isinstance(node, Sum) else op.Mul
            total, *rest = (_law(op, part) for part in parts)
            for part in rest:
                total = join(total, part)
            return total
        case Power(base, exponent):
            return op.Pow(_law(op, base), float(exponent.value))
        case Apply(form, argument):
            return onnx_forms.value(op, get(form), _law(op, argument))
    raise TypeError(f"a formula holds {type(node).__name__}")


def _array(tensor: Tensor | None) -> np.ndarray:
    assert tensor is not None
    return tensor.detach().double().cpu().numpy()
