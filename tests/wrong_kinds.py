"""Wrong calls with values of kinds that nobody means to give: each stands for a way in which a call ended in another
package's error once, or in one of the value's own."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import torch

import edgewise as ew
from edgewise import ops, primitives
from wrong_calls import add, formula_model, frame, loaded, model, result, rows, spline_parts, targets


class Raises:
    """A value whose own methods raise what no package raises."""

    class Own(Exception):
        """What they raise."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Raises.Own("of the value itself")

    __repr__ = __iter__ = __len__ = __float__ = __index__ = __array__ = _refuse
    __fspath__ = _refuse


class Half:
    """A value that can be gone through half the way."""

    def __iter__(self) -> Iterator[int]:
        yield 1
        raise Raises.Own("half way")


def closed() -> io.StringIO:
    file = io.StringIO("a,b")
    file.close()
    return file


DEEP: list[Any] = []
for _ in range(100_000):  # more than any Python writes
    DEEP = [DEEP]
NESTED = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch will do without them
    QUANTIZED = torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)
META = torch.zeros(60, 2, dtype=torch.float64, device="meta")
LONG = 10**5000  # of more digits than Python writes
RAISES = {"one that raises": Raises(), "one that raises half way": Half()}
ARRAYS = {"an array": np.zeros(3), "an array of no dimension": np.array(3), "a frame": frame()}
NO_LISTS = {"an array of no dimension": np.array(3), "a closed file": closed(), **RAISES}
NO_NAMES = {**NO_LISTS, "lists without end": DEEP, "numbers too long to write": [LONG]}
NO_TENSORS = {"nested": NESTED, "quantized": QUANTIZED, "without values": META, **RAISES}
NO_NUMBERS = {"10^400": 10**400, "10^5000": LONG, "a Fraction": Fraction(1, 3), "a Decimal": Decimal(1), **RAISES}

# names, nodes and edges
for keyword in ("inputs", "outputs"):
    add("plot", f"{keyword}|names", lambda v, k=keyword: ew.plot(model(), **{k: v}), NO_NAMES)
    add("export", f"{keyword}|names", lambda v, k=keyword: ew.export(formula_model(), "latex", **{k: v}), NO_NAMES)
    add("from_arrays", f"{keyword}|names", lambda v, k=keyword: ew.from_arrays(rows(), targets(), **{k: v}), NO_NAMES)
add("formula", "inputs|names", lambda v: ew.formula(model(), v), NO_NAMES)
for keyword in ("target", "features", "drop", "categorical"):
    add(
        "from_dataframe",
        f"{keyword}|column",
        lambda v, k=keyword: ew.from_dataframe(frame(), **{"target": "y", k: v}),
        NO_LISTS,
    )
add("from_dataframe", "name", lambda v: ew.from_dataframe(frame().rename(columns={"a": v}), "y"), {"10^5000": LONG})
add("remove", "node", lambda v: ew.remove(model(), nodes=v), {**NO_LISTS, "one of no end": [(1, LONG)]})
add("remove", "edge", lambda v: ew.remove(model(), edges=v), {**NO_LISTS, "in a list": [Raises()]})
add("unset_symbolic", "edge", lambda v: ew.unset_symbolic(formula_model(), v), NO_LISTS)
add("swap", "node", lambda v: ew.swap(model(), 1, v, 1), {**ARRAYS, **NO_NAMES})
add("edge", "edge", lambda v: ew.edge(model(), (0, v, 0)), {"10^5000": LONG, **RAISES})
add("suggest", "primitives", lambda v: ew.suggest(model(), rows(), (0, 0, 0), primitives=v), NO_LISTS)
add("symbolify", "primitives", lambda v: ew.symbolify(model(), rows(), primitives=v, progress=False), NO_LISTS)
add("Table", "inputs", lambda v: ew.Table(rows(), targets(), v, ("y",)), {"None": None, "text": "ab", **NO_NAMES})
add("Table", "X", lambda v: ew.Table(v, targets(), ("a", "b"), ("y",)), {"None": None, **NO_TENSORS})
add("Table", "rows", lambda v: ew.Table(rows(), v, ("a", "b"), ("y",)), {"fewer": torch.zeros(3)})

# rows
for verb in ("adapt", "attribute", "extend", "merge", "prune"):
    add(verb, "X", lambda v, verb=verb: getattr(ew, verb)(model(), v), NO_TENSORS)
add("predict", "X", lambda v: model().predict(v), {**NO_TENSORS, "a column of text": {"x1": "ab", "x2": [1.0]}})
add("predict", "column", lambda v: model().predict({"x1": v, "x2": [1.0]}), RAISES)
add(
    "fit",
    "X",
    lambda v: ew.fit(model(), v, targets(), progress=False),
    {**NO_TENSORS, "float8": rows().to(torch.float8_e4m3fn)},
)
add(
    "fit",
    "y",
    lambda v: ew.fit(model(), rows(), v, progress=False),
    {**NO_TENSORS, "what equals nothing": [Raises()] * 60},
)
add("refit", "X", lambda v: ew.refit(result(), v, targets(), progress=False), NO_TENSORS)
add("symbolify", "X", lambda v: ew.symbolify(model(), v, progress=False), NO_TENSORS)
add("from_arrays", "X", lambda v: ew.from_arrays(v, targets()), {"one that raises": Raises(), "without values": META})
add("extend", "extend", lambda v: ew.extend(model(), v), {"as far as numbers go": rows() * 1.7e308})
add("model", "model", lambda v: model()(v), {"a nested tensor": NESTED})
add("KANLayer", "layer", lambda v: ew.KANLayer(2, 1)(v), {"a nested tensor": NESTED})
edge = ew.edge(model(), (0, 0, 0))
add("edge", "edge", edge, {**NO_TENSORS, "sparse": torch.eye(2).to_sparse(), "10^400": 10**400})
add("edge", "derivative", lambda v: edge(0.5, v), {"10^9": 10**9, "181": 181, "an array": np.zeros(3), **RAISES})
CLASSES = ew.KAN((2, 2))
add(
    "fit",
    "y",
    lambda v: ew.fit(CLASSES, rows(), v, loss="cross_entropy", progress=False),
    {"too large for int64": [2**70 + k for k in range(60)], "unwritable": [LONG] * 60, "one that raises": Raises()},
)

# networks and settings
add(
    "KAN.kolmogorov",
    "widths",
    ew.KAN.kolmogorov,
    {"text": "2", "bytes": b"ab", "None": None, "a frame": frame(), **RAISES},
)
add("KAN", "widths", ew.KAN, {"bytes": b"ab", "10^400 products": (2, (1, 10**400)), "one that raises": (2, Raises())})
add("KAN", "base", lambda v: ew.KAN((2, 1), base=v), {**ARRAYS, **RAISES})
add("KAN", "domain", lambda v: ew.KAN((2, 1), domain=v), {"10^400": (0, 10**400), "bytes": b"ab", **RAISES})
add("KAN", "meta", lambda v: ew.KAN((2, 1), device=v), {"on no device": "meta"})
add("KANLayer", "in_features", lambda v: ew.KANLayer(v, 1), {"bytes": b"ab", "a range": range(2), **RAISES})
add("KANLayer", "dtype", lambda v: ew.KANLayer(2, 1, dtype=v), ARRAYS)
add("widen", "products", lambda v: ew.widen(model(), 1, products=v), {"-10^400": -(10**400), **RAISES})
add("perturb", "scale", lambda v: ew.perturb(model(), v), {"-10^30": -(10**30), "1e308": 1e308, **NO_NUMBERS})
add("fit", "sparsity", lambda v: ew.fit(model(), rows(), targets(), sparsity=v, progress=False), NO_NUMBERS)
add("fit", "loss", lambda v: ew.fit(model(), rows(), targets(), loss=v, progress=False), {**ARRAYS, **RAISES})
add(
    "fit",
    "grids",
    lambda v: ew.fit(model(), rows(), targets(), grids=v, progress=False),
    {"bytes": b"ab", "10^5000": (LONG,)},
)
add(
    "fit",
    "progress",
    lambda v: ew.fit(model(), rows(), targets(), grids=(3,), progress=v),
    {"None": None, "1": 1, **ARRAYS},
)
add(
    "fit",
    "callback",
    lambda v: ew.fit(model(), rows(), targets(), grids=(3,), callbacks=(lambda row: v,), progress=False),
    {"giving an array": np.zeros(3), "giving a frame": frame()},
)
add(
    "fit",
    "meta",
    lambda v: ew.fit(model(), residual=lambda m: m(rows()), device=v, progress=False),
    {"on no device": "meta"},
)
add(
    "fit",
    "residual",
    lambda v: ew.fit(model(), residual=lambda m: v, progress=False),
    {"giving a sparse tensor": rows().to_sparse(), "giving a nested tensor": NESTED, "giving no values": META},
)
for verb, given in {"fit": (model(), rows(), targets()), "refit": (result(), rows(), targets())}.items():
    call = getattr(ew, verb)
    add(
        verb,
        "resume",
        lambda v, call=call, given=given: call(*given, resume=v, progress=False),
        {"a zero byte": "a\0b", "half a letter": "\ud800", **RAISES},
    )
add("prune", "nodes", lambda v: ew.prune(model(), rows(), nodes=v), {"None": None, "1": 1, **ARRAYS})
add("prune", "threshold", lambda v: ew.prune(model(), rows(), threshold=v), NO_NUMBERS)
add("merge", "tolerance", lambda v: ew.merge(model(), rows(), tolerance=v), NO_NUMBERS)
add("adapt", "quantile", lambda v: ew.adapt(model(), rows(), quantile=v), NO_NUMBERS)
add("adapt", "margin", lambda v: ew.adapt(model(), rows(), margin=v), NO_NUMBERS)
add("symbolify", "budget", lambda v: ew.symbolify(model(), rows(), budget=v, progress=False), NO_NUMBERS)
add("plot", "threshold", lambda v: ew.plot(model(), threshold=v), NO_NUMBERS)
add("plot", "beta", lambda v: ew.plot(model(), beta=v), NO_NUMBERS)
add("plot", "figsize", lambda v: ew.plot(model(), figsize=v), {"10^400": (10**400, 1), **RAISES})
add(
    "set_symbolic",
    "constants|primitive",
    lambda v: ew.set_symbolic(model(), {(0, 0, 0): v}),
    {"10^400": ("sin", 10**400, 0, 1, 0), "a long Fraction": ("sin", Fraction(10**400), 0, 1, 0), **RAISES},
)
add("from_arrays", "task", lambda v: ew.from_arrays(rows(), targets(), task=v), ARRAYS)
for setting in ("grids", "effort", "sparsity", "test", "hidden"):
    add(
        "study",
        setting,
        lambda v, s=setting: ew.study(rows(), targets(), progress=False, **{s: v}),
        {**ARRAYS, **RAISES},
    )
add(
    "study",
    "source",
    lambda v: ew.study(rows(), targets(), source=v, effort="quick", formula=False, progress=False),
    {"None": None, "a number": 3},
)

# tables
add("read_csv", "path", ew.read_csv, {"an array": np.zeros((40, 2)), "bytes": b"t.csv", "a set": {"t.csv"}, **RAISES})
add("load", "path|file", ew.load, {"half a letter": "\ud800", **RAISES})
add(
    "from_function",
    "ranges",
    lambda v: ew.from_function(torch.sin, v, 10),
    {"10^400": [(0, 10**400)], "of no values": META[:2], **NO_LISTS},
)
add("from_function", "n", lambda v: ew.from_function(torch.sin, [(0, 1)], v), {"10^5000": LONG, **RAISES})
add("from_function", "output", lambda v: ew.from_function(torch.sin, [(0, 1)], 10, output=v), {"None": None, **RAISES})
add(
    "from_function",
    "f",
    lambda v: ew.from_function(lambda x: v, [(0, 1)], 60),
    {
        "giving a nested tensor": NESTED,
        "giving a sparse tensor": rows().to_sparse(),
        "giving no values": META,
        **RAISES,
    },
)

# splines and primitives
ORDERS = {"an array": np.zeros(3), "10^9": 10**9, "10^400": 10**400}
for part in ("x", "coef", "knots"):
    add("spline", part, lambda v, p=part: ew.spline(**{**spline_parts(), p: v}), {"nested": NESTED})
for name in ("spline", "edge_values"):
    call = getattr(ops, name)
    add(
        name,
        "uniform",
        lambda v, call=call: call(**spline_parts(), uniform=v),
        {"an object": object(), "1": 1, "None": None},
    )
    add(
        name,
        "degree",
        lambda v, call=call: call(**spline_parts(), degree=v),
        {"an array": np.zeros(3), "10^400": 10**400, **RAISES},
    )
    add(name, "derivative", lambda v, call=call: call(**spline_parts(), derivative=v), {"10^9": 10**9, **RAISES})
LAID = {name: spline_parts()[name] for name in ("x", "knots")}
add("basis", "uniform", lambda v: ops.basis(**LAID, uniform=v), {"an object": object(), "1": 1, "None": None})
add(
    "add_primitive",
    "domain",
    lambda v: primitives.add_primitive("mine", torch.sin, domain=v),
    {"one number": 1, "10^400": (0, 10**400), "nan": (math.nan, 1), "text": "ab", **RAISES},
)
add("add_primitive", "mine", lambda v: primitives.add_primitive("mine", v), {"None": None, "text": "sin"})
add(
    "add_primitive", "mine", lambda v: primitives.add_primitive("mine", lambda z: v), {"giving a nested tensor": NESTED}
)
add("remove_primitive", "closed form", primitives.remove_primitive, {"None": None, "a list": ["sin"]})
add("load", "device", loaded, {"a text of many letters": "x" * 10**5})
