"""KANLayer on every path that `nn.Linear` takes: construction, states, transforms, compilers, exchange formats."""

from __future__ import annotations

import copy
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, jvp, stack_module_state, vmap
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

import edgewise as ew
from edgewise import KAN, KANLayer
from edgewise.errors import CheckpointError, ConfigError
from edgewise.grid import is_uniform
from helpers import assert_close, assert_equal, state_of

pytestmark = [
    # torch's own tracing uses deprecated parts of torch
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*"),
    pytest.mark.filterwarnings("ignore:.torch.jit.* is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch.*"),
]
F64: dict[str, Any] = {"dtype": torch.float64}


def rows(*shape: int, seed: int = 0, **options: Any) -> Tensor:
    """Standard normal numbers: a third of them lie outside the grid."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **options)


def bent(layer: KANLayer) -> KANLayer:
    """The layer with unequal knots, and a copy of each of its parts."""
    return KANLayer.build(**layer.parts() | {"knots": layer.knots + 0.05 * torch.sin(7 * layer.knots), "uniform": None})


# ---------------------------------------------------------------------- construction


def test_positional_arguments_are_those_of_a_linear_layer():
    layer = KANLayer(3, 2, False, "cpu", torch.float64)
    assert layer.bias is None and layer.coef.dtype == torch.float64 and layer.coef.device.type == "cpu"
    assert "bias=False" in repr(layer) and "bias" not in layer.state_dict()


@pytest.mark.parametrize("base", ["silu", None])
def test_a_layer_without_bias_is_the_same_function_less_the_bias(base: str | None):
    layer, x = KANLayer(3, 2, seed=1, base=base, **F64), rows(6, 3, **F64).requires_grad_()
    with torch.no_grad():
        layer.bias.copy_(torch.tensor([0.3, -2.0]))
    bare = KANLayer.build(**{**layer.parts(), "bias": None})
    assert_close(bare(x) + layer.bias, layer(x))
    for got, want in zip(
        torch.autograd.grad(bare(x).square().sum(), [x, bare.coef]),
        torch.autograd.grad((layer(x) - layer.bias.detach()).square().sum(), [x, layer.coef]),
        strict=True,
    ):
        assert_close(got, want)
    fresh = KANLayer(3, 2, bias=False, seed=4)
    fresh.load_state_dict(KANLayer(3, 2, bias=False, seed=5).state_dict())
    assert_equal(fresh.coef, KANLayer(3, 2, seed=5).coef)


def test_torchs_seed_decides_where_no_seed_is_given():
    torch.manual_seed(3)
    first, second = KANLayer(3, 2), KANLayer(3, 2)
    torch.manual_seed(3)
    again = KANLayer(3, 2)
    assert_equal(state_of(again), state_of(first))
    assert not torch.equal(first.coef, second.coef) and not torch.equal(first.base_scale, second.base_scale)  # type: ignore[arg-type]


def test_reset_parameters_makes_a_fresh_layer_in_place():
    layer = KANLayer(3, 2, domain=(-2, 3), seed=0)
    parameters, fresh = list(layer.parameters()), KANLayer(3, 2, domain=(-2, 3), seed=7)
    with torch.no_grad():
        layer.bias.fill_(2.0)
        layer.knots.mul_(2).sin_()
    layer.reset_parameters(seed=7)
    assert_equal(state_of(layer), state_of(fresh))
    assert all(a is b for a, b in zip(parameters, layer.parameters(), strict=True)), "an optimizer keeps its parameters"
    assert layer.uniform
    adapted = bent(fresh)
    before = adapted.knots.clone()
    adapted.reset_parameters()
    assert_equal(adapted.knots, before)
    assert not adapted.uniform
    with pytest.raises(ConfigError, match="seed must be an integer"):
        layer.reset_parameters(seed=-1)


def test_deferred_initialisation_gives_the_layer_itself():
    with torch.device("meta"):
        net = nn.Sequential(KANLayer(3, 4, domain=(-2, 2)), KANLayer(4, 2, bias=False))
    assert all(p.is_meta for p in net.parameters()) and all(b.is_meta for b in net.buffers())
    assert net(torch.zeros(5, 3, device="meta")).shape == (5, 2)
    net.to_empty(device="cpu")
    for number, layer in enumerate(net):
        layer.reset_parameters(seed=number)  # type: ignore[operator]
    want = nn.Sequential(KANLayer(3, 4, domain=(-2, 2), seed=0), KANLayer(4, 2, bias=False, seed=1))
    assert_equal(net.state_dict(), want.state_dict())
    assert_equal(net(rows(5, 3)), want(rows(5, 3)))


def test_a_state_fills_a_layer_without_values():
    layer, full = KANLayer(3, 2, device="meta"), bent(KANLayer(3, 2, seed=1))
    layer.load_state_dict(full.state_dict(), assign=True)
    assert not layer.uniform
    assert_equal(layer(rows(5, 3)), full(rows(5, 3)))


def test_fake_tensors_take_the_whole_way_of_a_training_step():
    from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

    with FakeTensorMode():
        layer = KANLayer(3, 2)
        y = layer(torch.randn(5, 7, 3))
        y.sum().backward()
        assert isinstance(y, FakeTensor) and y.shape == (5, 7, 2)
        assert layer.coef.grad is not None and layer.coef.grad.shape == layer.coef.shape


def test_a_layer_made_under_a_watching_mode_has_values():
    with FlopCounterMode(display=False):
        layer = KANLayer(3, 2, seed=1)
    assert_equal(state_of(layer), state_of(KANLayer(3, 2, seed=1)))


# ---------------------------------------------------------------------- states and formats


@pytest.mark.parametrize("write", [lambda k, v: k.copy_(v), lambda k, v: k.add_(v - k)])
def test_knots_written_in_place_count(write: Any):
    layer = KANLayer(3, 2, seed=1, **F64)
    other, x = bent(layer), rows(9, 3, **F64)
    assert layer.uniform
    write(layer.knots, other.knots)
    assert not layer.uniform
    assert_close(layer(x), other(x), like="exact")


@pytest.mark.parametrize("domain", [(0.0, 0.7), (-1.0, 1.0), (100.0, 101.0)])
def test_a_finer_format_keeps_equidistant_knots_equidistant(domain: tuple[float, float]):
    layer = KANLayer(3, 2, domain=domain, dtype=torch.float32, seed=1)
    low, high = layer.interval
    wide = copy.deepcopy(layer).double()
    assert wide.uniform and is_uniform(wide.knots), "in float64, not only to float32 digits"
    assert_close(torch.stack(wide.interval), torch.stack([low, high]).double())
    net = nn.Sequential(copy.deepcopy(layer)).half().double()
    assert net[0].uniform  # type: ignore[union-attr]
    unequal = bent(layer)
    assert_equal(unequal.knots.double(), copy.deepcopy(unequal).double().knots)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_tells_equal_from_unequal_knots(dtype: torch.dtype):
    layer, x = KANLayer(3, 2, seed=1), rows(50, 3).to(dtype)
    unequal = bent(layer)
    assert copy.deepcopy(layer).to(dtype).uniform
    half = copy.deepcopy(unequal).to(dtype)
    assert not half.uniform
    assert_equal(copy.deepcopy(half).float().knots, half.knots.float())
    error = (half(x) - unequal(x.float())).detach().abs().max()
    assert float(error) < 8 * torch.finfo(dtype).eps * float(unequal(x.float()).detach().abs().max())


@pytest.mark.parametrize(("mine", "theirs", "words"), [(5, 10, r"refine\(module, grid_size=10\)"), (10, 5, "5, load")])
def test_a_state_of_another_grid_says_refine(mine: int, theirs: int, words: str):
    net = nn.Sequential(KANLayer(3, 4), KANLayer(4, 2, grid_size=mine))
    state = nn.Sequential(KANLayer(3, 4), KANLayer(4, 2, grid_size=theirs)).state_dict()
    with pytest.raises(CheckpointError, match=rf"1\.coef has .* grid_size {theirs} .*{words}"):
        net.load_state_dict(state)
    with pytest.raises(RuntimeError, match="size mismatch"):  # another width is no matter of the grid
        net.load_state_dict(nn.Sequential(KANLayer(3, 5), KANLayer(5, 2, grid_size=mine)).state_dict())


# ---------------------------------------------------------------------- other people's networks


def transformer(**options: Any) -> nn.TransformerEncoderLayer:
    block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **options)
    block.linear1, block.linear2 = KANLayer(8, 16, seed=1), KANLayer(16, 8, seed=2)  # type: ignore[assignment]
    return block


@pytest.mark.parametrize("grad_mode", [torch.no_grad, torch.inference_mode])
def test_a_transformer_block_in_eval_mode(grad_mode: Any):
    block, x = transformer(dropout=0.0), rows(3, 5, 8)
    want = block(x)
    block.eval()
    with grad_mode():
        assert_close(block(x), want, like="float32")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about nested tensors
        stack = nn.TransformerEncoder(block, 2)
    want = stack.train()(x)
    with grad_mode():
        assert_close(stack.eval()(x), want, like="float32")


def test_autocast_checkpointing_and_plain_training_agree():
    net, x = nn.Sequential(nn.Linear(3, 4), KANLayer(4, 2, seed=1)), rows(6, 3)

    def gradients(y: Tensor) -> list[Tensor]:
        return list(torch.autograd.grad(y.float().square().sum(), list(net.parameters())))

    want = gradients(net(x))
    for got, plain in zip(gradients(checkpoint(net, x, use_reentrant=False)), want, strict=True):  # type: ignore[arg-type]
        assert_close(got, plain, like="exact")
    with torch.autocast("cpu", torch.bfloat16):
        y = net(x)
    assert y.dtype == torch.float32, "splines keep their digits"
    for got, plain in zip(gradients(y), want, strict=True):
        assert float((got - plain).abs().max()) < 0.05 * float(plain.abs().max())  # 8 bits of the linear layer


def test_function_transforms_by_value():
    net, x = nn.Sequential(KANLayer(3, 4, seed=1, **F64), KANLayer(4, 2, seed=2, **F64)), rows(6, 3, **F64)
    parameters: dict[str, Tensor] = dict(net.named_parameters())

    def loss(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(net, parameters, (x,)).square().sum()

    each = vmap(grad(loss), (None, 0))(parameters, x)
    for name, want in grad(loss)(parameters, x).items():
        assert_close(each[name].sum(0), want)
    jacobian = vmap(jacrev(net))(x)
    step = rows(6, 3, seed=1, **F64)
    assert_close(jvp(net, (x,), (step,))[1], torch.einsum("boi,bi->bo", jacobian, step))


def test_an_ensemble_is_one_vmapped_call():
    nets = [nn.Sequential(KANLayer(3, 4, seed=n, **F64), KANLayer(4, 2, seed=9 + n, **F64)) for n in range(3)]
    parameters, buffers = stack_module_state(nets)  # type: ignore[arg-type]
    x = rows(6, 3, **F64)
    got = vmap(lambda p, b: functional_call(nets[0], (p, b), (x,)))(parameters, buffers)
    assert_close(got, torch.stack([net(x) for net in nets]))


def test_the_whole_layer_compiles_with_its_gradient():
    torch._dynamo.reset()
    net, x = nn.Sequential(nn.Linear(3, 4), KANLayer(4, 2, seed=1), KANLayer(2, 1, bias=False, seed=2)), rows(6, 3)
    compiled = torch.compile(net, fullgraph=True, backend="aot_eager")
    want = torch.autograd.grad(net(x).square().sum(), list(net.parameters()))
    got = torch.autograd.grad(compiled(x).square().sum(), list(net.parameters()))
    for a, b in zip(got, want, strict=True):
        assert_close(a, b, like="float32")
    torch._dynamo.reset()


# ---------------------------------------------------------------------- programs that leave


def closed_forms() -> KAN:
    """Splines, products, and several closed forms into one node: of one kind and of others, with ends and poles."""
    forms = {
        (0, 0, 0): ("sin", 2.0, 0.1, 1.5, 0.2),
        (0, 1, 0): ("sin", -1.0, 0.0, 0.5, 0.0),
        (0, 2, 0): ("sin", 0.7, 0.3, 1.0, 0.0),
        (0, 0, 1): ("arctanh", 0.9, 0.0, 0.1, 0.1),
        (0, 1, 1): ("arcsin", 0.9, 0.1, 0.5, 0.0),
        (0, 2, 1): ("log", 1.0, 0.2, 0.1, 0.0),
        (1, 0, 0): ("1/x", 1.0, 9.0, 1.0, 0.0),
        (1, 1, 0): ("x^1.5", 1.0, 2.0, 0.1, 0.0),
        (2, 0, 0): ("sin", 1.0, 0.0, 1.0, 0.0),
        (2, 1, 0): ("sin", 2.0, 0.0, 1.0, 0.0),
        (2, 2, 0): ("x^2", 1.0, 0.0, 1.0, 0.0),
    }
    return ew.set_symbolic(KAN((4, (5, 2), 3, 1), dtype=torch.float32, seed=1), forms)


EXPORTED = {
    "layer": (lambda: KANLayer(3, 2, seed=1), (3,)),
    "no base, no bias": (lambda: KANLayer(3, 2, False, base=None, degree=1, seed=1), (3,)),
    "unequal knots": (lambda: bent(KANLayer(3, 2, degree=2, grid_size=9, seed=1)), (3,)),
    "steps": (lambda: KANLayer(3, 2, degree=0, grid_size=1, seed=1), (3,)),
    "KAN": (lambda: KAN((4, (5, 2), 3, 1), dtype=torch.float32, seed=1), (4,)),
    "closed forms": (closed_forms, (4,)),
    "transformer": (lambda: transformer(dropout=0.0).eval(), (5, 8)),
}


def exported(net: nn.Module, x: Tensor, strict: bool = False) -> Any:
    """The program for any number of rows."""
    batch = torch.export.Dim("batch", min=2)
    return torch.export.export(net, (x,), dynamic_shapes=({0: batch},), strict=strict)


def edges_of(x: Tensor) -> Tensor:
    """The points with some on knots, at the ends, and far outside."""
    x = x.clone()
    x.view(-1)[:7] = torch.tensor([-1.0, 1.0, 0.2, -0.6, 30.0, -30.0, 0.6])
    return x


@pytest.mark.parametrize(("name", "strict"), [*((name, False) for name in EXPORTED), ("layer", True)])
def test_exported_programs_need_nothing_of_edgewise(name: str, strict: bool):
    make, shape = EXPORTED[name]
    net = make()
    program = exported(net, rows(4, *shape), strict)
    homes = {node.target.namespace for node in program.graph.nodes if isinstance(node.target, torch._ops.OpOverload)}
    assert homes == {"aten"}
    x = edges_of(rows(9, *shape, seed=1))
    assert_close(program.module()(x), net(x), like="float32")


def test_an_exported_program_gives_nan_in_that_row_only_and_trains():
    layer, x = KANLayer(3, 2, seed=1), rows(6, 3)
    program = exported(layer, x).module()
    x[2, 1] = torch.nan
    assert torch.equal(program(x).isnan().any(1), torch.arange(6) == 2)
    x = rows(6, 3, seed=2)
    program(x).square().sum().backward()
    layer(x).square().sum().backward()
    found = dict(program.named_parameters())
    for name, p in layer.named_parameters():
        assert_close(found[name].grad, p.grad, like="float32")


@pytest.mark.parametrize("name", ["layer", "KAN"])
def test_a_traced_layer_is_the_function_for_any_number_of_rows(name: str):
    make, shape = EXPORTED[name]
    net = make()
    traced = torch.jit.trace(net, (rows(4, *shape),))
    x = edges_of(rows(9, *shape, seed=1))
    assert_close(traced(x), net(x), like="float32")  # type: ignore[operator]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ("closed forms", "transformer") else pytest.mark.slow)
        for name in EXPORTED
    ],
)
def test_onnx_gives_the_same_numbers(name: str, tmp_path: Path):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    make, shape = EXPORTED[name]
    net, x = make().eval(), edges_of(rows(9, *shape, seed=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        batch = torch.export.Dim("batch", min=2)
        options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": ({0: batch},), "verbose": False}
        program = torch.onnx.export(net, (rows(4, *shape),), **options)
        assert program is not None
        program.save(str(tmp_path / "net.onnx"))
    session = runtime.InferenceSession(str(tmp_path / "net.onnx"))
    (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert got.dtype == np.float32
    assert_close(got, net(x), like="float32")


ALONE = """
import sys, torch
x, want = torch.load(sys.argv[1], weights_only=True)
program = {load}
assert (program(x) - want).abs().max() < 1e-5 * want.abs().max(), "other numbers"
assert "edgewise" not in sys.modules
"""


def run_alone(load: str, net: nn.Module, folder: Path, file: Path) -> None:
    """Load a program in a process that knows nothing of edgewise, and compare its numbers."""
    x = edges_of(rows(9, 3, seed=1))
    torch.save((x, net(x).detach()), folder / "rows.pt")
    command = [sys.executable, "-c", ALONE.format(load=load), str(folder / "rows.pt"), str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_saved_programs_run_in_a_process_without_edgewise(tmp_path: Path):
    net = nn.Sequential(KANLayer(3, 4, seed=1), nn.LayerNorm(4), KANLayer(4, 2, seed=2))
    file = tmp_path / "net.pt2"
    torch.export.save(exported(net, rows(4, 3)), file)
    run_alone("torch.export.load(sys.argv[2]).module()", net, tmp_path, file)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler of torch, about itself
def test_aot_inductor_artifacts_run_in_a_process_without_edgewise(tmp_path: Path):
    net = nn.Sequential(KANLayer(3, 4, seed=1), nn.LayerNorm(4), KANLayer(4, 2, seed=2))
    file = tmp_path / "net.pt2"
    try:
        torch._inductor.aoti_compile_and_package(exported(net, rows(4, 3)), package_path=str(file))
    except Exception as error:
        if "compiler" in str(error).lower():
            pytest.skip("there is no C++ compiler here")
        raise
    run_alone("torch._inductor.aoti_load_package(sys.argv[2])", net, tmp_path, file)


def test_refine_is_what_the_message_says():
    """The remedy that a state of another grid names, for a KAN."""
    coarse, fine = KAN((3, 2), grid_size=5), KAN((3, 2), grid_size=10)
    ew.refine(coarse, grid_size=10).load_state_dict(fine.state_dict())
