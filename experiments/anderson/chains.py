"""Quasiperiodic chains, diagonalised: which states are localised, and which are so by theory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

GOLDEN = (np.sqrt(5) - 1) / 2
SITES = 1000
EXTENDED = 0.5  # fractal dimension from which a state counts as extended
# n sites, m states


@dataclass(frozen=True)
class Chain:
    """A family of chains with a strength `lam` and at most one more parameter.

    Attributes:
        about: in words.
        hamiltonian: of a chain (n, n), from the sites' numbers (n,), the phase, the strength and the other parameter.
        inputs: names of the columns, in the order phase, strength, other parameter, energy.
        ranges: of the strength and of the other parameter.
        edge: positive where states are localised, from strength, other parameter and energy.
        law: the edge as text, the normalised form that a formula is compared with.
    """

    about: str
    hamiltonian: Callable[[np.ndarray, float, float, float], np.ndarray]
    inputs: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]
    edge: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
    law: str


def neighbours(potential: np.ndarray) -> np.ndarray:
    """A chain with hopping of strength one between neighbours."""
    n = len(potential)
    return np.diag(potential) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)


def mosaic(sites: np.ndarray, phase: float, lam: float, _: float) -> np.ndarray:
    """A cosine on every second site (Wang et al. 2020)."""
    on = sites % 2 == 0
    return neighbours(np.where(on, 2 * lam * np.cos(2 * np.pi * GOLDEN * sites + phase), 0.0))


def gaam(sites: np.ndarray, phase: float, lam: float, alpha: float) -> np.ndarray:
    """A cosine over one minus a cosine (Ganeshan, Pixley, Das Sarma 2015)."""
    wave = np.cos(2 * np.pi * GOLDEN * sites + phase)
    return neighbours(2 * lam * wave / (1 - alpha * wave))


def maam(sites: np.ndarray, phase: float, lam: float, p: float) -> np.ndarray:
    """A cosine, and hopping that falls off exponentially, one between neighbours (Biddle, Das Sarma 2010)."""
    far = np.abs(sites[:, None] - sites)
    hopping = np.where(far > 0, np.exp(-p * (far - 1.0)), 0.0)
    return hopping + np.diag(lam * np.cos(2 * np.pi * GOLDEN * sites + phase))


CHAINS = {
    "mosaic": Chain(
        "a cosine of strength `2 lam` on every second site: `lam |E| = 1`",
        mosaic,
        ("phi", "lam", "E"),
        ((0.1, 2.5),),
        lambda lam, _, E: lam * np.abs(E) - 1,
        "lam*Abs(E) - 1",
    ),
    "gaam": Chain(
        "generalised Aubry and Andre: `2 lam cos / (1 - alpha cos)`: `alpha E + 2 lam - 2 = 0`",
        gaam,
        ("phi", "lam", "alpha", "E"),
        ((0.1, 1.9), (-0.9, 0.9)),
        lambda lam, alpha, E: alpha * E + 2 * lam - 2,
        "alpha*E + 2*lam - 2",
    ),
    "maam": Chain(
        "modified Aubry and Andre: hopping `exp(-p (|n - m| - 1))`: `E + exp(p) - lam cosh(p) = 0`",
        maam,
        ("phi", "lam", "p", "E"),
        ((0.1, 6.0), (0.5, 4.0)),
        lambda lam, p, E: lam * np.cosh(p) - E - np.exp(p),
        "lam*cosh(p) - E - exp(p)",
    ),
}


@dataclass(frozen=True)
class States:
    """States of many chains: columns (m, d), whether each is localised (m,), and whether theory says so (m,)."""

    X: np.ndarray
    localised: np.ndarray
    theory: np.ndarray


def states(name: str, chains: int, sites: int, seed: int) -> States:
    """All states of chains with parameters drawn uniformly."""
    chain, rng = CHAINS[name], np.random.default_rng([seed, chains, sites])
    rows, found = [], []
    for _ in range(chains):
        phase = rng.uniform(0, 2 * np.pi)
        given = [rng.uniform(*span) for span in chain.ranges]
        energies, vectors = np.linalg.eigh(chain.hamiltonian(np.arange(sites), phase, given[0], given[-1]))
        dimension = -np.log((vectors**4).sum(0)) / np.log(sites)
        columns = [np.full(sites, value) for value in (phase, *given)]
        rows.append(np.stack([*columns, energies], 1))
        found.append(dimension < EXTENDED)
    X = np.concatenate(rows)
    return States(X, np.concatenate(found), chain.edge(X[:, 1], X[:, -2], X[:, -1]) > 0)
