"""KAN: layers of edge functions, nodes that add or multiply, and the scaling to the user's units."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from .config import KANConfig, Width
from .data import as_inputs, beyond_ranges, label_values
from .errors import (
    ConfigError,
    DataError,
    EdgewiseWarning,
    ShapeError,
    StructureError,
    knows_keywords,
)
from .layers import OFF, KANLayer
from .metadata import Edit, Metadata
from .topology import Edge, Topology
from .trace import Trace

BLOCK = 1 << 14  # rows in one pass of `predict`, whose activations then take little memory


class KAN(nn.Module):
    """A Kolmogorov-Arnold network of these widths (arXiv 2404.19756).

    A width is a number of sums, or (sums, products), products being a number of two-factor products or a tuple of
    arities. x (..., features) -> y (..., outputs). float64 by default, since a KAN is for fitting functions; `forward`
    never casts silently. Construction touches no file and no global random state. Raises `ConfigError` listing every
    unusable setting.

    >>> model = KAN((2, (3, 1), 1), grid_size=4, seed=1)
    >>> model(torch.zeros(6, 2, dtype=torch.float64)).shape
    torch.Size([6, 1])
    """

    input_shift: Tensor
    input_scale: Tensor
    output_shift: Tensor
    output_scale: Tensor
    columns: Tensor | None

    @knows_keywords
    def __init__(
        self,
        widths: Sequence[Width],
        *,
        grid_size: int | Sequence[int] = 5,
        degree: int = 3,
        base: str | None = "silu",
        domain: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        super().__init__()
        if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
            raise ConfigError(f"dtype must be a floating-point torch.dtype such as torch.float64, got {dtype!r}")
        config = KANConfig.create(widths, grid_size=grid_size, degree=degree, base=base, domain=domain, seed=seed)
        topology = Topology.create(config.widths)
        layers = [
            KANLayer(
                len(topology.node_ids[layer]),
                len(topology.subnode_ids(layer + 1)),
                grid_size=config.grid_size[layer],
                degree=config.degree,
                base=config.base,
                domain=config.domain,
                seed=_stream(config.seed, layer),
                dtype=dtype,
                device=device,
            )
            for layer in range(topology.depth)
        ]
        outputs = len(topology.node_ids[-1])
        options: dict[str, Any] = {"dtype": dtype, "device": device}
        scaling = (
            torch.zeros(topology.features, **options),
            torch.ones(topology.features, **options),
            torch.zeros(outputs, **options),
            torch.ones(outputs, **options),
        )
        self._assemble(config, topology, layers, scaling, Metadata(), ())

    @staticmethod
    def kolmogorov(n: int, **settings: Any) -> KAN:
        """The theorem's shape for n inputs: widths (n, 2n+1, 1). `settings` as for KAN.

        >>> KAN.kolmogorov(2).topology.widths
        ((2, ()), (5, ()), (1, ()))
        """
        return KAN((n, 2 * n + 1, 1), **settings)

    @staticmethod
    def assemble(
        config: KANConfig,
        topology: Topology,
        layers: Sequence[KANLayer],
        scaling: Sequence[Tensor],
        metadata: Metadata,
        edits: tuple[Edit, ...],
    ) -> KAN:
        """The model of these parts, which become its own; `scaling`: shift and scale of the inputs, of the outputs."""
        model = KAN.__new__(KAN)
        nn.Module.__init__(model)
        model._assemble(config, topology, layers, scaling, metadata, edits)
        return model

    def _assemble(
        self,
        config: KANConfig,
        topology: Topology,
        layers: Sequence[KANLayer],
        scaling: Sequence[Tensor],
        metadata: Metadata,
        edits: tuple[Edit, ...],
    ) -> None:
        self.config, self.topology, self.metadata, self.edits = config, topology, metadata, edits
        self.layers = nn.ModuleList(layers)
        for name, value in zip(("input_shift", "input_scale", "output_shift", "output_scale"), scaling, strict=True):
            self.register_buffer(name, value)
        device = scaling[0].device
        whole = topology.node_ids[0] == tuple(range(topology.features))
        self.register_buffer(
            "columns", None if whole else torch.tensor(topology.node_ids[0], device=device), persistent=False
        )
        for layer in range(1, topology.depth + 1):
            table = torch.tensor(topology.factor_table(layer), device=device) if topology.has_products(layer) else None
            self.register_buffer(f"factors_{layer}", table, persistent=False)
        self._note_scaling()

    def _note_scaling(self) -> None:
        """Cache whether scaling is the identity, so that it then costs nothing."""
        identity = (
            (self.input_shift == 0).all()
            & (self.input_scale == 1).all()
            & (self.output_shift == 0).all()
            & (self.output_scale == 1).all()
        )
        self.scaled = not bool(identity)

    def build(
        self,
        *,
        layers: Sequence[KANLayer] | None = None,
        topology: Topology | None = None,
        scaling: Mapping[str, Tensor] | None = None,
        metadata: Metadata | None = None,
        edit: Edit | None = None,
        config: KANConfig | None = None,
    ) -> KAN:
        """A new model from this one with some parts replaced; nothing is shared with this one. Every transform ends
        here."""
        fresh = [KANLayer.build(**layer.parts()) for layer in self.edge_layers] if layers is None else list(layers)
        values = {
            name: getattr(self, name) for name in ("input_shift", "input_scale", "output_shift", "output_scale")
        } | dict(scaling or {})
        topology = topology or self.topology
        config = config or self.config
        config = replace(config, widths=topology.widths, grid_size=tuple(layer.grid_size for layer in fresh))
        edits = self.edits if edit is None else (*self.edits, edit)
        copies = [value.detach().clone() for value in values.values()]
        model = KAN.assemble(config, topology, fresh, copies, metadata or self.metadata, edits)
        model.train(self.training)
        return model

    # ------------------------------------------------------------------ forward

    @property
    def edge_layers(self) -> list[KANLayer]:
        """The layers of edges, first to last."""
        return list(self.layers)  # type: ignore[arg-type]

    @property
    def used_inputs(self) -> tuple[int, ...]:
        """Columns of X that some active edge reads; the others cannot change a prediction."""
        read = (self.edge_layers[0].kind != OFF).any(1).tolist()
        return tuple(column for column, on in zip(self.topology.node_ids[0], read, strict=True) if on)

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the parameters."""
        return self.input_shift.dtype

    @property
    def device(self) -> torch.device:
        """Where the parameters live."""
        return self.input_shift.device

    def forward(self, x: Tensor) -> Tensor:
        """x (..., features) -> y (..., outputs). Raises `ShapeError` for a wrong shape, dtype or device; nothing is
        cast silently."""
        a = self.scale_inputs(x)
        for number, layer in enumerate(self.layers, start=1):
            a = self.multiply(number, layer(a))
        return self.unscale(a) if self.scaled else a

    def scale_inputs(self, x: Tensor) -> Tensor:
        """Check x (..., features), keep the columns in use, and scale them: (..., n_0)."""
        self._check(x)
        a = (x - self.input_shift) / self.input_scale if self.scaled else x
        return a if self.columns is None else a[..., self.columns]

    def unscale(self, y: Tensor) -> Tensor:
        """From the network's output units to the user's."""
        return y * self.output_scale + self.output_shift

    def multiply(self, layer: int, subnodes: Tensor) -> Tensor:
        """Node values of layer `layer` from its subnodes: (..., s) -> (..., n), through the one index table."""
        table = getattr(self, f"factors_{layer}")
        if table is None:
            return subnodes
        padded = torch.cat([subnodes, torch.ones_like(subnodes[..., :1])], dim=-1)
        return padded[..., table].prod(-1)

    def subnode_owner(self, layer: int) -> Tensor:
        """Position of the node that each subnode of this layer feeds: (s,)."""
        return torch.tensor(
            [n for n, node in enumerate(self.topology.factors[layer]) for _ in node], device=self.device
        )

    def trace(self, x: Tensor) -> tuple[Tensor, Trace]:
        """The output for x (b, features) together with every activation on the way. Activations are returned, never
        stored."""
        a = self.scale_inputs(x)
        if a.ndim != 2:
            raise ShapeError(f"trace takes x of shape (batch, {self.topology.features}), got {tuple(x.shape)}")
        nodes, edges, subnodes = [a], [], []
        for number, layer in enumerate(self.edge_layers, start=1):
            values = layer.edge_values(a)
            s = values.sum(1) + layer.bias
            a = self.multiply(number, s)
            edges.append(values)
            subnodes.append(s)
            nodes.append(a)
        return (self.unscale(a) if self.scaled else a), Trace(tuple(nodes), tuple(edges), tuple(subnodes))

    def predict(self, X: Any) -> Any:
        """Predictions for new rows: numbers, or the most likely class of each row after a fit to classes.

        Args:
            X (n, features): a tensor, an array, nested lists, a DataFrame, a mapping of columns or a `Table`. Columns
                with names are found by the names that the model was fitted to, in any order; those that it does not
                use may be missing.

        Returns:
            Numbers in the units of y: (n,) for one output, (n, outputs) for several. For classes (n,) labels, such
            as 3 or "red". A tensor gives a tensor, whose classes are positions in `metadata.classes`; everything else
            gives a numpy array. No gradients: `model(x)` has them.

        Raises:
            ShapeError: another number of columns.
            DataError: no row, missing columns, or cells that are no finite numbers.

        Warns:
            EdgewiseWarning: rows outside the ranges that the model was fitted to.

        >>> KAN((2, 3, 1)).predict([[0.5, 0.0], [0.0, 0.5]]).shape
        (2,)
        """
        y, classes = self._outputs(X, "predict"), self.metadata.classes
        if len(classes) == y.shape[1]:
            codes = y.argmax(1)
            return codes if isinstance(X, Tensor) else label_values(classes)[codes.cpu().numpy()]
        y = y[:, 0] if y.shape[1] == 1 else y
        return y if isinstance(X, Tensor) else y.cpu().numpy()

    def predict_proba(self, X: Any) -> Any:
        """The probability of every class for new rows, after a fit to classes.

        Args:
            X (n, features): rows as for `predict`.

        Returns:
            (n, classes), in the order of `metadata.classes`; each row adds up to 1. A tensor for a tensor, else a numpy
            array.

        Raises:
            ConfigError: the model was fitted to numbers.
            ShapeError, DataError: as for `predict`.

        >>> model = KAN((2, 3)).build(metadata=Metadata(classes=("a", "b", "c"), task="cross_entropy"))
        >>> model.predict_proba([[0.5, 0.0], [0.0, 0.5]]).shape
        (2, 3)
        """
        if len(self.metadata.classes) != len(self.topology.node_ids[-1]):
            raise ConfigError("the model was fitted to numbers and knows no probabilities of classes; use predict")
        p = self._outputs(X, "predict_proba").softmax(1)
        return p if isinstance(X, Tensor) else p.cpu().numpy()

    def _outputs(self, X: Any, what: str) -> Tensor:
        """The network's outputs (n, outputs) for rows of any kind, on the device of X; warns of rows out of range."""
        x = self.finite_input(X, what)
        remark = beyond_ranges(x.cpu().numpy(), self.metadata, self.used_inputs)[1]
        if remark:
            warnings.warn(remark, EdgewiseWarning, stacklevel=3)
        with torch.no_grad():
            y = torch.cat([self(part) for part in x.split(BLOCK)])
        return y.to(X.device) if isinstance(X, Tensor) else y

    def as_input(self, X: Any) -> Tensor:
        """X as a tensor (b, features) of the model's dtype and device, from rows as `predict` takes them.

        Raises `ShapeError` and `DataError` where it cannot be; numbers that are not finite stay.
        """
        return as_inputs(
            X,
            self.metadata,
            width=self.topology.features,
            used=self.used_inputs,
            dtype=self.dtype,
            device=self.device,
        )

    def finite_input(self, X: Any, what: str) -> Tensor:
        """`as_input`, for what needs numbers. Raises `DataError` when it is empty or holds numbers that are not
        finite."""
        x = self.as_input(X)
        if x.shape[0] == 0:
            raise DataError(f"{what} needs at least one row of X, got shape {tuple(x.shape)}")
        bad = ~torch.isfinite(x).all(1)
        if bool(bad.any()):
            raise DataError(
                f"{what} needs finite numbers, but {int(bad.sum())} of {x.shape[0]} rows of X hold NaN or infinity;"
                " drop these rows"
            )
        return x

    def _check(self, x: Tensor) -> None:
        features = self.topology.features
        if not isinstance(x, Tensor):
            raise ShapeError(
                f"calling the model takes a tensor of shape (..., {features}), got {type(x).__name__}; use"
                " model.predict(X) for arrays and tables, or torch.as_tensor(x)"
            )
        if x.ndim < 1 or x.shape[-1] != features:
            raise ShapeError(f"the model takes x of shape (..., {features}), got {tuple(x.shape)}")
        if x.dtype != self.dtype and not torch.is_autocast_enabled(x.device.type):
            raise ShapeError(
                f"x is {x.dtype} but the model is {self.dtype}; use x.to({self.dtype}), model.to({x.dtype}), or"
                " model.predict(x)"
            )

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._note_scaling()

    # ------------------------------------------------------------------ description

    def active_edges(self) -> list[Edge]:
        """Identities of all edges that are not off."""
        return [
            self.topology.edge_at(number, src, dst)
            for number, layer in enumerate(self.edge_layers)
            for src, dst in (layer.kind != OFF).nonzero().tolist()
        ]

    def extra_repr(self) -> str:
        """The shape, for print."""
        return "widths=" + self.topology.shape_text()


def _stream(seed: int, layer: int) -> int:
    """Seeds of the layers' own streams, far apart for neighbouring seeds and layers."""
    return (seed * 0x9E3779B97F4A7C15 + layer * 0xBF58476D1CE4E5B9) % (2**63)


def as_kan(model: Any, what: str) -> KAN:
    """The model itself. Raises `StructureError` for anything but a KAN; `what` was to be done with it."""
    if not isinstance(model, KAN):
        raise StructureError(f"{what} takes an edgewise.KAN, got {type(model).__name__}")
    return model
