"""What every module of the room has in common with those of `torch.nn`."""

from __future__ import annotations

import copy
import pickle
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import edgewise as ew
from edgewise.errors import ShapeError
from helpers import all_but_slow, assert_close, assert_equal, assert_no_shared_storage

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")]


def network() -> nn.Module:
    """A small image classifier with convolutions of functions."""
    return nn.Sequential(
        ew.nn.KANConv2d(1, 4, 3, stride=2, padding=1, grid_size=3),
        nn.BatchNorm2d(4),
        ew.nn.KANConv2d(4, 6, 3, padding=1, groups=2, padding_mode="replicate"),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        ew.KANLayer(6, 3),
    )


class Block(nn.Module):
    """A transformer block with KAN edges."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.first, self.second = nn.LayerNorm(8), nn.LayerNorm(8)
        self.part = ew.nn.KANFeedForward(8, 12, gated=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.first(x)
        x = x + self.attention(a, a, a, need_weights=False)[0]
        return x + self.part(self.second(x))


MODULES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "SplineActivation": (lambda: ew.nn.SplineActivation(6, share=2), (6,)),
    "ActivationLinear": (lambda: ew.nn.ActivationLinear(6, 4), (6,)),
    "HybridLinear": (lambda: ew.nn.HybridLinear(6, 4), (6,)),
    "KANFeedForward": (lambda: ew.nn.KANFeedForward(6, 8, gated=True), (6,)),
    "KANConv1d": (lambda: ew.nn.KANConv1d(2, 4, 3, groups=2), (2, 7)),
    "KANConv2d": (lambda: ew.nn.KANConv2d(2, 4, 3, dilation=2), (2, 7, 8)),
}
NETWORKS = MODULES | {"images": (network, (1, 10, 10)), "transformer": (Block, (5, 8))}


def moved(net: nn.Module) -> nn.Module:
    """The network with all its parameters at random: fresh ones may hide what is left out."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.3 * torch.randn(p.shape, generator=generator))
    return net


@pytest.mark.parametrize("name", MODULES)
def test_deferred_initialisation_gives_the_module_itself(name: str):
    make, shape = MODULES[name]
    with torch.device("meta"):
        module = make()
        assert module(torch.zeros(3, *shape)).is_meta
    module.to_empty(device="cpu")
    torch.manual_seed(0)
    module.reset_parameters()
    torch.manual_seed(0)
    want = make()
    torch.manual_seed(0)
    want.reset_parameters()
    assert_equal(module.state_dict(), want.state_dict())
    x = torch.randn(3, *shape)
    assert_equal(module(x), want(x))


BASES = {
    name: (partial(getattr(ew.nn, name), 6, 4), (6,))
    for name in ("GaussianLayer", "ChebyshevLayer", "FourierLayer", "RationalLayer")
}
PARTS = MODULES | BASES | {"KANLayer": (lambda: ew.KANLayer(6, 4), (6,)), "KAN": (lambda: ew.KAN((6, 4)).float(), (6,))}


def with_gradients(net: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    """What a network gives, and the gradients by everything."""
    leaves = [x.detach().clone().requires_grad_(), *net.parameters()]
    y = net(leaves[0])
    with torch.no_grad():
        again = net(x)
    return [y.detach(), again, *torch.autograd.grad(y.square().sum(), leaves)]


@pytest.mark.parametrize("name", PARTS)
def test_another_default_device_changes_nothing(name: str):
    """Kernels write where their inputs lie: under `torch.device("meta")` new tensors have no memory at all."""
    make, shape = PARTS[name]
    net, x = moved(make()), torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
    want = with_gradients(net, x)
    with torch.device("meta"):
        got = with_gradients(net, x)
    assert_equal(got, want)


@pytest.mark.parametrize("name", PARTS)
def test_without_values_shapes_come_out_and_mixed_devices_are_told(name: str):
    make, shape = PARTS[name]
    net, x = make(), torch.randn(5, *shape)
    want, empty = with_gradients(net, x), copy.deepcopy(net).to("meta")
    got = with_gradients(empty, x.to("meta"))
    assert all(t.is_meta for t in got)
    assert [t.shape for t in got] == [t.shape for t in want]
    for one, rows in ((net, x.to("meta")), (empty, x)):
        with pytest.raises(ShapeError, match=r"x is on \w+ but .* (is|are) on \w+; move one"):
            one(rows)


@pytest.mark.parametrize("name", MODULES)
def test_copies_states_and_formats(name: str):
    make, shape = MODULES[name]
    module, x = moved(make()), torch.randn(3, *shape)
    other = make()
    other.load_state_dict(module.state_dict())
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), other):
        assert_equal(again(x), module(x))
        assert_no_shared_storage(again, module)
    assert_close(copy.deepcopy(module).double()(x.double()), module(x), like="float32")
    assert str(module)


@pytest.mark.parametrize(
    "name", all_but_slow(["ActivationLinear", "KANConv2d", "SplineActivation", "HybridLinear"], NETWORKS)
)
def test_exported_programs_give_the_same_numbers(name: str):
    make, shape = NETWORKS[name]
    net = moved(make()).eval()
    batch = torch.export.Dim("batch", min=2)
    program = torch.export.export(net, (torch.randn(4, *shape),), dynamic_shapes=({0: batch},), strict=False)
    homes = {node.target.namespace for node in program.graph.nodes if isinstance(node.target, torch._ops.OpOverload)}
    assert homes == {"aten"}
    x = 3 * torch.randn(7, *shape)
    assert_close(program.module()(x), net(x), like="float32")


@pytest.mark.parametrize("name", ["ActivationLinear", "KANConv2d"])
def test_modules_compile_with_their_gradient(name: str):
    torch._dynamo.reset()
    make, shape = MODULES[name]
    module, x = moved(make()), torch.randn(3, *shape, requires_grad=True)
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    wanted = [x, *module.parameters()]
    want = torch.autograd.grad(module(x).square().sum(), wanted)
    for a, b in zip(torch.autograd.grad(compiled(x).square().sum(), wanted), want, strict=True):
        assert_close(a, b, like="float32")
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore::FutureWarning:torch.*")
@pytest.mark.parametrize("name", ["images", "transformer", "ActivationLinear"])
@pytest.mark.slow
def test_onnx_gives_the_same_numbers(name: str, tmp_path: Path):
    pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    make, shape = NETWORKS[name]
    net, x = moved(make()).eval(), 3 * torch.randn(7, *shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        options: dict[str, Any] = {"dynamo": True, "dynamic_shapes": ({0: torch.export.Dim("batch", min=2)},)}
        program = torch.onnx.export(net, (torch.randn(4, *shape),), **options, verbose=False)
    assert program is not None
    program.save(str(tmp_path / "net.onnx"))
    session = runtime.InferenceSession(str(tmp_path / "net.onnx"))
    (got,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    assert_close(got, net(x), like="float32")


def test_lightning_trains_a_network(tmp_path: Path):
    lightning = pytest.importorskip("lightning", reason="lightning is not installed")

    class Task(lightning.LightningModule):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.net = network()

        def training_step(self, batch: Any, number: int) -> torch.Tensor:
            x, y = batch
            return nn.functional.cross_entropy(self.net(x), y)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), 1e-2)

    x, y = torch.randn(40, 1, 10, 10), torch.arange(40) % 3
    rows = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=20)
    task = Task()
    before = copy.deepcopy(task.state_dict())
    options: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lightning, about workers
        trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", default_root_dir=tmp_path, **options)
        trainer.fit(task, rows)
        trainer.save_checkpoint(tmp_path / "task.ckpt")
        found = torch.load(tmp_path / "task.ckpt", weights_only=False)["state_dict"]
    assert_equal(found, task.state_dict())
    assert not torch.equal(found["net.0.edges.0.coef"], before["net.0.edges.0.coef"])
