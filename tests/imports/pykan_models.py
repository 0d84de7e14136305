"""Checkpoints that pykan wrote, and what stands for its models in memory."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from edgewise.imports.flat_yaml import read_entries

GOLDEN = Path(__file__).parents[1] / "golden" / "pykan"
READ = {"pruned_inputs": (0, 2, 3)}  # columns that its files do not tell


def in_memory(name: str) -> Any:
    """What stands for a model of pykan: an object with its attributes."""
    state = torch.load(GOLDEN / f"{name}_state", weights_only=True)
    settings = read_entries((GOLDEN / f"{name}_config.yml").read_text())
    depth = sum(key.startswith("node_scale_") for key in state)

    def layer(kind: str, number: int, **more: Any) -> SimpleNamespace:
        start = f"{kind}.{number}."
        return SimpleNamespace(
            **{key.removeprefix(start): v for key, v in state.items() if key.startswith(start)}, **more
        )

    names = [settings[f"symbolic.funs_name.{number}"] for number in range(depth)]
    return SimpleNamespace(
        act_fun=[layer("act_fun", number) for number in range(depth)],
        symbolic_fun=[layer("symbolic_fun", number, funs_name=names[number]) for number in range(depth)],
        **{
            one: [state[f"{one}_{number}"] for number in range(depth)]
            for one in ("node_scale", "node_bias", "subnode_scale", "subnode_bias")
        },
        mult_arity=settings["mult_arity"],
        base_fun_name=settings["base_fun_name"],
        symbolic_enabled=settings["symbolic_enabled"],
        input_id=torch.tensor(READ.get(name, range(state["act_fun.0.grid"].shape[0]))),
    )
