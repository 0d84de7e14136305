"""What a function is made of: symmetries, blocks, and expressions that columns enter through, for any callable.

A test is a pure function of a `FunctionSample` (rows, values, gradients and their errors), or of a `Probe`, which can
exchange columns as well. It gives back findings, each with its evidence.
"""

from .along import Mirror, Period, mirrors, periods
from .decomposition import Tree, grown, tree
from .disagreement import disagreement
from .expression import ThroughExpression, depends_on
from .finding import Evidence, Finding, judge
from .function import Function, Noise, as_function, restricted
from .pair import PairOfColumns, Powers, pairs
from .probe import Probe, probe, probe_of
from .ratio import Group, Through, groups, separable_ratio, through
from .sample import FunctionSample, make_sample
from .scale_invariance import Scaling, scaling, scalings
from .separability import Separability, separability, separated
from .separable_blocks import ProductOfBlocks, SumOfBlocks, blocks
from .symmetry import Symmetry, symmetries, symmetry
from .translation import Translation, translations
from .unused import Unused, unused

__all__ = [
    "Evidence",
    "ThroughExpression",
    "Finding",
    "Function",
    "Group",
    "Mirror",
    "Noise",
    "PairOfColumns",
    "Period",
    "Powers",
    "Probe",
    "ProductOfBlocks",
    "FunctionSample",
    "Scaling",
    "Separability",
    "SumOfBlocks",
    "Symmetry",
    "Through",
    "Translation",
    "Tree",
    "Unused",
    "as_function",
    "blocks",
    "depends_on",
    "disagreement",
    "groups",
    "grown",
    "judge",
    "make_sample",
    "mirrors",
    "pairs",
    "periods",
    "probe",
    "probe_of",
    "restricted",
    "scaling",
    "scalings",
    "separability",
    "separable_ratio",
    "separated",
    "symmetries",
    "symmetry",
    "through",
    "translations",
    "tree",
    "unused",
]
