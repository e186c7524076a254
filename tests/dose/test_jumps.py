"""Jumps of a dose: a damaged voxel or frame is found, and no beam and no noise is one."""

import numpy as np
import pytest

from oligort.dose import jumps
from oligort.dose.jumps import jumps_of

SHAPE = (21, 25, 17)
X, Y, Z = np.meshgrid(*(3.0 * (np.arange(n) - n // 2) for n in SHAPE), indexing="ij")
"""Positions in mm of voxels 3 mm apart."""


def field(half_width_mm=18.0, penumbra_mm=3.0, top_gy=60.0):
    """A field with edges of a penumbra (80 to 20 %) on all sides."""

    def edge(mm):
        return 1 / (1 + np.exp(1.386 * (np.abs(mm) - half_width_mm) / (penumbra_mm / 2)))

    return top_gy * edge(X) * edge(Y) * edge(Z)


def ended(dose_gy, outside):
    """A dose that is zero where nothing is computed."""
    return np.where(outside, 0.0, dose_gy)


def spot(sigma_mm):
    return 20 * np.exp(-(X**2 + Y**2 + Z**2) / (2 * sigma_mm**2))


DOSES = {
    "a field": field(),
    "a field with the sharpest penumbra": field(penumbra_mm=2.0),
    "a field that ends at the border of the grid": field()[:, :, :9],
    # full width 7 mm: a single cone of 5 mm, on voxels of 3 mm
    "a spot": spot(3.0),
    "two spots": np.roll(spot(3.5), 4, axis=2) + np.roll(spot(3.5), -4, axis=2),
    "a gradient": 20 + 0.4 * X - 0.3 * Z,
    "no dose": np.zeros(SHAPE),
    # low doses are cut off, to all sides
    "a field cut off at 2 %": ended(field(), field() < 1.2),
    "a field cut off at a tenth": ended(field(), field() < 6.0),
    # a skull in a field that reaches beyond it
    "a field over the crown of a head": ended(
        field(half_width_mm=60.0), X**2 + Y**2 + (Z + 22) ** 2 > 36**2
    ),
    "a field in a lens": ended(field(half_width_mm=60.0), X**2 + Y**2 > 20 * (12 - Z)),
    "a distal edge across the frames": ended(field() / (1 + np.exp((Z - 6) / 1.5)), Z > 12),
    # chin and chest, for a frame apart: no dose in the air between
    "a gap of air": ended(field(), (Z == 6) & (Y < -24)),
    "noise of 3 % everywhere": field() * (1 + 0.03 * np.random.default_rng(1).normal(size=SHAPE)),
    "noise far from the field": field() + 0.02 * np.random.default_rng(2).random(SHAPE),
}


@pytest.mark.parametrize("name", DOSES)
def test_what_beams_give_has_no_jump(name):
    found = jumps_of(DOSES[name])
    assert not len(found.voxels)
    assert not found.frames
    assert {one.pattern for one in found.filled} <= {"one value"}


PLACES = [(10, 12, 8), (1, 1, 1), (19, 3, 15), (10, 20, 8)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("gy", [200.0, 16_000.0])
def test_a_voxel_that_is_too_high_is_found(place, gy):
    dose = field().copy()
    dose[place] = gy
    found = jumps_of(dose)
    assert found.voxels.tolist() == [list(place)]
    assert not found.frames


def test_a_hole_in_the_field_is_found_and_outside_it_none():
    dose = field().copy()
    dose[10, 12, 8] = dose[0, 0, 0] = 0
    assert jumps_of(dose).voxels.tolist() == [[10, 12, 8]]


@pytest.mark.parametrize("frame", [0, 1, 8, 15, 16])
def test_a_frame_of_noise_is_found_as_one(frame):
    dose = field().copy()
    dose[:, :, frame] = np.random.default_rng(frame).uniform(0, 60, SHAPE[:2])
    found = jumps_of(dose)
    # Beside the field a frame of noise makes the one before the field look like a lost one.
    assert frame in found.frames
    assert set(found.frames) <= {frame - 1, frame, frame + 1}
    assert not len(found.voxels)


@pytest.mark.parametrize("share", [1.0, 0.25, 0.125])
@pytest.mark.parametrize("count", [1, 3])
def test_frames_of_weak_noise_are_found_side_by_side_too(share, count):
    dose = field().copy()
    noise = np.random.default_rng(5).uniform(0, share * dose.max(), (*SHAPE[:2], count))
    dose[:, :, 8 : 8 + count] = noise
    assert {*range(8, 8 + count)} <= {*jumps_of(dose).frames}


def test_noise_in_most_frames_is_that_of_the_computation():
    dose = 60 * np.random.default_rng(6).random(SHAPE)
    assert not jumps_of(dose).frames


@pytest.mark.parametrize("rows", [slice(None, 12), slice(12, None)])
def test_a_frame_that_lost_half_of_its_rows_is_found(rows):
    dose = field(half_width_mm=24.0).copy()
    dose[:, rows, 8] = 0
    assert 8 in jumps_of(dose).frames


@pytest.mark.parametrize("descending", [False, True])
def test_frames_of_zeros_in_the_midst_of_a_penumbra_are_found(descending):
    dose = field(penumbra_mm=6.0).copy()
    dose[:, :, 15:] = 0  # behind the frame of half the dose, a quarter and less
    damaged = dose[:, :, ::-1] if descending else dose
    (filled,) = jumps_of(damaged).filled
    assert (filled.first, filled.last) == ((0, 1) if descending else (15, 16))
    assert 25 < filled.beside_gy < 35


@pytest.mark.parametrize("factor", [0.0, 0.1, 16.0])
def test_a_frame_that_is_lost_or_scaled_is_found(factor):
    dose = field().copy()
    dose[:, :, 7] *= factor
    assert jumps_of(dose).frames == (7,)


@pytest.mark.parametrize("shape", [(2, 9, 9), (9, 9, 2), (1, 1, 1)])
def test_a_grid_without_an_inside_has_none(shape):
    found = jumps_of(np.random.default_rng(3).random(shape))
    assert not len(found.voxels)
    assert not found.frames


def stored(dose):
    """Return the voxels in the order of a file, and the function that puts them back."""
    in_file = dose.transpose(2, 1, 0).ravel().copy()
    return in_file, lambda: in_file.reshape(SHAPE[::-1]).transpose(2, 1, 0)


@pytest.mark.parametrize("share", [0.5, 0.52, 0.55, 0.58])
@pytest.mark.parametrize("gy", [0.0, 0.4, 120.0])
@pytest.mark.parametrize("descending", [False, True])
def test_an_end_of_the_file_that_was_filled_is_found(share, gy, descending):
    in_file, put_back = stored(field())
    in_file[int(share * len(in_file)) :] = gy
    damaged = put_back()[:, :, ::-1] if descending else put_back()
    (filled,) = jumps_of(damaged).filled
    frames = (filled.first, filled.last)
    first = -(-int(share * len(in_file)) // (SHAPE[0] * SHAPE[1]))
    assert frames == ((0, 16 - first) if descending else (first, 16))
    assert filled.value_gy == gy
    assert filled.beside_gy > 50


@pytest.mark.parametrize(("first", "last"), [(0, 6), (7, 8), (6, 10), (9, 16)])
def test_runs_of_frames_of_one_value_are_found(first, last):
    dose = field()
    dose[:, :, first : last + 1] = 0
    assert [(one.first, one.last) for one in jumps_of(dose).filled] == [(first, last)]


def test_a_file_that_was_filled_for_less_than_two_frames_is_found():
    in_file, put_back = stored(field())
    size = SHAPE[0] * SHAPE[1]
    in_file[int(7.3 * size) : int(8.9 * size)] = 0
    (filled,) = jumps_of(put_back()).filled
    assert (filled.first, filled.last) == (7, 8)


@pytest.mark.parametrize("share", [0.5, 0.52, 0.55])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("pattern", ["alternating", "noise"])
def test_an_end_of_the_file_with_hardly_any_dose_is_found(share, descending, pattern):
    in_file, put_back = stored(field())
    begin = int(share * len(in_file))
    numbers = np.arange(len(in_file) - begin)
    noise = np.random.default_rng(4).uniform(0, 0.009 * field().max(), len(numbers))
    in_file[begin:] = numbers % 2 * 1e-6 if pattern == "alternating" else noise
    damaged = put_back()[:, :, ::-1] if descending else put_back()
    (filled,) = jumps_of(damaged).filled
    first = -(-begin // (SHAPE[0] * SHAPE[1]))
    assert (filled.first, filled.last) == ((0, 16 - first) if descending else (first, 16))
    assert filled.pattern == "hardly any dose"
    assert filled.beside_gy > 50


@pytest.mark.parametrize(("first", "last"), [(0, 6), (6, 10), (9, 16)])
def test_frames_that_repeat_a_lower_one_are_found(first, last):
    dose = field()
    dose[:, :, first : last + 1] = 0.3 * dose[:, :, 8:9] + 0.01 * X[:, :, :1] + 1
    (filled,) = jumps_of(dose).filled
    assert (filled.first, filled.last, filled.pattern) == (first, last, "one frame")


def test_a_dose_that_does_not_change_along_the_frames_repeats_none():
    assert jumps_of(np.repeat(field()[:, :, 8:9], 17, axis=2)).filled == ()


def test_lone_voxels_are_those_of_every_neighbour_whatever_is_compared_together(monkeypatch):
    """In the frames at the borders of what is held against each other at once as well."""
    dose = np.full((9, 8, 45), 20.0)
    lone = [(3, 4, k) for k in (1, 5, 15, 16, 17, 31, 33, 43)]
    for number, at in enumerate(lone):
        dose[at] = 60.0 if number % 2 else 3.0
    dose[6, 3, 16:18] = 60.0  # two beside each other
    assert jumps_of(dose).voxels.tolist() == [list(at) for at in lone]
    random = np.random.default_rng(2)
    noise = 1.0 + 50 * (random.random((12, 12, 40)) < 0.01)
    together = jumps._lone(noise)
    monkeypatch.setattr(jumps, "FRAMES_TOGETHER", 3)
    assert len(together) > 3
    assert jumps._lone(noise).tolist() == together.tolist()
