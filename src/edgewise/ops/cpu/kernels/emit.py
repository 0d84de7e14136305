"""The kernels as LLVM bitcode, which comes with edgewise: `make kernels` runs this file.

Bitcode is the same for every processor; `..machine_code` makes machine code of it. `make kernels` takes the oldest LLVM
that edgewise runs with, since a newer one reads older bitcode, but not the other way round. It fixes PYTHONHASHSEED,
since names in the bitcode come from numba, which makes them of sets.
"""

# numba passes the first parameter of an intrinsic (the typing context) itself, which a type checker cannot know
# pyright: reportCallIssue=false

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Any

# numba's own machine code is never run here, so it need not be fast; set before numba is imported
os.environ |= {"NUMBA_OPT": "0", "NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0", "NUMBA_CPU_NAME": "generic"}

import llvmlite  # noqa: E402
import llvmlite.binding as llvm  # noqa: E402
import numba  # noqa: E402
import numpy as np  # noqa: E402
from numba import int64, njit, types  # noqa: E402

from . import digest, normal_kernels, spline_kernels  # noqa: E402
from .instructions import FAILED, HEADER, IMPORTS, make_arguments, next_number, retype, shift  # noqa: E402
from .rows import OPTIONS  # noqa: E402

# kernels that share functions stand in one module; each with the number of its arguments before `one`
GROUPS = {
    "spline": ((spline_kernels.to_out, 20), (spline_kernels.backward, 28), (spline_kernels.basis, 14)),
    "normal": ((normal_kernels.accumulate, 18), (normal_kernels.mirror, 2)),
}
ONES = {"float32": np.float32(1), "float64": 1.0}
# a function as numba calls it has places for a result and for an exception, of which there are none; an entry point
# gives back whether a slice failed
ENTRY = """
declare i32 @{native}(ptr, ptr, ptr)
define i32 @{name}(ptr %table) {{
  %unused = alloca [2 x ptr]
  %status = call i32 @{native}(ptr %unused, ptr %unused, ptr %table)
  %place = getelementptr i64, ptr %table, i64 {failed}
  %failed = load i64, ptr %place
  %result = trunc i64 %failed to i32
  ret i32 %result
}}
"""


def _task(kernel: Any, count: int, one: Any) -> Any:
    """The kernel over slice after slice of a table (see `pool`) until none is left."""
    arguments = make_arguments(count)

    @njit(types.void(types.voidptr), no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)
    def task(data):
        table = retype(data, int64(1))
        k = next_number(table)
        while k < table[1]:
            if not kernel(*arguments(shift(table, HEADER + k * table[2]), one)):
                table[FAILED] = 1
            k = next_number(table)

    return task


def _defined(module: Any) -> list[Any]:
    return [one for one in (*module.functions, *module.global_variables) if not one.is_declaration]


def _module(kernel: Any, count: int, dtype: str) -> tuple[Any, str]:
    """A module with an entry point for the kernel, and the name of the entry point."""
    task, name = _task(kernel, count, ONES[dtype]), f"{kernel.__name__}_{dtype}"
    (compiled,) = task.overloads.values()
    module = llvm.parse_assembly(compiled.library.get_llvm_str())
    for one in _defined(module):
        one.linkage = "linkonce_odr"  # the modules of a group have functions in common
    module.link_in(llvm.parse_assembly(ENTRY.format(native=compiled.fndesc.llvm_func_name, name=name, failed=FAILED)))
    return module, name


def bitcode(group: str, dtype: str) -> bytes:
    """The module of a group of kernels for one type of numbers, simplified as far as every processor allows."""
    (module, *others), names = zip(*(_module(kernel, count, dtype) for kernel, count in GROUPS[group]), strict=True)
    for other in others:
        module.link_in(other)
    for one in _defined(module):
        if one.name not in names:
            one.linkage = "internal"
    machine = llvm.Target.from_default_triple().create_target_machine(cpu="generic")
    options = llvm.create_pipeline_tuning_options(speed_level=1)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    cleaner = llvm.create_new_module_pass_manager()
    cleaner.add_strip_symbols_pass()
    cleaner.add_strip_dead_prototype_pass()
    cleaner.run(module, builder)
    module.name = f"edgewise_{group}_{dtype}"
    module.verify()
    return module.as_bitcode()


def main(folder: Path) -> None:
    """Write the bitcode of all kernels into a folder, and of what it was made."""
    for name in IMPORTS:  # numba looks for them although nothing is run
        llvm.add_symbol(name, ctypes.cast(ctypes.pythonapi.PyMem_RawMalloc, ctypes.c_void_p).value)
    folder.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        for dtype in ONES:
            (folder / f"{group}_{dtype}.bc").write_bytes(bitcode(group, dtype))
    kernels = {group: {kernel.__name__: count for kernel, count in members} for group, members in GROUPS.items()}
    made = {"sources": digest(), "numba": numba.__version__, "llvmlite": llvmlite.__version__}
    made |= {"kernels": kernels, "header": HEADER, "failed": FAILED}
    (folder / "made.json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
