"""A second engine: dicompyler-core computes a histogram from the same contours and the same dose.

It counts voxel centres of the dose grid, in the plane of each contour. What it is given is built
from our own types, in the one form that it reads rightly: a head-first supine dose with ascending
frames. Where it has no right answer (`NotEvaluable`) it is not asked.
"""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from oligort.display import quoted
from oligort.dose.composite import CompositeDose
from oligort.dose.grid import DoseGrid
from oligort.errors import MissingExtraError, NotEvaluable
from oligort.geometry.counting import counting_share
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import SlabModel, plane_positions_mm, slabs_of
from oligort.geometry.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Floats = npt.NDArray[np.float64]

AXIS_TOLERANCE = 1e-4
"""How far the axes of a dose may turn from the patient's: see DIRECTION_TOLERANCE."""

EVEN_TOLERANCE_MM = 0.05
"""How far frames and planes may lie from even spacing: positions are written to 0.1 mm."""

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


def second_dvh(structure: Structure, dose: DoseGrid | CompositeDose) -> SecondDvh:
    """Return the histogram that dicompyler-core computes of a structure.

    Raises
    ------
    NotEvaluable
        If it cannot: the structure leaves the dose grid, is too small, or is drawn otherwise than
        on evenly spaced axial planes, in loops that do not cross; the
        grid is oblique or uneven; several doses are added up.
    MissingExtraError
        If it is not installed.
    """
    if not isinstance(dose, DoseGrid):
        raise NotEvaluable("it knows no sum of doses on several grids")
    upright = _upright(dose)
    model = _even_slabs(structure)
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


@dataclass(frozen=True, eq=False)
class _Upright:
    """A dose along the patient's axes.

    Parameters
    ----------
    x_mm, y_mm, z_mm : (n,) arrays
        Ascending positions of the voxel centres, evenly spaced.
    dose_gy : (z, y, x) array
    """

    x_mm: Floats
    y_mm: Floats
    z_mm: Floats
    dose_gy: Floats


def _upright(dose: DoseGrid) -> _Upright:
    grid = dose.grid
    axes = grid.axes  # rows: the directions of i, j and k
    along = np.argmax(np.abs(axes), axis=1)
    if np.abs(np.abs(axes) - np.eye(3)[along]).max() > AXIS_TOLERANCE:
        raise NotEvaluable("it knows no dose grid that is oblique to the patient")
    if min(grid.shape) < 2:
        raise NotEvaluable("it knows no dose of a single row, column or plane")
    if np.ptp(np.diff(grid.frame_positions_mm)) > EVEN_TOLERANCE_MM:
        raise NotEvaluable("it knows no dose grid of unevenly spaced planes")
    counts = (np.arange(grid.i_count), np.arange(grid.j_count))
    steps = (counts[0] * grid.i_spacing_mm, counts[1] * grid.j_spacing_mm, grid.frame_positions_mm)
    positions: list[Floats] = [np.empty(0)] * 3
    values = dose.dose_gy
    for axis, offsets_mm in enumerate(steps):
        patient = int(along[axis])
        places_mm = grid.origin_mm[patient] + axes[axis, patient] * offsets_mm
        if axes[axis, patient] < 0:
            places_mm, values = places_mm[::-1], np.flip(values, axis)
        positions[patient] = places_mm
    zyx = [int(np.flatnonzero(along == patient)[0]) for patient in (2, 1, 0)]
    return _Upright(positions[0], positions[1], positions[2], values.transpose(zyx))


def _even_slabs(structure: Structure) -> SlabModel:
    """Return the slabs of a structure where all are as thick as it takes them to be.

    It gives every plane the smallest step between two of them.
    """
    name = quoted(structure.roi_name)
    if any(np.ptp(contour.points_mm[:, 2]) > EVEN_TOLERANCE_MM for contour in structure.areas):
        raise NotEvaluable(f"{name} is not drawn on axial planes")
    if len(plane_positions_mm(structure)) < 2:
        raise NotEvaluable(f"{name} is drawn on fewer than two planes")
    model = slabs_of(structure)
    step_mm = np.diff([slab.position_mm for slab in model.slabs]).min()
    thickness_mm = np.array([slab.upper_mm - slab.lower_mm for slab in model.slabs])
    if np.abs(thickness_mm - step_mm).max() > EVEN_TOLERANCE_MM:
        raise NotEvaluable(f"{name} is drawn on unevenly spaced planes")
    _require_no_crossing(structure, model)
    return model


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


def _require_inside(structure: Structure, dose: _Upright) -> None:
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


def _sampled_gy(structure: Structure, dose: _Upright, step_mm: float) -> Floats:
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


def _asked(structure: Structure, dose: _Upright) -> Any:
    """Return the histogram of dicompyler-core; its remarks on old formats are of no use here."""
    engine = _engine()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return engine.get_dvh(_structure_set_of(structure), _dose_of(dose), ROI_NUMBER)


ROI_NUMBER = 1
"""Number of the one ROI that it is given: of a structure that is computed there is none."""


def _object(sop_class: str) -> "Dataset":
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ImplicitVRLittleEndian

    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID(sop_class), UID("1.2.3")
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return dataset


def _structure_set_of(structure: Structure) -> "Dataset":
    from pydicom.dataset import Dataset
    from pydicom.uid import RTStructureSetStorage

    dataset = _object(RTStructureSetStorage)
    roi, drawn = Dataset(), Dataset()
    roi.ROINumber, roi.ROIName = ROI_NUMBER, "ROI"
    drawn.ReferencedROINumber = ROI_NUMBER
    drawn.ContourSequence = []
    for contour in structure.areas:
        item = Dataset()
        item.ContourGeometricType = "CLOSED_PLANAR"
        item.NumberOfContourPoints = len(contour.points_mm)
        item.ContourData = [f"{value:.9g}" for value in contour.points_mm.ravel().tolist()]
        drawn.ContourSequence.append(item)
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [roi], [drawn]
    return dataset


def _dose_of(dose: _Upright) -> "Dataset":
    from pydicom.uid import RTDoseStorage

    dataset = _object(RTDoseStorage)
    scaling = max(float(dose.dose_gy.max()), 1.0) / (2**32 - 2)
    stated = f"{scaling:.10g}"
    dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dataset.DoseGridScaling = stated
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = dose.dose_gy.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 32, 32, 31
    dataset.PixelRepresentation = 0
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    corner_mm = (dose.x_mm[0], dose.y_mm[0], dose.z_mm[0])
    dataset.ImagePositionPatient = [f"{value:.9g}" for value in corner_mm]
    spacings_mm = (np.diff(dose.y_mm).mean(), np.diff(dose.x_mm).mean())
    dataset.PixelSpacing = [f"{value:.9g}" for value in spacings_mm]
    dataset.GridFrameOffsetVector = [f"{value:.9g}" for value in dose.z_mm - dose.z_mm[0]]
    stored = np.round(dose.dose_gy / float(stated)).astype("<u4")
    dataset.PixelData = np.ascontiguousarray(stored).tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset
