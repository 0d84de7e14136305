"""Tests in two processes that train together, by gloo."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

BEGIN = """
import os, sys, torch, edgewise as ew
rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
"""
END = """
torch.distributed.barrier()
os._exit(0)  # threads of gloo that are still at work on the way out end the process by std::terminate
"""
needs_gloo = pytest.mark.skipif(
    not torch.distributed.is_available() or not torch.distributed.is_gloo_available(), reason="torch has no gloo here"
)


def in_two_processes(code: str, folder: Path) -> None:
    """Run code in two processes, which know `rank` and `folder` and have met; both must end well."""
    whole = BEGIN + code + END
    ranks = [
        subprocess.Popen([sys.executable, "-c", whole, str(rank), str(folder)], stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for process in ranks:
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors
