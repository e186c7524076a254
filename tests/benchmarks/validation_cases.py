"""The seeded table: each drawn case computed and held against its slabs and against its solid."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oligort.conventions import Conventions
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.phantoms import Case, seeded_cases

Floats = npt.NDArray[np.float64]

SEED, COUNT = 2015, 320

DOSES = 401
"""Doses between the lowest and the highest at which the curves are compared."""

ROUNDING_PP = 1e-9
"""Percentage points by which a sum may miss an interval of no width."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A computed curve beside the truths, all in percent of their own volume.

    Parameters
    ----------
    dose_gy : (D,) array
        Where they are compared.
    percent, doubt_pp : (D,) arrays
        The computed curve and the half-width of its numerical interval.
    slab_percent, solid_percent : (D,) arrays
        The truth of the slabs and of the solid.
    volume_to_slab_percent, volume_to_solid_percent : float
        By how much the volume is off, without sign.
    """

    dose_gy: Floats
    percent: Floats
    doubt_pp: Floats
    slab_percent: Floats
    solid_percent: Floats
    volume_to_slab_percent: float
    volume_to_solid_percent: float

    @property
    def to_slab_pp(self) -> Floats:
        """(D,) differences to the slabs, without sign."""
        return np.asarray(np.abs(self.percent - self.slab_percent))

    @property
    def worst_to_slab_pp(self) -> float:
        return float(self.to_slab_pp.max())

    @property
    def worst_to_solid_pp(self) -> float:
        return float(np.abs(self.percent - self.solid_percent).max())

    @property
    def slabs_own_pp(self) -> float:
        """What the slabs themselves are off the solid at worst."""
        return float(np.abs(self.slab_percent - self.solid_percent).max())

    @property
    def added_pp(self) -> float:
        """What the engine adds to that."""
        return self.worst_to_solid_pp - self.slabs_own_pp

    @property
    def doubt_to_error(self) -> float:
        """Half-width of the numerical interval over the error, where that is worst."""
        return float(self.doubt_pp[self.to_slab_pp.argmax()] / self.worst_to_slab_pp)

    @property
    def is_contained(self) -> bool:
        """Whether the numerical interval holds the slabs' truth at every dose."""
        return bool((self.to_slab_pp <= self.doubt_pp + ROUNDING_PP).all())


@dataclass(frozen=True, eq=False)
class Measured:
    """A case by default, and by the other convention that matters to it.

    Parameters
    ----------
    case : Case
        What was computed.
    default : Comparison
        By the default conventions.
    alternative : Comparison
        Of linear dose with the shape interpolated between planes, of curved dose with cubic
        interpolation.
    """

    case: Case
    default: Comparison
    alternative: Comparison

    @property
    def is_linear(self) -> bool:
        return self.case.field_kind == "linear"

    @property
    def has_solid_truth(self) -> bool:
        """Whether the slabs can end where the solid does: no face lies inside a slab."""
        return not self.case.has_flat_ends or self.case.ends_on_borders


def seeded_table() -> list[Measured]:
    """Return all cases of the table, computed."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(_measured, seeded_cases(SEED, COUNT)))


def histogram(case: Case, conventions: Conventions) -> Dvh:
    """Compute the histogram of a case."""
    region = Region(Shape((case.structure,)), case.spacing_mm, conventions)
    return compute_dvh(region, DoseGrid(case.grid, case.dose_gy), case.name)


def _measured(case: Case) -> Measured:
    is_linear = case.field_kind == "linear"
    between, cubic = (
        Conventions(between_planes="interpolated"),
        Conventions(dose_interpolation="cubic"),
    )
    return Measured(
        case, _compared(case, Conventions()), _compared(case, between if is_linear else cubic)
    )


def _compared(case: Case, conventions: Conventions) -> Comparison:
    dvh = histogram(case, conventions)
    assert dvh.numerical is not None
    dose_gy = np.linspace(dvh.min_gy, dvh.max_gy, DOSES + 2)[1:-1]
    to_percent = 100 / dvh.volume_cc
    return Comparison(
        dose_gy=dose_gy,
        percent=to_percent * np.interp(dose_gy, dvh.edges_gy, dvh.cumulative_cc),
        doubt_pp=to_percent * np.interp(dose_gy, dvh.edges_gy, dvh.numerical.curve_cc),
        slab_percent=100 * case.slab_fraction(dose_gy),
        solid_percent=100 * case.solid_fraction(dose_gy),
        volume_to_slab_percent=100 * abs(dvh.volume_cc / case.slab_volume_cc - 1),
        volume_to_solid_percent=100 * abs(dvh.volume_cc / case.solid_volume_cc - 1),
    )
