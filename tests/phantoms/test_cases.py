"""The drawn cases: the same for a seed, of every kind, and within what was asked for."""

import numpy as np
import pytest

from oligort.phantoms import Gaussian, gaussian_peaks, seeded_cases
from oligort.phantoms.cases import DOSE_SPACINGS_MM, PLANE_SPACINGS_MM, SOLIDS

LARGEST_VOXELS = 3_000_000
CASES = seeded_cases(2015, 320)


def fingerprint(case):
    grid = case.grid
    arrays = (case.planes_mm, grid.origin_mm, grid.frame_positions_mm)
    return (
        (case.name, case.solid, case.field, case.spacing_mm, case.points, grid.shape),
        tuple(tuple(array.tolist()) for array in arrays),
    )


def test_a_seed_gives_the_same_cases_and_another_one_others() -> None:
    first, again, other = (seeded_cases(seed, 40) for seed in (3, 3, 4))
    assert [fingerprint(c) for c in first] == [fingerprint(c) for c in again]
    assert not {c.name for c in first} & {c.name for c in other}
    assert [fingerprint(c) for c in seeded_cases(3, 10)] == [fingerprint(c) for c in first[:10]]
    peaks, again = gaussian_peaks(3, 5), gaussian_peaks(3, 5)
    assert [fingerprint(c) for c in peaks] == [fingerprint(c) for c in again]


def test_every_kind_occurs() -> None:
    assert {c.kind for c in CASES} == set(SOLIDS)
    assert {c.spacing_mm for c in CASES} == set(PLANE_SPACINGS_MM)
    assert {c.grid.i_spacing_mm for c in CASES} == set(DOSE_SPACINGS_MM)
    linear = [c for c in CASES if c.field_kind == "linear"]
    ends = {c.name.split()[-1] for c in linear}
    assert ends == {"+x", "-x", "+y", "-y", "+z", "-z", "oblique"}
    # 320 draws of 15 %: 48, with a standard deviation of 6.4
    for kind in ("exponential", "gaussian"):
        assert sum(c.field_kind == kind for c in CASES) == pytest.approx(48, abs=26)
    flat = [c.ends_on_borders for c in CASES if c.has_flat_ends]
    # 120 draws of a half: 60, with a standard deviation of 5.5
    assert sum(flat) == pytest.approx(60, abs=22)
    assert not any(c.ends_on_borders for c in CASES if not c.has_flat_ends)


def test_cases_keep_within_their_limits() -> None:
    for case in CASES:
        assert case.crossing_planes >= 2
        assert len({c.points_mm[0, 2] for c in case.structure.contours}) == case.crossing_planes
        assert np.prod(case.grid.shape) < LARGEST_VOXELS
        corners = np.array([np.zeros(3), np.array(case.grid.shape) - 1])
        first, last = case.grid.to_patient(corners)
        low, high = np.array([case.slabs.extent_mm(axis) for axis in np.eye(3)]).T
        assert (first + case.grid.i_spacing_mm <= low).all()
        assert (high <= last - case.grid.i_spacing_mm).all()
        lowest, highest = case.slabs.range_gy(case.field)
        assert 0 < lowest < highest < 900
        assert 200 <= case.points <= 400


def test_doses_on_the_grid_stay_above_half_a_gray_and_below_900() -> None:
    for case in CASES:
        if not isinstance(case.field, Gaussian) and np.prod(case.grid.shape) < 300_000:
            dose = case.dose_gy
            assert dose.shape == case.grid.shape
            # the lowest may be drawn as 0.5 Gy itself, but for rounding
            assert dose.min() > 0.5 - 1e-9
            assert dose.max() < 900


def test_planes_and_dose_planes_have_nothing_in_common() -> None:
    """Offsets in dose voxels fill a period evenly: their mean is 0.5 +- 5 / sqrt(12 n)."""
    offsets = np.array(
        [
            (
                (case.planes_mm[0] - case.grid.origin_mm[2]) / case.grid.i_spacing_mm % 1,
                *(
                    (np.array(case.solid.centre_mm) - case.grid.origin_mm)
                    / case.grid.i_spacing_mm
                    % 1
                ),
            )
            for case in CASES
        ]
    )
    # centre and grid: the centre lies on a voxel or between two, plus the drawn offset
    assert offsets.mean(axis=0) == pytest.approx(0.5, abs=5 / np.sqrt(12 * len(CASES)))
    assert np.ptp(offsets, axis=0) == pytest.approx(1, abs=0.1)


def test_slabs_and_solid_are_the_same_within_what_slabs_can_do() -> None:
    """Slabs whose borders meet the ends, or round ends: both truths of a case fit together."""
    for case in CASES[:80]:
        doses = np.linspace(*case.slabs.range_gy(case.field), 33)
        slab, solid = case.slab_fraction(doses), case.solid_fraction(doses)
        assert (np.diff(slab) <= 1e-9).all()
        assert (np.diff(solid) <= 1e-9).all()
        if case.kind in ("box", "cylinder along") and case.ends_on_borders:
            assert slab == pytest.approx(solid, abs=1e-7)
            assert case.slab_volume_cc == pytest.approx(case.solid_volume_cc, rel=1e-9)


def test_peaks_are_spheres_of_about_the_size_of_their_gaussian() -> None:
    for case in gaussian_peaks(8, 8):
        assert case.solid.radius_mm >= 5
        assert 0.8 <= case.field.sigma_mm / case.solid.radius_mm <= 1.3
        assert 1 <= case.spacing_mm <= 3
        assert case.grid.i_spacing_mm == 2.5
        # (r / R)^3 = share, in the sphere itself
        radius = case.solid.radius_mm * np.cbrt([0.95, 0.5, 0.05])
        expected = case.field.maximum_gy * np.exp(-((radius / case.field.sigma_mm) ** 2) / 2)
        found = case.whole.dose_at(case.field, [0.95, 0.5, 0.05])
        assert found == pytest.approx(expected, rel=1e-8)
