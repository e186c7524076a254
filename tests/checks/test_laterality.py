"""Left and right: names against the side of the patient."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import oligort.protocol
from oligort.finding import Flag, Grade
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

LUNG_LEFT = Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
BODY = Box((0.0, 0.0, 0.0), (180.0, 100.0, 180.0))
ADRENAL = Box((-20.0, 0.0, -70.0), (10.0, 10.0, 20.0))
"""On the patient's right: x grows to the left."""


def renamed(submission, names):
    (whole,) = submission.structure_sets
    structures = tuple(
        replace(one, roi_name=names.get(one.roi_name, one.roi_name)) for one in whole.structures
    )
    return replace(submission, structure_sets=(replace(whole, structures=structures),))


SWAPPED = {"Lung_L": "Lung_R", "Lung_R": "Lung_L"}


def test_lungs_on_their_sides_pass(build, findings_of):
    (finding,) = findings_of("OL007", build())
    assert finding.grade is Grade.PASS
    assert "Lungs" in finding.message


def test_swapped_lungs_are_major_and_their_v20_together_stands(build, findings_of):
    swapped = renamed(build(), SWAPPED)
    (finding,) = findings_of("OL007", swapped)
    assert finding.grade is Grade.MAJOR
    # 100 mm lie between the middles of the lungs
    assert '"Lung_L" lies 100 mm to the patient\'s right of "Lung_R"' in finding.message
    (v20,) = findings_of("OL301", swapped)
    assert v20.grade is Grade.PASS


def test_a_limit_on_one_side_of_swapped_lungs_is_not_graded(build, findings_of, tmp_path):
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    limited = text.replace('structure = "Lungs-GTV"', 'structure = "Lung_R"').replace(
        'parts = ["Lung_L", "Lung_R"]', 'parts = ["Lung_L"]'
    )
    assert limited != text
    file = tmp_path / "one_side.toml"
    file.write_text(limited, encoding="utf-8")
    protocol = Protocol.load(file)
    (v20,) = findings_of("OL301", build(), protocol=protocol)
    assert v20.grade is Grade.PASS
    (v20,) = findings_of("OL301", renamed(build(), SWAPPED), protocol=protocol)
    assert v20.grade is Grade.NOT_EVALUABLE
    assert "left and right are swapped" in v20.message


@pytest.mark.parametrize(
    ("roi_name", "grade"), [("Adrenal_R", Grade.PASS), ("Adrenal_L", Grade.MAJOR)]
)
def test_one_side_alone_is_held_against_the_body(roi_name, grade, build, findings_of):
    findings = findings_of("OL007", build(extra={"BODY": BODY, roi_name: ADRENAL}))
    assert [finding.grade for finding in findings] == [grade]
    if grade is Grade.MAJOR:
        assert "lies in the right half of the body" in findings[0].message


def test_without_a_body_one_side_alone_says_nothing(build, findings_of):
    lone = build(without=["Lung_L", "Lung_R"], extra={"Adrenal_L": ADRENAL})
    (finding,) = findings_of("OL007", lone)
    assert finding.grade is Grade.INFO


def test_an_organ_across_the_middle_is_on_its_side(build, findings_of):
    across = Box((15.0, 0.0, -70.0), (60.0, 10.0, 20.0))
    findings = findings_of("OL007", build(extra={"BODY": BODY, "Kidney_L": across}))
    assert [finding.grade for finding in findings] == [Grade.PASS]


def test_one_lung_drawn_for_both_sides_is_major_and_v20_is_not_graded(build, findings_of):
    copied = build(without=["Lung_R"], extra={"Lung_R": LUNG_LEFT})
    (finding,) = findings_of("OL007", copied)
    assert finding.grade is Grade.MAJOR
    assert '"Lung_L" and "Lung_R" are largely one volume' in finding.message
    (v20,) = findings_of("OL301", copied)
    assert v20.grade is Grade.NOT_EVALUABLE
    assert "one side is not drawn" in v20.message


def test_a_limit_on_one_side_is_not_graded_where_both_are_one(build, findings_of):
    protocol = Protocol.load("nct06190782")
    (limit,) = protocol.dose_limits
    one_side = msgspec.structs.replace(limit, structure="Lung_R", parts=(), family=())
    protocol = msgspec.structs.replace(protocol, dose_limits=(one_side,))
    (v20,) = findings_of("OL301", build(), protocol=protocol)
    assert v20.grade is Grade.PASS
    copied = build(without=["Lung_R"], extra={"Lung_R": LUNG_LEFT})
    (v20,) = findings_of("OL301", copied, protocol=protocol)
    assert v20.grade is Grade.NOT_EVALUABLE
    assert "largely one volume" in v20.message


def test_narrow_organs_in_one_half_of_the_outline_are_a_query(build, findings_of):
    pair = {
        "Adrenal_L": Box((60.0, 0, -70), (10, 10, 20)),
        "Adrenal_R": Box((20.0, 0, -70), (10, 10, 20)),
    }
    findings = findings_of("OL007", build(extra={"BODY": BODY, **pair}))
    (finding,) = findings
    assert (finding.grade, finding.flags, finding.about) == (Grade.INFO, (Flag.QUERY,), "Adrenals")
    assert "both lie in the left half" in finding.message
    # The cord says that the outline's middle is not that of the body.
    cord = {"SpinalCord": Box((40.0, 0.0, 0.0), (10.0, 10.0, 180.0))}
    (finding,) = findings_of("OL007", build(extra={"BODY": BODY, **pair, **cord}))
    assert finding.grade is Grade.PASS
