"""Fits of deep networks with KAN layers inside: rows of any rank, by epochs, with what torch's users set."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import edgewise as ew
from edgewise.errors import ConfigError, EdgewiseError, TrainingError
from edgewise.train.solvers.status import Status
from helpers import assert_close, assert_equal

QUICK: dict[str, Any] = {"progress": False, "epochs": 3}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def images(rows: int = 200) -> tuple[Tensor, Tensor]:
    """Bright squares in one of two corners."""
    classes = (drawn(rows, seed=1) > 0).long()
    x = 0.3 * drawn(rows, 1, 6, 6)
    for row, c in enumerate(classes.tolist()):
        x[row, 0, 3 * c : 3 * c + 3, 3 * c : 3 * c + 3] += 1.0
    return x, classes


def convolutions() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        ew.nn.KANConv2d(1, 3, 3, stride=2, grid_size=3),
        nn.BatchNorm2d(3),
        nn.Flatten(),
        ew.KANLayer(12, 2, grid_size=3),
    )


class Reader(nn.Module):
    """Tokens (b, t) to logits (b, t, 5), or as torch's losses want them (b, 5, t)."""

    def __init__(self, second: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.second = second
        self.table = nn.Embedding(5, 6)
        self.part = ew.nn.KANFeedForward(6, 8, grid_size=3)
        self.head = nn.Linear(6, 5)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.table(tokens)
        logits = self.head(x + self.part(x))
        return logits.movedim(-1, 1) if self.second else logits


TOKENS = torch.randint(0, 5, (120, 7), generator=torch.Generator().manual_seed(0))


def test_images_are_told_apart():
    x, classes = images()
    result = ew.fit(convolutions(), x, classes, loss="cross_entropy", progress=False, epochs=10, batch_size=20)
    assert result.metrics["validation_accuracy"] > 0.9
    assert "10 epochs" in result.message and len(result.history) == 10
    assert result.held_out is not None and len(result.held_out.choosing) == 20
    assert_equal(
        ew.fit(convolutions(), x.numpy(), classes, loss="cross_entropy", **QUICK).train_loss,
        ew.fit(convolutions(), x, classes.numpy(), loss="cross_entropy", **QUICK).train_loss,
    )


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("loss", ["cross_entropy", nn.CrossEntropyLoss()])
def test_a_class_for_every_token(second: bool, loss: Any):
    """The next token is the last one plus one: the network learns it, wherever its logits lie."""
    result = ew.fit(
        Reader(second), TOKENS, (TOKENS + 1) % 5, loss=loss, progress=False, epochs=40, batch_size=30, lr=0.03
    )
    assert result.metrics["validation_accuracy"] > 0.99
    assert result.metrics["cross_entropy"] == pytest.approx(result.train_loss)
    assert result.model(TOKENS).shape == ((120, 5, 7) if second else (120, 7, 5))


def test_whole_numbers_of_a_table_become_floating_ones():
    x = np.arange(80).reshape(40, 2)
    net = nn.Sequential(ew.KANLayer(2, 3, domain=(0, 80)), nn.Linear(3, 1))
    want = ew.fit(net, x.astype(np.float32), x.sum(1), optimizer="adam", **QUICK)
    assert_equal(ew.fit(net, x, x.sum(1), optimizer="adam", **QUICK).train_loss, want.train_loss)


def test_targets_of_any_rank_are_never_broadcast():
    x = drawn(60, 4, 3)
    net = nn.Sequential(ew.KANLayer(3, 3), ew.KANLayer(3, 2))
    result = ew.fit(net, x, x[..., :2].square(), progress=False, epochs=30, lr=0.02, batch_size=20)
    assert result.metrics["r2"] > 0.5
    rmse = (result.model(x).detach() - x[..., :2].square()).square().mean().sqrt()
    assert 0.5 * float(rmse) < result.metrics["rmse"] < 2 * float(rmse)
    for y, words in [
        (x[..., :1], "nothing is broadcast"),
        (torch.zeros(60, 5, dtype=torch.long), r"classes 0 to 0 need \(2, 5, 1\)"),
    ]:
        with pytest.raises(TrainingError, match=words):
            ew.fit(net, x, y, loss="auto" if y.is_floating_point() else "cross_entropy", **QUICK)


def by_hand(net: nn.Module, x: Tensor, y: Tensor, epochs: int, clip: float | None, lr: Any) -> nn.Module:
    """Plain SGD on all rows."""
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    for epoch in range(epochs):
        optimizer.param_groups[0]["lr"] = lr(epoch / epochs)
        optimizer.zero_grad()
        (net(x) - y).square().mean().backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
    return net


@pytest.mark.parametrize("clip", [None, 0.1])
def test_rates_schedules_and_clipping_are_those_of_a_loop_by_hand(clip: float | None):
    x, y = drawn(20, 3), drawn(20, 1, seed=1)
    torch.manual_seed(0)
    net = nn.Sequential(ew.KANLayer(3, 4, seed=1), nn.Linear(4, 1))
    got = ew.fit(
        net,
        x,
        y,
        optimizer=torch.optim.SGD,
        epochs=3,
        lr=0.5,
        schedule=lambda part: 1 - part,
        clip=clip,
        progress=False,
        validation=(x, y),
    ).model
    want = by_hand(net, x, y, 3, clip, lambda part: 0.5 * (1 - part))
    assert_close(got(x), want(x), like="float32")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_shorter_number_format_is_used_in_training_alone(precision: str):
    x = drawn(200, 8)
    y = x[:, :1].sin()
    seen = []

    class Seen(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            out = super().forward(x)
            seen.append((out.dtype, self.training))
            return out

    torch.manual_seed(0)
    net = nn.Sequential(ew.KANLayer(8, 8, seed=1), Seen(8, 1))
    result = ew.fit(net, x, y, optimizer="adam", precision=precision, batch_size=20, **QUICK)
    assert {dtype for dtype, training in seen if training} == {getattr(torch, precision)}
    assert {dtype for dtype, training in seen if not training} == {torch.float32}
    assert all(p.dtype == torch.float32 for p in result.model.parameters())
    plain = ew.fit(net, x, y, optimizer="adam", batch_size=20, **QUICK)
    assert result.train_loss == pytest.approx(plain.train_loss, rel=0.3) and result.train_loss != plain.train_loss


@pytest.mark.parametrize(("size", "why"), [(1e-6, "gradients vanish in float16"), (300.0, "times 2^16 they overflow")])
def test_float16_takes_the_steps_of_float32(size: float, why: str):
    x, y = drawn(64, 4), size * drawn(64, 1, seed=1)
    net = nn.Linear(4, 1, bias=False)
    nn.init.zeros_(net.weight)
    given: dict[str, Any] = {"optimizer": torch.optim.SGD, "lr": 0.1, "epochs": 1, "progress": False}
    got, want = (
        ew.fit(net, x, y, validation=(x, y), precision=precision, **given).model.weight.detach()
        for precision in ("float16", None)
    )
    assert float(want.abs().max()) > 0.01 * size
    assert float((got - want).abs().max()) < 0.01 * float(want.abs().max()), why


def test_a_format_that_a_device_lacks_is_refused(monkeypatch: pytest.MonkeyPatch):
    from edgewise.train import settings

    monkeypatch.setitem(settings.PRECISIONS, "float64", torch.float64)
    with pytest.raises(ConfigError, match="precision='float64' cannot be had on cpu: .*leave it out"):
        ew.fit(nn.Linear(3, 1), drawn(20, 3), drawn(20, 1), precision="float64", **QUICK)


@pytest.mark.parametrize("precision", [None, "float16"])
def test_an_interrupted_fit_of_images_goes_on_to_the_same_bits(
    precision: str | None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
):
    from edgewise.train.resuming import journal

    monkeypatch.setattr(journal, "EVERY", 0.0)
    monkeypatch.setattr(journal, "SHARE", 0)
    x, classes = images(60)
    given: dict[str, Any] = {"loss": "cross_entropy", "epochs": 4, "batch_size": 20, "progress": False, "clip": 1.0}
    given["precision"] = precision
    want = ew.fit(convolutions(), x, classes, **given)
    path = tmp_path / "unfinished"

    def stop(row: dict[str, Any]) -> None:
        if row["step"] == 3:
            raise KeyboardInterrupt

    broken = ew.fit(convolutions(), x, classes, **given, resume=path, callbacks=(stop,))
    assert broken.status is Status.INTERRUPTED and path.exists()
    again = ew.fit(convolutions(), x, classes, **given, resume=path)
    assert_equal(again.model.state_dict(), want.model.state_dict())
    assert len(again.history) == 4 and not path.exists()


def test_settings_of_epochs_need_a_method_of_epochs():
    x, y = drawn(40, 2), drawn(40, seed=1)
    net = nn.Linear(2, 1)
    for given, words in [
        ({"optimizer": "lm", "lr": 0.1, "clip": 1.0}, "takes all rows at once; leave lr, clip out"),
        ({"lr": 0.1}, "lr is for mini-batches, 'auto' is Levenberg-Marquardt"),
        ({"optimizer": "adam", "epochs": 2, "steps": 2}, "leave steps out"),
        ({"epochs": 0, "lr": -1, "clip": "x", "schedule": "linear", "precision": "float8"}, "5 problems"),
    ]:
        with pytest.raises(ConfigError, match=words):
            ew.fit(net, x, y, progress=False, **given)  # type: ignore[arg-type]
    for schedule in (lambda part: None, lambda part: -1.0, lambda part: "fast"):
        with pytest.raises(ConfigError, match="the schedule must return a number >= 0"):
            ew.fit(net, x, y, optimizer="adam", schedule=schedule, **QUICK)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="one class for each row"):
        ew.fit(Reader(), TOKENS, TOKENS, loss="cross_entropy", optimizer="lbfgs", progress=False)
    with pytest.raises(EdgewiseError, match="as many|each row needs"):
        ew.fit(Reader(), TOKENS, TOKENS[:50], loss="cross_entropy", progress=False)


def test_a_kan_by_adam_takes_the_same_settings():
    x = drawn(100, 1).double()
    result = ew.fit(
        ew.KAN((1, 1), grid_size=5),
        x,
        x[:, 0].sin(),
        optimizer=partial(torch.optim.Adam, betas=(0.9, 0.99)),
        lr=0.05,
        schedule="cosine",
        epochs=5,
        grids=(5,),
        progress=False,
    )
    assert len(result.history) == 5 and "5 epochs" in result.message


def test_whole_numbers_that_an_embedding_lacks_are_told_wherever_they_stand():
    def net() -> nn.Module:
        return nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.Linear(12, 2))

    how: dict[str, Any] = {"loss": "cross_entropy", "optimizer": "adam", "epochs": 2, "progress": False}
    y = torch.arange(50) % 2
    for beyond in (slice(0, 50), slice(49, 50)):
        X = torch.zeros(50, 3, dtype=torch.int64)
        X[beyond] = 9
        with pytest.raises(TrainingError, match="out of range"):
            ew.fit(net(), X, y, **how)
    stream = DataLoader(TensorDataset(X, y), batch_size=10)
    with pytest.raises(TrainingError, match="a look-up failed on some rows .*embedding"):
        ew.fit(net(), stream, **how)

    def broken(row: dict[str, Any]) -> None:
        raise IndexError("my own")

    with pytest.raises(IndexError, match="my own"):
        ew.fit(net(), X[:49], y[:49], callbacks=(broken,), **how)


def test_class_numbers_without_a_loss_for_classes_are_told_of_it():
    net, X = nn.Linear(2, 3), torch.rand(30, 2)
    with pytest.raises(
        TrainingError, match="nothing is broadcast; if these are classes, fit with loss='cross_entropy'"
    ):
        ew.fit(net, X, torch.arange(30) % 3, optimizer="adam", progress=False)
    with pytest.raises(TrainingError, match="nothing is broadcast$"):
        ew.fit(net, X, torch.rand(30), optimizer="adam", progress=False)
