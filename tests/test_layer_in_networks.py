"""KANLayer in other people's networks: transformers, autocast, checkpointing, ensembles, `torch.func`, the compiler."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacrev, jvp, stack_module_state, vmap
from torch.utils.checkpoint import checkpoint

from edgewise import KANLayer
from helpers import assert_close
from layer_doors import F64, MARKS, rows, transformer

pytestmark = MARKS


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
