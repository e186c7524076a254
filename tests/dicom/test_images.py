"""Image series: which phase of a 4D scan they are, what they are called, and what draws on them."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from oligort.dicom.phases import AVERAGE, MAXIMUM, MINIMUM, phase_of
from oligort.dicom.read import read
from oligort.errors import DicomError
from oligort.geometry.structure import StructureSet
from oligort.objects import ImageSeries, drawn_on
from oligort.spacing import usual_spacing_mm

CT, MR, PT = CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage


@pytest.fixture
def image(dose):
    def built(z_mm, uid, sop_class=CT, **elements):
        dataset = dose(np.zeros((1, 4, 4), np.uint16), uid)
        dataset.SOPClassUID, dataset.Modality = sop_class, {CT: "CT", MR: "MR", PT: "PT"}[sop_class]
        del dataset.NumberOfFrames, dataset.GridFrameOffsetVector
        dataset.SeriesInstanceUID = "1.2.9"
        dataset.ImagePositionPatient = [0, 0, z_mm]
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        return dataset

    return built


@pytest.mark.parametrize(
    ("description", "phase"),
    [
        ("T50", "phase 50 %"),
        ("T00", "phase 0 %"),
        ("4D CT_t30", "phase 30 %"),
        ("Thorax Gated, 50.0%", "phase 50 %"),
        ("0% In", "phase 0 %"),
        ("Thorax 4D 12.5% B30f", "phase 12.5 %"),
        ("Respiratory Phase 100", "phase 100 %"),
        ("CT 40%", "phase 40 %"),
        ("AVG_CT", AVERAGE),
        ("4DCT ave-ip", AVERAGE),
        ("AIP 0-90", AVERAGE),
        ("Thorax MIP 4D", MAXIMUM),
        ("MinIP", MINIMUM),
        # what only looks like one
        ("T2 FLAIR", ""),
        ("T12 L1 spine", ""),
        ("Thorax 3.0 T20f", ""),
        ("Thorax ASIR-V 50%", ""),
        ("CT 100 kV", ""),
        ("Thorax 3 mm", ""),
        ("", ""),
    ],
)
def test_the_phase_is_read_from_the_description(description, phase):
    assert phase_of(description, "", "", "") == phase


def test_the_phase_is_read_from_comments_image_type_and_temporal_position():
    assert phase_of("Thorax", "Gated, 70%", "", "") == "phase 70 %"
    assert phase_of("Thorax", "", "DERIVED\\SECONDARY\\AXIAL\\AVERAGE", "") == AVERAGE
    assert phase_of("Thorax", "", "DERIVED\\PRIMARY\\MIP", "3") == MAXIMUM
    assert phase_of("Thorax", "", "ORIGINAL\\PRIMARY\\AXIAL", "3") == "temporal position 3"
    assert phase_of("T50", "", "", "6") == "phase 50 %"  # the words say more than the number


def test_phases_of_one_series_that_repeat_its_planes_are_series_of_their_own(
    tmp_path, write, image
):
    for phase in (1, 2):
        for z_mm in (0, 3, 6):
            uid = f"1.2.9.{phase}.{z_mm}"
            write(image(z_mm, uid, TemporalPositionIdentifier=phase), tmp_path / f"{uid}.dcm")
    one, other = read(tmp_path).images
    assert one.positions_mm == other.positions_mm == (0.0, 3.0, 6.0)
    assert (one.phase, other.phase) == ("temporal position 1", "temporal position 2")
    assert one.series_instance_uid == other.series_instance_uid


def test_positions_that_each_image_numbers_anew_do_not_tear_a_series_apart(tmp_path, write, image):
    for number, z_mm in enumerate((0, 3, 6), 1):
        uid = f"1.2.9.{number}"
        write(image(z_mm, uid, TemporalPositionIdentifier=number), tmp_path / f"{uid}.dcm")
    (series,) = read(tmp_path).images
    assert series.positions_mm == (0.0, 3.0, 6.0)
    assert series.phase == ""


def test_a_series_knows_its_study_and_its_description_without_the_patient(tmp_path, write, image):
    for number in (1, 2):
        dataset = image(3 * number, f"1.2.9.{number}", SeriesDescription="Doe T50")
        dataset.StudyInstanceUID = "1.2.8"
        write(dataset, tmp_path / f"{number}.dcm")
    (series,) = read(tmp_path).images
    assert (series.study_instance_uid, series.description, series.phase) == (
        "1.2.8",
        "*** T50",
        "phase 50 %",
    )


def test_a_description_that_cannot_be_read_is_no_fault(tmp_path, write, image):
    dataset = image(0, "1.2.9.1", SeriesDescription="Thorax")
    dataset.SpecificCharacterSet = "ISO_IR 192"
    path = write(dataset, tmp_path / "ct.dcm")
    path.write_bytes(path.read_bytes().replace(b"Thorax", b"Tho\xc3rx"))  # no valid UTF-8
    submission = read(tmp_path)
    assert submission.faults == ()
    assert len(submission.images) == 1


def test_pet_and_mr_beside_the_ct_are_series_of_their_own(tmp_path, write, image):
    write(image(0, "1.2.9.1"), tmp_path / "1.dcm")
    write(image(0, "1.2.9.2", MR), tmp_path / "2.dcm")
    write(image(0, "1.2.9.3", PT), tmp_path / "3.dcm")
    assert sorted(series.modality for series in read(tmp_path).images) == ["CT", "MR", "PT"]


def test_patient_positions_of_axial_images_are_z_whatever_their_normal():
    along = ImageSeries("1", "CT", normal=(0.0, 0.0, 1.0), positions_mm=(-3.0, 0.0, 6.0))
    against = replace(along, normal=(0.0, 0.0, -1.0))
    sagittal = replace(along, normal=(1.0, 0.0, 0.0))
    assert along.patient_positions_mm == (-3.0, 0.0, 6.0)
    assert against.patient_positions_mm == (-6.0, 0.0, 3.0)
    assert (along.is_axial, against.is_axial, sagittal.is_axial) == (True, True, False)


SERIES = ImageSeries("s1", "CT", "1.4", positions_mm=(0.0, 3.0), sop_instance_uids={"a", "b"})
MORE = replace(SERIES, series_instance_uid="s2", sop_instance_uids=frozenset("cde"))
PET = replace(SERIES, series_instance_uid="s0", modality="PT", sop_instance_uids=frozenset("p"))
SETS = {
    # what is named: what is drawn on, and whether by reference
    ("c", "d", "a"): ((MORE, SERIES), True),
    ("p",): ((PET,), True),
    ("x",): ((SERIES, MORE, PET), False),  # by the frame: CT before PET, whatever their UIDs
    (): ((SERIES, MORE, PET), False),
}


@pytest.mark.parametrize(("named", "expected"), SETS.items())
def test_structures_are_drawn_on_what_they_name_most_else_on_their_frame(named, expected):
    structures = StructureSet(
        (), frame_of_reference_uid="1.4", referenced_image_uids=frozenset(named)
    )
    for images in ((PET, SERIES, MORE), (SERIES, MORE, PET)):
        assert drawn_on(structures, images) == expected
    assert drawn_on(replace(structures, frame_of_reference_uid="1.5"), ()) == ((), False)


def test_without_images_the_series_that_is_named_is_drawn_on():
    structures = StructureSet((), referenced_series_uids=frozenset({"s2"}))
    assert drawn_on(structures, (PET, SERIES, MORE)) == ((MORE,), True)


def test_the_usual_spacing_is_that_of_the_ct_and_not_of_a_pet_in_its_frame():
    structures = StructureSet((), frame_of_reference_uid="1.4")
    pet = replace(PET, positions_mm=(0.0, 5.0, 10.0))
    assert usual_spacing_mm(structures, (pet, SERIES)) == 3.0


def without(dataset, *keywords):
    for keyword in keywords:
        delattr(dataset, keyword)
    return dataset


@pytest.mark.parametrize(
    ("sop_class", "lacks"),
    [
        (CT, ("ImagePositionPatient",)),
        (CT, ("ImagePositionPatient", "ImageOrientationPatient")),
        (PT, ("ImageOrientationPatient",)),
    ],
)
def test_images_without_a_place_are_left_alone_in_series_of_their_own(
    sop_class, lacks, tmp_path, write, image
):
    for number, z_mm in enumerate((0, 3, 6)):
        write(image(z_mm, f"1.2.5.{number}"), tmp_path / f"ct{number}.dcm")
    report = image(0, "1.2.6", sop_class, SeriesInstanceUID="1.2.10")
    write(without(report, *lacks), tmp_path / "report.dcm")
    submission = read(tmp_path)
    assert submission.faults == ()
    ((kind, file),) = ((one.kind, one.file) for one in submission.left_alone)
    assert (kind.split()[-3:], file) == (["without", "a", "place"], "report.dcm")
    assert [len(series.positions_mm) for series in submission.images] == [3]


def test_an_image_without_a_place_alone_says_what_it_lacks(tmp_path, write, image):
    path = write(without(image(0, "1.2.6"), "ImagePositionPatient"), tmp_path / "ct.dcm")
    with pytest.raises(DicomError, match="found 0 and 6 numbers"):
        read(path)


def test_images_without_a_place_that_are_needed_are_faults(tmp_path, write, image, structure_set):
    write(image(0, "1.2.5.0"), tmp_path / "ct0.dcm")
    write(without(image(3, "1.2.5.1"), "ImagePositionPatient"), tmp_path / "ct1.dcm")
    named = image(0, "1.2.6", SeriesInstanceUID="1.2.10")
    write(without(named, "ImagePositionPatient"), tmp_path / "named.dcm")
    garbled = image(0, "1.2.7", SeriesInstanceUID="1.2.11", ImagePositionPatient=[0, 0])
    write(garbled, tmp_path / "garbled.dcm")
    drawn = structure_set({"Heart": []})
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID, study.RTReferencedSeriesSequence = "1.2.10", [series]
    study.ReferencedSOPInstanceUID, frame.RTReferencedStudySequence = "1.5", [study]
    drawn.ReferencedFrameOfReferenceSequence = [frame]
    write(drawn, tmp_path / "rs.dcm")
    submission = read(tmp_path)
    assert [fault.file for fault in submission.faults] == ["ct1.dcm", "garbled.dcm", "named.dcm"]
    assert submission.left_alone == ()


def test_what_stands_behind_the_pixels_of_an_image_is_read(tmp_path, write, image):
    """Elements belong in the order of their tags, but a file may hold them in any."""
    for z_mm in (0, 3, 6):
        path = write(image(z_mm, f"1.2.9.{z_mm}"), tmp_path / f"{z_mm}.dcm", ExplicitVRLittleEndian)
        encoded = path.read_bytes()
        begin = encoded.index(b"\x20\x00\x32\x00DS")  # Image Position (Patient), then orientation
        end = encoded.index(b"\x20\x00\x52\x00UI")
        path.write_bytes(encoded[:begin] + encoded[end:] + encoded[begin:end])
    submission = read(tmp_path)
    assert submission.faults == submission.left_alone == ()
    (series,) = submission.images
    assert series.positions_mm == (0, 3, 6)
    (digest,) = submission.provenance
    path.write_bytes(path.read_bytes().replace(b"0.0\\6.0", b"0.0\\9.0"))
    (other,) = read(tmp_path).provenance
    assert other != digest  # of what stands behind the pixels too
