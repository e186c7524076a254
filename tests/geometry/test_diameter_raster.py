"""Diameters and parts of one plane as scikit-image sees them on a fine raster."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import polygon2mask
from skimage.measure import label, regionprops

from oligort.geometry.components import parts
from oligort.geometry.diameter import longest_in_plane
from oligort.geometry.structure import Contour, Structure

PIXELS_PER_MM = 5
SIDE = 400

PIXEL_MM = 1 / PIXELS_PER_MM
DIAGONAL_MM = float(np.sqrt(2)) * PIXEL_MM
"""Of a pixel."""

BEYOND_MM = 2 * PIXEL_MM
"""By how much a Feret diameter of the raster exceeds the distance of pixel centres at most."""


def star(generator: np.random.Generator, centre_mm: float = 40.0) -> np.ndarray:
    """A rough loop about a centre, 10 to 35 mm from it, corner by corner."""
    count = int(generator.integers(5, 60))
    turn = np.sort(generator.uniform(0, 2 * np.pi, count))
    radius = generator.uniform(10, 35, count)
    return centre_mm + radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def crescent(generator: np.random.Generator) -> np.ndarray:
    """A disc of 30 mm without a smaller one that pokes out of it."""
    turn = generator.uniform(0, 2 * np.pi)
    angle = np.linspace(0.7, 2 * np.pi - 0.7, 90)
    outer = 30 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inner = outer[::-1] * [0.75, 0.75] + [6.0, 0.0]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return 40 + np.concatenate([outer, inner]) @ rotation.T


def keyhole(generator: np.random.Generator) -> np.ndarray:
    """A loop that walks in to a hole of 5 mm, around it, and out again the same way."""
    angle = np.linspace(0, 2 * np.pi, 50)
    outer = 40 + np.stack([np.cos(angle), np.sin(angle)], axis=1) * generator.uniform(10, 35, 2)
    hole = 40 + 5 * np.stack([np.cos(-angle), np.sin(-angle)], axis=1)
    return np.concatenate([outer, hole])


def mask_of(loop_mm: np.ndarray) -> np.ndarray:
    """Pixels whose centres lie inside; the centre of pixel (i, j) is at i, j / PIXELS_PER_MM."""
    return polygon2mask((SIDE, SIDE), loop_mm * PIXELS_PER_MM)


@pytest.mark.parametrize("shape", [star, crescent, keyhole])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_longest_diameter_is_the_feret_diameter_of_the_raster(shape, seed):
    loop = shape(np.random.default_rng(seed))
    (region,) = regionprops(mask_of(loop).astype(int))
    raster_mm = region.feret_diameter_max * PIXEL_MM
    longest = longest_in_plane(np.column_stack([loop, np.zeros(len(loop))])).length_mm
    kept = np.argwhere(mask_of(loop)) * PIXEL_MM
    inside = longest_in_plane(np.column_stack([kept, np.zeros(len(kept))])).length_mm
    # scikit-image draws the hull around the sides of the pixels, half a pixel beyond their
    # centres, and the outline half a pixel beyond the pixels in that: a pixel at either end.
    assert inside <= raster_mm <= inside + BEYOND_MM
    assert raster_mm <= longest + BEYOND_MM
    if shape is not star:
        # Round ends: the first centre inside lies within a diagonal of the end. The tips of a
        # star are narrower than a pixel, and the raster has not got them.
        assert raster_mm >= longest - 2 * DIAGONAL_MM


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_holes_and_islands_are_as_many_parts_as_the_raster_has(seed):
    """Rings with islands in a lattice of 26 mm: nothing touches, each 3 pixels from the next."""
    generator = np.random.default_rng(seed)
    angle = np.arange(60) * 2 * np.pi / 60
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    loops = []
    for place in np.argwhere(generator.uniform(size=(3, 3)) < 0.6):
        radii = [12.0, 8.0, 5.0][: int(generator.integers(1, 4))]
        loops += [13.0 + 26.0 * place + radius * unit for radius in radii]
    if not loops:
        return
    mask = np.zeros((SIDE, SIDE), bool)
    for loop in loops:
        mask ^= mask_of(loop)
    planes = [np.column_stack([loop, np.full(len(loop), z)]) for z in (0.0, 1.0) for loop in loops]
    found = parts(Structure(1, "GTV", tuple(Contour(loop) for loop in planes)), 1.0)
    assert len(found) == label(mask, connectivity=2).max()
