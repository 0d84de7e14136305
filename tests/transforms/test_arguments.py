"""Every verb takes the result of a fit where it takes a model, and rows of any kind where it takes rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import edgewise as ew
from edgewise.errors import StructureError
from edgewise.metadata import Metadata
from helpers import assert_equal, state_of

EDGE = (0, 1, 2)
X = torch.rand(40, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

# verb -> a call of it with a model and rows
VERBS: dict[str, Callable[[Any, Any], Any]] = {
    "adapt": lambda model, rows: ew.adapt(model, rows),
    "attribute": lambda model, rows: ew.attribute(model, rows),
    "deepen": lambda model, rows: ew.deepen(model, 1),
    "edge": lambda model, rows: ew.edge(model, EDGE)(0.3),
    "export": lambda model, rows: ew.export(model, to="c"),
    "extend": lambda model, rows: ew.extend(model, rows),
    "formula": lambda model, rows: str(ew.formula(model)),
    "merge": lambda model, rows: ew.merge(model, rows),
    "perturb": lambda model, rows: ew.perturb(model),
    "plot": lambda model, rows: curves(ew.plot(model, rows)),
    "prune": lambda model, rows: ew.prune(model, rows, threshold=0.5),
    "refine": lambda model, rows: ew.refine(model),
    "remove": lambda model, rows: ew.remove(model, edges=[EDGE], X=rows),
    "set_symbolic": lambda model, rows: ew.set_symbolic(model, {EDGE: ("sin", 1.0, 0.0, 1.0, 0.0)}),
    "suggest": lambda model, rows: [str(one) for one in ew.suggest(model, rows, EDGE, primitives=("x", "sin"))],
    "summary": lambda model, rows: ew.summary(model),
    "swap": lambda model, rows: ew.swap(model, 1, 0, 1),
    "tidy": lambda model, rows: ew.tidy(model),
    "unset_symbolic": lambda model, rows: ew.unset_symbolic(model, X=rows),
    "widen": lambda model, rows: ew.widen(model, 1),
}
WITH_ROWS = ("adapt", "attribute", "extend", "merge", "plot", "prune", "remove", "suggest", "unset_symbolic")


@dataclass(frozen=True)
class Result:
    """What `fit` gives back, as far as a verb cares."""

    model: Any


def network() -> ew.KAN:
    model = ew.set_symbolic(ew.KAN((2, 3, 1), seed=3), {(0, 0, 1): ("x^2", 1.0, 0.0, 1.0, 0.0)})
    return model.build(metadata=Metadata(inputs=("u", "v"), outputs=("y",)))


def curves(figure: Any) -> list[Any]:
    """What lines a picture draws."""
    lines = [collection.get_paths() for collection in figure.axes[0].collections]
    return [path.vertices for paths in lines for path in paths] + [text.get_text() for text in figure.axes[0].texts]


def plain(result: Any) -> Any:
    return state_of(result) if isinstance(result, ew.KAN) else result


@pytest.mark.parametrize("verb", VERBS)
def test_the_result_of_a_fit_stands_for_its_model(verb: str):
    model = network()
    assert_equal(plain(VERBS[verb](Result(model=model), X)), plain(VERBS[verb](model, X)))
    with pytest.raises(StructureError, match=f"{verb} takes an edgewise.KAN, got Linear"):
        VERBS[verb](Result(model=torch.nn.Linear(2, 1)), X)


@pytest.mark.parametrize("verb", WITH_ROWS)
def test_rows_of_every_kind_give_the_same(verb: str):
    model, want = network(), plain(VERBS[verb](network(), X))
    for rows in (X.numpy(), X.tolist(), {"v": X[:, 1].numpy(), "u": X[:, 0].numpy()}):
        assert_equal(plain(VERBS[verb](model, rows)), want)
    pd = pytest.importorskip("pandas", reason="pandas is an optional package")
    frame = pd.DataFrame({"other": "text", "v": X[:, 1].numpy(), "u": X[:, 0].numpy()}, index=np.arange(40) + 7)
    assert_equal(plain(VERBS[verb](model, frame)), want)


def test_a_result_is_saved_as_its_model(tmp_path):
    ew.save(Result(model=network()), tmp_path / "kan.safetensors")
    assert_equal(state_of(ew.load(tmp_path / "kan.safetensors")), state_of(network()))


def test_scores_are_shown_with_the_names_of_the_columns():
    scores = ew.attribute(network(), X)
    assert scores.inputs == ("u", "v")
    assert repr(scores) == "Attribution(u {:.3g}, v {:.3g})".format(*scores.features.tolist())
    assert ew.attribute(ew.KAN((2, 1)), X).inputs == ("x1", "x2")
