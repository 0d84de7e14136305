"""The experiments: tables read as they are meant, results kept whole, the shape chosen without the test points, every
command in small."""

from __future__ import annotations

import csv
import doctest
import gzip
import math
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import sympy
import torch

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def module(name: str):
    return import_module(f"experiments.{name}" if name else "experiments")


def command(*arguments: str) -> int:
    """What `python -m experiments ...` does, in this process."""
    return module("__main__").main(list(arguments))


def records(folder: Path) -> list[dict[str, str]]:
    with (folder / "result.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_docstring_examples():
    packages = module("").__path__
    for found in pkgutil.walk_packages(packages, "experiments."):
        if not found.name.endswith("__main__"):
            one = import_module(found.name)
            assert not doctest.testmod(one, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed, one


# ---------------------------------------------------------------------------------------------------- tables


def test_special_rows_equal_the_scipy_calls_that_the_table_prints():
    for row in module("tables").read_rows("special"):
        if row.expression.startswith("scipy."):
            X, y = row.sample(50, "test")
            assert np.array_equal(y, eval(row.expression, {"scipy": scipy}, {"x": X[:, 0], "y": X[:, 1]}))


@pytest.mark.parametrize("order, degree", [(0, 1), (1, 1), (0, 2), (1, 2), (2, 2)])
def test_harmonics_equal_their_closed_forms(order, degree):
    azimuth, polar = np.random.default_rng(0).uniform([0, 0], [2 * np.pi, np.pi], (40, 2)).T
    c, s = np.cos(polar), np.sin(polar)
    wanted = {
        (0, 1): np.sqrt(3 / np.pi) / 2 * c,
        (1, 1): -np.sqrt(3 / (2 * np.pi)) / 2 * s,
        (0, 2): np.sqrt(5 / np.pi) / 4 * (3 * c**2 - 1),
        (1, 2): -np.sqrt(15 / (2 * np.pi)) / 2 * s * c,
        (2, 2): np.sqrt(15 / (2 * np.pi)) / 4 * s**2,
    }[order, degree] * np.cos(order * azimuth)
    got = module("tables").harmonic(order, degree)(np.column_stack([azimuth, polar]))
    assert np.abs(got - wanted).max() < 1e-13


def test_feynman_rows_equal_the_printed_expressions():
    numbers = {
        "sqrt": np.sqrt,
        "exp": np.exp,
        "sin": np.sin,
        "cos": np.cos,
        "log": np.log,
        "asin": np.arcsin,
        "pi": np.pi,
    }
    for row in module("tables").read_rows("feynman"):
        X, y = row.sample(50, "test")
        wanted = eval(row.expression.replace("^", "**"), numbers, dict(zip(row.inputs, X.T, strict=True)))
        assert np.allclose(y, wanted, rtol=1e-12, atol=1e-14), row.name


def test_points_lie_in_the_ranges_differ_by_part_and_are_the_same_every_time():
    for table in ("special", "feynman"):
        for row in module("tables").read_rows(table):
            X, y = row.sample(200, "train")
            low, high = np.array(row.ranges).T
            assert X.shape == (200, len(row.inputs)) and (low <= X).all() and (high >= X).all() and np.isfinite(y).all()
            assert np.array_equal(X, row.sample(200, "train")[0]) and not np.isin(X, row.sample(200, "test")[0]).any()


def test_noise_has_the_asked_for_size_and_leaves_the_points_alone():
    row = module("tables").read_rows("special")[0]
    (X, y), (Xn, yn) = row.sample(5000, "train"), row.sample(5000, "train", noise=0.05)
    assert np.array_equal(X, Xn)
    assert abs((yn - y).std() / y.std() - 0.05) < 0.003


def test_inputs_may_carry_names_that_sympy_knows():
    function = module("tables").sympy_function("beta*E + gamma^2*S", ("beta", "E", "gamma", "S"))
    assert function(np.array([[2.0, 3.0, 4.0, 5.0]])).tolist() == [86.0]


def test_an_unknown_input_is_named():
    with pytest.raises(ValueError, match="omega"):
        module("tables").sympy_function("x + omega", ("x",))


# ---------------------------------------------------------------------------------------------------- results


def test_results_replace_only_the_rows_and_columns_that_are_put(tmp_path):
    Results = module("results").Results
    first = Results(tmp_path / "result.csv", ("name", "ours", "theirs"), ("a", "b", "c"))
    first.put({"name": "c", "ours": 1.0, "theirs": 2.0})
    first.put({"name": "a", "ours": 3.0})
    again = Results(tmp_path / "result.csv", ("name", "ours", "theirs", "more"), ("a", "b", "c"))
    again.put({"name": "c", "ours": 5.0, "more": "new"})
    assert records(tmp_path) == [
        {"name": "a", "ours": "3", "theirs": "", "more": ""},
        {"name": "c", "ours": "5", "theirs": "2", "more": "new"},
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    results = module("results")
    table = results.Results(tmp_path / "result.csv", ("name", "ours"), ("a",))
    table.put({"name": "a", "ours": 1.0})

    def refuse(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(results.os, "replace", refuse)
    with pytest.raises(OSError):
        table.put({"name": "a", "ours": 2.0})
    assert records(tmp_path) == [{"name": "a", "ours": "1"}]
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_a_column_that_is_none_is_refused(tmp_path):
    with pytest.raises(KeyError, match="our"):
        module("results").Results(tmp_path / "result.csv", ("name", "ours"), ("a",)).put({"name": "a", "our": 1.0})


def test_rows_come_as_soon_as_all_their_jobs_ended_and_not_when_one_failed():
    runner = module("runner")
    a, b, c = (runner.Job("a", int), runner.Job("a", int)), (runner.Job("b", int),), (runner.Job("c", int),)
    ended = [(a[1], 11), (b[0], 20), (c[0], runner.Failure("no")), (a[0], 10)]
    assert list(runner.rows_done([*a, *b, *c], ended)) == [("b", [20]), ("a", [10, 11])]


# ---------------------------------------------------------------------------------------------------- choice


def tried(origin: str, held_out: float, test: float, shape: str = "[2,2,1]", edges: int = 6):
    training = module("training")
    return training.Attempt(origin, shape, 3, 10 * edges, edges, (3, 3), held_out, test, 1.0)


def test_the_held_out_error_chooses_the_shape_not_the_test_error():
    good, lucky = tried("general", 1e-6, 2e-6), tried("general", 2e-6, 1e-9)
    assert module("training").winner([lucky, good]) is good


def test_every_shape_is_within_the_papers_search_and_the_papers_come_first():
    training, tables = module("training"), module("tables")
    for row in (*tables.read_rows("special"), *tables.read_rows("feynman")):
        shapes = training.candidates(row)
        assert next(iter(shapes)) == row.shapes["best"]
        assert list(shapes.values()) == sorted(shapes.values(), key=lambda origin: origin == "general")
        assert set(training.general_shapes(len(row.inputs))) <= set(shapes)
        for shape in shapes:
            hidden = [width if isinstance(width, int) else sum(width) for width in shape[1:]]
            assert shape[0] == len(row.inputs) and shape[-1] == 1 and max(hidden) <= 5 and len(hidden) <= 6


def test_the_record_of_a_row_keeps_to_its_seeds():
    paper, row = module("paper"), module("tables").read_rows("feynman")[0]
    runs = [
        [
            tried("paper's best", 1e-4, 3e-4, "[2,2,1,1]"),
            tried("general", 1e-5, 5e-5, "[2,1x2,1]"),
            tried("pruned", 1e-3, 5e-3, "[2,1,1]", 3),
        ],
        [
            tried("paper's best", 1e-5, 2e-5, "[2,2,1,1]"),
            tried("general", 1e-4, 1e-6, "[2,1x2,1]"),
            tried("pruned", 1e-3, 2e-2, "[2,1,1]", 2),
        ],
    ]
    values = paper.edgewise_values(row, runs, 1000)
    assert (
        values["edgewise_best"] == 2e-5
        and values["shape"] == "[2,2,1,1]"
        and values["edgewise_median"] == pytest.approx(3.5e-5)
    )
    assert values["smallest_shape"] == "[2,1,1] (3 edges)" and values["smallest_rmse"] == 5e-3
    assert values["human_rmse"] == 2e-5 and values["pruned_rmse"] == 5e-3 and values["unpruned_rmse"] is None
    assert set(values) <= set(paper.COLUMNS)
    wanted = (
        "name, shape, parameters, paper_kan, paper_mlp, pykan_same_data, edgewise_best, edgewise_median, mlp_best,"
        " mlp_median, mlp_10x, mlp_100x"
    )
    assert list(paper.COLUMNS[:13]) == [*wanted.split(", "), "seconds"]


def test_multiplication_nodes_are_marked():
    paper, row = module("paper"), module("tables").read_rows("feynman")[0]
    marked = [
        paper.edgewise_values(row, [[tried("general", 1.0, 1.0, shape)]], 1000)["note"]
        for shape in ("[2,1x2,1]", "[2,2,1]")
    ]
    assert ["multiplication" in str(note) for note in marked] == [True, False]


@pytest.mark.parametrize("hidden, parameters", [(2, 51), (3, 700), (2, 7000)])
def test_mlps_have_the_asked_for_number_of_parameters(hidden, parameters):
    peers = module("peers")
    width = peers.width_for(2, hidden, parameters)
    network = peers.perceptron(2, width, hidden, "tanh", 0)
    actual = sum(p.numel() for p in network.parameters())
    assert actual == peers.count(2, width, hidden)
    assert abs(actual - parameters) < 0.1 * parameters


# ---------------------------------------------------------------------------------------------------- commands


def check_smoke(name: str, folder: Path, columns: Sequence[str], *more: str) -> list[dict[str, str]]:
    committed = ROOT / "experiments" / name
    before = {
        path: path.read_bytes() for path in committed.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert command(name, "--smoke", *more, "--out", str(folder)) == 0
    found = records(folder)
    assert found and set(columns) <= set(found[0])
    assert (folder / "README.md").read_text(encoding="utf-8").startswith("# ")
    assert before == {
        path: path.read_bytes() for path in committed.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    return found


@pytest.mark.parametrize("name", ["special_functions", "feynman", "own_functions"])
def test_smoke_of_a_table(name, tmp_path):
    found = check_smoke(name, tmp_path, module("paper").COLUMNS)
    assert len(found) == 2 and all(0 < float(record["edgewise_best"]) < 1 for record in found)
    assert (tmp_path / "result.png").exists()


def test_smoke_of_the_peers(tmp_path):
    """MLPs of equal size, then 10 and 100 times as large and of the kind that was best; pykan where it is installed."""
    assert command("special_functions", "--smoke", "--rows", "ellipj", "--peers", "--out", str(tmp_path)) == 0
    (found,) = records(tmp_path)
    peers = module("peers")
    columns = ["mlp_best", "mlp_median", "mlp_10x", "mlp_100x", *(["pykan_same_data"] if peers.has_pykan() else [])]
    assert all(0 < float(found[column]) < 1 for column in columns)
    assert peers.kind_of(found["mlp_what"]) in peers.KINDS
    assert 0.5 < float(found["mlp_parameters"]) / float(found["parameters"]) < 2


def test_large_mlps_wait_for_those_of_equal_size(tmp_path, capsys):
    assert command("special_functions", "--smoke", "--rows", "ellipj", "--out", str(tmp_path)) == 0
    assert (
        command("special_functions", "--smoke", "--rows", "ellipj", "--peers", "mlp_large", "--out", str(tmp_path)) == 1
    )
    assert "the MLP of equal size is not there yet" in capsys.readouterr().err


def test_smoke_of_symbolic_recovery(tmp_path):
    found = check_smoke("symbolic_recovery", tmp_path, module("symbolic_recovery.run").COLUMNS, "--noise", "0")
    assert len(found) == 2 and all(record["exact"] in "01" for record in found)
    before = (tmp_path / "result.csv").read_bytes()
    again = command("symbolic_recovery", "--smoke", "--noise", "0", "--out", str(tmp_path))
    assert again == 0  # all of it is there already
    assert (tmp_path / "result.csv").read_bytes() == before


def test_all_equations_have_rows_and_a_law_is_told_from_its_neighbour():
    equations, judging = module("symbolic_recovery.equations").equations(), module("symbolic_recovery.judging")
    assert sum(one.table == "feynman" for one in equations.values()) == 100 and len(equations) >= 140
    for one in equations.values():
        assert len(one.rows(50, "test")[1]) > 5 and judging.off_by(one.expression, one) == 0.0, one.name
    kepler = equations["textbook/kepler"]
    near = kepler.expression * sympy.Float(1 + 1e-6)
    assert judging.off_by(near, kepler) > judging.EXACT
    assert judging.off_by(judging.refitted(near, kepler), kepler) <= judging.EXACT
    assert judging.off_by(kepler.expression + sympy.Symbol("a") / 100, kepler) > 1e-4


def test_smoke_of_toy_functions(tmp_path):
    found = check_smoke("toy_functions", tmp_path, module("toy_functions.run").COLUMNS)
    assert [record["name"] for record in found] == ["bessel", "exp_sin"]
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        assert {point["series"] for point in csv.DictReader(file)} == {"ample", "paper"}


def test_toy_functions_are_as_the_paper_prints_them_and_shapes_count_as_models_do():
    import edgewise as ew

    toys = {toy.name: toy for toy in module("toy_functions.functions").TOYS}
    X = np.random.default_rng(0).uniform(-1, 1, (20, 100))
    x = X.T
    wanted = {
        "bessel": scipy.special.jv(0, 20 * x[0]),
        "exp_sin": np.exp(np.sin(np.pi * x[0]) + x[1] ** 2),
        "product": x[0] * x[1],
        "hundred": np.exp((np.sin(np.pi * X / 2) ** 2).sum(1) / 100),
        "deep": np.exp(0.5 * (np.sin(np.pi * (x[0] ** 2 + x[1] ** 2)) + np.sin(np.pi * (x[2] ** 2 + x[3] ** 2)))),
        "tanh": np.tanh(5 * ((X[:, :3] ** 4).sum(1) - 1)),
        "distance": np.sqrt((x[0] - x[1]) ** 2 + (x[2] - x[3]) ** 2),
        "sines": np.sin(np.pi * x[0]) * np.sin(np.pi * x[1] ** 2),
    }
    assert set(wanted) == set(toys)
    for name, y in wanted.items():
        toy = toys[name]
        assert np.allclose(toy.row.function(X[:, : len(toy.row.inputs)]), y, atol=1e-13), name
        assert toy.parameters(7) == ew.summary(ew.KAN(toy.shape, grid_size=7)).parameters, name


ABLATIONS = "base: none,penalty: L1 and entropy of the paper,optimizer: adam,initial: LeCun,initial Adam: pykan"


OTHERS = {  # those that take a few seconds; `make experiments` runs all of them
    "noise": "exp_sin",
    "ablations": ABLATIONS,
    "continual_learning": "plane,drift",
    "mechanics": "oscillator,stress_12",
    "theorem": "product",
    "hybrids": "hard,digits",
    "unsupervised": "six",
    "teaching_examples": "product",
    "knots": "rule,formula,kan_three,mlp",
}


@pytest.mark.parametrize("name, rows", OTHERS.items())
def test_smoke_of_the_others(name, rows, tmp_path):
    assert command(name, "--smoke", "--rows", rows, "--out", str(tmp_path)) == 0
    assert {record["name"] for record in records(tmp_path)} == set(rows.split(","))


def test_smoke_of_the_equations(tmp_path):
    assert command("pde", "--smoke", "--rows", "poisson hard,corner feature,inverse", "--out", str(tmp_path)) == 0
    assert {record["name"] for record in records(tmp_path)} == {"poisson hard", "corner feature", "inverse"}
    assert all(float(record["l2"]) > 0 and record["h1"] and record["parameters"] for record in records(tmp_path))
    assert "Poisson" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_exact_solutions_satisfy_their_equations():
    from edgewise.pde.field import Field
    from edgewise.pde.indices import Indices

    problems, references = module("pde.problems"), module("pde.references")
    solutions = {"poisson": "paper", "peaks": "peaks", "helmholtz": "waves", "heat": "warmth", "kovasznay": "kovasznay"}
    solutions |= {"helmholtz hard": "waves", "corner": "corner"}
    functions = {name: getattr(problems, function) for name, function in solutions.items()}
    for name, function in {**functions, "burgers": references.burgers(0.01)}.items():
        problem = problems.PROBLEMS[name]
        x = references.of_function(function, problem.box, 200).x.requires_grad_()
        indices, made = Indices.closing([(2, 0), (0, 2)]), []
        for entry in indices.entries:
            columns = []
            for column in function(x).unbind(1):
                for axis, times in enumerate(entry):
                    for _ in range(times):
                        column = torch.autograd.grad(column.sum(), x, create_graph=True)[0][:, axis]
                columns.append(column)
            made.append(torch.stack(columns, 1))
        field = Field(torch.stack(made), indices, {})
        residual = problem.equation(field, x)
        rows = residual if isinstance(residual, tuple) else (residual,)
        scale = float(torch.stack(made).detach().abs().max())
        assert max(float(row.detach().abs().max()) for row in rows) < 1e-10 * scale, name


def test_the_spectral_solution_does_not_depend_on_its_resolution():
    coarse = module("pde.references").allen_cahn(diffusion=1e-2, modes=512, steps=500)
    fine = module("pde.references").allen_cahn(diffusion=1e-2, modes=1024, steps=1000)
    assert torch.equal(coarse.x, fine.x)
    late = coarse.x[:, 1] > 0.1  # the kink at the start fades
    assert float((coarse.values - fine.values)[late].norm() / fine.values[late].norm()) < 1e-5


def test_networks_on_images_have_equal_numbers_of_parameters():
    networks = module("images.networks")
    for names, image, wanted in ((networks.FLAT, (1, 28, 28), 100_000), (networks.CONVOLUTIONAL, (3, 32, 32), 33_000)):
        for name in names:
            width = networks.width_for(name, image, 10, wanted)
            built = networks.build(name, image, width, 10, 0)
            parameters = sum(p.numel() for p in built.parameters())
            assert parameters == networks.count(name, image, width, 10)
            assert abs(parameters / wanted - 1) < 0.1, name
            assert built(torch.zeros(2, *image)).shape == (2, 10)


def test_images_are_read_as_idx_files_and_others_are_refused(tmp_path):
    data, rng = module("images.data"), np.random.default_rng(0)
    with pytest.raises(SystemExit, match="has no train-images-idx3-ubyte"):
        data.load(tmp_path)
    pixels = {part: rng.integers(0, 256, (count, 4, 3), dtype=np.uint8) for part, count in (("train", 9), ("t10k", 5))}
    for part, images in pixels.items():
        head = b"".join(int(size).to_bytes(4, "big") for size in images.shape)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(bytes((0, 0, 8, 3)) + head + images.tobytes())
        classes = bytes(range(len(images)))
        packed = gzip.compress(bytes((0, 0, 8, 1)) + len(images).to_bytes(4, "big") + classes)
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(packed)
    found = data.load(tmp_path)
    assert found.pixels == 12 and found.test[1].tolist() == [0, 1, 2, 3, 4]
    train = pixels["train"].astype(float)
    want = (pixels["t10k"] - train.mean()) / train.std(ddof=1)
    assert np.allclose(found.test[0][:, 0].numpy(), want, atol=1e-5)
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(b"no idx file at all")
    with pytest.raises(SystemExit, match="is no idx file"):
        data.load(tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_images_are_read_as_jpeg_files_by_class(tmp_path, packed: bool):
    from PIL import Image

    data, folder = module("images.data"), tmp_path / "cifar"
    for part, count in (("train", 3), ("test", 2)):
        for shade, name in ((0, "cat"), (255, "ant")):
            (folder / part / name).mkdir(parents=True)
            for n in range(count):
                Image.new("RGB", (6, 5), (shade, n, 0)).save(folder / part / name / f"{n}.jpg")
    where = folder
    if packed:
        where = Path(shutil.make_archive(str(tmp_path / "cifar10"), "zip", folder))
    found = data.load(where)
    assert found.train[0].shape == (6, 3, 5, 6) and found.test[1].tolist() == [0, 0, 1, 1]
    assert bool((found.test[0][:2, 0] > found.test[0][2:, 0]).all())
    assert module("images.run").set_of(where) == "CIFAR-10"
    (folder / "test" / "ant" / "0.jpg").write_bytes(b"no image")
    with pytest.raises(SystemExit, match="no JPEG image"):
        data.load(folder)


def test_images_say_which_data_they_need(tmp_path):
    with pytest.raises(SystemExit, match="images needs --data PATH"):
        command("images", "--out", str(tmp_path))


def test_published_initial_functions_have_the_spread_they_promise():
    import edgewise as ew

    x = torch.rand(500, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    initial = module("ablations.initial")

    def spreads(scheme: str) -> list[float]:
        with torch.no_grad():
            nodes = initial.initialised(ew.KAN((3, 64, 64, 64), grid_size=5), scheme, 0).trace(x)[1].nodes
        return [float(a.std()) for a in nodes]

    assert all(0.8 < spread / math.sqrt(1 / 3) < 1.25 for spread in spreads("LeCun"))  # kept forwards
    assert spreads("pykan")[-1] < 0.1 * spreads("LeCun")[-1]
    with pytest.raises(ValueError, match="unknown scheme 'nonsense'"):
        initial.initialised(ew.KAN((2, 1)), "nonsense", 0)


def test_smoke_of_the_comparison_says_so_where_no_peers_are_known(tmp_path):
    assert command("fair_comparison", "--smoke", "--out", str(tmp_path)) == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# KANs and MLPs")


def test_the_comparison_counts_who_is_lower_by_how_much():
    rows = [
        {"name": "a", "edgewise_best": "1e-6", "mlp_best": "1e-4"},
        {"name": "b", "edgewise_best": "4e-6", "mlp_best": "2e-6"},
        {"name": "c", "edgewise_best": "1e-6", "mlp_best": ""},
    ]
    found = module("fair_comparison.run").compare(rows, "mlp_best")
    assert (found["rows"], found["kan_wins"], found["peer_wins"]) == (2, 1, 1)
    assert found["median_factor"] == pytest.approx(50.25) and found["where_peer_wins"] == "b (2)"
    assert module("fair_comparison.run").compare(rows, "mlp_10x") is None


# ---------------------------------------------------------------------------------------------------- mechanics


def test_known_quantities_are_conserved_and_the_lagrangian_moves_as_told():
    systems = module("mechanics.systems")
    X = systems.away(systems.drawn(50, 4, 0)).requires_grad_()
    for velocity, known in (
        (systems.springs, systems.spring_quantities),
        (systems.orbit, systems.orbit_quantities),
    ):
        for one in known(X):
            (slope,) = torch.autograd.grad(one.sum(), X, retain_graph=True)
            assert float((slope * velocity(X)).sum(1).detach().abs().max()) < 1e-9

    class Truth(torch.nn.Module):
        def forward(self, x):
            return (1 - (1 - x[:, 1:] ** 2).sqrt() - x[:, :1] ** 2 / 2).double()

    rows = systems.drawn(50, 2, 0, reach=0.9)
    _, slope, bend = systems.derivatives(Truth(), rows)
    left = bend[:, 1] * systems.motion(rows) + bend[:, 0] * rows[:, 1] - slope[:, 0]
    assert float(left.detach().abs().max()) < 1e-12


def test_the_weak_form_gives_the_constants_of_a_trajectory(monkeypatch):
    lorenz = module("mechanics.lorenz")
    monkeypatch.setattr(lorenz, "NOISE", 0.0)
    times, states = lorenz.trajectory(0, 1000)
    for column, law in enumerate(lorenz.LAW):
        expression = sum(sympy.sympify(term) for term in law)
        found = lorenz.weak(expression, column, times, states, states)
        assert set(found) == set(law) and all(abs(found[term] / law[term] - 1) < 1e-3 for term in law)


def test_hybrids_have_about_as_many_parameters_as_what_they_are_compared_with():
    networks, tasks = module("hybrids.networks"), module("hybrids.tasks").TASKS
    for inputs, classes, wanted in {(6, task.classes, task.parameters) for task in tasks.values()}:
        for name in networks.NETWORKS:
            built = networks.build(name, inputs, classes, wanted, 0)
            assert abs(networks.parameters(built) / wanted - 1) < 0.15, name
            assert built(torch.zeros(3, inputs, dtype=torch.float64)).shape == (3, classes)


def test_the_gallery_shows_every_experiment_that_has_results(tmp_path):
    gallery, names = module("gallery"), {"new": "what is new", "empty": "nothing yet"}
    (tmp_path / "new").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "new" / "result.csv").write_text("name,seconds,seeds\na,30,4\n", encoding="utf-8")
    (tmp_path / "new" / "README.md").write_text("# The new one\n", encoding="utf-8")
    page = gallery.build(tmp_path, names)
    assert "[The new one](new/README.md)" in page and "What is new." in page and "2 min of CPU time, 1 rows" in page
    assert "python -m experiments new" in page and "result.png" not in page and "Nothing yet" not in page
    (tmp_path / "new" / "result.png").write_bytes(b"")
    assert "(new/result.png)" in gallery.build(tmp_path, names)


def test_the_committed_gallery_names_all_that_has_results():
    """After a new experiment: python -m experiments gallery."""
    main, gallery = module("__main__"), module("gallery")
    page = (ROOT / "experiments" / gallery.PAGE).read_text(encoding="utf-8")
    with_results = [name for name in main.NAMES if (ROOT / "experiments" / name / "result.csv").exists()]
    missing = [name for name in with_results if not re.search(rf"`python -m experiments {name}( --seeds \d+)?`", page)]
    assert not missing, f"run `python -m experiments gallery`: {missing} have results and are not in its page"


def test_all_runs_every_experiment_and_says_which_failed(monkeypatch, capsys):
    main = module("__main__")
    ran = []

    class Fake:
        @staticmethod
        def run(chosen):
            ran.append(chosen)
            return len(ran) == 2

    monkeypatch.setattr(main, "NAMES", {"a": "one", "b": "two", "c": "three"})
    monkeypatch.setattr(main, "import_module", lambda name: Fake)
    assert command("all", "--smoke") == 1
    assert len(ran) == 3 and all(chosen.smoke for chosen in ran)
    assert "2 of 3 experiments ran; not b" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------------- honesty


@pytest.mark.slow
def test_smoke_of_honesty(tmp_path):
    rows = "uniform_1,kink,diabetes,iris"
    assert command("honesty", "--smoke", "--rows", rows, "--out", str(tmp_path)) == 0
    found = records(tmp_path)
    assert len(found) == 2 * (1 + 1 + 5 + 5)  # stages of each table and fold
    measures = {record["name"]: record["measure"] for record in found}
    assert measures == {"uniform_1": "r2", "kink": "rmse", "diabetes": "rmse", "iris": "cross_entropy"}
    assert all(math.isfinite(float(record["claimed"]) + float(record["true"])) for record in found)
    assert "claimed / true" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_new_rows_are_no_rows_of_the_fit():
    cases = module("honesty.cases")
    for name in ("normal_1", "kink", "iris"):
        tables = [cases.table_of(name, 0, fold) for fold in cases.folds_of(name)]
        assert np.array_equal(tables[0].X, cases.table_of(name, 0, 0).X)
        assert not np.array_equal(tables[0].y, cases.table_of(name, 1, 0).y)
        if name == "iris":  # whose rows are not all different
            counts = [np.bincount(np.concatenate([table.y, table.new_y])) for table in tables]
            assert all(np.array_equal(count, [50, 50, 50]) for count in counts)
            assert sum(len(table.new_y) for table in tables) == 150
        else:
            assert not np.isin(tables[0].new_X, tables[0].X).any() and len(tables[0].new_X) == cases.NEW


def test_noise_has_nothing_to_do_with_its_inputs():
    cases = module("honesty.cases")
    for name in cases.NOISE:
        table = cases.table_of(name, 0, 0)
        assert 100 <= len(table.X) <= 500 and 3 <= table.X.shape[1] <= 10
        assert np.abs(np.corrcoef(table.new_X.T, table.new_y)[-1, :-1]).max() < 0.05


def constant(*outputs: float) -> torch.nn.Module:
    """A model of one input that always says this."""
    model = torch.nn.Linear(1, len(outputs)).double()
    with torch.no_grad():
        model.weight.zero_()
        model.bias.copy_(torch.tensor(outputs))
    return model


def test_the_truth_about_a_model_is_its_error_on_new_rows():
    Table, truth = module("honesty.cases").Table, module("honesty.claims").truth
    X, y, codes = np.zeros((4, 1)), np.array([1.0, -1.0, 3.0, 1.0]), np.array([0, 1, 1, 0])
    assert truth(constant(0.0), Table(X, y, X, y)) == {"rmse": pytest.approx(math.sqrt(3)), "r2": pytest.approx(-0.5)}
    wanted = {"cross_entropy": pytest.approx((math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2), "accuracy": 0.5}
    assert truth(constant(1.0, -1.0), Table(X, codes, X, codes)) == wanted


def test_exponent_is_the_slope_and_a_constant_does_not_change_it():
    exponent = module("toy_functions.series").exponent
    assert exponent([10, 30, 90], [7 * size**-3.5 for size in (10, 30, 90)]) == pytest.approx(3.5)


def test_rows_are_chosen_and_the_others_kept(tmp_path):
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 0
    kept = records(tmp_path)
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "II.38.3,I.30.5") == 0
    found = records(tmp_path)
    assert [record["name"] for record in found] == ["I.27.6", "I.30.5", "II.38.3"]
    assert found[0] == kept[0]


def test_a_row_that_fails_keeps_its_old_record_and_is_told(tmp_path, monkeypatch, capsys):
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 0
    before = records(tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(module("training"), "attempts", fail)
    assert command("feynman", "--smoke", "--out", str(tmp_path), "--rows", "I.27.6") == 1
    assert records(tmp_path) == before and "I.27.6" in (told := capsys.readouterr().err) and "no such luck" in told


def test_ctrl_c_keeps_the_rows_that_were_finished(tmp_path, monkeypatch, capsys):
    training, calls = module("training"), []
    attempts = training.attempts

    def cut_off(row, *rest):
        calls.append(row.name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return attempts(row, *rest)

    monkeypatch.setattr(training, "attempts", cut_off)
    assert command("feynman", "--smoke", "--out", str(tmp_path)) == 130
    assert [record["name"] for record in records(tmp_path)] == calls[:1]
    assert "result.csv" in capsys.readouterr().err


def test_a_fit_that_was_cut_short_is_no_result(monkeypatch):
    import edgewise as ew

    def press(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        module("training").fit(
            ew.KAN((1, 1)), np.linspace(0, 1, 40)[:, None], np.linspace(0, 1, 40), callbacks=(press,)
        )


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("feinman",), "did you mean 'feynman'"),
        (("feynman", "--rows", "I.27.7"), "did you mean"),
        (("feynman", "--seeds", "0"), "at least 1"),
    ],
)
def test_mistakes_end_in_one_line_that_says_what_to_do(arguments, said, capsys):
    try:
        status = command(*arguments)
    except SystemExit as stop:
        status = stop.code
        print(stop.code, file=sys.stderr)
    assert status not in (0, None) and said in capsys.readouterr().err


def test_the_command_runs_from_a_checkout():
    done = subprocess.run([sys.executable, "-m", "experiments", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and all(name in done.stdout for name in module("__main__").NAMES)


# ---------------------------------------------------------------------------------------------------- tabular


@pytest.mark.slow
def test_smoke_of_tables_goes_on_where_it_was_stopped(tmp_path, capsys):
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    found = check_smoke("tabular", tmp_path, module("tabular.run").COLUMNS)
    assert {record["key"] for record in found} == {
        f"{table}/{method}" for table in ("tiny", "iris") for method in ("ridge", "edgewise_additive")
    }
    assert all(0 < float(record["error"]) < 1 and record["folds"] == "1" for record in found)
    before = (tmp_path / "folds.csv").read_bytes()
    capsys.readouterr()
    assert command("tabular", "--smoke", "--rows", "tiny,ridge", "--out", str(tmp_path)) == 0
    assert "tiny" not in capsys.readouterr().out and (tmp_path / "folds.csv").read_bytes() == before


def test_a_fit_that_fails_or_takes_too_long_is_recorded_as_such(monkeypatch):
    children = module("tabular.children")
    jobs = [children.Fit("no such table", "ridge", 0)]
    ((_, found),) = children.fits(jobs, 1, 60)
    assert found == {"note": "KeyError: 'no such table'"}
    monkeypatch.setattr(children, "WAITING", 0)
    ((_, found),) = children.fits(jobs, 1, 60)
    assert found == {"note": "took more than 60 s of CPU"}


def test_each_row_of_a_table_is_new_once_and_folds_share_the_classes():
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    tables = module("tabular.tables")
    for name in ("tiny", "iris"):
        table = tables.read(name)
        parts = [tables.fold_of(table, name, fold) for fold in range(tables.FOLDS)]
        assert sum(len(new) for _, new in parts) == len(table)
        assert np.array_equal(np.sort(np.concatenate([new.y for _, new in parts])), np.sort(table.y))
        for old, new in parts:
            both = np.concatenate([old.X.to_numpy(), new.X.to_numpy()])
            assert np.array_equal(np.sort(both, axis=0), np.sort(table.X.to_numpy(), axis=0))
            if name == "iris":
                assert np.bincount(new.y).tolist() == [10, 10, 10]


def test_text_and_missing_cells_become_numbers_by_the_training_rows_alone():
    pandas = pytest.importorskip("pandas")
    Rows, preparing = module("tabular.tables").Rows, module("tabular.preparing")
    y = np.zeros(4)
    old = Rows(pandas.DataFrame({"a": [1.0, np.nan, 3.0, 5.0], "b": ["u", "v", None, "v"], "c": [7, 7, 7, 7]}), y, 0)
    new = Rows(pandas.DataFrame({"a": [np.nan, 9.0], "b": ["w", "u"], "c": [8, 7]}), y[:2], 0)
    dense = preparing.dense(old, new)  # a, a is missing, b = missing, u, v; c is constant
    assert dense.old.tolist() == [[1, 0, 0, 1, 0], [3, 1, 0, 0, 1], [3, 0, 1, 0, 0], [5, 0, 0, 0, 1]]
    assert dense.new.tolist() == [[3, 1, 0, 0, 0], [9, 0, 0, 1, 0]]
    coded = preparing.coded(old, new)
    assert np.array_equal(coded.old[:, 1], [0, 1, np.nan, 1], equal_nan=True) and coded.text == [1]
    assert np.array_equal(coded.new, [[np.nan, np.nan, 8], [9, 0, 7]], equal_nan=True)
    filled = preparing.filled(old, new)
    assert filled.old.tolist() == [[1, 0, 0], [3, 1, 1], [3, 0, 2], [5, 0, 1]] and filled.levels == (0, 0, 3)
    assert np.isfinite(filled.new).all()


def test_the_conclusion_names_the_methods_that_are_best_and_near_it():
    conclusions, summary = module("tabular.conclusions"), module("tabular.summary")
    errors = {"edgewise": 0.9, "ridge": 2.0, "mlp": 1.0, "forest": 1.0, "boosting": 1.0, "lightgbm": 1.0, "gam": 0.91}
    sizes = {"rows": "100", "text": "0", "missing": "0", "classes": "0"}
    records = [
        {"table": table, "method": method, "fold": "0", "error": str(error), **sizes}
        for table in ("tiny", "auto")
        for method, error in errors.items()
    ]
    (line,) = conclusions.by_kind(records)
    assert line["kind"].startswith("numbers, up to") and line["tables"] == "2"
    assert line["best"] == "edgewise (0.9)" and line["good"] == "gam (0.91)"
    assert "0.45 times its error in the median" in conclusions.beside(records, "ridge")
    assert conclusions.beside(records, "ebm") == "" and summary.errors_of(records)["tiny"]["mlp"] == {0: 1.0}


def test_fits_to_many_rows_tell_their_error_time_and_memory():
    many = module("tabular.many_rows")
    found = many.fit_one(many.Case("fit", 1000, 14))
    assert 0.95 * many.NOISE < found["error"] < 1.25 * many.NOISE
    assert found["fit_seconds"] > 0 and found["memory"] >= found["given"]
    assert set(found) <= set(many.COLUMNS)


def test_ranks_count_failed_fits_last_and_leave_out_methods_that_lack_half_of_the_tables():
    summary = module("tabular.summary")
    own = {"ridge": {0: 1.0}, "mlp": {0: 2.0}, "forest": {0: math.inf}}
    found = summary.ranks({"a": own, "b": own | {"gam": {0: 0.1}}})
    assert found.means == {"ridge": 1.0, "mlp": 2.0, "forest": 3.0} and found.tables == 2
    assert summary.ranks({"a": own}) is None


def test_parts_of_the_transformer_have_equal_numbers_of_parameters():
    networks = module("language.networks")
    sizes = {name: networks.size(networks.Reader(name, 74, 0)) for name in networks.PARTS}
    assert max(sizes.values()) < 1.02 * min(sizes.values()), sizes


def test_the_transformer_reads_no_character_before_its_time():
    networks = module("language.networks")
    reader = networks.Reader("KAN", 5, 0).eval()
    text = torch.randint(0, 5, (1, 12), generator=torch.Generator().manual_seed(0))
    other = text.clone()
    other[0, 7:] = (other[0, 7:] + 1) % 5
    with torch.no_grad():
        one, two = reader(text), reader(other)
    assert torch.equal(one[0, :7], two[0, :7]) and not torch.allclose(one[0, 7:], two[0, 7:])


def test_each_task_of_the_digits_has_its_own_classes():
    digits = module("class_incremental.digits").load(1)
    assert sum(len(x) for x, _ in digits.tasks) + len(digits.test[0]) == 1797
    rows = {tuple(row) for x, _ in digits.tasks for row in x.tolist()}
    assert sum(tuple(row) in rows for row in digits.test[0].tolist()) < 5, "few digits are alike, none is taken twice"


def test_the_linear_head_forgets_nothing():
    digits, heads = module("class_incremental.digits").load(0), module("class_incremental.heads")
    one, two = (list(heads.linear(tasks))[-1][0] for tasks in (digits.tasks, [digits.together]))
    assert torch.allclose(one(digits.test[0]), two(digits.test[0]), atol=1e-9)
