"""48 phantoms as DICOM with their closed-form curves, for every engine to be run on.

    python tests/benchmarks/phantom_cases.py FOLDER

Sphere, cylinder, cone, ellipsoid and hollow sphere in linear gradients along AP and SI, a middling
and a small sphere in a Gaussian; contours every 1 or 3 mm, dose grid of 1 or 2.5 mm off the
contours. Each case is a folder of RTSTRUCT.dcm, RTDOSE.dcm and truth.csv (dose in Gy, fraction of
the solid's volume that gets it).
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from writing import Roi, subject_case, write_dose, write_structures

from oligort.geometry.grid import Grid
from oligort.phantoms import (
    Cone,
    Cylinder,
    Ellipsoid,
    Field,
    Gaussian,
    HollowSphere,
    LinearGradient,
    Solid,
    Sphere,
    fraction_in_gaussian,
    fraction_in_planar_field,
)

Floats = npt.NDArray[np.float64]

CONTOUR_MM = (1.0, 3.0)
DOSE_MM = (1.0, 2.5)
DECIMALS = 4
LOOP_POINTS = 200
TRUE_DOSES = 2001

CENTRE_MM = (0.37, -0.21, 0.0)
"""Flat ends along z fall on slab borders (what lies beyond is a matter of convention, not of
engines); in the plane nothing falls on a pixel's border."""

DOSE_OFFSET_MM = (0.43, 0.29, 0.61)
"""Where the dose grid lies against the contours, so that no voxel border meets one."""

SOLIDS: dict[str, Solid] = {
    "sphere": Sphere(CENTRE_MM, 18.0),
    "cylinder": Cylinder(CENTRE_MM, 14.0, 36.0),
    "cone": Cone(CENTRE_MM, 16.0, 36.0),
    "ellipsoid": Ellipsoid(CENTRE_MM, (22.0, 13.0, 19.5)),
    "hollow sphere": HollowSphere(CENTRE_MM, 20.0, 12.5),
}
FIELDS: dict[str, Field] = {
    "AP": LinearGradient(35.0, (0.0, 1.0, 0.0)),
    "SI": LinearGradient(35.0, (0.0, 0.0, 1.0)),
}
BALLS = {"sphere of 12 mm": Sphere(CENTRE_MM, 12.0), "sphere of 4 mm": Sphere(CENTRE_MM, 4.0)}


def cases() -> Iterator[tuple[str, Solid, Field, float, float]]:
    """Yield name, solid, field, distance of the contours and voxel of the dose, of each case."""
    for contour_mm in CONTOUR_MM:
        for dose_mm in DOSE_MM:
            grids = f"contours {contour_mm:g} mm, dose {dose_mm:g} mm"
            for shape, solid in SOLIDS.items():
                for course, field in FIELDS.items():
                    yield f"{shape}, {course}, {grids}", solid, field, contour_mm, dose_mm
            for shape, ball in BALLS.items():
                gaussian = Gaussian(60.0, CENTRE_MM, ball.radius_mm)
                yield f"{shape}, Gaussian, {grids}", ball, gaussian, contour_mm, dose_mm


def write_case(
    name: str, solid: Solid, field: Field, contour_mm: float, dose_mm: float, folder: Path
) -> None:
    """Write one case into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    case = subject_case(name)
    # half a spacing off the middle: planes lie symmetric, flat ends on slab borders
    planes_mm = (np.arange(-40, 40) + 0.5) * contour_mm
    drawn = solid.structure("Phantom", 1, planes_mm, LOOP_POINTS)
    loops = tuple(np.asarray(contour.points_mm) for contour in drawn.contours)
    write_structures(case, [Roi("Phantom", "ORGAN", loops)], folder / "RTSTRUCT.dcm", DECIMALS)
    count = int(60 / dose_mm) + 2
    origin = np.asarray(CENTRE_MM) + DOSE_OFFSET_MM - dose_mm * (count // 2)
    grid = Grid(
        origin, (1, 0, 0), (0, 1, 0), dose_mm, dose_mm, count, count, dose_mm * np.arange(count)
    )
    write_dose(case, field.on(grid), origin, [dose_mm] * 3, folder / "RTDOSE.dcm")
    dose_gy, fraction = truth(solid, field)
    rows = np.column_stack([dose_gy, fraction])
    np.savetxt(folder / "truth.csv", rows, fmt="%.9g", delimiter=",", header="dose_gy,fraction")


def truth(solid: Solid, field: Field) -> tuple[Floats, Floats]:
    """Return doses over the solid's range and a little beyond, and the fraction that gets each."""
    if isinstance(field, Gaussian):
        assert isinstance(solid, Sphere)
        rim_gy = field.maximum_gy * float(np.exp(-((solid.radius_mm / field.sigma_mm) ** 2) / 2))
        dose_gy = np.linspace(0.9 * rim_gy, field.maximum_gy, TRUE_DOSES)
        return dose_gy, fraction_in_gaussian(solid, field, dose_gy)
    assert isinstance(field, LinearGradient)
    low, high = solid.extent_mm(field.direction)
    reach_mm = np.linspace(low - 2, high + 2, TRUE_DOSES)
    dose_gy = field.at_origin_gy + reach_mm * float(np.linalg.norm(field.gradient_gy_per_mm))
    return dose_gy, fraction_in_planar_field(solid, field, dose_gy)


def write_all(home: Path) -> None:
    """Write every case into a folder of its own."""
    for number, case in enumerate(cases()):
        folder = home / f"{number:02d}"
        write_case(*case, folder)
        (folder / "name.txt").write_text(case[0], encoding="utf-8")


def main() -> None:
    write_all(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
