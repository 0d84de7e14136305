"""Graph: an ONNX graph that is being written, one operator after another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import __version__
from ..errors import require

OPSET, IR_VERSION = 18, 10  # of 2022 and 2024: what onnxruntime reads from 1.18 on


class Graph:
    """The operators of ONNX as methods: they take names of values, numbers and arrays, and give the name of the result.

    Numbers and arrays of floats have the number format of the graph. `X` is its input.

    Args:
        dtype: "float64" or "float32".
        columns: of X.

    Raises:
        MissingExtra: onnx is not installed.
    """

    X = "X"

    def __init__(self, dtype: str, columns: int) -> None:
        self._onnx, self._dtype, self._columns = require("onnx", "onnx"), np.dtype(dtype), columns
        self._nodes: list[Any] = []
        self._constants: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Callable[..., str]:
        if not name[0].isupper():
            raise AttributeError(name)

        def call(*values: Any, **attributes: Any) -> str:
            result = f"{name.lower()}_{len(self._nodes)}"
            inputs = [self._named(value) for value in values]
            self._nodes.append(self._onnx.helper.make_node(name, inputs, [result], **attributes))
            return result

        return call

    def _named(self, value: Any) -> str:
        """The name of a value, equal constants once."""
        if isinstance(value, str):
            return value
        array = np.asarray(value)
        array = array.astype(self._dtype) if array.dtype.kind == "f" else array
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._onnx.numpy_helper.from_array(array, f"constant_{len(self._constants)}")
        return self._constants[key].name

    def file(self, result: str, outputs: int, told: Mapping[str, Sequence[str]]) -> bytes:
        """The bytes of a model X (rows, columns) -> y (rows, outputs); `told` stands in its metadata, as JSON."""
        helper = self._onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(self._dtype)
        X = helper.make_tensor_value_info(self.X, kind, ["rows", self._columns])
        y = helper.make_tensor_value_info("y", kind, ["rows", outputs])
        nodes = [*self._nodes, helper.make_node("Identity", [result], ["y"])]
        graph = helper.make_graph(nodes, "edgewise", [X], [y], list(self._constants.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="edgewise",
            producer_version=__version__,
        )
        # JSON in ASCII: names may hold lone surrogates, which UTF-8 has not
        helper.set_model_props(model, {key: json.dumps(list(v)) for key, v in told.items()})
        return model.SerializeToString()
