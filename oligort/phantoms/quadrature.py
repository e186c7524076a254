"""Volumes of a solid beyond a plane or within a ball, integrated over its height.

The integrand is smooth but where the cut first touches the section, passes a corner of it or
leaves it. Those heights are found by bisection and bound the panels of a Gauss-Legendre rule.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from oligort.phantoms.solid import Solid

Floats = npt.NDArray[np.float64]
Cut = Callable[[Floats, Floats], Floats]

CELLS = 96
"""Cells over the height in which an edge is looked for by its change of sign.

Two edges within one cell, 1/96 of the height, are missed: the plane then grazes the solid there,
and cuts off 1e-6 of it, which the rule integrates to a few per cent.
"""

PANELS = 8
"""Panels over the height beside those that the edges bound: they narrow down a mere graze."""

BISECTIONS = 50
"""Halvings of a cell, to the last digit of its position."""

NODE, WEIGHT = np.polynomial.legendre.leggauss(14)

LARGEST = 40_000
"""Integrals times cells evaluated at once, of up to four edges each: arrays of 1.3 MB."""


def volume_beyond_mm3(solid: Solid, direction: Floats, position_mm: Floats) -> Floats:
    """Return the volumes (D,) of a solid beyond planes across a unit vector at positions (D,)."""
    flat, steep = direction[:2], float(direction[2])
    volume = np.zeros(len(position_mm))
    for number, span_mm in enumerate(_spans(solid)):

        def area(position_mm: Floats, z_mm: Floats, number: int = number) -> Floats:
            return solid.sections(z_mm)[number].area_beyond(flat, position_mm - steep * z_mm)

        def edges(position_mm: Floats, z_mm: Floats, number: int = number) -> Floats:
            section = solid.sections(z_mm)[number]
            from_centre = position_mm - steep * z_mm - float(flat @ np.array(section.centre_mm))
            return np.asarray(from_centre - section.edges_mm(flat))

        volume += integral_over_height(position_mm, span_mm, area, edges)
    return volume


def volume_within_mm3(solid: Solid, radius_mm: Floats) -> Floats:
    """Return the volumes (D,) of a solid within balls of radii (D,) about its centre.

    Raises
    ------
    ValueError
        If its sections are no discs.
    """
    volume = np.zeros(len(radius_mm))
    centre = solid.centre_mm[2]
    for number, span_mm in enumerate(_spans(solid)):

        def in_plane(radius_mm: Floats, z_mm: Floats) -> Floats:
            return np.sqrt(np.maximum(radius_mm**2 - (z_mm - centre) ** 2, 0))

        def area(radius_mm: Floats, z_mm: Floats, number: int = number) -> Floats:
            return solid.sections(z_mm)[number].area_within(in_plane(radius_mm, z_mm))

        def edges(radius_mm: Floats, z_mm: Floats, number: int = number) -> Floats:
            disc, height = solid.sections(z_mm)[number].half_sizes_mm[0], z_mm - centre
            to_disc = in_plane(radius_mm, z_mm) - disc
            return np.stack(np.broadcast_arrays(to_disc, height - radius_mm, height + radius_mm))

        volume += integral_over_height(radius_mm, span_mm, area, edges)
    return volume


def _spans(solid: Solid) -> list[tuple[float, float]]:
    """Return the lowest and the highest z of each piece of a solid."""
    return [piece.span_mm for piece in solid.sections(np.array([solid.centre_mm[2]]))]


def integral_over_height(
    level_mm: Floats, span_mm: tuple[float, float], area_mm2: Cut, edges: Cut
) -> Floats:
    """Return the integrals (D,) in mm3 of an area that depends on a level and the height.

    Parameters
    ----------
    level_mm : (D,) array
        Position of the plane, or radius of the ball, of each integral.
    span_mm : (2,) floats
        Lowest and highest z. There the sections may vanish as sharply as those of a sphere.
    area_mm2 : function
        Of levels and heights that broadcast against each other, to their areas.
    edges : function
        Of levels and as many heights, to (K, ...) numbers that change their sign at an edge.
    """
    rows = max(1, LARGEST // CELLS)
    chunks = [
        _integral(level_mm[first : first + rows], span_mm, area_mm2, edges)
        for first in range(0, len(level_mm), rows)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0)


def _integral(level_mm: Floats, span_mm: tuple[float, float], area_mm2: Cut, edges: Cut) -> Floats:
    middle, half = sum(span_mm) / 2, (span_mm[1] - span_mm[0]) / 2

    def height(angle: Floats) -> Floats:
        # z = sin(angle) takes the square root from the ends of round sections
        return np.asarray(middle + half * np.sin(angle))

    row, root = _roots(level_mm, height, edges)
    order = np.lexsort((root, row))
    row, root = row[order], root[order]
    counts = np.bincount(row, minlength=len(level_mm))
    slot = np.arange(len(row)) - (np.cumsum(counts) - counts)[row]
    found = np.full((len(level_mm), int(counts.max(initial=0))), np.pi / 2)
    found[row, slot] = root
    fixed = np.broadcast_to(np.linspace(-0.5, 0.5, PANELS + 1) * np.pi, (len(level_mm), PANELS + 1))
    borders = np.sort(np.concatenate([found, fixed], axis=1), axis=1)
    width = np.diff(borders)[..., None]
    # 3 v^2 - 2 v^3 is flat at both ends: it takes the square root from the edges too
    v = (1 + NODE) / 2
    angle = borders[:, :-1, None] + width * (v**2 * (3 - 2 * v))
    weight = width * (3 * v * (1 - v) * WEIGHT) * half * np.cos(angle)
    return np.asarray((area_mm2(level_mm[:, None, None], height(angle)) * weight).sum(axis=(1, 2)))


def _roots(
    level_mm: Floats, height: Callable[[Floats], Floats], edges: Cut
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the row of each edge and the angle at which it lies."""
    angle = np.linspace(-0.5, 0.5, CELLS + 1) * np.pi
    heights = np.broadcast_to(height(angle), (len(level_mm), CELLS + 1))
    above = edges(level_mm[:, None], heights) > 0
    kind, row, cell = np.nonzero(above[..., 1:] != above[..., :-1])
    at_lower = above[kind, row, cell]
    lower, upper = angle[cell], angle[cell + 1]
    which = np.arange(len(row))
    for _ in range(BISECTIONS):
        middle = (lower + upper) / 2
        is_below = (edges(level_mm[row], height(middle))[kind, which] > 0) == at_lower
        lower, upper = np.where(is_below, middle, lower), np.where(is_below, upper, middle)
    return row, (lower + upper) / 2
