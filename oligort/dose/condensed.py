"""Fewer places for many: where powers of the dose need be taken for sums over a fine histogram.

A sum of weighted powers D^p = exp(p ln D) over the corners of a stretch of doses is that over a few
Chebyshev nodes of the stretch, each with the weights that polynomial interpolation gives it
(Trefethen, Approximation Theory and Approximation Practice, 2013, chapters 3 to 5): over a stretch
of half-width h of ln D the interpolation is off by at most some 4 (p h / 2)^n / n! of the power,
n the number of nodes.
"""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LARGEST_POWER = 32.0
"""Powers beyond, up or down, need all corners. Exponents of the gEUD in use lie between -20 and
30."""

HALF_WIDTH = 1 / 32
"""Of a stretch, in ln D: of a power of 32 it changes by e from the middle to an end."""

NODES = 14
"""Of a stretch: 4 (1/2)^14 / 14! is 3e-15 of the power, some roundings."""

_ANGLES = (np.arange(NODES) + 0.5) * (math.pi / NODES)
_NODES = np.cos(_ANGLES)
_WEIGHTS = np.cos(np.arange(NODES)[:, None] * _ANGLES) * (2 / NODES)
_WEIGHTS[0] /= 2
"""Weights of the nodes (n, n) from the moments of the Chebyshev polynomials, a row for each."""


def condensed(log_dose: Floats, first: int, weights: Floats) -> tuple[Floats, Floats]:
    """Return places and weights of which sums of powers are those over all corners, to rounding.

    Parameters
    ----------
    log_dose : (K,) array
        ln D of the corners, ascending.
    first : int
        The first corner that may be replaced; the logarithms are finite from here on.
    weights : (C, K) array
        Of each of several sums.

    Returns
    -------
    log_dose : (N,) array
        ln D of the places: the corners that stay, as they were, then the nodes.
    weights : (C, N) array
        Of the places.
    """
    highest = float(log_dose[-1])
    most = math.ceil((highest - float(log_dose[first])) / (2 * HALF_WIDTH))
    ends = highest - 2 * HALF_WIDTH * np.arange(most, -1, -1)
    corners = log_dose.searchsorted(ends)
    corners[-1] = len(log_dose)
    # Stretches of fewer corners than nodes stay; the widest ones, of low doses, come first.
    few = np.flatnonzero(np.diff(corners) <= NODES)
    begin = int(few[-1]) + 1 if len(few) else 0
    starts = corners[begin:]
    if len(starts) < 2:
        return log_dose, weights
    kept = int(starts[0])
    middle = ends[begin:-1] + HALF_WIDTH
    away = log_dose[kept:] - middle.repeat(np.diff(starts))
    polynomials = _chebyshev(away / HALF_WIDTH)
    moments = np.stack(
        [
            weights[:, one:other] @ polynomials[:, one - kept : other - kept].T
            for one, other in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        ],
        axis=1,
    )
    places = middle[:, None] + HALF_WIDTH * _NODES
    of_places = (moments @ _WEIGHTS).reshape(len(weights), -1)
    return (
        np.concatenate([log_dose[:kept], places.ravel()]),
        np.concatenate([weights[:, :kept], of_places], axis=1),
    )


def _chebyshev(at: Floats) -> Floats:
    """Return the Chebyshev polynomials (n, K) of the first degrees at places (K,)."""
    values = np.empty((NODES, len(at)))
    values[0], values[1] = 1, at
    twice = 2 * at
    for degree in range(2, NODES):
        np.multiply(twice, values[degree - 1], out=values[degree])
        values[degree] -= values[degree - 2]
    return values
