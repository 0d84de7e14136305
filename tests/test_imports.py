"""Who may import whom, what `import edgewise` may load, and that every public name can be reached."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import edgewise

ROOT = Path(edgewise.__file__).parent

# A room imports from the rooms above it, and from its neighbours on the same line as long as no circle arises.
LEVELS = [
    {"errors", "files", "limits", "devices", "screen", "threads", "values"},
    {"ops", "primitives", "state_notes"},
    {"grid", "knots_by_samples", "fitting", "config", "topology", "metadata"},
    {"data", "losses"},
    {"layers"},
    {"nn", "trace", "prediction"},
    {"model"},
    {"attribution", "size", "spec"},
    {"container"},
    {"transforms", "checkpoint"},
    {"train"},
    {"insight"},
    {"symbolic"},
    {"structure"},
    {"discovery"},
    {"exports", "imports"},
    {"plotting"},
    {"report", "pde"},
    {"storage"},
    {"studies"},
    {"estimators"},
    {"cli"},
]
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}

# The rooms in `discovery`, the same way; "" for the files at its top.
DISCOVERY = [
    {"formulas"},
    {"linear_algebra"},
    {"tables"},
    {"proposals"},
    {"polishing"},
    {"judging"},
    {"reductions"},
    {"parts"},
    {"search"},
    {"levels"},
    {""},
    {"conservation", "surfaces"},
]

# Optional or heavy packages enter inside functions of these rooms only.
GUARDED = {
    "sympy": {"primitives", "symbolic", "exports", "imports", "discovery"},
    "matplotlib": {"plotting"},
    "jinja2": {"report"},
    "sklearn": {"estimators", "studies"},
    "pandas": {"data"},
    "llvmlite": {"ops"},
    "numba": {"ops"},
    "onnx": {"exports"},
    "triton": {"ops"},
}

# Kernels are compiled where they are defined, so these modules import their compiler at the top; they are optional
# packages themselves.
COMPILED = {
    "llvmlite": {"ops.cpu.kernels.emit", "ops.cpu.kernels.instructions", "ops.cpu.kernels.vectors"},
    "numba": {
        "ops.cpu.kernels.blocks",
        "ops.cpu.kernels.columns",
        "ops.cpu.kernels.emit",
        "ops.cpu.kernels.gather",
        "ops.cpu.kernels.instructions",
        "ops.cpu.kernels.normal_kernels",
        "ops.cpu.kernels.rows",
        "ops.cpu.kernels.sorted_rows",
        "ops.cpu.kernels.spline_kernels",
        "ops.cpu.kernels.vectors",
    },
    "triton": {"ops.gpu.triton_backend", "ops.gpu.triton_kernels"},
}


def is_compiled(name: str) -> bool:
    """Whether a module, or a name in it, is one of the compiled kernels."""
    return any(name == file or name.startswith(f"{file}.") for files in COMPILED.values() for file in files)


def modules() -> dict[str, Path]:
    """Dotted name below edgewise ("ops.reference") -> file; the package file itself and __main__ are not rooms."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name and name != "__main__":
            found[name] = path
    return found


def imports(path: Path, name: str) -> Iterator[tuple[str, bool, bool, int]]:
    """(absolute dotted name, inside a function, only for type checkers, line) for each import in a file.

    `require("x")` and `import_module("x")` count as imports.
    """
    package = ["edgewise", *name.split(".")]
    package = package if path.name == "__init__.py" else package[:-1]

    def walk(node: ast.AST, in_function: bool, for_types: bool) -> Iterator[tuple[str, bool, bool, int]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, in_function, for_types, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
                if node.level
                else [node.module or ""]
            )
            yield from ((".".join([*base, alias.name]), in_function, for_types, node.lineno) for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"require", "import_module", "__import__"}:
                yield node.args[0].value, in_function, for_types, node.lineno
        in_function = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = for_types or isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, in_function, for_types)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False, False)


ALL_IMPORTS = [(name, *found) for name, path in modules().items() for found in imports(path, name)]


def room_of(dotted: str) -> str | None:
    """The room that an import enters: "ops" for "edgewise.ops.reference.basis", None for the version and for what is
    not edgewise."""
    parts = dotted.split(".")
    if parts[0] != "edgewise" or parts[1:] == ["__version__"]:
        return None
    return parts[1] if len(parts) > 1 else "edgewise itself"


def test_rooms_are_those_of_the_modules():
    assert {name.split(".")[0] for name in modules()} == set(LEVEL), (
        "a new room needs its place in LEVELS, design and ARCHITECTURE.md; one that is gone has none"
    )


def test_rooms_import_only_downwards():
    wrong = [
        f"{name}:{line} imports {target}"
        for name, target, _, _, line in ALL_IMPORTS
        if (room := room_of(target)) is not None and LEVEL.get(room, len(LEVELS)) > LEVEL[name.split(".")[0]]
    ]
    assert not wrong


def test_rooms_of_discovery_import_only_downwards():
    inside = "discovery."
    place = {room: number for number, rooms in enumerate(DISCOVERY) for room in rooms}
    found = {name.removeprefix(inside) for name in modules() if name.startswith(inside)}
    rooms = {name.split(".")[0] for name in found if "." in name}
    assert {"", *rooms} == set(place), "a new room needs its place in DISCOVERY and in the docstring of `discovery`"

    def room(name: str) -> str:
        first = name.split(".")[0]
        return first if first in rooms else ""

    wrong = [
        f"{name}:{line} imports {target}"
        for name, target, _, _, line in ALL_IMPORTS
        if name.startswith(inside) and target.startswith(f"edgewise.{inside}")
        if place[room(target.removeprefix(f"edgewise.{inside}"))] > place[room(name.removeprefix(inside))]
    ]
    assert not wrong


def test_rooms_do_not_import_in_circles():
    needs: dict[str, set[str]] = {room: set() for room in LEVEL}
    for name, target, _, for_types, _ in ALL_IMPORTS:
        room = room_of(target)
        if room in needs and not for_types and room != name.split(".")[0]:
            needs[name.split(".")[0]].add(room)
    while free := [room for room, wanted in needs.items() if not wanted & needs.keys()]:
        for room in free:
            del needs[room]
    assert not needs, "these rooms import one another in a circle"


def test_optional_packages_enter_inside_functions_of_their_rooms():
    wrong = [
        f"{name}:{line} imports {target}"
        for name, target, in_function, for_types, line in ALL_IMPORTS
        if (package := target.split(".")[0]) in GUARDED and not for_types
        if name.split(".")[0] not in GUARDED[package] or not (in_function or name in COMPILED.get(package, ()))
    ]
    assert not wrong


def test_compiled_kernels_enter_inside_functions():
    wrong = [
        f"{name}:{line} imports {target}"
        for name, target, in_function, for_types, line in ALL_IMPORTS
        if is_compiled(target.removeprefix("edgewise.")) and not is_compiled(name) and not (in_function or for_types)
    ]
    assert not wrong


def test_the_reader_of_imports_sees_every_form(tmp_path):
    file = tmp_path / "lm.py"
    file.write_text(
        "import pandas as pd\nfrom .. import grid\nfrom ..plot.mpl import draw\nfrom .status import Status\nif"
        " TYPE_CHECKING:\n    import sympy\ndef f():\n    import numba.core\n    require('sklearn.ensemble',"
        " extra='all')\n"
    )
    assert list(imports(file, "train.lm")) == [
        ("pandas", False, False, 1),
        ("edgewise.grid", False, False, 2),
        ("edgewise.plot.mpl.draw", False, False, 3),
        ("edgewise.train.status.Status", False, False, 4),
        ("sympy", False, True, 6),
        ("numba.core", True, False, 8),
        ("sklearn.ensemble", True, False, 9),
    ]


def _loaded(code: str) -> set[str]:
    """The top-level packages in sys.modules after the code has run in a fresh interpreter."""
    report = "; import sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_edgewise_loads_no_package_but_itself():
    extra = _loaded("import edgewise") - _loaded("import importlib, typing, difflib, __future__")
    assert not extra & {*GUARDED, "torch", "numpy", "scipy", "safetensors", "tqdm"}


def test_no_room_loads_an_optional_package_when_imported():
    """But for the estimators, whose classes are scikit-learn's: nothing of ours imports them before they are asked
    for."""
    rooms = [name for name in modules() if not is_compiled(name) and not name.startswith("estimators")]
    everything = "import torch, numpy, safetensors, tqdm, " + ", ".join(f"edgewise.{name}" for name in rooms)
    extra = _loaded(everything) - _loaded("import torch, numpy, safetensors, tqdm")
    assert not extra & set(GUARDED)


@pytest.mark.parametrize("name", edgewise.__all__)
def test_public_name_is_reached(name):
    assert getattr(edgewise, name) is not None
    assert name in dir(edgewise)


def test_public_names_are_no_modules_once_every_room_is_loaded():
    """A room with the name of a public function must not hide it: importing the room sets the attribute of that name to
    the module."""
    for name in modules():
        if not is_compiled(name):
            importlib.import_module(f"edgewise.{name}")
    hidden = [
        name
        for name in edgewise.__all__
        if name not in ("errors", *edgewise._ROOMS) and isinstance(getattr(edgewise, name), ModuleType)
    ]
    assert not hidden
    assert dir(edgewise) == sorted(edgewise.__all__), "what was loaded on the way is no public name"


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == {**dict.fromkeys(edgewise._ROOMS), **edgewise._HOME}


def test_misspelt_name_gets_a_suggestion():
    with pytest.raises(AttributeError, match="did you mean 'KANLayer'"):
        edgewise.KANlayer  # noqa: B018
    assert not hasattr(edgewise, "no_such_name")


def test_a_class_name_means_one_thing():
    homes: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        for part in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
                homes.setdefault(part.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}
