"""One phantom, however its dose and contours are written: one histogram.

The dose lies at the same places of the patient each time. What differs is in which of the eight
patient positions its rows, columns and frames run, in which direction and form the frame offsets
stand, and in which order contours and files come.
"""

from itertools import product

import numpy as np
import pytest

import oligort
from oligort.phantoms import Ellipsoid

POSITIONS = {
    "HFS": (1, 0, 0, 0, 1, 0),
    "HFP": (-1, 0, 0, 0, -1, 0),
    "HFDL": (0, -1, 0, 1, 0, 0),
    "HFDR": (0, 1, 0, -1, 0, 0),
    "FFS": (-1, 0, 0, 0, 1, 0),
    "FFP": (1, 0, 0, 0, -1, 0),
    "FFDL": (0, 1, 0, 1, 0, 0),
    "FFDR": (0, -1, 0, -1, 0, 0),
}
"""Image Orientation (Patient) of axial images, PS3.3 C.7.6.1.1.1 for each PS3.3 C.7.3.1.1.2."""

ORDERS = ("ascending", "descending", "shuffled")

AXES_MM = (np.arange(-32, 33, 4.0), np.arange(-40, 21, 3.0), np.arange(7, 78, 2.5))
"""Voxel centres along x, y and z: another spacing, extent and place along each."""

SOLID = Ellipsoid((1.3, -9.2, 41.7), (17.0, 21.0, 24.0))
PLANES_MM = np.arange(18.2, 66, 3.0)

SAME = 1e-6
"""Share of the volume, and Gy: what the same numbers in another order of sums stay far below."""


def stored_gy():
    """(x, y, z) dose in steps of 0.01 Gy: another slope along each axis, and no symmetry."""
    x, y, z = np.meshgrid(*AXES_MM, indexing="ij")
    return np.round(100 * (30 + 0.31 * x - 0.17 * y + 0.23 * z + 0.004 * x * y)).astype(np.uint32)


def written_dose(dose, position, is_absolute, is_ascending):
    """The same voxels at the same places, by PS3.3 C.7.6.2.1.1 and C.8.8.3.2."""
    x, y = np.array(position[:3]), np.array(position[3:])
    directions = np.array([x, y, np.cross(x, y) * (1 if is_ascending else -1)])
    axes = np.abs(directions).argmax(axis=1)
    signs = directions[np.arange(3), axes]
    centres = [AXES_MM[axis][:: int(sign)] for axis, sign in zip(axes, signs, strict=True)]
    values = np.flip(stored_gy().transpose(axes), [k for k in range(3) if signs[k] < 0])
    dataset = dose(np.ascontiguousarray(values.transpose(2, 1, 0)))
    first_mm = dict(zip(axes, (float(mm[0]) for mm in centres), strict=True))
    dataset.ImagePositionPatient = [first_mm[axis] for axis in range(3)]
    dataset.ImageOrientationPatient = list(position)
    dataset.PixelSpacing = [abs(float(mm[1] - mm[0])) for mm in (centres[1], centres[0])]
    z_mm = centres[2]
    along_normal = (z_mm - z_mm[0]) * np.cross(x, y)[2]
    dataset.GridFrameOffsetVector = list(map(float, z_mm if is_absolute else along_normal))
    return dataset


def curve_of(folder):
    dvh = oligort.read(folder).dvh("Liver")
    assert dvh.uncovered_cc == 0
    return dvh


@pytest.fixture(scope="module")
def contours():
    return [contour.points_mm for contour in SOLID.structure("Liver", 1, PLANES_MM).contours]


@pytest.mark.parametrize("position", POSITIONS)
def test_every_way_to_write_a_phantom_gives_one_histogram(
    position, contours, contour, structure_set, dose, write, tmp_path
):
    first = None
    for is_absolute, is_ascending, order in product((False, True), (True, False), ORDERS):
        folder = tmp_path / f"{is_absolute}-{is_ascending}-{order}"
        loops = {
            "ascending": contours,
            "descending": contours[::-1],
            "shuffled": [contours[k] for k in np.random.default_rng(7).permutation(len(contours))],
        }[order]
        # The files too are found in another order.
        names = {"ascending": "ab", "descending": "ba", "shuffled": "zm"}[order]
        written = written_dose(dose, POSITIONS[position], is_absolute, is_ascending)
        write(written, folder / f"{names[0]}.dcm")
        write(structure_set({"Liver": list(map(contour, loops))}), folder / f"{names[1]}.dcm")
        found = curve_of(folder)
        first = first or reference(contours, contour, structure_set, dose, write, tmp_path)
        np.testing.assert_allclose(found.edges_gy, first.edges_gy, atol=SAME)
        np.testing.assert_allclose(
            found.cumulative_cc, first.cumulative_cc, atol=SAME * first.volume_cc
        )
        for metric in ("Min[Gy]", "Mean[Gy]", "Max[Gy]", "D95%[Gy]", "V30Gy[%]"):
            assert found[metric] == pytest.approx(float(first[metric]), abs=SAME), metric


def reference(contours, contour, structure_set, dose, write, tmp_path):
    """Head first supine, relative offsets that ascend: what all other ways are held against."""
    folder = tmp_path / "reference"
    write(written_dose(dose, POSITIONS["HFS"], False, True), folder / "a.dcm")
    write(structure_set({"Liver": list(map(contour, contours))}), folder / "b.dcm")
    return curve_of(folder)


def test_the_ways_differ_where_they_are_misread(
    contours, contour, structure_set, dose, write, tmp_path
):
    """The phantom tells wrong readings apart: a grid whose frames run the other way is another."""
    dataset = written_dose(dose, POSITIONS["FFS"], True, True)
    dataset.GridFrameOffsetVector = list(map(float, AXES_MM[2]))
    dataset.ImagePositionPatient = [*dataset.ImagePositionPatient[:2], float(AXES_MM[2][0])]
    write(dataset, tmp_path / "turned" / "a.dcm")
    write(structure_set({"Liver": list(map(contour, contours))}), tmp_path / "turned" / "b.dcm")
    turned = curve_of(tmp_path / "turned")
    first = reference(contours, contour, structure_set, dose, write, tmp_path)
    assert abs(turned["Mean[Gy]"] - first["Mean[Gy]"]) > 0.1
