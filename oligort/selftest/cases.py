"""Which phantoms commission an installation: the first few of each group that a seed draws.

The seed was not chosen for what comes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice

import numpy as np

from oligort.phantoms import (
    Case,
    Exponential,
    Gaussian,
    LinearGradient,
    PlanarField,
    Sigmoid,
    Sphere,
    gaussian_peaks,
    seeded_cases,
)
from oligort.phantoms.cases import SOLIDS

SEED, DRAWN, EACH = 2022, 1000, 5
"""Seed, cases drawn of it, and how many of each group are computed."""

CROSSING_PLANES = 20
"""Planes that cross a solid at least where its slabs are held against the solid itself."""

PEAK_PLANES = 8
"""Planes in a radius at least where a peak is held against the sphere itself: slabs of a third of
the radius are off by more than all else."""

VOXELS_A_LENGTH = 4
"""Dose voxels at least in the sigma of a Gaussian, or the length of a falloff, of a curved dose.

A cubic spline of step h errs by h^4 f'''' / 720 on average. For a Gaussian of sigma = n h that is
0.007 / n^4 of the maximum at the rim of a sphere of 0.7 sigma, where a percent of the maximum is
8 % of the volume: 0.02 percentage points at n = 4, thrice that in the shell of a torus. The limit
on the curve would not hold at n = 2 whatever the engine.
"""

SOLID_GROUPS = {
    "round solids": ("sphere", "ellipsoid", "hollow sphere"),
    "cylinders across, tori": ("cylinder across", "torus"),
    "boxes, cylinders along": ("box", "cylinder along"),
    "cones": ("cone",),
}
"""Kinds of solids whose slabs miss the solid by about the same."""

LUNG_CENTRES_MM, LUNG_SEMI_AXES_MM = ((-80.0, 0.0, 0.0), (80.0, 0.0, 0.0)), (55.0, 70.0, 120.0)
LUNG_PLANES_MM = np.arange(-118.5, 120, 3.0)
LUNG_DOSES: dict[str, PlanarField] = {
    "lungs, linear dose": LinearGradient(18.0, (0.06, -0.04, 0.03)),
    "lungs, edge of 40 Gy, width 6 mm": Sigmoid(40.0, (70.0, 5.0, 0.0), (0.8, 0.5, 0.3), 6.0),
    "lungs, edge of 60 Gy, width 10 mm": Sigmoid(60.0, (70.0, 5.0, 0.0), (0.8, 0.5, 0.3), 10.0),
}
"""Two ellipsoids of two litres each, planes every 3 mm.

Trilinear dose of 2.5 mm voxels h lies above a falloff by h^2 / 12 of its second derivatives, summed
over the axes: 0.023 Gy at 20 Gy of the wider edge, where the dose rises 1.3 Gy a millimetre. Of a
section of 200 cm2 that is 0.009 points. At half of the maximum the dose does not bend.
"""


@dataclass(frozen=True)
class Plan:
    """The cases to compute: against exact slabs, against solids, of peaks.

    Parameters
    ----------
    linear, curved, of_solids : dict of tuple of Case
        By kind of solid, by course of the dose, by group of solids.
    peaks, fine_peaks : tuple of Case
        Gaussian peaks in spheres, and those with many planes.
    spheres : tuple of Case
        For diameters.
    """

    linear: dict[str, tuple[Case, ...]]
    curved: dict[str, tuple[Case, ...]]
    of_solids: dict[str, tuple[Case, ...]]
    peaks: tuple[Case, ...]
    fine_peaks: tuple[Case, ...]
    spheres: tuple[Case, ...]

    @classmethod
    def drawn(cls, each: int) -> "Plan":
        """Draw the first cases of each group."""
        cases, peaks = _drawn_of_seed()
        linear = tuple(case for case in cases if case.field_kind == "linear")
        curved = tuple(case for case in cases if _is_resolved(case))

        def first(belonging: Iterable[Case]) -> tuple[Case, ...]:
            return tuple(islice(belonging, each))

        return cls(
            linear={kind: first(case for case in linear if case.kind == kind) for kind in SOLIDS},
            curved={
                course: first(case for case in curved if case.field_kind == course)
                for course in ("exponential", "gaussian")
            },
            of_solids={
                group: first(case for case in linear if case.kind in kinds and _is_crossed(case))
                for group, kinds in SOLID_GROUPS.items()
            },
            peaks=first(peaks),
            fine_peaks=first(
                case for case in peaks if PEAK_PLANES * case.spacing_mm <= _radius_mm(case)
            ),
            spheres=first(case for case in cases if case.kind == "sphere"),
        )

    @property
    def histograms(self) -> tuple[Case, ...]:
        """The cases whose curves are compared, each once."""
        groups = (*self.linear.values(), *self.curved.values(), *self.of_solids.values())
        return tuple(dict.fromkeys(chain(*groups)))


@cache
def _drawn_of_seed() -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """Return the cases and the peaks that groups are taken of: the same for groups of any size."""
    return seeded_cases(SEED, DRAWN), gaussian_peaks(SEED, DRAWN)


def _is_crossed(case: Case) -> bool:
    """Whether slabs come near the solid: many planes, and flat ends where slabs end."""
    return case.crossing_planes >= CROSSING_PLANES and (
        case.ends_on_borders or not case.has_flat_ends
    )


def _is_resolved(case: Case) -> bool:
    """Whether a dose is curved, and smooth on its grid."""
    match case.field:
        case Gaussian(sigma_mm=length_mm) | Exponential(length_mm=length_mm):
            return length_mm >= VOXELS_A_LENGTH * case.grid.i_spacing_mm
    return False


def _radius_mm(case: Case) -> float:
    assert isinstance(case.solid, Sphere)
    return case.solid.radius_mm
