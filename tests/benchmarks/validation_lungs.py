"""V20 of two lungs of four litres, on planes every 3 mm and a dose grid of 2.5 mm."""

from dataclasses import dataclass

import numpy as np

from oligort.conventions import Conventions
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.phantoms import (
    Ellipsoid,
    LinearGradient,
    PlanarField,
    Sigmoid,
    SlabStack,
    WholeSolid,
)
from oligort.phantoms.truth import Truth

LUNGS = (
    Ellipsoid((-80.0, 0.0, 0.0), (55.0, 70.0, 120.0)),
    Ellipsoid((80.0, 0.0, 0.0), (55.0, 70.0, 120.0)),
)
PLANES_MM = np.arange(-118.5, 120, 3.0)
LOOP_POINTS = 400

DOSE_MM, HALF_BOX_MM = 2.5, (140.0, 75.0, 125.0)

EDGE_MM, INWARDS = (70.0, 5.0, 0.0), (0.8, 0.5, 0.3)
"""The beam's edge crosses the left lung, along none of the axes."""

STEEPEST = "beam's edge of 60 Gy, 6 mm wide"
"""Its curve bends so much at 20 Gy that trilinear dose alone is off by 0.02 points."""

DOSES: dict[str, PlanarField] = {
    # 20 Gy in the middle of the right lung, nowhere below 0
    "linear, 0.17 Gy/mm": LinearGradient(33.0, (0.14, 0.08, 0.05)),
    "beam's edge of 40 Gy, 6 mm wide": Sigmoid(40.0, EDGE_MM, INWARDS, 6.0),
    "beam's edge of 60 Gy, 10 mm wide": Sigmoid(60.0, EDGE_MM, INWARDS, 10.0),
    STEEPEST: Sigmoid(60.0, EDGE_MM, INWARDS, 6.0),
}


@dataclass(frozen=True)
class LungV20:
    """V20 of both lungs together, in percent, and the width of its numerical interval."""

    dose: str
    dose_interpolation: str
    percent: float
    slab_percent: float
    solid_percent: float
    width_pp: float


def lungs() -> list[LungV20]:
    """Return V20 in every dose, with both interpolations."""
    return [
        _v20(name, field, Conventions(dose_interpolation=interpolation))
        for name, field in DOSES.items()
        for interpolation in ("linear", "cubic")
    ]


def _v20(name: str, field: PlanarField, conventions: Conventions) -> LungV20:
    structures = tuple(
        lung.structure(f"Lung {number}", number, PLANES_MM, LOOP_POINTS)
        for number, lung in enumerate(LUNGS, 1)
    )
    v20 = compute_dvh(Region(Shape(structures), None, conventions), _dose(field), "Lungs")["V20Gy"]
    low, high = v20.intervals["numerical"]
    return LungV20(
        name,
        conventions.dose_interpolation,
        float(v20),
        _true_percent([SlabStack.half_way(lung, PLANES_MM) for lung in LUNGS], field),
        _true_percent([WholeSolid(lung) for lung in LUNGS], field),
        high - low,
    )


def _dose(field: PlanarField) -> DoseGrid:
    counts = [int(2 * half / DOSE_MM) for half in HALF_BOX_MM]
    origin = [-(count - 1) / 2 * DOSE_MM for count in counts]
    frames = np.arange(counts[2]) * DOSE_MM
    grid = Grid(origin, (1, 0, 0), (0, 1, 0), DOSE_MM, DOSE_MM, counts[0], counts[1], frames)
    return DoseGrid(grid, field.on(grid))


def _true_percent(bodies: list[Truth], field: PlanarField) -> float:
    volumes = np.array([body.volume_cc for body in bodies])
    fractions = np.concatenate([body.fraction(field, [20.0]) for body in bodies])
    return float(100 * volumes @ fractions / volumes.sum())
