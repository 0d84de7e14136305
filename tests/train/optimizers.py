"""Every optimizer that a fit can take, by name, with small data and a perceptron to try them on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from edgewise.train import choose


def rows(count: int = 120, dtype: torch.dtype = torch.float64, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    X = 2 * torch.rand(count, 2, dtype=torch.float64, generator=generator) - 1
    return X.to(dtype), (torch.sin(2 * X[:, 0]) + X[:, 1] ** 2).to(dtype)


def mlp(*extra: nn.Module, outputs: int = 1, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 10), *extra, nn.Tanh(), nn.Linear(10, outputs)).to(dtype)


def adamw(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=0.02)


def torch_lbfgs(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.LBFGS(parameters, line_search_fn="strong_wolfe")


OPTIMIZERS: dict[str, Any] = {**{name: name for name in choose.NAMES}, "AdamW": adamw, "torch LBFGS": torch_lbfgs}
