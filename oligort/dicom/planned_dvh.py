"""DVH Sequence of an RT Dose: the planning system's own histograms, or why one cannot be used."""

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from oligort.dicom.elements import integer, items, number, numbers, stored_bytes, text, title
from oligort.display import quoted
from oligort.dose.planned_dvh import PlannedDvh, curve_of
from oligort.errors import DicomError

Floats = npt.NDArray[np.float64]

MAX_DATA_BYTES = 8 * 1024**2
"""Most text of one histogram that is read: 300,000 bins. 200 Gy in bins of 0.01 Gy are 20,000."""

MAX_DVHS = 1000
"""Most histograms of one dose that are read: ten times the structures of any plan."""

MAX_BINS = 4_000_000
"""Most bins of all histograms of one dose: 200 structures of 200 Gy in bins of 0.01 Gy."""


def planned_dvhs(dataset: Dataset) -> tuple[PlannedDvh, ...]:
    """Return the histograms of an RT Dose that name an ROI, in the order of the file.

    What cannot be used is among them, with its reason. Pixels are not needed.

    Raises
    ------
    DicomError
        If the sequence cannot be read at all, or is longer than any plan's.
    """
    found = items(dataset, "DVHSequence")
    if len(found) > MAX_DVHS:
        raise DicomError(
            f"expected up to {MAX_DVHS} items in {title('DVHSequence')}, found {len(found)}"
        )
    bins = sum(stored_bytes(item, "DVHData").count(b"\\") // 2 for item in found)
    if bins > MAX_BINS:
        raise DicomError(f"expected up to {MAX_BINS} bins in {title('DVHSequence')}, found {bins}")
    return tuple(_planned_dvh(item) for item in found)


def _planned_dvh(item: Dataset) -> PlannedDvh:
    try:
        included, excluded = _referenced_rois(item)
    except DicomError as error:
        return PlannedDvh((), refusal=str(error))
    try:
        dvh_type = text(item, "DVHType")
        dose_units, volume_units = text(item, "DoseUnits"), text(item, "DVHVolumeUnits")
        _refuse_other_units(dose_units, volume_units)
        widths_gy, volumes = _bins(item)
        edges_gy, lower, upper, whole = curve_of(dvh_type, widths_gy, volumes)
        minimum, mean, maximum = (
            _stated(item, f"DVH{name}Dose") for name in ("Minimum", "Mean", "Maximum")
        )
    except ValueError as error:  # DicomError is one
        return PlannedDvh(included, excluded, refusal=str(error))
    return PlannedDvh(
        included,
        excluded,
        dvh_type,
        dose_units,
        volume_units,
        minimum,
        mean,
        maximum,
        edges_gy,
        lower,
        upper,
        volume_cc=whole if volume_units == "CM3" else None,
    )


def _referenced_rois(item: Dataset) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers of the ROIs that are included, and of those that are excluded."""
    rois: dict[str, list[int]] = {"INCLUDED": [], "EXCLUDED": []}
    for reference in items(item, "DVHReferencedROISequence"):
        roi_number = integer(reference, "ReferencedROINumber")
        contribution = text(reference, "DVHROIContributionType") or "INCLUDED"
        if roi_number is None or contribution not in rois:
            raise DicomError(
                f"expected INCLUDED or EXCLUDED ROIs by number in "
                f"{title('DVHReferencedROISequence')}, found otherwise"
            )
        rois[contribution].append(roi_number)
    return tuple(rois["INCLUDED"]), tuple(rois["EXCLUDED"])


def _refuse_other_units(dose_units: str, volume_units: str) -> None:
    if dose_units != "GY":
        raise DicomError(
            f"expected GY in {title('DoseUnits')} of a histogram, found {quoted(dose_units)}"
        )
    if volume_units not in {"CM3", "PERCENT"}:
        raise DicomError(
            f"expected CM3 or PERCENT in {title('DVHVolumeUnits')}, found {quoted(volume_units)}"
        )


def _bins(item: Dataset) -> tuple[Floats, Floats]:
    """Return widths in Gy and volumes, (n,) each, of the pairs in DVH Data."""
    keyword = "DVHData"
    if len(stored_bytes(item, keyword)) > MAX_DATA_BYTES:
        raise DicomError(f"expected up to {MAX_DATA_BYTES} bytes in {title(keyword)}, found more")
    values = numbers(item, keyword)
    if not len(values) or len(values) % 2:
        raise DicomError(f"expected pairs of numbers in {title(keyword)}, found {len(values)}")
    stated = integer(item, "DVHNumberOfBins")
    if stated not in {None, len(values) // 2}:
        raise DicomError(f"expected {stated} bins in {title(keyword)}, found {len(values) // 2}")
    scaling = number(item, "DVHDoseScaling")
    if scaling is None or scaling <= 0:
        raise DicomError(f"expected a number above 0 in {title('DVHDoseScaling')}")
    with np.errstate(over="ignore"):
        widths_gy = values[::2] * scaling
        if not np.isfinite([widths_gy.sum(), values[1::2].sum()]).all():
            raise DicomError(f"expected doses and volumes in {title(keyword)}, found larger ones")
    return widths_gy, values[1::2]


def _stated(item: Dataset, keyword: str) -> float | None:
    """Return a dose as it is stated; less than nothing is a filler."""
    value = number(item, keyword)
    return value if value is not None and value >= 0 else None
