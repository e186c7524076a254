"""The review: original contours byte for byte, in a new object that reads as it was counted."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

import oligort
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.ct import PIXEL_MM
from oligort.demo.export import write_case
from oligort.errors import NotEvaluable, OutputError, SelectionError
from oligort.geometry.algebra import parse
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.lesion import Count, Lesion, LesionCensus
from oligort.lesions.naming import read_roi_name
from oligort.lesions.review_names import MAX_LENGTH, review_name
from oligort.lesions.vocabulary import Organ, Role
from oligort.phantoms import Box, HollowSphere, Sphere
from oligort.review import Review, write_review
from oligort.structure_object import LABEL

NOW = datetime(2026, 4, 2, 10, 11, 12)
PLANES_MM = np.arange(-31.5, 32, 3.0)
DATA = Tag("ContourData")


@dataclass(frozen=True)
class Drawn:
    """An ROI to be written: its contours, and how its numbers are spelt."""

    name: str
    structures: tuple[Structure, ...]
    spelling: str = "{:.3f}"


def solids(name: str, *parts, spelling: str = "{:.3f}") -> Drawn:
    return Drawn(name, tuple(part.structure(name, 1, PLANES_MM) for part in parts), spelling)


def item_of(**elements: object) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def written(
    path: Path,
    rois: Sequence[Drawn],
    syntax=ExplicitVRLittleEndian,
    charset: str = "ISO_IR 192",
    **patient: object,
) -> Path:
    """Write an RTSTRUCT whose contour numbers are spelt as given."""
    made = item_of(
        SpecificCharacterSet=charset,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3",
        SOPInstanceUID="1.2.826.1",
        StudyDate="20260401",
        StudyInstanceUID="1.2.826.2",
        SeriesInstanceUID="1.2.826.3",
        Modality="RTSTRUCT",
        StructureSetLabel="PLAN",
        ApprovalStatus="APPROVED",
        ReviewDate="20260401",
        ReviewTime="090000",
        ReviewerName="SOMEBODY",
        ReferencedFrameOfReferenceSequence=[item_of(FrameOfReferenceUID="1.2.826.4")],
        StructureSetROISequence=[],
        ROIContourSequence=[],
        RTROIObservationsSequence=[],
        **({"PatientName": "SOMEONE^ELSE", "PatientID": "H-4711"} | patient),
    )
    for number, roi in enumerate(rois, 1):
        made.StructureSetROISequence.append(
            item_of(
                ROINumber=number,
                ReferencedFrameOfReferenceUID="1.2.826.4",
                ROIName=roi.name,
                ROIGenerationAlgorithm="MANUAL",
            )
        )
        contours = []
        for one in (contour for structure in roi.structures for contour in structure.contours):
            image = item_of(ReferencedSOPClassUID="1.2.3", ReferencedSOPInstanceUID="1.2.3.4")
            contour = item_of(
                ContourImageSequence=[image],
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(one.points_mm),
            )
            text = "\\".join(roi.spelling.format(mm) for mm in one.points_mm.ravel().tolist())
            value = (text + " " * (len(text) % 2)).encode()
            is_little = syntax != ExplicitVRBigEndian
            vr = None if syntax == ImplicitVRLittleEndian else "DS"
            contour[DATA] = RawDataElement(
                DATA, vr, len(value), value, 0, syntax == ImplicitVRLittleEndian, is_little
            )
            contours.append(contour)
        made.ROIContourSequence.append(
            item_of(
                ROIDisplayColor=[255, number, 0], ReferencedROINumber=number,
                ContourSequence=contours,
            )
        )  # fmt: skip
        made.RTROIObservationsSequence.append(
            item_of(ObservationNumber=number, ReferencedROINumber=number,
                    RTROIInterpretedType="GTV", ROIInterpreter="")
        )  # fmt: skip
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = syntax
    made.save_as(path, enforce_file_format=True)
    return path


def reviewed(source: Path, path: Path, **asked: object) -> tuple[LesionCensus, Review, Dataset]:
    submission = oligort.read(source)
    census = submission.lesions()
    review = write_review(submission, census, path, source=[source], now=NOW, **asked)
    return census, review, pydicom.dcmread(path)


def contour_bytes(dataset: Dataset, number: int) -> list[bytes]:
    (roi,) = [one for one in dataset.ROIContourSequence if one.ReferencedROINumber == number]
    found = [item.get_item(DATA) for item in roi.ContourSequence]
    return [b"" if one is None else one.value for one in found]


LIVER = Sphere((0.0, 0.0, 0.0), 12.0)
HOLLOW = HollowSphere((50.0, 0.0, 0.0), 15.0, 8.0)
ASIDE = Sphere((-50.0, 0.0, 6.0), 9.0)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("spelling", ["{:.3f}", "{:+.4e}", " {:.2f} "])
def test_contours_are_the_originals_byte_for_byte(tmp_path: Path, syntax, spelling: str):
    """One ROI of three parts, one of them hollow: every part has its own contours and no other."""
    rois = [solids("GTVm01_Liver", LIVER, HOLLOW, ASIDE, spelling=spelling)]
    source = written(tmp_path / "source.dcm", rois, syntax)
    before = source.read_bytes()
    census, review, made = reviewed(source, tmp_path / "review.dcm")
    assert [name for name, _ in review.rois] == ["GTVm01_Liver", "GTVm02_Liver", "GTVm03_Liver"]
    assert review.notes == ()
    assert made.file_meta.TransferSyntaxUID == syntax
    original = contour_bytes(pydicom.dcmread(source), 1)
    by_part = [contour_bytes(made, number) for number in (1, 2, 3)]
    assert sorted(one for own in by_part for one in own) == sorted(original)
    for own, lesion in zip(by_part, census, strict=True):
        x_mm = [float(one.split(b"\\")[0]) for one in own]
        assert np.ptp(x_mm) < 2 * 15
        assert abs(np.mean(x_mm) - lesion.centroid_mm[0]) < 16
    images = [i.ContourImageSequence[0] for o in made.ROIContourSequence for i in o.ContourSequence]
    assert {image.ReferencedSOPInstanceUID for image in images} == {"1.2.3.4"}
    assert source.read_bytes() == before


TOUCHING = (Box((0.0, 0.0, 0.0), (20.0, 20.0, 18.0)), Box((20.2, 0.0, 0.0), (20.0, 20.0, 18.0)))


@pytest.mark.parametrize(
    "rois",
    [
        pytest.param([solids("GTVm01_Liver", LIVER, HOLLOW), solids("met lung L", ASIDE)], id="t"),
        pytest.param([solids("GTVm01", TOUCHING[0]), solids("GTVm02", TOUCHING[1])], id="touch"),
        pytest.param([solids("GTVm01", LIVER), solids("GTVm02_old", ASIDE)], id="old"),
        pytest.param([solids("GTV", LIVER), solids("GTVp", HOLLOW)], id="undecided"),
        pytest.param([solids("GTVm01", LIVER), solids("GTV_ALL", LIVER, ASIDE)], id="union"),
    ],
)
def test_the_review_counts_and_measures_as_the_original_does(tmp_path: Path, rois: list[Drawn]):
    source = written(tmp_path / "source.dcm", rois)
    census, review, made = reviewed(source, tmp_path / "review.dcm")
    again = oligort.read(tmp_path / "review.dcm").lesions()
    assert again.count == census.count
    assert review.notes == ()
    counted = [lesion for lesion in census if lesion.counted.most]
    assert [name for name, _ in review.rois] == [lesion.roi_name for lesion in again]
    for old, new in zip(counted, again, strict=True):
        assert new.volume_cc == pytest.approx(old.volume_cc, rel=1e-12)  # a sum in another order
        assert float(new.longest_axial_mm) == float(old.longest_axial_mm)
        assert float(new.short_axis_mm) == float(old.short_axis_mm)
        assert float(new.maximum_3d_mm) == float(old.maximum_3d_mm)
        assert new.counted == old.counted
    for old, roi in zip(counted, made.StructureSetROISequence, strict=True):
        assert f'ROI "{old.roi_name}"' in roi.ROIDescription
        assert ("counted as 0 to 1" in roi.ROIDescription) == (old.counted == Count(0, 1))
        assert "?" not in roi.ROIName


def test_the_new_object_is_new_unapproved_and_of_the_same_study(tmp_path: Path):
    source = written(tmp_path / "source.dcm", [solids("GTVm01_Liver", LIVER)])
    _, _, made = reviewed(source, tmp_path / "review.dcm")
    original = pydicom.dcmread(source)
    assert (tmp_path / "review.dcm").read_bytes()[128:132] == b"DICM"
    for keyword in ("StudyInstanceUID", "StudyDate", "SOPClassUID", "SpecificCharacterSet",
                    "ReferencedFrameOfReferenceSequence", "PatientName", "PatientID"):  # fmt: skip
        assert made[keyword].value == original[keyword].value
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert made[keyword].value != original[keyword].value
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert (made.StructureSetLabel, made.SeriesDescription) == (LABEL, LABEL)
    assert (made.StructureSetDate, made.StructureSetTime) == ("20260402", "101112")
    assert (made.Manufacturer, made.ApprovalStatus) == ("oligort", "UNAPPROVED")
    assert not {"ReviewDate", "ReviewTime", "ReviewerName"} & {e.keyword for e in made}
    predecessor = made.PredecessorStructureSetSequence[0].ReferencedSOPInstanceUID
    assert predecessor == original.SOPInstanceUID
    (roi,), (seen,), (drawn,) = (
        made.StructureSetROISequence, made.RTROIObservationsSequence, made.ROIContourSequence,
    )  # fmt: skip
    assert (roi.ROIGenerationAlgorithm, seen.RTROIInterpretedType) == ("MANUAL", "GTV")
    assert roi.ReferencedFrameOfReferenceUID == "1.2.826.4"
    assert list(drawn.ROIDisplayColor) == [255, 1, 0]
    other = write_review(
        oligort.read(source), oligort.read(source).lesions(), tmp_path / "b.dcm", source=[source]
    )
    assert other.rois
    assert pydicom.dcmread(tmp_path / "b.dcm").SOPInstanceUID != made.SOPInstanceUID


def test_who_the_patient_is_stands_only_where_an_import_needs_it(tmp_path: Path):
    source = written(
        tmp_path / "source.dcm",
        [solids("GTVm01 Elsewhere Liver", LIVER)],
        PatientName="ELSEWHERE^SOMEONE",
        PatientBirthDate="19500102",
        PatientAddress="1 Some Street",
        PatientComments="calls herself Elsie",
    )
    _, review, made = reviewed(source, tmp_path / "review.dcm")
    assert (made.PatientName, made.PatientBirthDate) == ("ELSEWHERE^SOMEONE", "19500102")
    assert "PatientAddress" not in made
    assert "PatientComments" not in made
    told = " ".join(f"{roi.ROIName} {roi.ROIDescription}" for roi in made.StructureSetROISequence)
    assert "***" in told
    assert "elsewhere" not in f"{told} {review}".casefold()


def test_the_character_set_is_kept(tmp_path: Path):
    rois = [solids("GTV 肝转移", LIVER)]
    source = written(tmp_path / "source.dcm", rois, charset="GB18030", PatientName="王^小东")
    _, _, made = reviewed(source, tmp_path / "review.dcm")
    assert made.SpecificCharacterSet == "GB18030"
    assert str(made.PatientName) == "王^小东"
    assert 'ROI "GTV 肝转移"' in made.StructureSetROISequence[0].ROIDescription


def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(tmp_path: Path):
    source = written(tmp_path / "source.dcm", [solids("GTVp", LIVER)])
    submission = oligort.read(source)
    census = submission.lesions()
    with pytest.raises(OutputError, match="nothing is ever overwritten"):
        write_review(submission, census, source, source=[source])
    with pytest.raises(NotEvaluable, match="no lesion is counted"):
        write_review(submission, census, tmp_path / "review.dcm", source=[source])
    counted = written(tmp_path / "counted.dcm", [solids("GTVm01", LIVER)])
    with pytest.raises(OutputError, match="expected to write the review"):
        reviewed(counted, tmp_path / "nowhere" / "review.dcm")
    assert {path.name for path in tmp_path.iterdir()} == {"source.dcm", "counted.dcm"}


def test_a_source_that_has_changed_since_is_refused(tmp_path: Path):
    source = written(tmp_path / "source.dcm", [solids("GTVm01", LIVER)])
    submission = oligort.read(source)
    written(source, [solids("GTVm01", ASIDE)])
    with pytest.raises(SelectionError, match="changed or gone"):
        write_review(submission, submission.lesions(), tmp_path / "r.dcm", source=[source])
    assert not (tmp_path / "r.dcm").exists()


def test_what_reads_otherwise_alone_is_said(tmp_path: Path):
    """The first plane of one part lies 1.5 mm above the last of the other, which ends half way."""
    above = Sphere((-50.0, 0.0, 20.0), 9.0).structure("", None, PLANES_MM + 1.5)
    rois = [Drawn("GTVm01", (LIVER.structure("", None, PLANES_MM), above))]
    _, review, _ = reviewed(written(tmp_path / "source.dcm", rois), tmp_path / "review.dcm")
    assert review.notes == (
        '"GTVm01" is measured otherwise than "GTVm01 #1"',
        '"GTVm02" is measured otherwise than "GTVm01 #2"',
    )


@pytest.fixture(scope="module")
def one_lesion(tmp_path_factory: pytest.TempPathFactory) -> Lesion:
    folder = tmp_path_factory.mktemp("one")
    source = written(folder / "source.dcm", [solids("GTVm01", LIVER)])
    (lesion,) = oligort.read(source).lesions()
    return lesion


@pytest.mark.parametrize("organ", [*Organ, None])
@pytest.mark.parametrize("counted", [Count(1, 1), Count(0, 1)])
@pytest.mark.parametrize("original", ["GTV", "GTV_L", "gtv met Rt"])
def test_names_say_what_is_counted_and_no_more(one_lesion, organ, counted, original):
    lesion = replace(one_lesion, roi_name=original, organ=organ, counted=counted)
    name = review_name(lesion, 7)
    read = read_roi_name(name, "GTV")
    assert len(name) <= MAX_LENGTH
    assert read.role is (Role.GTV_METASTASIS if counted.least else Role.GTV)
    assert read.organ in {organ, None}
    assert "07" in name


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "case"
    write_case(WITHIN_PROTOCOL, folder)
    return folder


def test_rt_utils_opens_it_beside_the_series(export: Path, tmp_path: Path):
    rt_utils = pytest.importorskip("rt_utils", exc_type=ImportError)
    census, review, _ = reviewed(export, tmp_path / "review.dcm", lungs=parse("Lungs-GTV"))
    # Of the demo's wide pixels more than 2 % of the lungs are lost: told, and nothing else is.
    (told,) = review.notes
    drawn_cc, given_cc = (float(word.split(" cc")[0]) for word in told.split(": ")[1:])
    assert given_cc == pytest.approx(oligort.read(export).dvh("Lungs-GTV").volume_cc, abs=0.05)
    assert 0.9 * given_cc < drawn_cc < 0.98 * given_cc
    assert told.endswith("its volume is not the judged one")
    # It takes every object with pixels for an image, a dose too.
    series = tmp_path / "series"
    series.mkdir()
    for image in export.glob("CT_*.dcm"):
        shutil.copy(image, series)
    opened = rt_utils.RTStructBuilder.create_from(str(series), str(tmp_path / "review.dcm"))
    assert opened.get_roi_names() == [*WITHIN_PROTOCOL.gross_tumour_names[1:], "Lungs-GTV"]
    voxel_cc = PIXEL_MM**2 * 3 / 1000
    for lesion in census:
        if lesion.counted.most:
            mask = opened.get_roi_mask_by_name(lesion.roi_name)
            # It draws every pixel that an outline passes through: about half a pixel more around.
            radius_mm = (750 * lesion.volume_cc / np.pi) ** (1 / 3)
            grown = ((radius_mm + PIXEL_MM) / radius_mm) ** 3
            assert lesion.volume_cc < voxel_cc * mask.sum() < grown * lesion.volume_cc


def test_the_lungs_that_are_judged_are_drawn_as_they_are_judged(export: Path, tmp_path: Path):
    pytest.importorskip("rt_utils", exc_type=ImportError)
    _, review, made = reviewed(export, tmp_path / "review.dcm", lungs=parse("Lungs-GTV"))
    assert review.rois[-1] == ("Lungs-GTV", "Lungs-GTV")
    given = oligort.read(export).dvh("Lungs-GTV").volume_cc
    (lungs,) = [s for s in oligort.read(tmp_path / "review.dcm").structure_set
                if s.roi_name == "Lungs-GTV"]  # fmt: skip
    # Half a pixel is lost around: of lungs of 2 x 2000 cc, some 8 x 60 cm in 30 cm of height.
    spacing_mm = 3.0
    outline_mm = sum(
        float(np.hypot(*np.diff(c.points_mm[:, :2], axis=0, append=c.points_mm[:1, :2]).T).sum())
        for c in lungs.contours
    )
    lost_cc = outline_mm * spacing_mm * PIXEL_MM / 2 / 1000
    drawn = oligort.read(tmp_path / "review.dcm").slabs_of(lungs)
    drawn_cc = sum(
        float(slab.drawn.enclosed_mm2.sum()) * (slab.upper_mm - slab.lower_mm)
        for slab in drawn.slabs
    ) / 1000  # fmt: skip
    # Diagonal steps count as 1.41 of an outline's pixels and lose as much as straight ones.
    assert given - 1.05 * lost_cc < drawn_cc < given - 0.7 * lost_cc
    roi = made.StructureSetROISequence[-1]
    assert (roi.ROIGenerationAlgorithm, f"{drawn_cc:.1f} cc" in roi.ROIDescription) == (
        "AUTOMATIC", True,
    )  # fmt: skip
    assert f"{given:.1f} cc" in roi.ROIDescription


def test_without_rt_utils_the_file_is_written_without_lungs(export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rt_utils", None)
    _, review, _ = reviewed(export, tmp_path / "review.dcm", lungs=parse("Lungs-GTV"))
    assert "install oligort[rtstruct]" in review.notes[0]
    assert len(review.rois) == 3


def test_lungs_that_are_not_drawn_are_not_made_up(tmp_path: Path):
    source = written(tmp_path / "source.dcm", [solids("GTVm01", LIVER)])
    _, review, _ = reviewed(source, tmp_path / "review.dcm", lungs=parse("Lungs-GTV"))
    assert review.notes == ('"Lungs-GTV" is not drawn: the CT series that the structures refer to '
                            'is not there',)  # fmt: skip


def test_points_beside_loops_and_very_long_ones_are_no_matter(tmp_path: Path):
    """A point in the plane of a loop shifts no contour; in explicit VR 64 KB fit as UN alone."""
    angles = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    ring = np.column_stack([20 * np.cos(angles), 20 * np.sin(angles), np.zeros(len(angles))])
    loops = tuple(Contour(ring + z * np.eye(3)[2]) for z in (0.0, 3.0))
    rois = [Drawn("GTVm01", (Structure(1, "GTVm01", loops), LIVER.structure("", None, [-3.0])))]
    with pytest.warns(UserWarning, match="exceeds the size of 64 kByte"):
        source = written(tmp_path / "source.dcm", rois)
    dataset = pydicom.dcmread(source)
    point = item_of(
        ContourGeometricType="POINT", NumberOfContourPoints=1, ContourData=[0.0, 0.0, 3.0]
    )
    for position in (0, 2):
        dataset.ROIContourSequence[0].ContourSequence.insert(position, point)
    dataset.save_as(source)
    original = [one for one in contour_bytes(pydicom.dcmread(source), 1) if len(one) > 100]
    census, review, made = reviewed(source, tmp_path / "review.dcm")
    assert len(max(original, key=len)) > 65536
    assert contour_bytes(made, 1) == original
    assert (census.count, review.notes) == (Count(1, 1), ())
