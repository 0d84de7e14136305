"""A layer of edges at Taylor polynomials: its outputs, its pull-back, and its rows of the Jacobian.

Letters: a multi-index, b point, k residual, i input node, o subnode, r local basis 0..p, n closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .. import ops, primitives
from ..layers import KANLayer
from ..ops import dispatch
from .indices import Indices
from .taylor import composed, powers


@dataclass(frozen=True, eq=False)
class LayerJets:
    """A layer at inner polynomials (a, b, i).

    The edge functions are composed with them: the k-th derivatives of the splines at the constants, times the k-th
    powers of the rest. So one call of a kernel for each order k gives everything.
    """

    layer: KANLayer
    inner: Tensor
    indices: Indices

    @cached_property
    def raised(self) -> list[Tensor]:
        """The powers of the inner polynomials, (a - starts[k], b, i) each."""
        return powers(self.inner, self.indices)

    def output(self) -> Tensor:
        """The subnodes (a, b, o)."""
        layer, x = self.layer, self.inner[0]
        y = x.new_zeros(len(self.indices), x.shape[0], layer.out_features)
        y[0] = dispatch.to_out(x, None, layer.coef, layer.base_scale, layer.knots, layer.spec, 0, layer.bias)
        for k in range(1, self.indices.order + 1):
            start, h = self.indices.starts[k], self.raised[k]
            rows = x.repeat(h.shape[0], 1)
            out = dispatch.to_out(rows, h.flatten(0, 1), layer.coef, layer.base_scale, layer.knots, layer.spec, k)
            y[start:] += out.view(h.shape[0], *y.shape[1:])
        if layer.symbolic:
            y.index_add_(2, self._ends[1], composed(self._forms(0), self._raised_forms, self.indices))
            y[0].index_add_(1, self._ends[1], layer.affine[:, 3].expand(x.shape[0], -1))  # type: ignore[index]
        return y

    def pulled(self, cotangent: Tensor) -> Tensor:
        """The cotangent (a, b, k, i) of the inner polynomials from that of the subnodes (a, b, k, o)."""
        layer, indices = self.layer, self.indices
        batch, residuals = cotangent.shape[1:3]
        x = self.inner[0].repeat_interleave(residuals, 0)
        total = cotangent.new_zeros(*cotangent.shape[:3], layer.in_features)
        for k in range(indices.order + 1):
            start = indices.starts[k]
            many = len(indices) - start
            slopes = dispatch.to_in(
                x.repeat(many, 1),
                cotangent[start:].reshape(-1, layer.out_features),
                layer.coef,
                layer.base_scale,
                layer.knots,
                layer.spec,
                k + 1,
            ).view(many, batch, residuals, -1)
            self._correlate(slopes, k, self.raised[k][:, :, None], total)
        if layer.symbolic:
            src, dst = self._ends
            per_form = cotangent.new_zeros(*cotangent.shape[:3], len(layer.symbolic))
            forms = self._forms(1)
            for k in range(indices.order + 1):
                slopes = cotangent[indices.starts[k] :, :, :, dst] * forms[k][:, None]
                self._correlate(slopes, k, self._raised_forms[k][:, :, None], per_form)
            total.index_add_(3, src, per_form)
        return total

    def _correlate(self, slopes: Tensor, k: int, raised: Tensor, total: Tensor) -> None:
        """Add to the cotangent of the polynomials what comes back through the k-th derivative, in place."""
        start = self.indices.starts[k]
        if k == 0:
            total += slopes
            return
        for pair in self.indices.pairs:
            if pair.right >= start and pair.total >= start:
                total[pair.left] += slopes[pair.total - start] * raised[pair.right - start]

    # ------------------------------------------------------------------ rows of the Jacobian

    def rows(self, cotangent: Tensor, kept: Tensor | None = None) -> Tensor:
        """The derivatives (b, k, P) of the residuals by the layer's parameters, from the cotangent of its subnodes.

        kept: places, in rising order, of the parameters that are asked for; all where None.
        """
        layer = self.layer
        batch, residuals = cotangent.shape[1:3]
        parts = [self._coef_rows(cotangent, kept)]
        size = layer.coef.numel()
        if kept is not None and not bool((kept >= size).any()):
            return parts[0]
        others = []
        if layer.base_scale is not None:
            sens = cotangent.permute(1, 0, 2, 3).flatten(2)  # (b, a, k o)
            base = composed(
                [ops.base_value(layer.base, self.inner[0], k) for k in range(self.indices.order + 1)],
                self.raised,
                self.indices,
            )
            own = torch.bmm(base.permute(1, 2, 0), sens)  # (b, i, k o)
            others.append(own.view(batch, -1, residuals, layer.out_features).transpose(1, 2).flatten(2))
        others.append(cotangent[0])
        if layer.affine is not None:
            forms = cotangent[:, :, :, self._ends[1], None] * self._affine_columns()[:, :, None]
            others.append(forms.sum(0).flatten(2))
        if kept is None:
            return torch.cat([*parts, *others], 2)
        return torch.cat([*parts, torch.cat(others, 2)[:, :, kept[kept >= size] - size]], 2)

    def _coef_rows(self, cotangent: Tensor, kept: Tensor | None) -> Tensor:
        """The part of `rows` that belongs to the coefficients."""
        layer = self.layer
        batch, residuals, width = cotangent.shape[1:]
        sens = cotangent.permute(1, 0, 2, 3).flatten(2)  # (b, a, k o)
        first, values = self._basis
        local = torch.bmm(values.permute(1, 2, 3, 0).flatten(1, 2), sens)  # (b, i r, k o)
        local = local.view(batch, -1, residuals, width).transpose(1, 2)  # (b, k, i r, o)
        place = first + torch.arange(layer.in_features, device=first.device) * layer.num_basis
        place = (place[..., None] + torch.arange(values.shape[3], device=first.device)).flatten(1)  # (b, i r)
        if kept is None:
            coef = local.new_zeros(batch, residuals, layer.in_features * layer.num_basis, width)
            coef.scatter_(2, place[:, None, :, None].expand(local.shape), local)
            return coef.flatten(2)
        kept = kept[kept < layer.coef.numel()]
        column = torch.full((layer.coef.numel(),), len(kept), device=kept.device)  # the last one is thrown away
        column[kept] = torch.arange(len(kept), device=kept.device)
        there = column.view(-1, width)[place].flatten(1)  # (b, i r o)
        found = local.new_zeros(batch, residuals, len(kept) + 1)
        found.scatter_(2, there[:, None].expand(-1, residuals, -1), local.flatten(2))
        return found[:, :, :-1]

    @cached_property
    def _basis(self) -> tuple[Tensor, Tensor]:
        """The local basis at the polynomials: first (b, i), values (a, b, i, r)."""
        layer, x = self.layer, self.inner[0]
        first, values = dispatch.basis(x, layer.knots, layer.spec, 0)
        derivatives = [values] + [
            dispatch.basis(x, layer.knots, layer.spec, k)[1] for k in range(1, self.indices.order + 1)
        ]
        return first, composed(derivatives, [raised[..., None] for raised in self.raised], self.indices)

    # ------------------------------------------------------------------ closed forms c f(s x + t) + d

    @cached_property
    def _ends(self) -> tuple[Tensor, Tensor]:
        """Source and target (n,) of every closed form."""
        device = self.inner.device
        return (
            torch.tensor([edge.src for edge in self.layer.symbolic], device=device),
            torch.tensor([edge.dst for edge in self.layer.symbolic], device=device),
        )

    @cached_property
    def _raised_forms(self) -> list[Tensor]:
        """The powers, (a - starts[k], b, n) each."""
        return [raised[:, :, self._ends[0]] for raised in self.raised]

    @cached_property
    def _plain(self) -> list[Tensor]:
        """f, f', f'', ... (b, n) at s x + t, two orders more than the polynomials have."""
        layer = self.layer
        assert layer.affine is not None
        scale, shift, _, _ = layer.affine.unbind(1)
        z = scale * self.inner[0][:, self._ends[0]] + shift
        found = [torch.empty_like(z) for _ in range(self.indices.order + 2)]
        for name in dict.fromkeys(edge.primitive for edge in layer.symbolic):
            members = [n for n, edge in enumerate(layer.symbolic) if edge.primitive == name]
            for order, value in enumerate(found):
                value[:, members] = primitives.evaluate(name, z[:, members], order)
        return found

    def _forms(self, lead: int) -> list[Tensor]:
        """Derivatives (b, n) of c f(s x + t) by x, of the orders from `lead` on."""
        assert self.layer.affine is not None
        scale, _, height, _ = self.layer.affine.unbind(1)
        return [height * scale ** (k + lead) * self._plain[k + lead] for k in range(self.indices.order + 1)]

    def _affine_columns(self) -> Tensor:
        """The polynomials (a, b, n, 4) of the derivatives by s, t, c and d."""
        assert self.layer.affine is not None
        scale, _, height, _ = self.layer.affine.unbind(1)
        x, f, orders = self.inner[0][:, self._ends[0]], self._plain, range(self.indices.order + 1)
        by_shift = [height * scale**k * f[k + 1] for k in orders]
        # Leibniz: the k-th derivative by x of c x f'(s x + t)
        by_scale = [x * by_shift[k] + (k * by_shift[k - 1] if k else 0.0) for k in orders]
        by_height = [scale**k * f[k] for k in orders]
        by_level = [torch.ones_like(x) if k == 0 else torch.zeros_like(x) for k in orders]
        columns = (by_scale, by_shift, by_height, by_level)
        return torch.stack([composed(column, self._raised_forms, self.indices) for column in columns], 3)
