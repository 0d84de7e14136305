"""Description: what a file says of a model is read back as it was, and must agree with itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from altered import networks
from edgewise.errors import CheckpointError
from edgewise.spec import spec_of
from edgewise.spec.description import Description

NETWORKS = networks()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_description_comes_back_from_json(name: str) -> None:
    model = NETWORKS[name]
    assert Description.read(json.loads(json.dumps(spec_of(model)))) == Description.of(model)


def test_a_field_that_files_of_before_lack_has_its_value_of_then() -> None:
    spec = json.loads(json.dumps(spec_of(NETWORKS["plain"])))
    del spec["metadata"]["loss"], spec["metadata"]["encoding"]["merged"]
    assert Description.read(spec) == Description.of(NETWORKS["plain"])


@pytest.mark.parametrize(
    ("network", "change", "message"),
    [
        ("plain", lambda s: s["config"].update(degree=99), r"spec.config: degree must be .* from 0 to 7, got 99"),
        ("plain", lambda s: s["config"].update(domain=[1, -1]), "spec.config: domain must be"),
        ("plain", lambda s: s["config"].update(surprise=1), "spec.config holds the unknown 'surprise'"),
        ("plain", lambda s: s["config"].pop("seed"), "spec.config lacks seed"),
        (
            "plain",
            lambda s: s["config"].update(widths=[[2, []], [4, []], [1, []]]),
            "config.widths are .* the topology",
        ),
        ("plain", lambda s: s["config"].update(widths=3), "spec.config.widths is 3, wanted a list"),
        ("plain", lambda s: s["topology"]["node_ids"].__setitem__(1, [0, 0, 1]), r"node_ids\[1\] holds 0 twice"),
        ("plain", lambda s: s["layers"].pop(), "spec.layers has 1 entries for 2 layers"),
        ("plain", lambda s: s["layers"][1].update(degree=2), r"layers\[1\].degree is 2, but 3 in the config"),
        ("no base", lambda s: s["layers"][0].update(base="silu"), r"base is 'silu', but 'none' in the config"),
        ("symbolic", lambda s: s["layers"][0]["symbolic"][0].__setitem__(2, 2), "runs from node 0 to 2; .* 2 targets"),
        ("symbolic", lambda s: s["layers"][0]["symbolic"][1].__setitem__(0, "sine"), "no closed form is called 'sine'"),
        ("symbolic", lambda s: s["layers"][0]["symbolic"][1].__setitem__(0, "x^1/0"), r"layers\[0\].symbolic"),
        (
            "symbolic",
            lambda s: s["layers"][0].update(symbolic=[["sin", 0, 1], ["cos", 0, 1]]),
            r"two closed forms.*\(0, 1\)",
        ),
        (
            "classes",
            lambda s: s["metadata"].update(task="squared_error"),
            "metadata.task is 'squared_error', wanted one",
        ),
        ("classes", lambda s: s["metadata"]["inputs"].pop(), "metadata: inputs has 2 entries for 3 inputs"),
        ("fitted", lambda s: s["metadata"]["split"].pop(), r"metadata.split is \[.*\], wanted a list of 3 entries"),
        (
            "classes",
            lambda s: s["metadata"].update(loss="poisson"),
            "metadata: loss is 'poisson', .* but there are classes",
        ),
        ("counts", lambda s: s["metadata"].update(loss="huber"), "metadata.loss is 'huber', wanted one of"),
        ("pruned", lambda s: s["edits"][0].pop("detail"), r"spec.edits\[0\] lacks detail"),
    ],
)
def test_what_does_not_agree_is_named(network: str, change: Any, message: str) -> None:
    spec = json.loads(json.dumps(spec_of(NETWORKS[network])))
    change(spec)
    with pytest.raises(CheckpointError, match=message):
        Description.read(spec)


def test_sizes_that_a_description_claims_are_not_made() -> None:
    spec = json.loads(json.dumps(spec_of(NETWORKS["plain"])))
    spec["topology"]["features"] = 10**15  # would not fit in any memory
    spec["config"]["grid_size"] = [10**15, 10**15]
    with pytest.raises(CheckpointError, match="would need at least"):
        Description.read(spec)
    spec["config"]["grid_size"] = [3, 3]
    assert Description.read(spec).topology.features == 10**15  # its tensors will not have that many entries


def test_a_table_of_factors_that_outgrows_its_file_is_refused() -> None:
    """Every node is padded to the factors of the largest: a file of a few megabytes would take all memory."""
    count = 4000
    spec = json.loads(json.dumps(spec_of(NETWORKS["plain"])))
    spec["topology"]["node_ids"][1] = list(range(count + 1))
    spec["topology"]["factors"][1] = [*([n] for n in range(count)), list(range(count, 2 * count))]
    with pytest.raises(CheckpointError, match=r"factors\[1\] needs a table of 16004000 entries, wanted at most"):
        Description.read(spec)


def test_messages_stay_short_where_all_is_wrong() -> None:
    spec = json.loads(json.dumps(spec_of(NETWORKS["plain"])))
    spec["metadata"]["inputs"] = [str(n // 2) for n in range(10_000)]
    with pytest.raises(CheckpointError, match="8 problems") as caught:
        Description.read(spec)
    assert len(str(caught.value)) < 1000
