"""KANConv1d and KANConv2d: a learned function on every weight of a convolution's kernel.

Letters: b batch, c channel, i input of an edge layer (a channel at a place of the kernel), o output channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..config import is_int, is_sequence
from ..errors import ConfigError, ShapeError, knows_keywords, problems, shown
from ..layers import KANLayer
from .tuning import TUNED

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


class _Convolution(nn.Module):
    """What the convolutions of all dimensions have in common."""

    dims: int

    @knows_keywords
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        grid_size: int = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = TUNED.domain,
    ) -> None:
        super().__init__()
        wrong: list[str] = []
        for name, count in (("in_channels", in_channels), ("out_channels", out_channels), ("groups", groups)):
            if not is_int(count) or count < 1:
                wrong.append(f"{name} must be a whole number from 1 on, got {shown(count)}")
        if not wrong and (in_channels % groups or out_channels % groups):
            wrong.append(
                f"groups={shown(groups)} must divide in_channels={shown(in_channels)}"
                f" and out_channels={shown(out_channels)}"
            )
        if not isinstance(padding_mode, str) or padding_mode not in MODES:
            wrong.append(f"padding_mode must be one of {', '.join(MODES)}, got {shown(padding_mode)}")
        self.kernel_size = self._sizes("kernel_size", kernel_size, 1, wrong)
        self.stride = self._sizes("stride", stride, 1, wrong)
        self.dilation = self._sizes("dilation", dilation, 1, wrong)
        self.padding = self._padding(padding, wrong)
        problems(wrong, ConfigError)
        self.in_channels, self.out_channels, self.groups = int(in_channels), int(out_channels), int(groups)
        self.padding_mode = padding_mode
        places = self.in_channels // self.groups
        for size in self.kernel_size:
            places *= size
        options: dict[str, Any] = {"grid_size": grid_size, "degree": degree, "base": base, "domain": domain}
        self.edges = nn.ModuleList(
            KANLayer(places, self.out_channels // self.groups, bias, device, dtype, **options)
            for _ in range(self.groups)
        )

    def _sizes(self, name: str, value: Any, least: int, wrong: list[str]) -> tuple[int, ...]:
        """One whole number per dimension; what is wrong with others goes to `wrong`."""
        sizes = tuple(value) if is_sequence(value) else (value,) * self.dims
        if len(sizes) != self.dims or not all(is_int(size) and size >= least for size in sizes):
            wrong.append(f"{name} must be a whole number from {least} on, or {self.dims} of them, got {shown(value)}")
            return (1,) * self.dims
        return tuple(int(size) for size in sizes)

    def _padding(self, padding: Any, wrong: list[str]) -> tuple[tuple[int, int], ...]:
        """Places added before and after, per dimension."""
        if isinstance(padding, str) and padding == "valid":
            padding = 0
        if isinstance(padding, str):
            if padding != "same" or any(step != 1 for step in self.stride):
                wrong.append(f"padding must be whole numbers, 'valid', or 'same' with stride 1, got {shown(padding)}")
            spread = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return tuple((total // 2, total - total // 2) for total in spread)
        return tuple((size, size) for size in self._sizes("padding", padding, 0, wrong))

    def reset_parameters(self) -> None:
        """New functions, in place."""
        for layer in self.edges:
            layer.reset_parameters()  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """(b, channels, places...) -> (b, out channels, places...), or both without b.

        Raises `ShapeError` when x does not fit, or is smaller than the kernel.
        """
        batched = self._check(x)
        x = x if batched else x.unsqueeze(0)
        if any(before or after for before, after in self.padding):
            ends = [end for pair in reversed(self.padding) for end in pair]
            x = functional.pad(x, ends, mode=MODES[self.padding_mode])
        x = x.movedim(1, -1).contiguous()  # (b, places..., c)
        width = self.in_channels // self.groups
        found = [
            layer(windows(x[..., k * width : (k + 1) * width], self.kernel_size, self.stride, self.dilation))
            for k, layer in enumerate(self.edges)
        ]
        y = (found[0] if self.groups == 1 else torch.cat(found, -1)).movedim(-1, 1)
        return y if batched else y.squeeze(0)

    def _check(self, x: Tensor) -> bool:
        """Whether x has a batch dimension."""
        wanted = f"({self.in_channels}, {', '.join('n' * self.dims)}), with or without a batch before it"
        if not isinstance(x, Tensor) or x.dim() not in (self.dims + 1, self.dims + 2):
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ShapeError(f"the convolution takes a tensor of shape {wanted}, got {got}")
        places = x.shape[-self.dims :]
        if x.shape[-self.dims - 1] != self.in_channels:
            raise ShapeError(f"the convolution takes a tensor of shape {wanted}, got {tuple(x.shape)}")
        for n, pads, k, d in zip(places, self.padding, self.kernel_size, self.dilation, strict=True):
            if n + sum(pads) < d * (k - 1) + 1:
                raise ShapeError(
                    f"the kernel covers {d * (k - 1) + 1} places, but x of shape {tuple(x.shape)} has {n} and"
                    f" {sum(pads)} of padding; take a smaller kernel_size or more padding"
                )
            most = {"reflect": n - 1, "circular": n}.get(self.padding_mode, max(pads))
            if max(pads) > most:
                raise ShapeError(
                    f"padding_mode={self.padding_mode!r} takes up to {most} places of x of shape {tuple(x.shape)},"
                    f" and padding asks for {max(pads)}; take less of it, or 'replicate'"
                )
        return x.dim() == self.dims + 2

    def extra_repr(self) -> str:
        """The sizes, for print."""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride},"
            f" padding={self.padding}, dilation={self.dilation}, groups={self.groups}"
        )


def windows(x: Tensor, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Tensor:
    """What each place of a kernel sees: (b, places..., c) -> (b, new places..., size c), channels of a place together.

    >>> windows(torch.arange(5.0).reshape(1, 5, 1), (2,), (1,), (2,)).tolist()
    [[[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]]
    """
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:-1], size, stride, dilation, strict=True)]
    seen = []
    for places in product(*map(range, size)):
        spans = [
            slice(k * d, k * d + s * (n - 1) + 1, s)
            for k, d, s, n in zip(places, dilation, stride, counts, strict=True)
        ]
        seen.append(x[(slice(None), *spans)])
    return torch.cat(seen, -1)


class KANConv1d(_Convolution):
    """A convolution of sequences whose kernel has a learned function at every place and channel.

    y[o, n] = bias_o + sum over places k and channels c of phi_ock(x[c, s n + d k]). Padded places have the value 0,
    so that they add phi(0).

    Args:
        in_channels: c, of x.
        out_channels: o, of the result.
        kernel_size: places that the kernel sees.
        stride: s, places from one output to the next.
        padding: places added on either side; "same" for as many outputs as inputs, "valid" for none.
        dilation: d, places from one that the kernel sees to the next.
        groups: parts of the channels that are convolved apart.
        bias: whether a constant is added to every output channel.
        padding_mode: "zeros", "reflect", "replicate" or "circular", what padded places hold.
        device: where the parameters live.
        dtype: of the parameters; torch's default by default.
        grid_size: G, the intervals of each spline.
        degree (0 to 7): p, of the splines.
        base: "silu", "identity" or "none" (None), the function beside the spline.
        domain: (low, high), the interval on which the grids lie at first.

    Attributes:
        edges: a `KANLayer` for each group. Its inputs are place by place, the channels of a place together.

    Raises:
        ConfigError: one error for all settings that cannot be used.

    Source: arXiv 2406.13155.

    >>> KANConv1d(2, 3, 5, stride=2, padding=2)(torch.randn(4, 2, 20)).shape
    torch.Size([4, 3, 10])
    """

    dims = 1


class KANConv2d(_Convolution):
    """A convolution of images whose kernel has a learned function at every place and channel.

    As `KANConv1d` in two dimensions: kernel_size, stride, padding and dilation are one number, or one for rows and one
    for columns. Only the basis functions that a pixel touches are computed, so the cost does not depend on the grid.

    Args:
        in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype:
            as for `torch.nn.Conv2d`.
        grid_size, degree, base, domain: of the functions, as for `KANConv1d`.

    Attributes:
        edges: a `KANLayer` for each group. Its inputs are place by place, the channels of a place together.

    Raises:
        ConfigError: one error for all settings that cannot be used.

    Source: arXiv 2406.13155.

    >>> KANConv2d(3, 16, 3, padding=1)(torch.rand(2, 3, 8, 8)).shape
    torch.Size([2, 16, 8, 8])
    """

    dims = 2
