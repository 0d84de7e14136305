"""Fits to DataLoaders, whose batches are never listed."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import edgewise as ew
from edgewise.errors import ConfigError, EdgewiseError, TrainingError
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal

QUICK: dict[str, Any] = {"progress": False, "epochs": 3}


def rows(n: int = 120, seed: int = 0) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return x, torch.sin(x[:, :1]) + x[:, 1:2]


def loader(n: int = 120, seed: int = 0, **settings: Any) -> DataLoader:
    given: dict[str, Any] = {"batch_size": 20} | settings
    return DataLoader(TensorDataset(*rows(n, seed)), **given)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(ew.KANLayer(3, 4, domain=(-3, 3)), nn.LayerNorm(4), ew.KANLayer(4, 1))


class Counted(Dataset):
    """Rows made when asked for; how many batches of them are alive is counted."""

    def __init__(self) -> None:
        self.alive: list[weakref.ref] = []
        self.most = 0

    def __len__(self) -> int:
        return 400

    def __getitems__(self, places: list[int]) -> list[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(places[0])
        x = torch.randn(len(places), 3, generator=generator)
        self.alive = [ref for ref in self.alive if ref() is not None] + [weakref.ref(x)]
        self.most = max(self.most, len(self.alive))
        return [(x, x[:, :1])]  # one whole batch


def whole(batches: list[Any]) -> Any:
    return batches[0]


def test_a_stream_learns_and_is_judged_by_rows_of_its_own():
    result = ew.fit(network(), loader(shuffle=True), validation=rows(50, 1), progress=False, epochs=30)
    assert result.validation_loss is not None and result.metrics["validation_r2"] > 0.9
    assert "30 epochs" in result.message and result.held_out is None
    assert result.validation_loss == min(row["validation_loss"] for row in result.history)
    by_loader = ew.fit(network(), loader(), validation=loader(50, 1, batch_size=7), progress=False, epochs=30)
    by_rows = ew.fit(network(), loader(), validation=rows(50, 1), progress=False, epochs=30)
    assert by_loader.metrics["validation_r2"] == pytest.approx(by_rows.metrics["validation_r2"], rel=1e-4)


def test_no_more_than_a_few_batches_are_ever_alive():
    data = Counted()
    ew.fit(network(), DataLoader(data, batch_size=20, collate_fn=whole), **QUICK)
    gc.collect()
    assert data.most <= 3, "the one that is trained on, the next one, and one that is let go"


def test_steps_over_a_stream_are_those_over_rows():
    x, y = rows()
    net = network()
    with_rows = copy.deepcopy(net)
    optimizer = torch.optim.SGD(with_rows.parameters(), lr=0.05)
    for _ in range(3):
        for a, b in zip(x.split(20), y.split(20), strict=True):
            optimizer.zero_grad()
            (with_rows(a) - b).square().mean().backward()
            optimizer.step()
    got = ew.fit(net, loader(), optimizer=torch.optim.SGD, lr=0.05, **QUICK)
    assert_close(got.model(x), with_rows(x), like="float32")
    assert got.train_loss == pytest.approx(float((got.model(x) - y).detach().square().mean()), rel=1e-4)


def test_weights_compare_rows_of_different_batches():
    x, y = rows()
    weight = torch.linspace(0.0, 3.0, 121)[1:]
    result = ew.fit(network(), DataLoader(TensorDataset(x, y, weight), batch_size=30), **QUICK)
    with torch.no_grad():
        errors = (result.model(x) - y.reshape(120, -1)).square().mean(1)
    assert_close(result.train_loss, (weight @ errors / weight.sum()).item(), like="float32")


def test_weights_come_with_the_batches():
    x, y = rows()
    weight = torch.rand(120, generator=torch.Generator().manual_seed(2))
    streamed = DataLoader(TensorDataset(x, y, weight / weight.mean()), batch_size=120)
    got = ew.fit(network(), streamed, optimizer=torch.optim.SGD, lr=0.1, **QUICK)
    rows_at_once: dict[str, Any] = {"sample_weight": weight, "validation": (x, y), "batch_size": 120}
    want = ew.fit(network(), x, y, optimizer=torch.optim.SGD, lr=0.1, **rows_at_once, **QUICK)
    assert_close(got.model(x), want.model(x), like="float32")


def test_a_source_without_a_length_needs_epochs():
    class Endless(IterableDataset):
        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            return iter(zip(*rows(), strict=True))

    stream = DataLoader(Endless(), batch_size=20)
    result = ew.fit(network(), stream, schedule="cosine", **QUICK)
    assert len(result.history) == 3 and result.train_loss < result.history[0]["train_loss"]
    with pytest.raises(ConfigError, match="epochs= must be given"):
        ew.fit(network(), stream, progress=False)


def test_shuffling_goes_by_the_seed_and_leaves_the_global_state():
    net = network()
    before = torch.get_rng_state()
    first = ew.fit(net, loader(shuffle=True), seed=1, **QUICK).model.state_dict()
    assert_equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert_equal(ew.fit(net, loader(shuffle=True), seed=1, **QUICK).model.state_dict(), first)
    other = ew.fit(net, loader(shuffle=True), seed=2, **QUICK).model.state_dict()
    assert not torch.equal(other["0.coef"], first["0.coef"])


@pytest.mark.parametrize("own", [False, True])
def test_an_interrupted_stream_goes_on_to_the_same_bits(own: bool, tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    from edgewise.train.resuming import journal

    monkeypatch.setattr(journal, "EVERY", 0.0)
    monkeypatch.setattr(journal, "SHARE", 0)

    def stream() -> DataLoader:
        return loader(shuffle=True, generator=torch.Generator().manual_seed(5) if own else None)

    want = ew.fit(network(), stream(), progress=False, epochs=5)

    def stop(row: dict[str, Any]) -> None:
        if row["step"] == 4:
            raise KeyboardInterrupt

    path = tmp_path / "unfinished"
    broken = ew.fit(network(), stream(), progress=False, epochs=5, resume=path, callbacks=(stop,))
    assert broken.status is Status.INTERRUPTED
    again = ew.fit(network(), stream(), progress=False, epochs=5, resume=path)
    assert_equal(again.model.state_dict(), want.model.state_dict())
    assert len(again.history) == 5


def test_whole_batch_methods_gather_a_loader():
    x, y = rows()
    net = nn.Linear(3, 1)
    got = ew.fit(net, loader(), optimizer="lbfgs", progress=False)
    assert_equal(got.train_loss, ew.fit(net, x, y, optimizer="lbfgs", progress=False).train_loss)


def faults() -> dict[str, tuple[Any, dict[str, Any], type[Exception], str]]:
    x, y = rows()
    broken = x.clone()
    broken[50] = torch.nan
    codes = torch.arange(120) % 2
    late = codes.clone()
    late[70] = 9
    text: Any = [(row, "a") for row in x]

    def made(*parts: Tensor, size: int = 20) -> DataLoader:
        return DataLoader(TensorDataset(*parts), batch_size=size)

    return {
        "y beside it": (loader(), {"y": y}, ConfigError, "hold y already"),
        "batch size": (loader(), {"batch_size": 3}, ConfigError, "hold batch_size already"),
        "a row that is not finite": (made(broken, y), {}, EdgewiseError, "batch 2 of the DataLoader.*row 10"),
        "no targets": (made(x), {}, EdgewiseError, "y is missing|wanted .x, y."),
        "no batch": (made(x[:0], y[:0]), {}, EdgewiseError, "gives no batch"),
        "two targets": (made(x, torch.cat([y, y], 1)), {}, TrainingError, "nothing is broadcast"),
        "a class that torch ignores": (
            made(x, torch.full((len(x),), -100)),
            {"loss": "cross_entropy"},
            EdgewiseError,
            "class -100; in a stream",
        ),
        "an unknown class": (made(x, late), {"loss": "cross_entropy"}, EdgewiseError, "class 9, the module knows"),
        "text": (DataLoader(text, batch_size=20), {}, EdgewiseError, "y holds no numbers"),
        "a loss with a scale": (loader(), {"loss": "huber"}, ConfigError, "takes its scale from all rows"),
        "validation": (loader(), {"validation": x}, EdgewiseError, "beside a stream validation must be"),
    }


@pytest.mark.parametrize("name", faults())
def test_every_fault_is_named(name: str):
    stream, settings, error, words = faults()[name]
    net = nn.Linear(3, 2) if settings.get("loss") == "cross_entropy" else network()
    with pytest.raises(error, match=words):
        ew.fit(net, stream, **(QUICK | settings))
