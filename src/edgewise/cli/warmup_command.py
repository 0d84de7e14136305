"""`edgewise warmup`: everything that is compiled on first use, compiled now."""

from __future__ import annotations

import argparse
import sys

from ..errors import BackendError
from ..ops.cpu import code_folder, machine_code

CANNOT_KEEP = 2


def run(args: argparse.Namespace) -> int:
    """Do it and say where the machine code lies; 2 where no folder can be written to. Raises `BackendError` without
    llvmlite."""
    try:
        files = machine_code.warm_up()
    except ImportError as error:
        raise BackendError(
            f"the kernels need the package 'llvmlite' from 0.45 on ({error}); install it with: pip install -U llvmlite"
        ) from error
    kept = [file for file in files if file is not None]
    if len(kept) < len(files):
        tried = ", ".join(map(str, code_folder.folders()))
        print(
            f"edgewise warmup: the kernels compile, but no folder can be written to keep them (tried {tried}); name one"
            f" in the variable {code_folder.VARIABLE}",
            file=sys.stderr,
        )
        return CANNOT_KEEP
    for folder in sorted({file.parent for file in kept}):
        print(f"kernels for this processor are ready in {folder}")
    return 0
