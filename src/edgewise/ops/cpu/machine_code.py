"""The kernels as machine code of this processor.

They come with edgewise as LLVM bitcode, which `kernels/` is the source of (`make kernels`). LLVM makes machine code of
it on first use, once per machine, in about two seconds; `code_folder` keeps it. What a file there was made from is in
its name: the bitcode, LLVM, the processor. So nothing goes stale, and other versions and processors share the folder.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

from ...screen import tell
from . import code_folder

# the kernels of each bitcode file, and how many numbers each is called with
GROUPS = {"spline": {"to_out": 20, "backward": 28, "basis": 14}, "normal": {"accumulate": 18, "mirror": 2}}
DTYPES = ("float32", "float64")
BITCODE = Path(__file__).parent / "bitcode"
# Memory that the kernels ask for; `kernels/instructions.py` names these functions. They need no interpreter lock.
IMPORTS = {"edgewise_allocate": "PyMem_RawMalloc", "edgewise_release": "PyMem_RawFree"}
OLDEST_LLVM = 20  # that can read the bitcode: the one that `make kernels` takes
MESSAGE = "compiling kernels, once per machine"
LEVEL = 3  # of LLVM's optimisation
KEY_DIGITS = 32  # of a digest, in file names
_Entry = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)  # called without the interpreter lock


class Kernel(NamedTuple):
    """An entry point: it takes slices from a table until none is left, and gives back whether one got no memory.

    The table, all int64: the next slice to take, how many there are, the numbers of each, whether one failed; then the
    numbers of every slice. `kernels/instructions.py` has the same places.
    """

    call: Callable[[Any], int]
    address: int
    alone: Callable[..., None]  # runs a single slice on this thread, given its numbers


HEADER = 4  # numbers of the table before the slices
FAILED = 3  # the place of the last of them
NO_MEMORY = "a kernel got no memory for a block of rows"


def _kernel(address: int, count: int) -> Kernel:
    # A quarter of the time of an array. The kernel counts in these bytes, which nobody else ever sees.
    call, pack = _Entry(address), Struct(f"{HEADER + count}q").pack

    def alone(*numbers: int) -> None:
        if call(pack(0, 1, count, 0, *numbers)):
            raise MemoryError(NO_MEMORY)

    return Kernel(call, address, alone)


class _Processor(NamedTuple):
    triple: str
    name: str
    features: str


_lock = threading.Lock()


def _forget() -> None:
    """In a forked child the lock may be held by a thread that does not exist there."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@lru_cache(maxsize=1)
def _llvm() -> Any:
    """llvmlite's binding, ready for this processor. Raises ImportError where it is missing or too old."""
    import llvmlite.binding as llvm

    if llvm.llvm_version_info[0] < OLDEST_LLVM:
        raise ImportError("llvmlite is older than 0.45, whose LLVM cannot read the kernels")
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@lru_cache(maxsize=1)
def _processor() -> _Processor:
    llvm = _llvm()
    return _Processor(llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())


def _machine() -> Any:
    triple, name, features = _processor()
    # code that is loaded where it fits: x86 wants fixed addresses, as in numba
    reloc = "static" if triple.startswith(("x86", "i686")) else "default"
    target = _llvm().Target.from_triple(triple)
    return target.create_target_machine(
        cpu=name, features=features, opt=LEVEL, reloc=reloc, codemodel="jitdefault", jit=True
    )


def _compiled(bitcode: bytes) -> bytes:
    """Machine code from bitcode: an object file."""
    llvm, machine = _llvm(), _machine()
    module = llvm.parse_bitcode(bitcode)
    module.triple, module.data_layout = _processor().triple, str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=LEVEL)
    options.loop_vectorization, options.slp_vectorization = True, False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)


def _named(group: str, dtype: str) -> tuple[str, bytes]:
    """The name of the file that holds a group's machine code, and the bitcode that it is made from."""
    bitcode = (BITCODE / f"{group}_{dtype}.bc").read_bytes()
    made_from = repr((*_processor(), _llvm().llvm_version_info, LEVEL, IMPORTS)).encode() + bitcode
    return f"{group}_{dtype}-{hashlib.sha256(made_from).hexdigest()[:KEY_DIGITS]}.code", bitcode


def _machine_code(group: str, dtype: str) -> bytes:
    """Machine code from disk, or made now and kept there."""
    name, bitcode = _named(group, dtype)
    content = code_folder.read(name)
    if content is None:
        tell(MESSAGE)
        content = _compiled(bitcode)
        code_folder.keep(name, content)
    return content


def warm_up() -> list[Path | None]:
    """Compile all kernels that were not compiled before. Gives the file of each group, None where it cannot be kept.

    Raises ImportError where llvmlite is missing.
    """
    files = []
    for group in GROUPS:
        for dtype in DTYPES:
            name, bitcode = _named(group, dtype)
            files.append(code_folder.keep(name, code_folder.read(name) or _compiled(bitcode)))
    return files


@lru_cache(maxsize=1)
def _linker() -> Any:
    return _llvm().create_lljit_compiler(_machine())


@cache
def _loaded(group: str, dtype: str) -> tuple[Any, dict[str, Kernel]]:
    """The entry points of a group, and what keeps them in memory."""
    counts = GROUPS[group]
    library = _llvm().JITLibraryBuilder().add_object_img(_machine_code(group, dtype)).add_current_process()
    for symbol, function in IMPORTS.items():
        address = ctypes.cast(getattr(ctypes.pythonapi, function), ctypes.c_void_p).value
        library.import_symbol(symbol, address)
    for name in counts:
        library.export_symbol(f"{name}_{dtype}")
    held = library.link(_linker(), f"{group}_{dtype}")
    return held, {name: _kernel(held[f"{name}_{dtype}"], count) for name, count in counts.items()}


def kernels(group: str, dtype: str) -> dict[str, Kernel]:
    """The kernels of a group for one type of numbers, compiled where no earlier process has done it.

    Raises ImportError where llvmlite is missing.
    """
    with _lock:  # one thread compiles, the others wait for it
        return _loaded(group, dtype)[1]


def check_available() -> None:
    """Raises ImportError where llvmlite, which compiles the kernels, is missing or too old."""
    _llvm()
