"""A seeded synthetic thorax as DICOM: 13 structures with wiggly outlines, and a plan-like dose.

    python tests/benchmarks/thorax.py FOLDER [--scale 0.25]

At scale 1: 161 planes of 3 mm, 300,000 contour points, a dose grid of 157 x 105 x 185 voxels of
2.5 mm. Another scale draws the same body with that many times the points and the dose voxels:
planes, points in a plane and voxels along each axis are refined together.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from writing import Roi, subject_case, write_ct_headers, write_dose, write_structures

Floats = npt.NDArray[np.float64]

SEED = 2026
CONTOUR_POINTS = 300_000
PLANES = 161
PLANE_MM = 3.0
DOSE_VOXELS = (157, 105, 185)
DOSE_MM = 2.5
DECIMALS = 2
"""Decimals of a coordinate in mm, as planning systems write."""

FEWEST_POINTS = 8
"""Points of the smallest loop."""

FINE_POINTS = 720
"""Points at which an outline is measured before it is drawn."""

PRESCRIPTION_GY = 54.0
TARGET_CENTRE_MM = (18.0, 22.0, 20.0)
TARGET_SEMI_AXES_MM = (17.0, 19.0, 42.0)

DOSE_CENTRE_MM = (1.3, 0.7, -1.1)
"""Centre of the dose grid: off the planes. The body's ends lie outside of the grid."""


@dataclass(frozen=True)
class Organ:
    """A stack of loops: an ellipsoid (or a tube) whose outline wiggles by seeded harmonics.

    `tubular` keeps the section nearly the same all along z.
    """

    name: str
    interpreted_type: str
    centre_mm: tuple[float, float, float]
    semi_axes_mm: tuple[float, float, float]
    wiggle: float = 0.03
    tubular: bool = False
    lobes: int = 6
    seed_of: str = ""
    """Whose wiggle it follows, so that margins nest; its own where empty."""


TARGET = Organ("GTVp", "GTV", TARGET_CENTRE_MM, TARGET_SEMI_AXES_MM, 0.06)


def _grown(name: str, interpreted_type: str, margin_mm: float) -> Organ:
    axes = tuple(axis + margin_mm for axis in TARGET_SEMI_AXES_MM)
    return Organ(name, interpreted_type, TARGET_CENTRE_MM, axes, 0.06, seed_of="GTVp")


ORGANS = (
    Organ("BODY", "EXTERNAL", (0.0, 0.0, 0.0), (182.0, 122.0, 260.0), 0.015, tubular=True),
    Organ("Lung_L", "ORGAN", (84.0, 2.0, 15.0), (54.0, 78.0, 122.0), 0.05, lobes=9),
    Organ("Lung_R", "ORGAN", (-86.0, 0.0, 15.0), (57.0, 80.0, 118.0), 0.05, lobes=9),
    Organ("Heart", "ORGAN", (14.0, -46.0, -48.0), (44.0, 42.0, 52.0), 0.04),
    Organ("Oesophagus", "ORGAN", (4.0, 36.0, 20.0), (9.0, 7.0, 125.0), 0.10, tubular=True),
    Organ("SpinalCord", "ORGAN", (0.0, 70.0, 0.0), (7.0, 6.0, 234.0), 0.05, tubular=True),
    TARGET,
    _grown("CTVp", "CTV", 5.0),
    _grown("PTVp", "PTV", 12.0),
    Organ("Liver", "ORGAN", (-52.0, -14.0, -160.0), (98.0, 76.0, 62.0), 0.06, lobes=7),
    Organ("Trachea", "ORGAN", (0.0, 14.0, 150.0), (9.0, 8.0, 72.0), 0.06, tubular=True),
)

RIB_PAIRS = 12
"""Loops of bone in a plane of the chest wall, on either side."""


class _Wiggle:
    """Relative radius over angle and z: a few harmonics of seeded phase."""

    def __init__(self, name: str, amplitude: float, lobes: int) -> None:
        random = np.random.default_rng([SEED, *name.encode()])
        self.order = np.arange(2, lobes + 2)
        self.height = amplitude * random.uniform(0.4, 1.0, lobes) / np.sqrt(self.order)
        self.phase = random.uniform(0, 2 * np.pi, lobes)
        self.twist_per_mm = random.uniform(-0.04, 0.04, lobes)

    def __call__(self, angle: Floats, z_mm: float) -> Floats:
        course = np.multiply.outer(angle, self.order) + self.phase + self.twist_per_mm * z_mm
        return np.asarray(1 + np.cos(course) @ self.height)


Outline = Callable[[Floats], Floats]
"""From angles to the (n, 3) points of a loop."""


def _outlines(organ: Organ, planes_mm: Floats) -> list[Outline]:
    wiggle = _Wiggle(organ.seed_of or organ.name, organ.wiggle, organ.lobes)
    (cx, cy, cz), (a, b, c) = organ.centre_mm, organ.semi_axes_mm
    outlines = []
    for z_mm in planes_mm[np.abs(planes_mm - cz) < c].tolist():
        height = (z_mm - cz) / c
        size = 1.0 - 0.08 * height**2 if organ.tubular else float(np.sqrt(1 - height**2))
        outlines.append(_ring((cx, cy, z_mm), (a * size, b * size), wiggle))
    return outlines


def _ring(
    centre_mm: Sequence[float], semi_axes_mm: tuple[float, float], wiggle: _Wiggle
) -> Outline:
    def outline(angle: Floats) -> Floats:
        radius = wiggle(angle, centre_mm[2])
        return np.column_stack(
            [
                centre_mm[0] + semi_axes_mm[0] * radius * np.cos(angle),
                centre_mm[1] + semi_axes_mm[1] * radius * np.sin(angle),
                np.full(len(angle), centre_mm[2]),
            ]
        )

    return outline


def _ribs(planes_mm: Floats) -> list[Outline]:
    """Chest wall: many ribs a plane, cortical bone around a hole of marrow."""
    bone, marrow = _Wiggle("rib", 0.10, 4), _Wiggle("rib", 0.10, 4)
    outlines = []
    for z_mm in planes_mm[np.abs(planes_mm - 15) < 130].tolist():
        shrink = 1 - 0.25 * ((z_mm - 15) / 130) ** 2
        for place in range(2 * RIB_PAIRS):
            at = 2 * np.pi * (place + 0.5) / (2 * RIB_PAIRS) + 0.004 * z_mm
            centre = (158 * shrink * np.cos(at), 104 * shrink * np.sin(at), z_mm)
            outlines.append(_ring(centre, (11.0, 6.5), bone))
            outlines.append(_ring(centre, (6.5, 3.0), marrow))
    return outlines


def _vertebrae(planes_mm: Floats) -> list[Outline]:
    """Bone of the spine: a body, an arch around the canal, and two processes."""
    wiggle = _Wiggle("vertebra", 0.08, 6)
    outlines = []
    for z_mm in planes_mm[np.abs(planes_mm) < 236].tolist():
        outlines.append(_ring((0.0, 43.0, z_mm), (19.0, 12.0), wiggle))
        outlines.append(_ring((0.0, 71.0, z_mm), (20.0, 12.0), wiggle))
        outlines.append(_ring((0.0, 70.0, z_mm), (10.0, 8.0), wiggle))
        outlines += [_ring((side * 34.0, 72.0, z_mm), (9.0, 4.0), wiggle) for side in (-1, 1)]
    return outlines


def structures(scale: float) -> tuple[list[Roi], Floats]:
    """Return the structures as drawn and the planes they are drawn on."""
    count = round(PLANES * scale ** (1 / 3))
    planes_mm = np.round((np.arange(count) - (count - 1) / 2) * PLANE_MM * PLANES / count, 2)
    drawn = [(organ.name, organ.interpreted_type, _outlines(organ, planes_mm)) for organ in ORGANS]
    drawn.append(("ChestWall", "ORGAN", _ribs(planes_mm)))
    drawn.append(("Bone_Spine", "ORGAN", _vertebrae(planes_mm)))
    fine = np.linspace(0, 2 * np.pi, FINE_POINTS, endpoint=False)
    lengths = [[_length_mm(outline(fine)) for outline in outlines] for *_, outlines in drawn]
    step_mm = sum(map(sum, lengths)) / (CONTOUR_POINTS * scale)
    rois = []
    for (name, interpreted_type, outlines), own_lengths in zip(drawn, lengths, strict=True):
        loops = []
        for outline, length_mm in zip(outlines, own_lengths, strict=True):
            points = max(round(length_mm / step_mm), FEWEST_POINTS)
            loops.append(outline(np.linspace(0, 2 * np.pi, points, endpoint=False)))
        rois.append(Roi(name, interpreted_type, tuple(loops)))
    return rois, planes_mm


def _length_mm(loop_mm: Floats) -> float:
    return float(np.linalg.norm(np.roll(loop_mm, -1, axis=0) - loop_mm, axis=1).sum())


def dose(scale: float) -> tuple[Floats, Floats, Floats]:
    """Return the dose in Gy, the centre of the first voxel and the voxel size in mm."""
    counts = np.array([round(n * scale ** (1 / 3)) for n in DOSE_VOXELS])
    # written with six decimals; the origin follows from what is written
    spacing_mm = np.round(DOSE_MM * np.array(DOSE_VOXELS) / counts, 6)
    origin_mm = np.round(DOSE_CENTRE_MM - (counts - 1) * spacing_mm / 2, 4)
    x, y, z = np.ix_(
        *(o + s * np.arange(n) for o, s, n in zip(origin_mm, spacing_mm, counts, strict=True))
    )
    return dose_gy(x, y, z), origin_mm, spacing_mm


def dose_gy(x_mm: Floats, y_mm: Floats, z_mm: Floats) -> Floats:
    """Return the planned dose: a plateau on the target, its fall-off, a bath with ridges."""
    (cx, cy, cz), axes = TARGET_CENTRE_MM, [axis + 12.0 for axis in TARGET_SEMI_AXES_MM]
    # about the distance to the target's surface: exact on its axes
    level = np.sqrt(
        ((x_mm - cx) / axes[0]) ** 2 + ((y_mm - cy) / axes[1]) ** 2 + ((z_mm - cz) / axes[2]) ** 2
    )
    distance_mm = (level - 1) * float(np.mean(axes[:2]))
    plateau = PRESCRIPTION_GY * (1 - np.tanh((distance_mm - 8) / 10)) / 2
    angle = np.arctan2(y_mm - cy, x_mm - cx)
    ridges = 1 + 0.35 * np.cos(7 * angle + 0.4) * np.clip(level - 1, 0, 1)
    along = np.exp(-(np.maximum(np.abs(z_mm - cz) - axes[2], 0) ** 2) / (2 * 35.0**2))
    bath = 30.0 * np.exp(-np.maximum(distance_mm, 0) / 110) * ridges * along
    texture = 0.6 * np.sin(x_mm / 9) * np.cos(y_mm / 11) * np.sin(z_mm / 13)
    inside = (x_mm / 180) ** 2 + (y_mm / 120) ** 2 <= 1
    total = plateau + bath * (1 - plateau / PRESCRIPTION_GY * 0.9) + texture
    return np.where(inside, np.maximum(total, 0.05), 0.0)


def write_thorax(folder: Path, scale: float = 1.0) -> None:
    """Write RTSTRUCT.dcm, RTDOSE.dcm and ct/ into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    case = subject_case(f"THORAX-{scale:g}")
    rois, planes_mm = structures(scale)
    images = write_ct_headers(case, planes_mm.tolist(), folder / "ct")
    write_structures(case, rois, folder / "RTSTRUCT.dcm", DECIMALS, images)
    write_dose(case, *dose(scale), folder / "RTDOSE.dcm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    write_thorax(arguments.folder, arguments.scale)
    rois, planes_mm = structures(arguments.scale)
    for roi in rois:
        points = sum(map(len, roi.loops_mm))
        print(f"{roi.name:12} {len(roi.loops_mm):6d} loops {points:8d} points")
    total = sum(len(loop) for roi in rois for loop in roi.loops_mm)
    print(f"{len(planes_mm)} planes, {len(rois)} structures, {total} contour points")


if __name__ == "__main__":
    main()
