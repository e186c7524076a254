"""OL018 and OL019: structures and the images that they refer to, and whether none is missing."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Grade
from oligort.objects import ImageSeries
from oligort.protocol.model import Protocol

CHECKS = {one.code: one for one in all_checks()}
FRAME = "1.2.840.1"
UIDS = tuple(f"1.9.{number}" for number in range(40))
PLANES_MM = tuple(np.arange(-97.5, 100, 5.0).tolist())
CT = ImageSeries(
    "1.9",
    "CT",
    FRAME,
    positions_mm=PLANES_MM,
    sop_instance_uids=frozenset(UIDS),
    description="Thorax\x1b[31m",
    patient_key="patient",
)
PET = replace(
    CT,
    series_instance_uid="1.8",
    modality="PT",
    description="",
    sop_instance_uids=frozenset({"1.8.1"}),
)


def findings(code, submission):
    return list(CHECKS[code].run(Case(submission, Protocol.load("nct06190782"), None)))


@pytest.fixture
def export(build):
    """The thorax drawn on CT planes, with what the test asks for altered in the structure set."""

    def built(*images, named=UIDS, **altered):
        whole = build(images=images)
        (structure_set,) = whole.structure_sets
        altered = {"referenced_image_uids": frozenset(named)} | altered
        return replace(whole, structure_sets=(replace(structure_set, **altered),))

    return built


def test_structures_on_images_that_are_there_pass(export):
    (finding,) = findings("OL018", export(CT))
    assert finding.grade is Grade.PASS
    assert finding.message.startswith('RTSTRUCT "RS.dcm" is drawn on CT series "Thorax?[31m" of 40')


def test_an_export_without_images_is_no_alarm(export):
    for named, said in ((UIDS, "refers to 40 images"), ((), "refers to no image series")):
        (finding,) = findings("OL018", export(named=named))
        assert finding.grade is Grade.INFO
        assert finding.message.startswith("no image is in the export; ")
        assert said in finding.message
        (finding,) = findings("OL019", export(named=named))
        assert (finding.grade, finding.message) == (Grade.INFO, "no image is in the export")


def test_images_that_are_not_there_are_minor_where_the_frame_agrees(export):
    (finding,) = findings("OL018", export(CT, named=[*UIDS, "1.7.1", "1.7.2"]))
    assert finding.grade is Grade.MINOR
    assert "refers to 42 images, of which 2 are not there" in finding.message
    assert "holds the others" in finding.message
    (finding,) = findings("OL018", export(CT, named=["1.7.1", "1.7.2"]))
    assert finding.grade is Grade.MINOR
    assert "of 40 images lies in its frame of reference" in finding.message


def test_images_that_are_not_there_leave_it_open_where_no_frame_agrees(export):
    elsewhere = replace(CT, frame_of_reference_uid="1.2.840.9")
    findings_of_it = findings("OL018", export(elsewhere, named=["1.7.1"]))
    assert [f.grade for f in findings_of_it] == [Grade.NOT_EVALUABLE, Grade.INFO]
    assert "no image lies in its frame of reference" in findings_of_it[0].message
    with pytest.raises(NotEvaluable, match="no image series that the structures are drawn on"):
        findings("OL019", export(elsewhere, named=["1.7.1"]))


def test_images_in_another_frame_than_the_structures_leave_it_open(export):
    (finding,) = findings("OL018", export(replace(CT, frame_of_reference_uid="1.2.840.9")))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "in another frame of reference than its structures" in finding.message
    # A series that names no frame contradicts nothing.
    (finding,) = findings("OL018", export(replace(CT, frame_of_reference_uid="")))
    assert finding.grade is Grade.PASS


def test_structures_that_refer_to_no_image_leave_it_open(export):
    (finding,) = findings("OL018", export(CT, named=()))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "refers to no image; CT series" in finding.message
    assert "lies in its frame of reference" in finding.message


def test_a_series_is_named_by_its_uid_alone(export):
    by_series = export(CT, named=(), referenced_series_uids=frozenset({"1.9"}))
    assert [f.grade for f in findings("OL018", by_series)] == [Grade.PASS]
    dangling = export(CT, named=(), referenced_series_uids=frozenset({"1.7"}))
    (finding,) = findings("OL018", dangling)
    assert finding.grade is Grade.MINOR
    assert "refers to 1 image series, of which none is there" in finding.message


def test_pet_beside_the_ct_is_left_alone(export):
    passed, aside = findings("OL018", export(PET, CT))
    assert (passed.grade, aside.grade) == (Grade.PASS, Grade.INFO)
    assert aside.message == ("left alone, as no structure is drawn on them: PT series of 40 images")
    (finding,) = findings("OL019", export(replace(PET, positions_mm=(0.0, 9.0, 10.0)), CT))
    assert finding.grade is Grade.PASS


def test_an_even_series_passes_with_its_extent(export):
    (finding,) = findings("OL019", export(CT))
    assert finding.grade is Grade.PASS
    assert finding.message.endswith("of 40 images: every 5 mm from z -97.5 to 97.5 mm")


@pytest.mark.parametrize(
    ("positions_mm", "said"),
    [
        (
            (*PLANES_MM[:7], *PLANES_MM[9:]),
            "no image between z -67.5 and -52.5 mm, where the usual step is 5 mm",
        ),
        ((*PLANES_MM[:8], *PLANES_MM[7:]), "several images at z -62.5 mm"),
        (
            (*PLANES_MM, 105.5, 113.5),
            "images 8 mm apart between z 97.5 and 113.5 mm, where the usual step is 5 mm",
        ),
    ],
    ids=["gap", "repeated", "another spacing"],
)
def test_an_uneven_series_is_minor_with_the_places(export, positions_mm, said):
    (finding,) = findings("OL019", export(replace(CT, positions_mm=positions_mm)))
    assert finding.grade is Grade.MINOR
    assert said in finding.message
    # Feet first, the same planes are met in the other order.
    against = replace(
        CT, normal=(0.0, 0.0, -1.0), positions_mm=tuple(-z for z in reversed(positions_mm))
    )
    assert said in findings("OL019", export(against))[0].message


def test_an_image_alone_shows_no_series(export):
    alone = replace(CT, positions_mm=(0.0,), sop_instance_uids=frozenset(UIDS[:1]))
    with pytest.raises(NotEvaluable, match="is one image alone"):
        findings("OL019", export(alone))


def test_without_a_structure_set_nothing_is_asked(build):
    for code in ("OL018", "OL019"):
        for images in ((CT,), ()):
            with pytest.raises(NotEvaluable, match="no RTSTRUCT"):
                findings(code, build(structure_sets=(), images=images))


def test_a_localizer_among_the_images_is_no_alarm(export):
    localizer = replace(
        CT,
        normal=(1.0, 0.0, 0.0),
        positions_mm=(0.0,),
        sop_instance_uids=frozenset({"1.9.99"}),
    )
    submission = export(localizer, CT, named=[*UIDS, "1.9.99"])
    assert [f.grade for f in findings("OL019", submission)] == [Grade.PASS]
    assert [f.grade for f in findings("OL018", submission)] == [Grade.PASS]
