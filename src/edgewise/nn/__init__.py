"""Modules with KAN edges for deep networks, in place of those of `torch.nn`.

>>> import torch, edgewise as ew
>>> ew.nn.KANConv2d(3, 16, 3, padding=1)(torch.rand(2, 3, 8, 8)).shape
torch.Size([2, 16, 8, 8])
"""

from .activation import ActivationLinear as ActivationLinear
from .activation import SplineActivation as SplineActivation
from .basis_layer import BasisLayer as BasisLayer
from .chebyshev import ChebyshevLayer as ChebyshevLayer
from .convolution import KANConv1d as KANConv1d
from .convolution import KANConv2d as KANConv2d
from .feed_forward import KANFeedForward as KANFeedForward
from .fourier import FourierLayer as FourierLayer
from .gaussian import GaussianLayer as GaussianLayer
from .hybrid import HybridLinear as HybridLinear
from .hybrid import from_linear as from_linear
from .rational import RationalLayer as RationalLayer
