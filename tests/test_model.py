"""KAN: forward, scaling, products, copies, torch's transformations, description."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

import edgewise as ew
from edgewise.errors import ConfigError, DataError, ShapeError, StructureError
from edgewise.layers import KANLayer
from edgewise.metadata import Metadata
from edgewise.model import KAN
from edgewise.size import summary
from edgewise.transforms import remove, set_symbolic
from helpers import assert_close, assert_equal, assert_no_shared_storage, state_of
from transforms.networks import SHAPES, networks, points, rich, scaled

NAMED = pytest.mark.parametrize("name", list(SHAPES))


def by_hand(model: KAN, x: Tensor) -> Tensor:
    """The output written out node by node."""
    a = (x - model.input_shift) / model.input_scale
    a = a[:, list(model.topology.node_ids[0])]
    for number, layer in enumerate(model.edge_layers, start=1):
        s, nodes, start = layer.edge_values(a).sum(1) + layer.bias, [], 0
        for factors in model.topology.factors[number]:
            product = s[:, start]
            for k in range(start + 1, start + len(factors)):
                product = product * s[:, k]
            nodes.append(product)
            start += len(factors)
        a = torch.stack(nodes, dim=1)
    return a * model.output_scale + model.output_shift


@settings(max_examples=30, deadline=None)
@given(networks())
def test_forward_trace_and_the_sum_by_hand_agree(model: KAN):
    x = points(model)
    y, trace = model.trace(x)
    scale = max(1.0, float(y.detach().abs().max()))
    assert_close(model(x), by_hand(model, x), scale=scale)
    assert_close(y, model(x), scale=scale)
    assert len(trace.nodes) == model.topology.depth + 1
    assert_close(model.unscale(trace.nodes[-1]), y)
    for layer, values in enumerate(trace.edges):
        assert_close(values.sum(1) + model.edge_layers[layer].bias, trace.subnodes[layer])
        assert trace.nodes[layer + 1].shape[1] == len(model.topology.node_ids[layer + 1])


def test_products_of_mixed_arity_multiply():
    model = KAN((2, (1, (2, 3))), grid_size=3)
    forms = {}
    for dst in range(6):  # subnode dst is x^1 (even) or 2 y (odd) plus nothing
        forms[0, 0, dst] = ("x", 1.0 if dst % 2 == 0 else 0.0, 0.0, 1.0, 0.0)
        forms[0, 1, dst] = ("x", 0.0 if dst % 2 == 0 else 2.0, 0.0, 1.0, 0.0)
    model = set_symbolic(model, forms)
    x, y = points(model).T
    # subnodes: x | 2y, x | 2y, x, 2y
    assert_close(model(points(model)), torch.stack([x, 2 * y * x, 2 * y * x * 2 * y], dim=1))


@NAMED
def test_leading_dimensions_are_kept(name: str):
    model = rich(SHAPES[name])
    x = points(model, 12)
    for shape in [(3, 4), (2, 1, 6), (12,)]:
        assert_close(model(x.reshape(*shape, -1)), model(x).reshape(*shape, -1))
    assert_close(model(x[0]), model(x[:1])[0])
    assert model(x[:0]).shape == (0, model(x).shape[1])


def test_nothing_is_stored_by_a_forward_pass():
    model = rich(SHAPES["products"])
    before = state_of(model)
    model(points(model))
    model.trace(points(model))
    assert_equal(state_of(model), before)


def test_kolmogorov_has_the_shape_of_the_theorem():
    model = KAN.kolmogorov(3, grid_size=2, seed=1)
    assert model.topology.widths == ((3, ()), (7, ()), (1, ()))
    assert model.edge_layers[0].grid_size == 2


def test_one_seed_one_model_and_neighbouring_seeds_differ():
    assert_equal(state_of(KAN((2, 3, 1), seed=7)), state_of(KAN((2, 3, 1), seed=7)))
    coefs = [layer.coef.detach().flatten() for seed in range(4) for layer in KAN((2, 2, 2), seed=seed).edge_layers]
    for i, one in enumerate(coefs):
        assert all(not torch.equal(one, other) for other in coefs[:i]), "no two layers, of any seed, start alike"


def test_construction_leaves_no_trace(leaves_no_trace: Path):
    KAN((2, (3, 1), 1), seed=3)
    rich(SHAPES["deep"])


# ---------------------------------------------------------------------- copies


@NAMED
@pytest.mark.parametrize(
    "make",
    [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), lambda m: m.build()],
    ids=["deepcopy", "pickle", "build"],
)
def test_copies_are_equal_and_share_nothing(name: str, make: Any):
    model = remove(rich(SHAPES[name]), nodes=[(0, 1)])
    model(points(model)).sum().backward()
    again = make(model)
    assert_equal(again(points(model)), model(points(model)))
    assert_equal(again.topology, model.topology)
    assert again.edits == model.edits and again.config == model.config
    assert_no_shared_storage(again, model)


@NAMED
def test_a_state_dict_goes_through_a_file(name: str):
    model, other = rich(SHAPES[name], seed=1), rich(SHAPES[name], seed=2)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert_equal(other(points(model)), model(points(model)))


def test_scaling_comes_with_the_state_dict():
    plain = KAN((2, 1))
    plain.load_state_dict(scaled(KAN((2, 1), seed=1)).state_dict())
    assert_equal(plain(points(plain)), scaled(KAN((2, 1), seed=1))(points(plain)))


@NAMED
def test_float_and_back(name: str):
    model = rich(SHAPES[name])
    small = copy.deepcopy(model).float()
    x = points(model)
    assert small.dtype == torch.float32 and small(x.float()).dtype == torch.float32
    assert_close(small(x.float()), model(x).float(), like="float32", scale=10 * float(model(x).detach().abs().max()))
    assert_equal(copy.deepcopy(model).to("cpu")(x), model(x))
    on_meta = copy.deepcopy(model).to("meta")
    assert on_meta.device.type == "meta" and all(t.device.type == "meta" for t in on_meta.buffers())


def test_training_flag_survives_build():
    assert KAN((2, 1)).eval().build().training is False


# ---------------------------------------------------------------------- torch's transformations


@NAMED
def test_compiled_equals_eager(name: str):
    torch.compiler.reset()
    model = remove(rich(SHAPES[name]), nodes=[(0, 1)])
    x = points(model)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert_close(compiled(x), model(x), scale=max(1.0, float(model(x).detach().abs().max())))
    loss = compiled(x).square().sum()
    got = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    want = torch.autograd.grad(model(x).square().sum(), list(model.parameters()), allow_unused=True)
    for one, other in zip(got, want, strict=True):
        assert_close(one if one is not None else torch.zeros(1), other if other is not None else torch.zeros(1))


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.script:DeprecationWarning"
)  # torch's own rules for jacfwd, when first loaded
@NAMED
def test_func_transformations_equal_autograd(name: str):
    model = rich(SHAPES[name], degree=4)
    x = points(model, 5)

    def one(row: Tensor) -> Tensor:
        return model(row)

    jacobian = torch.func.vmap(torch.func.jacrev(one))(x)  # (b, k, i)
    forward = torch.func.vmap(torch.func.jacfwd(one))(x)
    z = x.clone().requires_grad_()
    want = torch.stack([torch.autograd.grad(model(z)[:, k].sum(), z)[0] for k in range(jacobian.shape[1])], dim=1)
    scale = max(1.0, float(want.abs().max()))
    assert_close(jacobian, want, scale=scale)
    assert_close(forward, want, scale=scale)
    hessian = torch.func.hessian(lambda row: one(row)[0])(x[0])
    second: Any = torch.autograd.functional.hessian(lambda row: one(row)[0], x[0])
    assert_close(hessian, second, like="derivative", scale=max(1.0, float(second.abs().max())))
    assert_close(torch.func.vmap(model)(x), model(x), scale=scale)


def test_per_sample_gradients_of_parameters():
    model = rich(SHAPES["plain"])
    x = points(model, 4)
    values = {name: p.detach() for name, p in model.named_parameters()}

    def loss(values: dict[str, Tensor], row: Tensor) -> Tensor:
        return torch.func.functional_call(model, values, (row[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(values, x)
    model(x).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        assert_close(each[name].sum(0), parameter.grad)


# ---------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(3, 5, dtype=torch.float64), r"x of shape \(\.\.\., 2\), got \(3, 5\)"),
        (torch.tensor(1.0, dtype=torch.float64), r"\(\.\.\., 2\), got \(\)"),
        (torch.zeros(3, 2), r"x is torch.float32 but the model is torch.float64; use x.to\(torch.float64\)"),
        (torch.zeros(3, 2, dtype=torch.int64), "x is torch.int64"),
        (np.zeros((3, 2)), "got ndarray; use model.predict"),
    ],
)
def test_bad_inputs_say_what_was_wanted(x: Any, words: str):
    with pytest.raises(ShapeError, match=words):
        KAN((2, 1))(x)


def test_bad_settings_are_named_with_a_suggestion():
    with pytest.raises(ConfigError, match="unexpected keyword 'grid'; did you mean 'grid_size'"):
        KAN((2, 1), grid=3)  # pyright: ignore[reportCallIssue]
    with pytest.raises(ConfigError, match="dtype must be one of torch.float64"):
        KAN((2, 1), dtype=torch.int32)
    with pytest.raises(ConfigError, match="3 problems"):
        KAN((2,), degree=-1, base="selu")


def test_trace_takes_a_batch():
    with pytest.raises(ShapeError, match=r"\(batch, 2\), got \(2,\)"):
        KAN((2, 1)).trace(torch.zeros(2, dtype=torch.float64))


# ---------------------------------------------------------------------- description


def test_shape_in_words():
    assert KAN((2, (3, (2, 2, 3)), (0, 1), 1)).topology.shape_text() == "[2, 3+2x2+1x3, 1x2, 1]"


def test_a_model_is_shown_in_two_lines():
    model = KAN((2, 3, 1), grid_size=(4, 6))
    # 4 + 3 coefficients and a base scale on each of 6 edges, 6 + 3 and one on each of 3; 4 biases
    assert repr(model) == "KAN([2, 3, 1], grid_size=[4, 6], degree=3): 9 of 9 edges active, 82 parameters"
    named = remove(KAN((20, 1)), edges=[(0, 1, 0)]).build(
        metadata=Metadata(inputs=tuple(f"c{column}" for column in range(20)), outputs=("y",))
    )
    first, second = repr(named).splitlines()
    assert first.startswith("KAN([20, 1], grid_size=5, degree=3): 19 of 20 edges active")
    assert second == "  c0, c2, c3, c4, c5, c6, c7, c8 and 11 more -> y"
    assert "20 edges" in repr(copy.deepcopy(named).to("meta"))


def test_summary_counts_what_training_can_move():
    model = KAN((2, 5, 1), grid_size=3, degree=2)
    got = summary(model)
    # 15 edges: 5 coefficients and a base scale, less the constant they share with the bias; 6 biases
    assert (got.edges, got.symbolic_edges, got.parameters) == (15, 0, 15 * 5 + 6)
    assert got.stored == sum(p.numel() for p in model.parameters()) == 15 * 6 + 6
    assert got.grid_size == (3, 3) and got.degree == 2
    less = summary(set_symbolic(remove(model, edges=[(0, 0, 0)]), {(1, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0)}))
    assert (less.edges, less.symbolic_edges, less.parameters) == (14, 1, 13 * 5 + 4 + 6)
    assert str(got).startswith("KAN [2, 5, 1], degree 2, grid [3, 3]: 15 active edges")
    assert summary(KAN((2, 1), base="none", grid_size=3)).parameters == 2 * 5 + 1


def test_active_edges_are_named():
    model = remove(KAN((2, 2, 1)), edges=[(0, 1, 0)])
    assert model.active_edges() == [(0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 0), (1, 1, 0)]


def test_layers_of_a_list_and_build_agree():
    model = rich(SHAPES["deep"])
    layers = [KANLayer.build(**layer.parts()) for layer in model.edge_layers]
    assert_equal(model.build(layers=layers)(points(model)), model(points(model)))


@pytest.mark.parametrize(
    "name",
    [
        "summary",
        "attribute",
        "prune",
        "merge",
        "refine",
        "extend",
        "adapt",
        "remove",
        "tidy",
        "widen",
        "deepen",
        "swap",
        "perturb",
        "set_symbolic",
        "unset_symbolic",
        "edge",
        "formula",
        "suggest",
        "symbolify",
        "plot",
    ],
)
def test_what_is_no_kan_is_named(name: str):
    function = getattr(ew, name)
    needed = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    with pytest.raises(StructureError, match=rf"{name} takes an edgewise.KAN, got Linear"):
        function(torch.nn.Linear(2, 1), *[torch.zeros(3, 2)] * (len(needed) - 1))


@pytest.mark.parametrize("name", ["attribute", "prune", "merge", "suggest"])
def test_rows_that_cannot_be_looked_at_are_named(name: str):
    more = ((0, 0, 0),) if name == "suggest" else ()
    for rows, words in (
        (torch.tensor([[0.0, 1.0], [torch.nan, 0.0]]), "1 of 2 rows of X hold NaN"),
        (torch.zeros(0, 2), "at least one row"),
    ):
        with pytest.raises(DataError, match=rf"{name} needs .*{words}"):
            getattr(ew, name)(KAN((2, 1)), rows, *more)


def test_whole_numbers_are_not_met_with_a_model_of_whole_numbers():
    model = KAN((2, 1), dtype=torch.float32)
    with pytest.raises(ShapeError, match="use x.to") as raised:
        model(torch.ones(3, 2, dtype=torch.int64))
    assert "model.to" not in str(raised.value)
    with pytest.raises(ShapeError, match=r"use x.to\(torch.float32\), model.to\(torch.float64\) or model.predict"):
        model(torch.ones(3, 2, dtype=torch.float64))
