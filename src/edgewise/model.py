"""KAN: layers of edge functions, nodes that add or multiply, and the scaling to the user's units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import index
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from . import state_notes
from .config import KANConfig, Width, is_int, seed_of_stream
from .devices import as_device, autocasts, check_dtype, is_traced, unreadable
from .errors import ConfigError, ShapeError, StructureError, few, knows_keywords
from .layers import OFF, KANLayer
from .metadata import Edit, Metadata
from .prediction import Predictor
from .topology import Edge, Topology
from .trace import Trace


class KAN(Predictor):
    """A Kolmogorov-Arnold network: edges carry learned functions of one variable, nodes add or multiply.

    Called with a tensor x (..., features) it gives y (..., outputs), and casts nothing silently; `predict` takes arrays
    and tables. Construction touches no file and no global random state.

    Args:
        widths: nodes per layer, inputs first. A width is a number of sums, or (sums, products): a number of products of
            two factors, or a tuple with the number of factors of each.
        grid_size: intervals of the splines, one number or one per layer of edges.
        degree (0 to 7): of the splines.
        base: "silu", "identity" or "none" (None), the function beside each spline.
        domain: (low, high), the interval on which the grids lie until `fit` or `adapt` moves them.
        seed: of the initial functions, which come from it alone.
        dtype: of the parameters; float64, since a KAN is for fitting functions.
        device: where they live; torch's default by default.

    Raises:
        ConfigError: one error for all settings that cannot be used.

    Source: arXiv 2404.19756; products: arXiv 2408.10205.

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
        dtype, device = check_dtype(dtype), as_device(device) or torch.get_default_device()
        if device.type == "meta":  # tables of nodes are not among its parameters: `to_empty` would lose them
            raise ConfigError("a KAN cannot be made on the device 'meta'; make it on 'cpu', or use edgewise.KANLayer")
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
                seed=seed_of_stream(config.seed, layer),
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
        """The network of the shape that the Kolmogorov-Arnold theorem has: widths (n, 2n+1, 1).

        Args:
            n: the number of inputs.
            settings: as for `KAN`.

        Returns:
            The network.

        >>> KAN.kolmogorov(2).topology.widths
        ((2, ()), (5, ()), (1, ()))
        """
        return KAN((n, 2 * index(n) + 1 if is_int(n) else n, 1), **settings)

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
        """A new model from this one with some parts replaced; it shares nothing with this one.

        Args:
            layers: the layers of edges, which become its own.
            topology: which nodes and edges there are.
            scaling: those of input_shift, input_scale, output_shift, output_scale that change.
            metadata: the words of the table that it was fitted to.
            edit: what was done, added to `.edits`.
            config: settings; widths and grid sizes are taken from topology and layers.
        """
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
    def features(self) -> int:
        """Columns of X that a row has, those that are no longer used among them."""
        return self.topology.features

    @property
    def outputs(self) -> int:
        """Columns of y that the network gives."""
        return len(self.topology.node_ids[-1])

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
        """The outputs for a tensor; arrays and tables go to `predict`.

        Args:
            x (..., features): in the model's dtype, on its device.

        Returns:
            y (..., outputs), in the units of the data that the model was fitted to.

        Raises:
            ShapeError: what is no tensor, another shape, or another dtype: nothing is cast silently.
        """
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
        """The outputs together with every activation on the way, which the model itself never stores.

        Args:
            x (b, features): a tensor in the model's dtype.

        Returns:
            y (b, outputs) and a `Trace`.

        Raises:
            ShapeError: as for a call of the model, and for leading dimensions.
        """
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

    def _check(self, x: Tensor) -> None:
        features = self.topology.features
        if is_traced():
            return
        if not isinstance(x, Tensor):
            raise ShapeError(
                f"calling the model takes a tensor of shape (..., {features}), got {type(x).__name__}; use"
                " model.predict(X) for arrays and tables, or torch.as_tensor(x)"
            )
        if x.is_nested:
            raise ShapeError(f"the model takes x of shape (..., {features}), got a tensor that is {unreadable(x)}")
        if x.ndim < 1 or x.shape[-1] != features:
            raise ShapeError(f"the model takes x of shape (..., {features}), got {tuple(x.shape)}")
        if x.dtype != self.dtype and not autocasts(x.device):
            ways = [f"x.to({self.dtype})", *([f"model.to({x.dtype})"] if x.is_floating_point() else [])]
            raise ShapeError(f"x is {x.dtype} but the model is {self.dtype}; use {', '.join(ways)} or model.predict(x)")

    def _wiring(self) -> list[list[int]]:
        """The columns that are read, then for each layer of nodes how many factors each node has."""
        factors = self.topology.factors[1:]
        return [[*self.topology.node_ids[0]], *([len(node) for node in nodes] for nodes in factors)]

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        multiplies = any(self.topology.has_products(layer) for layer in range(1, self.topology.depth + 1))
        if self.columns is not None or multiplies:
            destination[f"{prefix}{state_notes.NOTE}"] = state_notes.note(self._wiring(), self.device)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kwargs: Any) -> None:
        state_notes.check_wiring(state_dict, prefix, self._wiring())
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self._note_scaling()

    # ------------------------------------------------------------------ description

    def active_edges(self) -> list[Edge]:
        """Identities of all edges that are not off."""
        return [
            self.topology.edge_at(number, src, dst)
            for number, layer in enumerate(self.edge_layers)
            for src, dst in (layer.kind != OFF).nonzero().tolist()
        ]

    def __repr__(self) -> str:
        sizes = [layer.grid_size for layer in self.edge_layers]
        grid = sizes[0] if len(set(sizes)) == 1 else sizes
        edges = sum(layer.kind.numel() for layer in self.edge_layers)
        active, used = "", range(self.features)
        if self.device.type != "meta":
            active, used = f"{len(self.active_edges())} of ", self.used_inputs
        text = (
            f"KAN({self.topology.shape_text()}, grid_size={grid}, degree={self.config.degree}): {active}{edges} edges"
            f" active, {sum(p.numel() for p in self.parameters())} parameters"
        )
        inputs, outputs = self.metadata.inputs, self.metadata.outputs
        if len(inputs) != self.features:
            return text
        return f"{text}\n  {few([inputs[column] for column in used])} -> {few(outputs or ('y',))}"


class Fitted(Protocol):
    """What holds a model, as the result of a fit does."""

    @property
    def model(self) -> Any:
        """The model."""
        ...


def as_kan(model: Any, what: str) -> KAN:
    """The KAN itself, or the one that the result of a fit holds.

    Args:
        model: a KAN, or whatever has one as `.model`.
        what: the verb that was called, for the message.

    Raises:
        StructureError: neither of the two.

    >>> as_kan(KAN((2, 1)), "prune").topology.widths
    ((2, ()), (1, ()))
    """
    held = model if isinstance(model, nn.Module) else getattr(model, "model", model)
    if isinstance(held, KAN) and held.device.type == "meta":
        raise StructureError(f"{what} takes a KAN that holds values, got one on the device 'meta', which holds none")
    if not isinstance(held, KAN):
        raise StructureError(
            f"{what} takes an edgewise.KAN, got {type(held).__name__}; the result of a fit counts as its model"
        )
    return held
