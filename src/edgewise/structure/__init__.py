"""What a function is made of: symmetries, blocks, and expressions that columns enter through, for any callable.

A test is a pure function of a `Sample` (rows, values, gradients and their errors), or of a `Probe`, which can exchange
columns as well. It gives back findings, each with its evidence.
"""

from .blocks import Product, Sum, blocks
from .finding import Evidence, Finding, judge
from .function import Function, Noise, as_function, restricted
from .probe import Probe, probe, probe_of
from .ratio import Group, groups, separable_ratio
from .sample import Sample, make_sample
from .scaling import Scaling, scaling, scalings
from .translation import Translation, translations
from .unused import Unused, unused

__all__ = [
    "Evidence",
    "Finding",
    "Function",
    "Group",
    "Noise",
    "Probe",
    "Product",
    "Sample",
    "Scaling",
    "Sum",
    "Translation",
    "Unused",
    "as_function",
    "blocks",
    "groups",
    "judge",
    "make_sample",
    "probe",
    "probe_of",
    "restricted",
    "scaling",
    "scalings",
    "separable_ratio",
    "translations",
    "unused",
]
