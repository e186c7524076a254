"""RT Dose: the geometry is judged by the standard's own equation, the values by pydicom's."""

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, RLELossless

from oligort.dicom.instance import read_object
from oligort.dicom.rtdose import read_dose

ROUNDING_MM = 1e-9
"""Positions and doses are sums and products of a few doubles below 1000: far below this."""

SQUARE_ROOT = np.sqrt(0.5)

ORIENTATIONS = {
    "head first supine": (1, 0, 0, 0, 1, 0),
    "head first prone": (-1, 0, 0, 0, -1, 0),
    "feet first supine": (-1, 0, 0, 0, 1, 0),
    "feet first prone": (1, 0, 0, 0, -1, 0),
    "decubitus left": (0, -1, 0, 1, 0, 0),
    "decubitus right": (0, 1, 0, -1, 0, 0),
    "sagittal": (0, 1, 0, 0, 0, -1),
    "oblique": (SQUARE_ROOT, SQUARE_ROOT, 0, 0, 0, -1),
}


def through_file(dataset, write, folder: Path, *syntax):
    read, _ = read_object(write(dataset, folder / "dose.dcm", *syntax))
    return read_dose(read, "dose.dcm")


def run_length_encoded(dataset, stored):
    """Turn the pixels to RLE by PS3.5 annex G, in literal runs (pydicom writes no 32-bit RLE)."""
    frames = []
    for frame in stored:
        planes = frame.astype(stored.dtype.newbyteorder(">")).tobytes()
        segments = []
        for plane in range(stored.itemsize):  # the most significant bytes come first
            values = planes[plane :: stored.itemsize]
            runs = [values[start : start + 128] for start in range(0, len(values), 128)]
            segment = b"".join(bytes([len(run) - 1]) + run for run in runs)
            segments.append(segment + b"\x80" * (len(segment) % 2))
        starts = 64 + np.cumsum([0, *map(len, segments[:-1])])
        header = struct.pack("<16L", len(segments), *starts, *[0] * (15 - len(segments)))
        frames.append(header + b"".join(segments))
    dataset.PixelData = pydicom.encaps.encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return dataset


def sorted_field(dose):
    """Positions and doses of all voxels, sorted by position: the dose field itself."""
    grid = dose.grid.grid
    indices = np.indices(grid.shape).reshape(3, -1).T.astype(float)
    rows = np.column_stack([grid.to_patient(indices), dose.grid.dose_gy.reshape(-1)])
    return rows[np.lexsort(np.round(rows[:, :3], 6).T)]


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS)
def test_every_voxel_lies_where_the_standard_puts_it(dose, write, tmp_path, orientation):
    dataset = dose()
    dataset.ImageOrientationPatient = [f"{cosine:.12f}" for cosine in orientation]
    read = through_file(dataset, write, tmp_path)

    # PS3.3 C.7.6.2.1.1: position = S + X * column spacing * column + Y * row spacing * row
    x, y = np.array(orientation[:3]), np.array(orientation[3:])
    stored = np.arange(60).reshape(4, 3, 5)
    expected = [
        [*(np.array([10, 20, 30]) + x * 2 * column + y * 3 * row + np.cross(x, y) * 4 * frame), v]
        for (frame, row, column), v in np.ndenumerate(stored * 0.01)
    ]
    expected = np.array(expected)
    expected = expected[np.lexsort(np.round(expected[:, :3], 6).T)]
    np.testing.assert_allclose(sorted_field(read), expected, atol=ROUNDING_MM)


def test_trap_anisotropic_pixel_spacing_is_not_swapped(dose, write, tmp_path):
    grid = through_file(dose(), write, tmp_path).grid.grid
    assert (grid.i_spacing_mm, grid.j_spacing_mm) == (2, 3)  # Pixel Spacing is row\column: 3\2
    assert grid.shape == (5, 3, 4)


@pytest.mark.parametrize("orientation", ["head first supine", "head first prone"])
def test_trap_absolute_offsets_give_the_same_field(dose, write, tmp_path, orientation):
    relative, absolute = dose(), dose()
    for dataset in (relative, absolute):
        dataset.ImageOrientationPatient = list(ORIENTATIONS[orientation])
    absolute.GridFrameOffsetVector = [30, 34, 38, 42]
    np.testing.assert_allclose(
        sorted_field(through_file(absolute, write, tmp_path)),
        sorted_field(through_file(relative, write, tmp_path)),
        atol=ROUNDING_MM,
    )


@pytest.mark.parametrize("offsets", [[0, -4, -8, -12], [42, 38, 34, 30]])
def test_trap_descending_offsets_give_the_same_field(dose, write, tmp_path, offsets):
    ascending, descending = dose(), dose()
    descending.ImagePositionPatient = [10, 20, 42]
    descending.GridFrameOffsetVector = offsets
    descending.PixelData = np.arange(60, dtype=np.uint32).reshape(4, 3, 5)[::-1].tobytes()
    np.testing.assert_allclose(
        sorted_field(through_file(descending, write, tmp_path)),
        sorted_field(through_file(ascending, write, tmp_path)),
        atol=ROUNDING_MM,
    )


def test_frames_need_not_be_uniform(dose, write, tmp_path):
    dataset = dose()
    dataset.GridFrameOffsetVector = [0, 4, 5, 12]
    grid = through_file(dataset, write, tmp_path).grid.grid
    assert grid.frame_positions_mm.tolist() == [0, 4, 5, 12]


def test_an_object_with_histograms_alone_has_no_pixels(dose, write, tmp_path):
    dataset = dose()
    del dataset.PixelData
    cut_off = through_file(dataset, write, tmp_path)
    assert cut_off.grid is None
    assert cut_off.has_pixels, "it says how many there are"
    del dataset.Rows
    assert not through_file(dataset, write, tmp_path).has_pixels
    assert through_file(dose(), write, tmp_path).has_pixels


def test_a_plane_for_measurements_says_so_and_one_that_was_cut_off_does_not(dose, write, tmp_path):
    dataset = dose(np.zeros((1, 3, 5), np.uint32))
    assert through_file(dataset, write, tmp_path).is_plane
    dataset.PixelData = bytes(4 * 3 * 5 * 4)
    several = through_file(dataset, write, tmp_path)
    assert several.grid is None
    assert not several.is_plane, "it holds more than it says"
    assert not through_file(dose(), write, tmp_path).is_plane


def of_frames(dose, offsets):
    dataset = dose(np.zeros((len(offsets), 3, 5), np.uint32))
    dataset.GridFrameOffsetVector = list(offsets)
    return dataset


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "missing",
    [(5,), (5, 6, 7), (3, 9), (5, 7), (1,), (1, 2, 3, 4), (12,), (9, 10, 11, 12), (3, 7, 11)],
)
def test_trap_a_dose_without_some_frames_is_none_between_them(sign, missing, dose, write, tmp_path):
    """60 mm of a lung would get what a straight line between both ends gives."""
    offsets = [sign * 2.5 * k for k in range(14) if k not in missing]
    found = through_file(of_frames(dose, offsets), write, tmp_path)
    assert found.grid is None
    # Of those that follow each other the first are one gap.
    together = next((n for n, k in enumerate(missing) if k != missing[0] + n), len(missing))
    first_mm = 2.5 * (together + 1)
    told = f"frame {missing[0] + 1} lies {first_mm:g} mm beyond the one before it"
    assert told in found.refusal
    assert "the others 2.5 mm; export the dose whole" in found.refusal


@pytest.mark.parametrize(
    "offsets",
    [
        [0, 2, 4, 6, 8, 10, 14, 18, 22],
        [0, 4, 8, 10, 12, 14, 16, 18, 22],
        [0, 0.99, 2.01, 3, 4, 5.01, 6],
        [0, 3, 5, 8, 10, 13, 15],
        [0, 2, 4, 7, 9],
        [0, 2, 4, 8],
        [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 22, 26],
        [0, 2, 4, 6, 8, 10, 12, 14, 18, 22, 26, 28, 30, 32, 34, 36],
    ],
    ids=[
        *["coarse end", "fine middle", "rounded", "in turn", "few", "fewer"],
        *["end of two", "two fine parts"],
    ],
)
def test_frames_that_lie_closer_in_places_are_all_there(offsets, dose, write, tmp_path):
    assert through_file(of_frames(dose, offsets), write, tmp_path).grid is not None


@pytest.mark.parametrize("stored_type", [np.uint16, np.uint32])
@pytest.mark.parametrize("syntax", ["implicit", "big endian", "RLE"])
def test_values_are_those_of_an_independent_decoder(dose, write, tmp_path, stored_type, syntax):
    top = np.iinfo(stored_type).max  # the highest bit must not become a sign
    stored = np.linspace(0, top, 60).astype(stored_type).reshape(4, 3, 5)
    dataset = dose(stored)
    if syntax == "RLE":
        read = through_file(run_length_encoded(dataset, stored), write, tmp_path, RLELossless)
    elif syntax == "big endian":
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        read = through_file(dataset, write, tmp_path, ExplicitVRBigEndian)
    else:
        read = through_file(dataset, write, tmp_path)
    decoded = pydicom.dcmread(tmp_path / "dose.dcm").pixel_array
    np.testing.assert_array_equal(decoded, stored)
    np.testing.assert_array_equal(read.grid.dose_gy, decoded.transpose(2, 1, 0) * 0.01)


def test_references_and_description_are_read(dose, write, tmp_path):
    dataset = dose()
    dataset.DoseType = "EFFECTIVE"
    dataset.TissueHeterogeneityCorrection = ["IMAGE", "ROI_OVERRIDE"]
    plan, structure_set = pydicom.Dataset(), pydicom.Dataset()
    plan.ReferencedSOPInstanceUID = "1.2.5"
    structure_set.ReferencedSOPInstanceUID = "1.2.1"
    dataset.ReferencedRTPlanSequence = [plan]
    dataset.ReferencedStructureSetSequence = [structure_set]
    read = through_file(dataset, write, tmp_path)
    assert read.plan_uids == ("1.2.5",)
    assert read.structure_set_uid == "1.2.1"
    assert read.heterogeneity_correction == "IMAGE\\ROI_OVERRIDE"
    assert (read.units, read.dose_type, read.summation_type) == ("GY", "EFFECTIVE", "PLAN")
    assert read.grid.dose_type == "EFFECTIVE"


REFUSED = {
    "trap: RELATIVE is not Gy": ({"DoseUnits": "RELATIVE"}, 'is "RELATIVE"'),
    "trap: cGy is not Gy": ({"DoseUnits": "CGY"}, 'is "CGY"'),
    "no units": ({"DoseUnits": None}, "Dose Units (3004,0002) is missing"),
    "a difference": ({"DoseType": "ERROR"}, "difference of doses"),
    "a record": ({"DoseSummationType": "RECORD"}, "is RECORD"),
    "an overview": ({"DoseSummationType": "PLAN_OVERVIEW"}, "is PLAN_OVERVIEW"),
    "one frame": ({"NumberOfFrames": None, "PixelData": bytes(60)}, "single dose plane"),
    "no offsets": ({"GridFrameOffsetVector": None}, "expected 4 numbers in Grid Frame Offset"),
    "too few offsets": ({"GridFrameOffsetVector": [0, 4, 8]}, "found 3"),
    "offsets from nowhere": ({"GridFrameOffsetVector": [7, 11, 15, 19]}, "found 7"),
    "absolute offsets, not axial": (
        {"GridFrameOffsetVector": [30, 34, 38, 42], "ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
        "in an axial dose",
    ),
    "repeated frame": ({"GridFrameOffsetVector": [0, 4, 4, 8]}, "repeat or turn back"),
    "frames turn back": ({"GridFrameOffsetVector": [0, 4, 8, 6]}, "repeat or turn back"),
    "no scaling": ({"DoseGridScaling": None}, "Dose Grid Scaling (3004,000E), found nothing"),
    "scaling 0": ({"DoseGridScaling": "0"}, "above 0, found 0"),
    "scaling below 0": ({"DoseGridScaling": "-1"}, "above 0, found -1"),
    "no position": ({"ImagePositionPatient": None}, "3 numbers in Image Position"),
    "no orientation": ({"ImageOrientationPatient": None}, "6 numbers in Image Orientation"),
    "skewed": ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "right angles"),
    "no spacing": ({"PixelSpacing": None}, "2 numbers in Pixel Spacing"),
    "spacing 0": ({"PixelSpacing": [0, 2]}, "spacings above 0"),
    "8 bits": ({"BitsAllocated": 8}, "expected 16 or 32"),
    "12 of 16 bits": ({"BitsAllocated": 16, "BitsStored": 12}, "found 12"),
    "truncated": ({"PixelData": bytes(238)}, "are truncated"),
    "more than declared": ({"PixelData": bytes(480)}, "of another size"),
    "declared far beyond the data": ({"Rows": 65535, "Columns": 65535}, "are truncated"),
    "no pixels": ({"PixelData": None}, "found none"),
    "pixels of two kinds": ({"FloatPixelData": bytes(240)}, "Float Pixel Data (7FE0,0008) as well"),
    "signed below 0": (
        {"PixelRepresentation": 1, "PixelData": np.full(60, -1, np.int32).tobytes()},
        "expected doses of at least 0 Gy, found -0.01",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_dose_in_gy_is_refused_with_the_reason(dose, write, tmp_path, changes, reason):
    dataset = dose()
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    read = through_file(dataset, write, tmp_path)
    assert read.grid is None
    assert reason in read.refusal


def test_scaling_that_is_no_number_is_refused(dose, write, tmp_path):
    path = write(dose(), tmp_path / "dose.dcm")
    path.write_bytes(path.read_bytes().replace(b"0.01", b"0.O1"))
    read = read_dose(read_object(path)[0], "dose.dcm")
    assert read.refusal.startswith("expected numbers in Dose Grid Scaling (3004,000E)")


def test_rle_that_declares_more_than_it_can_hold_is_refused_before_unpacking(dose, write, tmp_path):
    dataset = run_length_encoded(dose(), np.arange(60, dtype=np.uint32).reshape(4, 3, 5))
    dataset.Rows = dataset.Columns = 65535
    read = through_file(dataset, write, tmp_path, RLELossless)
    assert "the pixel data are truncated" in read.refusal


def test_compressed_pixels_of_another_kind_are_refused_by_name(dose, write, tmp_path):
    dataset = dose()
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"] * 4)
    dataset["PixelData"].is_undefined_length = True
    read = through_file(dataset, write, tmp_path, pydicom.uid.JPEGLossless)
    assert pydicom.uid.JPEGLossless in read.refusal
