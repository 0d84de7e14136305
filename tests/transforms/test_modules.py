"""refine, extend and adapt on modules that hold KAN layers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm

import edgewise as ew
from edgewise.errors import ConfigError, DataError, EdgewiseError, GridError, StructureError
from edgewise.layers import KANLayer
from helpers import assert_close, assert_equal, assert_no_shared_storage

from .networks import spline_layers

F64: dict[str, Any] = {"dtype": torch.float64}


def hybrid(**options: Any) -> nn.Sequential:
    """Layers of every kind, one of them in two places, behind layers that behave otherwise in training."""
    torch.manual_seed(0)
    shared = KANLayer(4, 4, grid_size=3, **options)
    net = nn.Sequential(
        nn.Linear(6, 4, **options),
        nn.BatchNorm1d(4, **options),
        nn.Dropout(0.5),
        shared,
        ew.nn.ActivationLinear(4, 4, share=2, **options),
        nn.LayerNorm(4, **options),
        shared,
        ew.nn.HybridLinear(4, 2, **options),
    )
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return net


def rows(count: int = 40, seed: int = 1) -> Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed), **F64)


VERBS: dict[str, Any] = {
    "refine": lambda net: ew.refine(net, factor=2),
    "extend": lambda net: ew.extend(net, 3 * rows()),
    "adapt": lambda net: ew.adapt(net, rows(), grid_size=20),
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_new_module_and_the_old_one_as_it_was(verb: str):
    net = hybrid(**F64)
    before = copy.deepcopy(net.state_dict())
    new = VERBS[verb](net)
    assert_equal(net.state_dict(), before)
    assert type(new) is nn.Sequential and new.training
    assert_no_shared_storage(new, net)
    assert new[3] is new[6], "one layer in two places stays one"
    assert type(new[4].activation.functions) is type(net[4].activation.functions)  # type: ignore[union-attr]
    assert sum(p.numel() for p in new.parameters()) > sum(p.numel() for p in net.parameters())


def test_refine_keeps_the_function_of_any_module():
    net, x = hybrid(**F64).eval(), 2 * rows()
    new = ew.refine(net, factor=3)
    assert [layer.grid_size for layer in spline_layers(new)] == [9, 15, 15]
    assert not new.training
    assert_close(new(x), net(x), like="refine")
    some = ew.refine(net, grid_size=(4, 5, 6))
    assert [layer.grid_size for layer in spline_layers(some)] == [4, 5, 6]
    assert_close(some(x), net(x), like="refine")


@pytest.mark.parametrize(
    "make",
    [
        lambda: KANLayer(6, 3, **F64),
        lambda: nn.ModuleDict({"a": KANLayer(6, 3, **F64)})["a"],
        lambda: ew.nn.KANFeedForward(6, 3, gated=True, **F64),
        lambda: ew.nn.SplineActivation(6, share=3, **F64),
    ],
)
def test_refine_takes_a_layer_and_a_room_module_alone(make: Any):
    module, x = make(), 2 * rows()
    assert_close(ew.refine(module)(x), module(x), like="refine")


def test_a_convolution_is_refined_group_by_group():
    module, x = ew.nn.KANConv2d(2, 4, 3, groups=2, **F64), torch.randn(2, 2, 6, 6, **F64)
    assert_close(ew.refine(module, factor=4)(x), module(x), like="refine")
    assert [layer.grid_size for layer in spline_layers(ew.extend(module, 9 * x))] > [5, 5]


def test_extend_covers_what_reaches_each_layer():
    net, x = hybrid(**F64).eval(), 4 * rows()
    new = ew.extend(net, x)
    seen: list[tuple[Any, Tensor]] = []
    for layer in spline_layers(new):
        layer.register_forward_pre_hook(lambda layer, a: seen.append((layer, a[0])))
    new(x)
    assert len(seen) == 4
    for layer, a in seen[:2]:  # the first ones see the same numbers as before
        low, high = layer.interval
        assert bool((a >= low - 1e-9).all()) and bool((a <= high + 1e-9).all())


def test_extend_keeps_the_function_where_the_old_grids_were():
    torch.manual_seed(0)
    first = KANLayer(4, 3, domain=(-2, 2), **F64)
    net = nn.Sequential(nn.Linear(6, 4, **F64), first, nn.Tanh(), KANLayer(3, 2, **F64))
    x = rows(200)
    inside = (net[0](x).abs() < 2).all(1)
    new = ew.extend(net, 5 * x)
    assert bool(inside.any()) and [layer.grid_size for layer in spline_layers(new)][1] == 5
    assert spline_layers(new)[0].grid_size > 5
    assert_close(new(x[inside]), net(x[inside]))


def test_adapt_moves_knots_and_keeps_the_function_nearly():
    torch.manual_seed(0)
    net, x = (
        nn.Sequential(nn.Linear(6, 4, **F64), KANLayer(4, 3, domain=(-9, 9), grid_size=40, **F64)).eval(),
        rows(200),
    )
    new = ew.adapt(net, x, grid_size=80)
    hidden, layer = net[0](x), spline_layers(new)[0]
    assert_close(layer.interval[0], hidden.amin(0))
    assert_close(layer.interval[1], hidden.amax(0))
    assert float((new(x) - net(x)).detach().abs().max()) < 1e-3 * float(net(x).detach().abs().max())


def test_the_probe_leaves_running_means_alone():
    net = hybrid(**F64).train()
    means = net[1].running_mean.clone()  # type: ignore[union-attr]
    ew.extend(net, rows())
    assert_equal(net[1].running_mean, means)  # type: ignore[union-attr]


def test_what_is_frozen_stays_frozen_and_modes_stay():
    net = hybrid(**F64)
    net[3].coef.requires_grad_(False)  # type: ignore[union-attr]
    net[4].eval()
    new = ew.refine(net)
    frozen = [name for name, p in new.named_parameters() if not p.requires_grad]
    assert frozen == ["3.coef"]
    assert not new[4].activation.functions.training and new[3].training  # type: ignore[union-attr]


def test_a_kan_inside_a_module_notes_what_was_done():
    net = nn.Sequential(nn.Linear(6, 2, **F64), ew.KAN((2, 3, 1), grid_size=4, seed=1))
    new, x = ew.refine(net), rows()
    kan = new[1]
    assert isinstance(kan, ew.KAN) and kan.config.grid_size == (8, 8) and kan.edits[-1].action == "refine"
    assert net[1].edits == () and net[1].config.grid_size == (4, 4)  # type: ignore[union-attr]
    assert_close(new(x), net(x), like="refine")


def test_a_layer_that_nothing_reaches_stays():
    class Lazy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = KANLayer(6, 2, **F64), KANLayer(6, 2, **F64)

        def forward(self, x: Tensor) -> Tensor:
            return self.used(x)

    new = ew.extend(Lazy(), 5 * rows())
    assert new.used.grid_size > 5 and new.unused.grid_size == 5
    assert ew.adapt(Lazy(), rows()).unused.grid_size == 5


def test_the_result_of_a_fit_counts_as_its_module():
    net = nn.Sequential(nn.Linear(6, 2, **F64), KANLayer(2, 1, **F64))
    result = ew.fit(net, rows(), rows()[:, :1], steps=2, progress=False)
    assert spline_layers(ew.refine(result))[0].grid_size == 10


def test_other_arguments_are_passed_on():
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = KANLayer(6, 2, **F64)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.layer(x + y)

    assert ew.extend(Two(), (rows(), 5 * rows())).layer.grid_size > 5


class Own(KANLayer):
    def __init__(self) -> None:
        super().__init__(6, 2)


def tied() -> nn.Module:
    net = nn.Sequential(KANLayer(6, 6), KANLayer(6, 6))
    net[1].coef = net[0].coef  # type: ignore[union-attr]
    return net


@pytest.mark.parametrize(
    ("module", "error", "words"),
    [
        (lambda: nn.Linear(6, 2), StructureError, "got Linear; a module that holds edgewise.KANLayer will do"),
        (lambda: nn.Sequential(parametrizations.weight_norm(KANLayer(6, 2), "coef")), StructureError, "0 is parametri"),
        (lambda: nn.Sequential(KANLayer(6, 6), Own()), StructureError, "1 is a Own"),
        (tied, StructureError, "0.coef is held by two modules, 1.coef"),
        (lambda: KANLayer(6, 2, device="meta"), StructureError, "the layer is on the device 'meta'"),
        (lambda: "net", StructureError, "got str"),
    ],
)
def test_what_cannot_be_replaced_is_refused(module: Any, error: type[EdgewiseError], words: str):
    with pytest.raises(error, match=words):
        ew.refine(module())


def test_wrong_rows_and_settings_are_named():
    net = hybrid(**F64).eval()
    with pytest.raises(DataError, match="tensor that the module takes"):
        ew.extend(net, rows().numpy())
    with pytest.raises(GridError, match="no row"):
        ew.extend(net, rows()[:0])
    with pytest.raises(GridError, match="finite"):
        ew.adapt(net, rows() * torch.inf)
    with pytest.raises(ConfigError, match=r"one per layer of edges \(3\), got \(4, 5\)"):
        ew.refine(net, grid_size=(4, 5))
    with pytest.raises(ConfigError, match="grid_size"):
        ew.refine(KANLayer(6, 2), factor=10**12)


@pytest.mark.parametrize("verb", [ew.extend, ew.adapt])
def test_activations_that_are_not_finite_are_told_with_their_cause(verb: Any):
    """X is finite: large weights make it overflow, or a parameter is not a number."""
    large, far = nn.Linear(6, 2), torch.full((5, 6), 1e12)
    nn.init.constant_(large.weight, 1e30)
    net = nn.Sequential(large, KANLayer(2, 1))
    with pytest.raises(GridError, match=r"reach 1 \(KANLayer\) overflow torch.float32, though X is finite.*\.double"):
        verb(net, far)
    kan = ew.KAN((1, 2, 1))
    kan.edge_layers[0].coef.data.fill_(torch.nan)
    for broken, name in ((kan, "layers"), (nn.Sequential(kan), "0.layers")):
        words = rf"{verb.__name__} needs finite activations.* reach {name}.1 .*KANLayer.* parameters.*: {name}.0.coef"
        with pytest.raises(GridError, match=words):
            verb(broken, torch.zeros(3, 1, **F64))


@pytest.mark.parametrize(
    ("wrap", "words"),
    [
        (lambda layer: prune.l1_unstructured(layer, "coef", 0.5), "is pruned; torch.nn.utils.prune.remove"),
        (lambda layer: weight_norm(layer, "coef"), "has a weight norm; torch.nn.utils.remove_weight_norm"),
        (lambda layer: spectral_norm(layer, "coef"), "has a spectral norm; torch.nn.utils.remove_spectral_norm"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning")
def test_a_layer_whose_parameter_a_hook_makes_is_refused_with_the_way_out(wrap, words):
    net = nn.Sequential(KANLayer(2, 3, seed=0), nn.Linear(3, 1))
    wrap(net[0])
    for change in (lambda: ew.refine(net, 10), lambda: ew.extend(net, torch.rand(20, 2))):
        with pytest.raises(StructureError, match=words):
            change()
