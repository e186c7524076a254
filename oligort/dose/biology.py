"""Biology: the dose in fractions of 2 Gy that a course is worth, by the linear-quadratic model.

BED (Fowler, Br J Radiol 1989; 62: 679-694) and EQD2 (Withers, Thames and Peters, Radiother Oncol
1983; 1: 187-191) of a course of n fractions, voxel by voxel. Of several courses each is converted
by its own number of fractions and added only then. The model says nothing of repopulation, and
above some 10 Gy a fraction it is in dispute.
"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from oligort.display import quoted
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.measure import Measure

Floats = npt.NDArray[np.float64]

REFERENCE_FRACTION_GY = 2.0
"""Dose of a fraction that EQD2 is told in: by its definition, not by a protocol."""

TUMOUR_ALPHA_BETA_GY = 10.0
"""Alpha/beta by which the BED of a tumour is told, as BED10: the convention that names it so."""

ONE_COURSE_TYPES = frozenset({"PLAN", "FRACTION"})
"""Dose Summation Types (PS3.3 C.8.8.3) of one whole course: FRACTION is a whole fraction group."""


def bed_gy(dose_gy: Floats, fractions: int, alpha_beta_gy: float) -> Floats:
    """Return the biologically effective dose D (1 + (D / n) / (alpha/beta)) of doses in Gy.

    Parameters
    ----------
    dose_gy : array of any shape
        Physical doses D of the whole course.
    fractions : int
        Number of equal fractions n.
    alpha_beta_gy : float
        Alpha/beta of the tissue.

    Raises
    ------
    ValueError
        If the fractions are no whole number from 1, or alpha/beta is not above 0 and finite.
    """
    if isinstance(fractions, bool) or not isinstance(fractions, int | np.integer) or fractions < 1:
        raise ValueError(f"expected a whole number of fractions from 1, found {fractions}")
    if not (math.isfinite(alpha_beta_gy) and alpha_beta_gy > 0):
        raise ValueError(f"expected a finite alpha/beta above 0 Gy, found {alpha_beta_gy}")
    return np.asarray(dose_gy * (1 + dose_gy / (int(fractions) * alpha_beta_gy)))


def eqd2_gy(dose_gy: Floats, fractions: int, alpha_beta_gy: float) -> Floats:
    """Return the equivalent dose in fractions of 2 Gy, D (D / n + a/b) / (2 + a/b), of doses in Gy.

    Parameters and errors are those of `bed_gy`, of which it is the share 1 / (1 + 2 / (a/b)).
    """
    effect_gy = bed_gy(dose_gy, fractions, alpha_beta_gy)
    return np.asarray(effect_gy / _bed_a_gray(alpha_beta_gy))


def bed(dose: DoseGrid, fractions: int, alpha_beta_gy: float) -> DoseGrid:
    """Return the BED of each voxel of a course's dose, as a grid of the dose type "BED".

    Raises
    ------
    NotEvaluable
        If the dose is not the physical dose of one course.
    ValueError
        As `bed_gy`.
    """
    _require_one_physical_course(dose, "BED")
    return replace(dose, dose_gy=bed_gy(dose.dose_gy, fractions, alpha_beta_gy), dose_type="BED")


def eqd2(dose: DoseGrid, fractions: int, alpha_beta_gy: float) -> DoseGrid:
    """Return the EQD2 of each voxel of a course's dose, as a grid of the dose type "EQD2".

    Between voxel centres it is interpolated like any dose: where the physical dose differs by d Gy
    from one voxel to the next, that is too much by up to d^2 / (4 n (2 + a/b)) along each axis.

    Raises
    ------
    NotEvaluable
        If the dose is not the physical dose of one course.
    ValueError
        As `bed_gy`.
    """
    _require_one_physical_course(dose, "EQD2")
    return replace(dose, dose_gy=eqd2_gy(dose.dose_gy, fractions, alpha_beta_gy), dose_type="EQD2")


def _require_one_physical_course(dose: DoseGrid, what: str) -> None:
    if dose.dose_type != "PHYSICAL":
        weighted = " (already weighted for biological effect)"
        raise NotEvaluable(
            f"{what} is of a physical dose, and the Dose Type is {quoted(dose.dose_type)}"
            f"{weighted if dose.dose_type == 'EFFECTIVE' else ''}"
        )
    if dose.summation_type not in ONE_COURSE_TYPES:
        raise NotEvaluable(
            f"{what} is of one whole course, and the Dose Summation Type is "
            f"{quoted(dose.summation_type)}"
        )


def _bed_a_gray(alpha_beta_gy: float) -> float:
    """Return the BED of a gray in the fractions that EQD2 refers to."""
    return 1 + REFERENCE_FRACTION_GY / alpha_beta_gy


def bed_of_eqd2(eqd2: Measure, alpha_beta_gy: float) -> Measure:
    """Return the BED that an EQD2 is worth: 1 + 2 / (alpha/beta) times it, and so its intervals."""
    times = _bed_a_gray(alpha_beta_gy)
    intervals = {
        cause: (interval.low * times, interval.high * times)
        for cause, interval in eqd2.intervals.items()
    }
    return Measure(eqd2 * times, eqd2.unit, **intervals)
