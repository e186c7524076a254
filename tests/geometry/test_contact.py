"""What structures of many loops share, against shapely and the overlay of all of the loops."""

from functools import reduce

import numpy as np
import pytest
from shapely.geometry import Polygon

from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import slabs_of
from oligort.geometry.structure import Contour, Structure

SPACING_MM = 3.0
TURN = np.linspace(0, 2 * np.pi, 24, endpoint=False)


def islands(rng: np.random.Generator, count: int, half_mm: float) -> list[np.ndarray]:
    """Discs scattered in a square: some apart, some in each other, some across each other."""
    centres = rng.uniform(-half_mm, half_mm, (count, 2))
    radii = rng.choice([1.0, 2.0, 5.0, 12.0], count) * rng.uniform(0.8, 1.2, count)
    return [
        centre + radius * np.column_stack([np.cos(TURN), np.sin(TURN)])
        for centre, radius in zip(centres, radii, strict=True)
    ]


def model_of(loops: list[np.ndarray], kind: str):
    contours = [Contour(np.column_stack([loop, np.zeros(len(loop))]), kind) for loop in loops]
    return slabs_of(Structure(1, "S", tuple(contours)), SPACING_MM)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSED_PLANAR_XOR"])
def test_loops_far_from_another_structure_change_nothing_of_what_they_share(seed, kind):
    rng = np.random.default_rng(seed)
    one, other = islands(rng, 30, 60.0), islands(rng, 4, 20.0)
    found = shared_volume_cc(model_of(one, kind), model_of(other, kind))
    is_xor = kind == "CLOSED_PLANAR_XOR"
    whole_mm2 = overlay([one, other], [is_xor, is_xor]).shared(0, 1)
    assert whole_mm2 > 0
    assert found == pytest.approx(whole_mm2 * SPACING_MM / 1000, rel=1e-9)
    assert shared_volume_cc(model_of(other, kind), model_of(one, kind)) == pytest.approx(found)
    if is_xor:
        both = [reduce(Polygon.symmetric_difference, map(Polygon, loops)) for loops in (one, other)]
        area_mm2 = both[0].intersection(both[1]).area
        # Of some hundred cuts, each rounded to 1e-14 of a coordinate, far less than 1e-9 is left.
        assert found == pytest.approx(area_mm2 * SPACING_MM / 1000, rel=1e-9)


def test_structures_that_lie_apart_share_nothing():
    rng = np.random.default_rng(3)
    far = [loop + 200.0 for loop in islands(rng, 3, 20.0)]
    assert (
        shared_volume_cc(
            model_of(islands(rng, 3, 20.0), "CLOSED_PLANAR"), model_of(far, "CLOSED_PLANAR")
        )
        == 0
    )
