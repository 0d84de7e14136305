"""Writes the checkpoints of this folder with pykan 0.2.8, and what pykan makes of rows: inputs and outputs in float64.

Run it where pykan and pyyaml are installed: `python tests/golden/pykan/make.py`. The tests need neither.
"""

from __future__ import annotations

import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
QUIET: dict[str, Any] = {"auto_save": False}


def made(width: list[Any], **settings: Any) -> Any:
    """A network of pykan that writes nothing on its own."""
    return import_module("kan").KAN(width=width, **{"seed": 1, "grid": 5, "k": 3, **QUIET, **settings})


def rows(columns: int, seed: int, reach: float = 1.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return reach * (2 * torch.rand(60, columns, dtype=torch.float64, generator=generator) - 1)


def fitted(model: Any, columns: int, steps: int = 12) -> Any:
    """The model after a short fit that moves its knots to quantiles of the rows."""
    x = rows(columns, 5)
    y = torch.exp(torch.sin(3 * x[:, :1]) + x[:, 1:2] ** 2)
    data = {"train_input": x, "train_label": y, "test_input": x, "test_label": y}
    model.fit(data, opt="LBFGS", steps=steps, log=100, lamb=1e-3)
    return model


def scattered(model: Any, seed: int) -> Any:
    """The model with scales and biases of its nodes that are neither one nor zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in model.named_parameters():
        if name.startswith(("node_", "subnode_")):
            noise = torch.randn(value.shape, dtype=value.dtype, generator=generator)
            value.data = value.data + 0.3 * noise
    return model


def symbolic() -> Any:
    model = made([2, 4, 1])
    names = ["sin", "x^2", "gaussian", "tanh", "abs", "1/x^2", "exp", "arctan"]
    for place, name in enumerate(names):
        model.fix_symbolic(0, place % 2, place // 2, name, fit_params_bool=False, log_history=False)
        shift = 3.0 if name.startswith("1/") else 0.1 * place
        values = torch.tensor([0.5 + 0.1 * place, shift, 0.7 - 0.2 * place, 0.3])
        model.symbolic_fun[0].affine.data[place // 2][place % 2] = values
    for place, name in enumerate(["x", "sgn", "1/sqrt(x)", "x^1.5"]):
        model.fix_symbolic(1, place, 0, name, fit_params_bool=False, log_history=False)
        model.symbolic_fun[1].affine.data[0][place] = torch.tensor([0.01, 2.0, 0.4 * place - 0.5, 0.1])
    model.set_mode(0, 1, 0, "ns")  # a spline and a closed form on one edge
    model.set_mode(0, 0, 1, "n")
    model.remove_edge(0, 0, 3, log_history=False)
    return model


def pruned() -> Any:
    model = fitted(made([3, 4, 1]), 3)
    model(rows(3, 5))
    model = model.prune_node(active_neurons_id=[[0, 2, 3]], log_history=False)
    model.remove_edge(0, 1, 1, log_history=False)
    model.act_fun[0].mask.data[2, 0] = 0.5  # as `perturb` leaves them
    return model


def pruned_inputs() -> Any:
    model = fitted(made([4, 3, 1]), 4)
    return model.prune_input(active_inputs=[0, 2, 3], log_history=False)


def refined() -> Any:
    model = made([2, 3, 1], k=2, grid=3, grid_eps=1.0, grid_range=[-0.5, 1.5], base_fun="identity")
    model(rows(2, 5))
    return model.refine(7)


CASES = {
    "plain": lambda: made([2, 3, 1], affine_trainable=False, sp_trainable=False, sb_trainable=False),
    "fitted": lambda: fitted(made([2, 3, 1]), 2),
    "pruned": pruned,
    "pruned_inputs": pruned_inputs,
    "symbolic": symbolic,
    "products": lambda: scattered(made([2, [2, 2], [1, 1]], mult_arity=2, affine_trainable=True), 3),
    "arities": lambda: scattered(made([3, [1, 2], [0, 1], 2], mult_arity=[[], [2, 3], [2], []]), 4),
    "refined": refined,
    "degree_1": lambda: made([2, 2, 1], k=1, grid=4, base_fun="zero"),
    "grids": lambda: made([2, 2, 1], k=5, grid=[4, 6]),
    "no_symbols": lambda: made([2, 2, 1], symbolic_enabled=False),
}


def main() -> None:
    torch.set_default_dtype(torch.float64)
    values: dict[str, torch.Tensor] = {}
    with tempfile.TemporaryDirectory() as elsewhere:  # pykan leaves folders where it runs
        os.chdir(elsewhere)
        for name, make in CASES.items():
            model = make()
            columns = 4 if name == "pruned_inputs" else model.width_in[0]
            x = torch.cat([rows(columns, 7), rows(columns, 8, reach=4.0), torch.zeros(1, columns)])
            with torch.no_grad():
                values[f"{name}.x"], values[f"{name}.y"] = x, model(x)
            model.cache_data = None
            model.saveckpt(str(HERE / name))
            (HERE / f"{name}_cache_data").unlink()  # the rows it saw last; nothing reads them
        model = made([2, 2, 1]).float()
        model.saveckpt(str(HERE / "float32"))
        (HERE / "float32_cache_data").unlink()
        model = model.double()
        x = rows(2, 7)
        with torch.no_grad():
            values["float32.x"], values["float32.y"] = x, model(x)
    save_file(values, HERE / "values.safetensors")
    (HERE / "values.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
