"""The spline form: values and derivatives of every order of a layer of edge functions, with exact gradients.

b batch, i input node, j basis, o output node, p degree, G intervals; knots (i, G+2p+1), coef (i, G+p, o), base_scale
(i, o).
"""

from __future__ import annotations

from .api import activations as activations
from .api import basis as basis
from .api import edge_values as edge_values
from .api import evaluate as evaluate
from .api import spline as spline
from .api import to_coef as to_coef
from .api import to_in as to_in
from .api import to_out as to_out
from .base_function import base_value as base_value
from .checks import check_layer as check_layer
from .dispatch import backend_for as backend_for
from .dispatch import use_backend as use_backend
from .normal import normal_equations as normal_equations
from .reference import Spec as Spec

__all__ = [
    "Spec",
    "activations",
    "backend_for",
    "base_value",
    "basis",
    "check_layer",
    "edge_values",
    "evaluate",
    "normal_equations",
    "spline",
    "to_coef",
    "to_in",
    "to_out",
    "use_backend",
]
