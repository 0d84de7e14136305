"""Losses: what a fit minimises, as values with their parameters.

>>> import edgewise as ew
>>> ew.losses.Quantile(0.9).name
'quantile'
"""

from .cross_entropy import CrossEntropy as CrossEntropy
from .custom import Custom as Custom
from .custom import Function as Function
from .huber import Huber as Huber
from .linked import Binomial as Binomial
from .linked import Gamma as Gamma
from .linked import Linked as Linked
from .linked import Poisson as Poisson
from .location import Location as Location
from .loss import Loss as Loss
from .loss import Numbers as Numbers
from .loss import Within as Within
from .loss import dispersion as dispersion
from .loss import within as within
from .names import LOSSES as LOSSES
from .names import as_loss as as_loss
from .names import told as told
from .quantile import AbsoluteError as AbsoluteError
from .quantile import Kink as Kink
from .quantile import Quantile as Quantile
from .squared_error import SquaredError as SquaredError
from .student_t import StudentT as StudentT
