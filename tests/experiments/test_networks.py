"""Networks that are compared have equal numbers of parameters, start as published, and do not read ahead."""

from __future__ import annotations

import math

import pytest
import torch

from experiment_runs import module


@pytest.mark.parametrize("hidden, parameters", [(2, 51), (3, 700), (2, 7000)])
def test_mlps_have_the_asked_for_number_of_parameters(hidden, parameters):
    peers = module("peers")
    width = peers.width_for(2, hidden, parameters)
    network = peers.perceptron(2, width, hidden, "tanh", 0)
    actual = sum(p.numel() for p in network.parameters())
    assert actual == peers.count(2, width, hidden)
    assert abs(actual - parameters) < 0.1 * parameters


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


def test_hybrids_have_about_as_many_parameters_as_what_they_are_compared_with():
    networks, tasks = module("hybrids.networks"), module("hybrids.tasks").TASKS
    for inputs, classes, wanted in {(6, task.classes, task.parameters) for task in tasks.values()}:
        for name in networks.NETWORKS:
            built = networks.build(name, inputs, classes, wanted, 0)
            assert abs(networks.parameters(built) / wanted - 1) < 0.15, name
            assert built(torch.zeros(3, inputs, dtype=torch.float64)).shape == (3, classes)


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
