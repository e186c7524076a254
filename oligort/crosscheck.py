"""A second engine: dicompyler-core computes a histogram from the same contours and the same dose.

It counts voxel centres of the dose grid, in the plane of each contour. What it is given is built
from our own types, in the one form that it reads rightly: a head-first supine dose with ascending
frames. Where it has no right answer (`NotEvaluable`) it is not asked.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oligort.display import listed, quoted
from oligort.dose.composite import CompositeDose
from oligort.dose.grid import DoseGrid
from oligort.errors import MissingExtraError, NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.counting import counting_share
from oligort.geometry.outlines import outlined
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import SlabModel, plane_positions_mm, slabs_of
from oligort.geometry.structure import Structure
from oligort.upright import (
    AXIS_TOLERANCE,
    EVEN_TOLERANCE_MM,
    ROI_NUMBER,
    Upright,
    dose_of,
    structure_set_of,
    upright_of,
)

SECOND_ENGINE = "dicompyler-core"
"""The distribution that the second engine comes in."""

Floats = npt.NDArray[np.float64]

CROSSING_SHARE = 1e-3
"""Share of a plane's area that its loops may have in common: a hundredth of what counting does."""

BIN_GY = 0.01
"""Width of its bins. A dose at the very edge of one is in it, or in the one below."""

LARGEST_RIM_SHARE = 0.15
"""Share of a volume beyond which counting voxels says nothing: some fifteen across a box."""


@dataclass(frozen=True, eq=False)
class SecondDvh:
    """A histogram of the second engine, and how far voxel counting lets it be off.

    Parameters
    ----------
    volume_cc, mean_gy : float
        As it computes them.
    edges_gy, cumulative_cc : (n,) arrays
        Volume with at least the dose of each edge.
    rim_percent : float
        What its volume, in percent, may differ by through the voxels on the rim alone.
    sampled_gy : (z, y, x) array
        The doses around the structure, as far apart in z as the planes it is drawn on.
    """

    volume_cc: float
    mean_gy: float
    edges_gy: Floats
    cumulative_cc: Floats
    rim_percent: float
    sampled_gy: Floats

    def points_at(self, dose_gy: float) -> float:
        """Return what the volume at a dose may differ by, in percentage points.

        The part above a dose has a rim no longer than the whole, and each may be off by as much.
        Where the dose falls along an axis its isodose may pass anywhere between two layers of
        voxels: half the step between them to either side, and a bin. Where the curve falls at once
        next to a dose that is all of the fall, and nothing can be told.
        """
        half_gy = self._step_gy(dose_gy) / 2 + BIN_GY
        low, middle, high = (self.percent_at(dose_gy + d) for d in (-half_gy, 0.0, half_gy))
        return round(2 * self.rim_percent + max(low - middle, middle - high), 2)

    def _step_gy(self, dose_gy: float) -> float:
        """Return the mean step between neighbours on both sides of a dose, along its steepest."""
        steps = [0.0]
        for axis in range(3):
            doses = np.moveaxis(self.sampled_gy, axis, 0)
            crosses = (doses[1:] >= dose_gy) != (doses[:-1] >= dose_gy)
            if crosses.any():
                steps.append(float(np.abs(np.diff(doses, axis=0))[crosses].mean()))
        return max(steps)

    def percent_at(self, dose_gy: float) -> float:
        """Return the volume with at least a dose, in percent."""
        cumulative_cc = np.interp(dose_gy, self.edges_gy, self.cumulative_cc, right=0.0)
        return float(100 * cumulative_cc / self.volume_cc)


def require_installed() -> None:
    """Raise MissingExtraError where dicompyler-core cannot be loaded."""
    _engine()


def second_dvh(
    structure: Structure,
    dose: DoseGrid | CompositeDose,
    usual_spacing_mm: float | None = None,
) -> SecondDvh:
    """Return the histogram that dicompyler-core computes of a structure as drawn.

    Parameters
    ----------
    structure : Structure
    dose : DoseGrid or CompositeDose
    usual_spacing_mm : float or None
        Plane spacing of the images, which tells of two planes whether one is missing between them.

    Raises
    ------
    NotEvaluable
        If it cannot: the structure leaves the dose grid, is too small, or is drawn otherwise than
        on evenly spaced axial planes, in loops that do not cross; the
        grid is oblique or uneven; doses on several grids are added up.
    MissingExtraError
        If it is not installed.
    """
    upright = upright_of(dose)
    return _second(structure, _even_slabs(structure, usual_spacing_mm), upright)


def second_dvh_of_shape(
    shape: Shape,
    roi_name: str,
    dose: DoseGrid | CompositeDose,
    usual_spacing_mm: float | None = None,
) -> SecondDvh:
    """Return the histogram that dicompyler-core computes of an expression, under its own name.

    It knows loops alone, so it gets those around what the expression covers of each plane. Counts
    of A, B and A&B would make up those of A-B and A|B as well, since a voxel centre is in or out.
    But one on a border that two of them share may be in for the one and out for the other, and
    three rims would be allowed for where the expression has one; its own loops have no such border.

    Raises
    ------
    NotEvaluable, MissingExtraError
        As `second_dvh`, for a structure of the expression or what it covers; or if the structures
        are not drawn on the same planes.
    """
    upright = upright_of(dose)
    models = {id(one): _slabs_to_combine(one, usual_spacing_mm) for one in shape.leaves}
    slabs = [slab for model in models.values() for slab in model.slabs]
    step_mm = slabs[0].upper_mm - slabs[0].lower_mm
    if any(abs(slab.upper_mm - slab.lower_mm - step_mm) > EVEN_TOLERANCE_MM for slab in slabs):
        names = listed(dict.fromkeys(one.roi_name for one in shape.leaves))
        raise NotEvaluable(f"{names} are drawn on planes of unequal spacing")
    covered = outlined(shape, models, roi_name)
    model = _even_slabs(covered, step_mm)
    # Where planes are left out of the expression, those that stay may seem farther apart.
    if abs(model.slabs[0].upper_mm - model.slabs[0].lower_mm - step_mm) > EVEN_TOLERANCE_MM:
        raise NotEvaluable(f"no two planes of {quoted(roi_name)} follow each other")
    _require_known_holes(roi_name, model)
    return _second(covered, model, upright)


def _second(structure: Structure, model: SlabModel, upright: Upright) -> SecondDvh:
    step_mm = model.slabs[0].upper_mm - model.slabs[0].lower_mm
    _require_inside(structure, upright)
    spacings_mm = [float(np.diff(axis).mean()) for axis in (upright.x_mm, upright.y_mm)]
    rim = counting_share(model, np.array(spacings_mm))
    if rim > LARGEST_RIM_SHARE:
        raise NotEvaluable(
            f"{quoted(structure.roi_name)} is too small for it: the voxels on its rim alone are "
            f"worth {100 * rim:.0f} %"
        )
    theirs = _asked(structure, upright)
    if not len(theirs.counts) or not theirs.volume > 0:
        raise NotEvaluable(f"it finds no volume in {quoted(structure.roi_name)}")
    return SecondDvh(
        volume_cc=float(theirs.volume),
        mean_gy=float(theirs.mean),
        edges_gy=np.asarray(theirs.bins[:-1], dtype=np.float64),
        cumulative_cc=np.asarray(theirs.counts, dtype=np.float64),
        rim_percent=round(100 * rim, 2),
        sampled_gy=_sampled_gy(structure, upright, step_mm),
    )


def _engine() -> Any:
    """Return the module of dicompyler-core that computes histograms."""
    try:
        import pydicom.dicomio

        # The engine of 2019 asks for a name that pydicom 3 has dropped.
        lacks = not hasattr(pydicom.dicomio, "read_file")
        if lacks:
            pydicom.dicomio.read_file = pydicom.dcmread  # type: ignore[attr-defined]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from dicompylercore import dicomparser, dvhcalc
        finally:
            if lacks:
                delattr(pydicom.dicomio, "read_file")
    except ImportError as error:
        raise MissingExtraError(
            "the second engine is not installed: install oligort[crosscheck], or leave the "
            "cross-check out"
        ) from error
    assert dicomparser is not None  # its histograms load it, and then it is too late
    return dvhcalc


def _even_slabs(structure: Structure, usual_spacing_mm: float | None) -> SlabModel:
    """Return the slabs of a structure where all are as thick as it takes them to be.

    It gives every plane the smallest step between two of them.
    """
    name = quoted(structure.roi_name)
    _require_axial(structure)
    if len(plane_positions_mm(structure)) < 2:
        raise NotEvaluable(f"{name} is drawn on fewer than two planes")
    model = slabs_of(structure, usual_spacing_mm)
    step_mm = np.diff([slab.position_mm for slab in model.slabs]).min()
    thickness_mm = np.array([slab.upper_mm - slab.lower_mm for slab in model.slabs])
    if np.abs(thickness_mm - step_mm).max() > EVEN_TOLERANCE_MM:
        raise NotEvaluable(f"{name} is drawn on unevenly spaced planes")
    _require_no_crossing(structure, model)
    return model


def _slabs_to_combine(structure: Structure, usual_spacing_mm: float | None) -> SlabModel:
    """Return the slabs of a structure of an expression: of one plane too, and read as drawn."""
    _require_axial(structure)
    model = slabs_of(structure, usual_spacing_mm)
    # What crossing loops share is told by our reading of them alone: no second opinion on it.
    _require_no_crossing(structure, model)
    return model


def _require_axial(structure: Structure) -> None:
    if any(np.ptp(contour.points_mm[:, 2]) > EVEN_TOLERANCE_MM for contour in structure.areas):
        raise NotEvaluable(f"{quoted(structure.roi_name)} is not drawn on axial planes")


def _require_known_holes(roi_name: str, model: SlabModel) -> None:
    """Raise NotEvaluable where loops run around holes that are not told: the rim hangs on them.

    Outlines run anticlockwise around what they cover; which of them lie in others tells points.
    """
    for slab in model.slabs:
        covered_mm2 = float(slab.drawn.signed_area_mm2.sum())
        if abs(float(slab.drawn.enclosed_mm2.sum()) - covered_mm2) > CROSSING_SHARE * covered_mm2:
            raise NotEvaluable(f"loops of {quoted(roi_name)} touch, and which are holes is open")


def _require_no_crossing(structure: Structure, model: SlabModel) -> None:
    """Raise NotEvaluable where loops share what it leaves out, by the even-odd rule of all."""
    repeats = sum(len(slab.loops) for slab in model.slabs) < len(structure.areas)
    several = [slab for slab in model.slabs if len(slab.loops) > 1]
    areas_mm2 = [
        (ours.of(0), ours.of(0) + ours.of(1) - 2 * ours.shared(0, 1))
        for ours in (overlay([one.loops] * 2, [one.exclusive, True]) for one in several)
    ]
    if repeats or any(apart > CROSSING_SHARE * area for area, apart in areas_mm2):
        raise NotEvaluable(
            f"loops of {quoted(structure.roi_name)} cross or repeat each other, and it leaves out "
            f"what they share"
        )


def _require_inside(structure: Structure, dose: Upright) -> None:
    """Raise NotEvaluable where a contour lies outside the outermost voxel centres.

    There it counts no voxels, and in planes outside it takes the dose for 0 Gy.
    """
    points_mm = np.concatenate([contour.points_mm for contour in structure.areas])
    axes = (dose.x_mm, dose.y_mm, dose.z_mm)
    lowest = [axis[0] - AXIS_TOLERANCE for axis in axes]
    highest = [axis[-1] + AXIS_TOLERANCE for axis in axes]
    if (points_mm < lowest).any() or (points_mm > highest).any():
        raise NotEvaluable(
            f"{quoted(structure.roi_name)} reaches beyond the outermost voxels of the dose grid, "
            f"where it is wrong"
        )


def _sampled_gy(structure: Structure, dose: Upright, step_mm: float) -> Floats:
    """Return the doses around a structure, every so many frames as its planes are apart."""
    points_mm = np.concatenate([contour.points_mm for contour in structure.areas])
    x, y, z = (
        slice(max(int(np.searchsorted(axis, low)) - 1, 0), int(np.searchsorted(axis, high)) + 1)
        for axis, low, high in zip(
            (dose.x_mm, dose.y_mm, dose.z_mm), points_mm.min(0), points_mm.max(0), strict=True
        )
    )
    frames = max(round(step_mm / float(dose.z_mm[1] - dose.z_mm[0])), 1)
    return dose.dose_gy[z, y, x][::frames]


def _asked(structure: Structure, dose: Upright) -> Any:
    """Return the histogram of dicompyler-core; its remarks on old formats are of no use here."""
    engine = _engine()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return engine.get_dvh(structure_set_of(structure), dose_of(dose), ROI_NUMBER)
