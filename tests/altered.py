"""Checkpoint files that were altered in structure and given a right digest, and what a model must do to work.

Every entry of a header is removed, and replaced by every value of `STRANGE`; every list loses, doubles and turns round
its entries. Every tensor is removed, and gets other number formats, shapes and values. A digest finds none of this.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as pack
from torch import Tensor

import edgewise as ew
from edgewise import checkpoint
from edgewise.container import digest_of, header_text
from edgewise.errors import CheckpointError, EdgewiseError, EdgewiseWarning
from edgewise.layers import BOTH, KANLayer
from edgewise.metadata import Encoding, Metadata
from edgewise.model import KAN
from edgewise.spec import spec_of
from helpers import assert_equal
from transforms.networks import rich

STRANGE: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 3, 10**6, 10**30, 0.5, float("nan"), float("inf"), -1e308),
    *("", "x", "none", "silu", "regression", "gamma", "\ud800", "x^1/0", "x^1000", "1/x^1000"),
    *([], [[]], [0], [1, 2], ["a", "b"], {}, {"a": 1}),
)
FORMATS = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)
# nothing that a number format can hold is wrong about it, but sums and products of such numbers overflow
HUGE = {torch.float64: 1e300, torch.float32: 1e37}
VALUES = {"nan": float("nan"), "inf": float("inf"), "zero": 0.0, "negative": -2.0, "large": 200.0, "tiny": 1e-320}

Header = dict[str, Any]
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Altered:
    """The content of an altered file, and what was altered."""

    name: str
    header: Header
    tensors: Tensors

    @property
    def raw(self) -> bytes:
        """The file, with a right digest."""
        told = json.dumps({**self.header, "digest": digest_of(header_text(self.header), self.tensors)})
        tensors = {name: value.contiguous() for name, value in self.tensors.items()}
        return pack(tensors, {checkpoint.KEY: told})

    @property
    def huge(self) -> bool:
        """Whether its numbers are finite, but overflow where they are multiplied."""
        return "huge" in self.name


def networks() -> dict[str, KAN]:
    """A small network of every kind that a file can hold."""
    symbolic = ew.set_symbolic(
        KAN((2, 2, 1), grid_size=3, seed=2),
        {
            (0, 0, 1): ("sin", 1.5, 0.2, -0.7, 0.3),
            (0, 1, 0): ("x^2.5", 1.0, 2.0, 0.5, 0.0),
            (1, 1, 0): ("exp", 1, 0, 1, 0),
        },
    )
    return {
        "plain": KAN((2, 3, 1), grid_size=3, seed=1),
        "products": rich((3, (2, (2, 3)), 2)),
        "symbolic": symbolic,
        "both": _both(symbolic),
        "pruned": ew.remove(KAN((3, 3, 1), grid_size=3), nodes=[(0, 1), (1, 0)], edges=[(0, 0, 1)]),
        "classes": _classifier(),
        "dates": _of_dates(),
        "fitted": _fitted(),
        "counts": KAN((2, 1), grid_size=3).build(metadata=Metadata(task="regression", loss="poisson")),
        "float32": KAN((2, 2, 1), grid_size=3, dtype=torch.float32),
        "degree 0": KAN((2, 1), grid_size=4, degree=0),
        "degree 1": KAN((2, 2, 1), grid_size=3, degree=1),
        "degree 5": KAN((2, 1), grid_size=3, degree=5, base="identity"),
        "no base": KAN((2, 2, 1), grid_size=(3, 4), base=None),
    }


def _both(model: KAN) -> KAN:
    """The model with a spline beside its first closed form."""
    parts = [layer.parts() for layer in model.edge_layers]
    kind = parts[0]["kind"].clone()
    kind[0, 1] = BOTH
    return model.build(layers=[KANLayer.build(**{**parts[0], "kind": kind}), KANLayer.build(**parts[1])])


def _classifier() -> KAN:
    metadata = Metadata(
        inputs=("a", "hue=red", "hue=blue"),
        outputs=("kind",),
        classes=("no", "yes"),
        categories={"hue": ("red", "blue")},
        ranges=((-1.0, 1.0), (0.0, 1.0), (0.0, 1.0)),
        task="classification",
        encoding=Encoding({"hue": (0.25, 0.75)}, {"a": 0.5}),
    )
    return KAN((3, 2), grid_size=3).build(metadata=metadata)


def _of_dates() -> KAN:
    """Of one column of dates, one of rare levels, and a number that is missing now and then."""
    metadata = Metadata(
        inputs=("a", "a=missing", "day=year", "day=Monday", "day=Friday", "hue=other"),
        outputs=("y",),
        categories={"hue": ("other",)},
        encoding=Encoding(
            {},
            {"a": 0.5, "day=year": 2020.0},
            ("a",),
            {"day": ("year", "weekday")},
            {"hue": ("mauve", "teal")},
            {"day": "month"},
            {"a": "seconds"},
            {"day": ("+01:00", "")},
        ),
    )
    return KAN((6, 1), grid_size=3).build(metadata=metadata)


def _fitted() -> KAN:
    X = 2 * torch.rand(120, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    result = ew.fit(
        KAN((2, 1), grid_size=3), X, X[:, :1] ** 2 + X[:, 1:], grids=(3,), restarts=0, steps=3, progress=False
    )
    assert result.model.metadata.split
    return result.model


# ---------------------------------------------------------------------- alterations


def altered_files(model: KAN) -> Iterator[Altered]:
    """Every alteration of the file that holds this model."""
    header = {"format": checkpoint.FORMAT, "version": "0.1.0", "spec": json.loads(json.dumps(spec_of(model)))}
    tensors: Tensors = {name: value.detach() for name, value in model.state_dict().items()}
    for name, changed in altered_headers(header):
        yield Altered(name, changed, tensors)
    for name, changed in altered_tensors(tensors):
        yield Altered(name, header, changed)


def altered_headers(header: Header) -> Iterator[tuple[str, Header]]:
    """(name, header) of every alteration of a header."""
    for path in places(header):
        shown = ".".join(map(str, path))
        old = at(header, path)
        for value in (value for value in STRANGE if repr(value) != repr(old)):
            yield f"{shown} = {value!r}", _with(header, path, value)
        yield f"{shown} removed", _without(header, path)
        if isinstance(old, dict):
            yield f"{shown} with one more", _with(header, path, {**old, "surprise": 0})
        if isinstance(old, list) and old:
            yield f"{shown} shorter", _with(header, path, old[:-1])
            yield f"{shown} doubled", _with(header, path, [*old, old[-1]])
            if len(old) > 1:
                yield f"{shown} turned round", _with(header, path, old[::-1])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all entries of nested dicts and lists; of a list the first, second and last."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = [(n, value[n]) for n in sorted({0, 1, len(value) - 1} & set(range(len(value))))]
    for key, entry in inner:
        yield (*path, key)
        yield from places(entry, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """The entry at this path."""
    for key in path:
        value = value[key]
    return value


def _with(header: Header, path: tuple[Any, ...], value: Any) -> Header:
    changed = copy.deepcopy(header)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def _without(header: Header, path: tuple[Any, ...]) -> Header:
    changed = copy.deepcopy(header)
    del at(changed, path[:-1])[path[-1]]
    return changed


def altered_tensors(tensors: Tensors) -> Iterator[tuple[str, Tensors]]:
    """(name, tensors) of every alteration of the tensors."""
    for name, value in tensors.items():
        yield f"{name} removed", {key: other for key, other in tensors.items() if key != name}
        for how, changed in altered_tensor(value):
            if changed.shape != value.shape or changed.dtype != value.dtype or not torch.equal(changed, value):
                yield f"{name} {how}", {**tensors, name: changed}
    for dtype in FORMATS:
        floats = {name: value.to(dtype) for name, value in tensors.items() if value.dtype.is_floating_point}
        yield f"all numbers as {dtype}", {**tensors, **floats}
    yield "one tensor more", {**tensors, "layers.9.coef": torch.zeros(2)}
    yield "no tensors", {}


def altered_tensor(value: Tensor) -> Iterator[tuple[str, Tensor]]:
    """(name, tensor) of every alteration of one tensor."""
    for dtype in (dtype for dtype in FORMATS if dtype != value.dtype):
        yield f"as {dtype}", value.to(dtype)
    yield "flat", value.reshape(-1)
    yield "with one dimension more", value[None]
    yield "of no dimension", value.new_zeros(())
    for dim in range(value.ndim):
        yield f"shorter in {dim}", value.narrow(dim, 0, value.shape[dim] - 1)
        yield f"longer in {dim}", torch.cat([value, value.narrow(dim, 0, 1)], dim)
        yield f"empty in {dim}", value.narrow(dim, 0, 0)
        if value.shape[dim] > 1:
            yield f"turned round in {dim}", value.flip(dim)
    if value.ndim > 1:
        yield "transposed", value.transpose(0, 1)
    numbers = range(5) if value.dtype == torch.uint8 else ()
    values = {str(number): float(number) for number in (*numbers, *(255 for _ in numbers[:1]))}
    if value.dtype.is_floating_point:
        values = {**VALUES, "huge": HUGE[value.dtype], "-huge": -HUGE[value.dtype]}
    for word, number in values.items():
        yield f"all {word}", torch.full_like(value, number)
        if value.numel():
            for place, at_end in (("first", 0), ("last", value.numel() - 1)):
                changed = value.clone().reshape(-1)
                changed[at_end] = number
                yield f"{place} {word}", changed.reshape(value.shape)


# ---------------------------------------------------------------------- what works


def loaded(file: Altered) -> KAN | None:
    """The model in the file, or None where it is refused in words. Whatever else is raised goes through."""
    try:
        return checkpoint.from_bytes(file.raw, "the file")
    except CheckpointError as error:
        assert 20 < len(str(error)) < 2000, f"not one message: {error}"
        return None


def assert_works(model: KAN, folder: Path, finite: bool = True) -> None:
    """Assert that a model predicts, takes changes, shows itself, and comes back from a file; whatever else than an
    `EdgewiseError` it raises goes through.

    finite: whether its numbers must be finite.
    """
    x = inside(model)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", EdgewiseWarning)
        y = model(x)
        assert y.shape == (len(x), model.outputs) and y.dtype == model.dtype
        assert not finite or bool(torch.isfinite(y).all()), f"predictions that are not finite: {y.flatten().tolist()}"
        assert bool(torch.isfinite(model(inside(model, 200))).any(0).all()), "an output that is finite nowhere"
        for rows in (x, x.double().numpy()):  # which refuses numbers that are not finite, in words
            predicted = attempt(lambda rows=rows: model.predict(rows))
            assert not finite or predicted is not None
        model.trace(x)
        assert str(ew.summary(model)) and repr(model)
        attempt(lambda: ew.tidy(model)(x))
        attempt(lambda: ew.formula(model))
        finer = attempt(lambda: ew.refine(model, factor=2)(x))
        assert not finite or finer is None or bool(torch.isfinite(finer).all()), (
            "refined to numbers that are not finite"
        )
        ew.save(model, folder / "again.safetensors")
        again = ew.load(folder / "again.safetensors")
        assert spec_of(again) == spec_of(model)
        for name, value in model.state_dict().items():
            assert again.state_dict()[name].dtype == value.dtype
            assert_equal(again.state_dict()[name].double(), value.double())
        assert_equal(again(x).double(), y.double())


def attempt(call: Any) -> Any:
    """What the call gives; None where edgewise says in words that it cannot be."""
    try:
        return call()
    except EdgewiseError as error:
        assert str(error)
        return None


def inside(model: KAN, count: int = 5) -> Tensor:
    """Rows (count, features) on the grids of the inputs in use, in raw units: from corner to corner."""
    x = torch.zeros(count, model.features, dtype=model.dtype)
    low, high = (end.detach() for end in model.edge_layers[0].interval)
    columns = list(model.topology.node_ids[0])
    t = torch.linspace(0.05, 0.95, count, dtype=torch.float64).to(model.dtype)[:, None]
    x[:, columns] = low + (high - low) * t
    return x * model.input_scale + model.input_shift
