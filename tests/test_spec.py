"""The description of a model and its tensors give the model back, or a message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewise.errors import CheckpointError
from edgewise.metadata import Metadata
from edgewise.model import KAN
from edgewise.spec import from_spec, spec_of
from edgewise.transforms import remove
from helpers import assert_equal, assert_no_shared_storage
from transforms.networks import SHAPES, points, rich

NAMED = pytest.mark.parametrize("name", list(SHAPES))


@NAMED
def test_spec_and_state_give_the_model_back(name: str):
    model = remove(rich(SHAPES[name]), nodes=[(0, 0)])
    model = model.build(
        metadata=Metadata(
            inputs=("a=x", "a=y", "b")[: model.features],
            categories={"a": ("x", "y")},
            ranges=((0.0, 1.0),) * model.features,
            task="regression",
        )
    )
    spec = json.loads(json.dumps(spec_of(model)))
    again = from_spec(spec, model.state_dict())
    assert_equal(again(points(model)), model(points(model)))
    for attribute in ("topology", "config", "metadata", "edits"):
        assert getattr(again, attribute) == getattr(model, attribute)
    assert_no_shared_storage(again, model)


@pytest.mark.parametrize(
    "broken",
    [
        lambda s: s.pop("topology"),
        lambda s: s["layers"].pop(),
        lambda s: s["config"].update(degree=9),
        lambda s: s.update(edits=3),
    ],
)
def test_a_broken_description_is_refused(broken: Any):
    model = KAN((2, 3, 1))
    spec = json.loads(json.dumps(spec_of(model)))
    broken(spec)
    with pytest.raises(CheckpointError):
        again = from_spec(spec, model.state_dict())
        again(points(model))
