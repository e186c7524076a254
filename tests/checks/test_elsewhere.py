"""A metastasis that only a structure set draws which is not judged is not lost."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.engine import findings_of
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.finding import Flag, Grade
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import Contour, StructureSet
from oligort.objects import Plan, Registration
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

PLANES_MM = np.arange(-60.0, 61, 4.0)
CHECKS = {one.code: one for one in all_checks()}
CODES = ("OL105", "OL201", "OL202", "OL203", "OL204", "OL205")
HERE, THERE = "1.2.8.1", "1.2.8.2"
MOST = 4
"""Distant metastases that the protocol allows."""


def cube(number, mm=20.0):
    return Box((100.0 * number, 0.0, 0.0), (mm, mm, 20.0))


JUDGED = {f"GTVm{n}_{organ}": cube(n) for n, organ in enumerate(("Liver", "Liver", "Bone", "Bone"))}


def structure_set(solids, frame, uid, **said):
    drawn = (s.structure(name, n, PLANES_MM) for n, (name, s) in enumerate(solids.items(), 1))
    placed = tuple(replace(one, frame_of_reference_uid=frame) for one in drawn)
    return StructureSet(placed, uid, file=f"{uid}.dcm", frame_of_reference_uid=frame, **said)


def graded(
    other,
    frame=THERE,
    judged=JUDGED,
    listed=None,
    predecessors=(),
    more=(),
    pathology="yes",
    also=(),
    registrations=(),
):
    """Return the findings of all checks where the plan is made on the judged set."""
    sets = (
        structure_set(judged, HERE, "1.1", predecessor_uids=frozenset(predecessors)),
        structure_set(other, frame, "1.2") if isinstance(other, dict) else other,
        *more,
    )
    plans = (Plan("2.1", "RP.dcm", "thorax", structure_set_uid="1.1"),)
    entries = [
        {"id": f"id-{name}", "kind": "distant", "organ": name.partition("_")[2] or "Liver"}
        | {"roi_names": [name], "therapy": "radiotherapy", "pathology": pathology, "size_mm": 28.3}
        for name in (judged if listed is None else listed)
    ]
    register = {"schema_version": 1, "subject": "S", "lesions": [*entries, *also]}
    case = Case(
        Submission(structure_sets=sets, plans=plans, registrations=registrations),
        Protocol.load("nct06190782"),
        Register.from_dict(register),
    )
    return {code: list(findings_of(CHECKS[code], case)) for code in CODES}


def passes_in_silence(found):
    told = [one for code in CODES for one in found[code]]
    return all(one.grade is Grade.PASS and not one.flags for one in told)


def test_alone_the_judged_set_passes_in_silence():
    assert len(JUDGED) == MOST
    assert passes_in_silence(graded({}))


@pytest.mark.parametrize("frame", [HERE, THERE])
@pytest.mark.parametrize("name", ["GTVm5_Brain", "Met brain", "GTV LN axilla"])
def test_one_more_metastasis_elsewhere_leaves_the_number_open_and_is_told(name, frame):
    """A metastasis of another plan's structure set, in no entry, passed each question."""
    found = graded({name: cube(5)}, frame)
    (number,) = found["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE
    assert f'up to 5 with what is not counted: "{name}" in RTSTRUCT "1.2.dcm"' in number.message
    (organs,) = found["OL202"]
    assert (organs.grade, organs.flags) == (Grade.PASS, (Flag.QUERY,))
    assert any(name in one.message and Flag.QUERY in one.flags for one in found["OL204"][:-1])
    assert name in found["OL205"][-1].message


def test_within_the_limit_it_is_a_query():
    judged = dict(list(JUDGED.items())[:3])
    (number,) = graded({"GTVm5_Brain": cube(5)}, judged=judged)["OL201"]
    assert (number.grade, number.flags) == (Grade.PASS, (Flag.QUERY,))


def test_in_one_organ_with_those_of_the_judged_set_it_may_be_too_many():
    judged = {f"GTVm{n}_Liver": cube(n) for n in range(3)}
    (organs,) = graded({"GTVm5_Liver": cube(5)}, judged=judged)["OL202"]
    assert organs.grade is Grade.NOT_EVALUABLE
    assert "up to 4 with what is not counted" in organs.message
    (organs,) = graded({"GTVm5_Brain": cube(5)}, judged=judged)["OL202"]
    assert organs.grade is Grade.PASS


def test_what_is_too_large_elsewhere_or_cannot_be_measured_is_not_evaluable():
    judged = dict(list(JUDGED.items())[:2])
    *_, size = graded({"GTVm5_Brain": cube(5, 40.0)}, judged=judged)["OL203"]
    assert size.grade is Grade.NOT_EVALUABLE
    assert "it measures 56.6 mm there" in size.message
    drawn = structure_set({"GTVm5_Brain": cube(5)}, THERE, "1.2")
    (lesion,) = drawn.structures
    points = tuple(Contour(one.points_mm[:1], "POINT") for one in lesion.contours)
    unmeasured = replace(drawn, structures=(replace(lesion, contours=points),))
    found = graded(unmeasured)
    assert found["OL201"][0].grade is Grade.NOT_EVALUABLE
    assert "not measured: " in found["OL203"][-1].message
    found = graded(replace(drawn, structures=(), left_out=("GTVm5_Brain", "Liver", "GTVp")))
    assert "up to 5 with what is not counted" in found["OL201"][0].message
    (size,) = (one for one in found["OL203"] if one.grade is not Grade.PASS)
    assert "its contours cannot be read" in size.message
    # A line of a template draws nothing.
    assert passes_in_silence(graded(replace(drawn, structures=(replace(lesion, contours=()),))))


@pytest.mark.parametrize(
    ("other", "frame"),
    [
        ({"GTV_A": cube(0, 18.0), "GTV_B": cube(3, 24.0)}, HERE),  # lies where a lesion does
        ({"GTVm0_Liver": cube(7)}, THERE),  # has its name, on another scan
        ({"gtvm0 LIVER": cube(7)}, THERE),  # in another spelling
        ({"GTVp": cube(7)}, THERE),  # the primary is no metastasis
        ({"Liver": cube(7), "PTV": cube(0, 30.0)}, HERE),
    ],
)
def test_what_is_known_or_no_metastasis_is_not_asked(other, frame):
    assert passes_in_silence(graded(other, frame))


def test_a_set_that_the_judged_one_replaces_is_not_asked():
    other = structure_set(
        {"GTVm5_Brain": cube(5)}, HERE, "1.2", predecessor_uids=frozenset({"1.3"})
    )
    oldest = structure_set({"GTVm6_Brain": cube(6)}, HERE, "1.3")
    assert passes_in_silence(graded(other, predecessors=["1.2"], more=(oldest,)))
    assert not passes_in_silence(graded(other))


def test_one_name_in_another_organ_is_another_lesion():
    """Two plans that both call theirs GTVm1: one in the liver, the other one in the brain."""
    judged = {"GTVm1": cube(0), "Liver": cube(0, 60.0), "GTVm2_Bone": cube(2)}
    judged |= {"GTVm3_Bone": cube(3), "GTVm4_Bone": cube(4)}
    listed = [name for name in judged if name != "Liver"]
    of_brain = {"GTVm1": cube(7), "Brain": cube(7, 60.0)}
    (number,) = graded(of_brain, judged=judged, listed=listed)["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE
    of_liver = {"GTVm1": cube(7), "Liver": cube(7, 60.0)}
    (number,) = graded(of_liver, judged=judged, listed=listed)["OL201"]
    assert number.grade is Grade.PASS


def test_two_sets_that_draw_one_name_in_frames_of_their_own_draw_one_lesion():
    other = structure_set({"GTVm5_Brain": cube(5)}, "1.2.8.3", "1.3")
    judged = dict(list(JUDGED.items())[:3])
    (number,) = graded({"GTVm5_Brain": cube(6)}, judged=judged, more=(other,))["OL201"]
    assert (number.grade, number.flags) == (Grade.PASS, (Flag.QUERY,))


@pytest.mark.parametrize("frame", [THERE, "1.2.8.3"])
@pytest.mark.parametrize("sizes_mm", [(40.0, 20.0), (20.0, 40.0)])
def test_of_two_drawings_of_one_lesion_the_larger_one_is_asked_about(sizes_mm, frame):
    """The set that was read last hid the other one: 56.6 mm passed beside 28.3 mm."""
    judged = dict(list(JUDGED.items())[:3])
    first, second = ({"GTVm5_Brain": cube(5, mm)} for mm in sizes_mm)
    found = graded(first, judged=judged, more=(structure_set(second, frame, "1.3"),))
    (number,) = found["OL201"]
    assert (number.grade, number.flags) == (Grade.PASS, (Flag.QUERY,))
    (size,) = (one for one in found["OL203"] if one.grade is not Grade.PASS)
    assert size.grade is Grade.NOT_EVALUABLE
    assert "it measures 56.6 mm there" in size.message


def test_one_name_in_two_places_of_one_frame_is_two_lesions():
    """ "GTV" of two plans, in neither brain nor liver by any contour, counted once."""
    judged = dict(list(JUDGED.items())[:3])
    other = structure_set({"GTV": cube(7)}, THERE, "1.3")
    (number,) = graded({"GTV": cube(5)}, judged=judged, more=(other,))["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE
    assert "up to 5 with what is not counted" in number.message


def test_digits_that_stand_apart_are_another_name():
    judged = {**dict(list(JUDGED.items())[1:]), "GTVm10_Liver": cube(0)}
    (number,) = graded({"GTVm1_0_Liver": cube(7)}, judged=judged)["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE


def test_two_names_in_one_place_are_one_lesion():
    judged = dict(list(JUDGED.items())[:3])
    other = structure_set({"Met brain": cube(5, 18.0)}, THERE, "1.3")
    (number,) = graded({"GTVm5_Brain": cube(5)}, judged=judged, more=(other,))["OL201"]
    assert (number.grade, number.flags) == (Grade.PASS, (Flag.QUERY,))


def test_what_an_entry_names_is_told_where_it_is_drawn():
    """It was said not to be drawn, though another structure set draws it."""
    judged = dict(list(JUDGED.items())[:3])
    found = graded({"GTVm5_Brain": cube(5)}, judged=judged, listed=[*judged, "GTVm5_Brain"])
    assert found["OL201"][0].grade is Grade.PASS
    told = '"GTVm5_Brain" is drawn in RTSTRUCT "1.2.dcm", which is not judged'
    assert any(told in one.message for one in found["OL204"])
    (size,) = (one for one in found["OL203"] if one.about == "id-GTVm5_Brain")
    assert told in size.message


@pytest.mark.parametrize("name", ["GTVm5_Brain", "GTVm0_Liver"])
def test_a_name_stands_for_as_many_lesions_as_are_known_by_it(name):
    """Three brain metastases in one ROI, for the one entry that names it, counted one."""
    judged = dict(list(JUDGED.items())[:3])
    drawn = structure_set({name: cube(5)}, THERE, "1.2")
    (roi,) = drawn.structures
    loops = [it for n in (5, 6, 7) for it in cube(n).structure(name, 1, PLANES_MM).contours]
    found = graded(
        replace(drawn, structures=(replace(roi, contours=tuple(loops)),)),
        judged=judged,
        listed=dict.fromkeys([*judged, name]),
    )
    (number,) = found["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE
    most = len({*judged, name}) + 2
    assert f"up to {most} with what is not counted" in number.message
    assert f'"{name} #2", "{name} #3" in RTSTRUCT' in number.message


@pytest.mark.parametrize("frame", [HERE, THERE])
@pytest.mark.parametrize("names", [("PTV_L3",), ("CTV_L3", "PTV_L3"), ("ITV L3", "PTV L3")])
def test_a_target_elsewhere_around_no_lesion_may_be_drawn_for_one(names, frame):
    """A vertebra is often irradiated without a GTV: the fifth metastasis passed in silence."""
    other = {name: cube(5, mm) for name, mm in zip(names, (10.0, 15.0), strict=False)}
    found = graded(other, frame)
    (number,) = found["OL201"]
    assert number.grade is Grade.NOT_EVALUABLE
    # A CTV and its PTV are of one lesion.
    assert f"up to {MOST + 1} with what is not counted" in number.message
    assert all(f'"{name}"' in number.message for name in names)
    assert names[0] in found["OL205"][-1].message


def test_a_target_elsewhere_bounds_the_size_of_what_it_is_drawn_for():
    judged = dict(list(JUDGED.items())[:2])
    found = graded({"PTV_L3": cube(5, 40.0)}, judged=judged)
    (size,) = (one for one in found["OL203"] if one.grade is not Grade.PASS)
    assert (size.grade, size.about) == (Grade.NOT_EVALUABLE, "PTV_L3")
    found = graded({"PTV_L3": cube(5, 15.0)}, judged=judged)
    assert all(one.grade is Grade.PASS for one in found["OL203"])


def test_a_target_elsewhere_that_cannot_be_measured_leaves_number_and_size_open():
    drawn = structure_set({"PTV_L3": cube(5)}, THERE, "1.2")
    (target,) = drawn.structures
    lines = tuple(Contour(one.points_mm, "OPEN_PLANAR") for one in target.contours)
    for other, reason in (
        (replace(drawn, structures=(replace(target, contours=lines),)), "enclose no area"),
        (replace(drawn, structures=(), left_out=("PTV_L3",)), "cannot be read"),
    ):
        found = graded(other)
        assert f"up to {MOST + 1} with what is not counted" in found["OL201"][0].message
        (size,) = (one for one in found["OL203"] if one.grade is not Grade.PASS)
        assert size.grade is Grade.NOT_EVALUABLE
        assert reason in size.message


@pytest.mark.parametrize(
    ("other", "frame"),
    [
        ({"PTV": cube(0, 25.0)}, HERE),  # goes around a lesion of the judged set
        ({"GTVp": cube(7), "PTV": cube(7, 25.0)}, THERE),  # around one of its own
        ({"zRing": cube(7), "GTVp": cube(5)}, THERE),  # is no target
    ],
)
def test_a_target_elsewhere_of_what_is_known_is_not_asked(other, frame):
    judged = {**JUDGED, "PTV_1": cube(1, 25.0)}
    assert passes_in_silence(graded(other, frame, judged, listed=list(JUDGED)))


@pytest.mark.parametrize(
    ("name", "judged"),
    [("PTV_1", {"PTV_1": cube(1, 25.0)}), ("ptv 1", {"PTV_1": cube(1, 25.0)}), ("GTVm0", {})],
)
def test_what_only_its_name_tells_on_other_images_is_a_query(name, judged):
    """Two plans may both call theirs PTV_1, and mean two lesions."""
    lesions = dict(list(JUDGED.items())[1:]) | {"GTVm0": cube(0)}
    found = graded({name: cube(7)}, THERE, {**lesions, **judged}, listed=list(lesions))
    grades = {one.grade for code in CODES for one in found[code]}
    queries = [one for code in CODES for one in found[code] if one.flags]
    assert grades == {Grade.PASS, Grade.INFO}
    (query,) = queries
    assert (query.code, query.grade, query.flags) == ("OL204", Grade.INFO, (Flag.QUERY,))
    assert query.message == (
        f'"{name}" in RTSTRUCT "1.2.dcm", on images that no registration joins with the judged '
        f"ones, is taken for the one of the same name here: nothing but its name says so"
    )


def test_what_name_and_organ_tell_on_other_images_stands_in_the_report():
    *_, told = graded({"GTVm0_Liver": cube(7)})["OL204"]
    assert (told.grade, told.flags) == (Grade.PASS, ())
    assert "is taken for the one of the same name here" in told.message


def registered(move):
    """A registration that leads from THERE to HERE."""
    return (Registration("1.9", "REG.dcm", HERE, ((THERE, move),)),)


TURNED = np.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]])
CENTRE_MM = np.array([700.0, 0.0, 0.0])
"""Of the seventh cube, which a registration may put on that of the judged set."""


@pytest.mark.parametrize(
    ("move", "is_there"),
    [
        (RigidTransform(np.eye(3), -CENTRE_MM), True),
        (RigidTransform(np.eye(3), -CENTRE_MM + 6.0), True),
        (RigidTransform(TURNED, -TURNED @ CENTRE_MM), True),
        (RigidTransform(np.eye(3), np.zeros(3)), False),
        (RigidTransform(TURNED, -CENTRE_MM), False),
    ],
)
def test_on_images_that_a_registration_joins_the_place_decides_and_not_the_name(move, is_there):
    found = graded({"GTVm0_Liver": cube(7)}, registrations=registered(move))
    assert passes_in_silence(found) is is_there
    assert found["OL201"][0].grade is (Grade.PASS if is_there else Grade.NOT_EVALUABLE)
    told = [one.message for code in CODES for one in found[code]]
    assert not any("no registration joins" in one for one in told)


@pytest.mark.parametrize(
    ("frame", "registrations"), [(HERE, ()), (THERE, registered(RigidTransform.identity()))]
)
@pytest.mark.parametrize(("number", "is_there"), [(1, True), (7, False)])
def test_targets_of_one_name_that_lie_apart_on_joined_images_are_two(
    number, is_there, frame, registrations
):
    """The judged set draws no gross tumour: what lies there is its target."""
    judged = {"PTV_Liver": cube(1, 25.0)}
    found = graded({"PTV_Liver": cube(number)}, frame, judged, registrations=registrations)
    (count,) = found["OL201"]
    assert ("which is not judged" in count.message) is not is_there
    assert not any("no registration joins" in one.message for one in found["OL204"])


@pytest.mark.parametrize(
    ("away_mm", "joined", "most"), [(0.0, True, 4), (300.0, True, 5), (300.0, False, 4)]
)
def test_of_two_sets_that_are_not_judged_a_registration_tells_whether_they_draw_one(
    away_mm, joined, most
):
    """Three lesions are judged; on images that nothing joins the name is all that there is."""
    third = "1.2.8.3"
    move = RigidTransform(np.eye(3), np.array([away_mm, 0.0, 0.0]))
    registration = Registration("1.9", "REG.dcm", THERE, ((third, move),))
    found = graded(
        {"GTVm5_Brain": cube(5)},
        judged=dict(list(JUDGED.items())[:3]),
        more=(structure_set({"GTVm5_Brain": cube(5)}, third, "1.3"),),
        registrations=(registration,) if joined else (),
    )
    (number,) = found["OL201"]
    assert number.grade is (Grade.PASS if most <= MOST else Grade.NOT_EVALUABLE)
    assert number.flags == ((Flag.QUERY,) if most <= MOST else ())


def test_a_registration_that_cannot_be_used_joins_nothing():
    (usable,) = registered(RigidTransform.identity())
    refused = {"moved": (), "others": frozenset({THERE}), "refusal": "it is not rigid"}
    other = replace(usable, sop_instance_uid="1.10", **refused)
    *_, told = graded({"GTVm0_Liver": cube(7)}, registrations=(usable, other))["OL204"]
    assert "is taken for the one of the same name here" in told.message


@pytest.mark.parametrize("name", ["GTV", "PTV_Esophagus"])
def test_what_lies_in_the_oesophagus_is_no_metastasis_where_the_primary_is_listed(name):
    """The plan of the primary calls it "GTV", and the judged one "GTVp"."""
    other = {name: cube(7), "Esophagus": cube(7, 25.0)}
    primary = {"id": "p", "kind": "primary", "organ": "Esophagus", "therapy": "surgery"}
    assert not passes_in_silence(graded(other))
    assert passes_in_silence(graded(other, also=[{**primary, "roi_names": []}]))
    for named in ("GTVm", "GTVn"):
        there = {**other, named: cube(7, 18.0)}
        (number,) = graded(there, also=[{**primary, "roi_names": []}])["OL201"]
        assert number.grade is Grade.NOT_EVALUABLE


def test_what_may_be_proven_elsewhere_leaves_the_proof_open():
    (proof,) = graded({}, pathology="no")["OL105"]
    assert proof.grade is Grade.MAJOR
    (proof,) = graded({"GTVm5_Brain": cube(5)}, pathology="no")["OL105"]
    assert proof.grade is Grade.NOT_EVALUABLE
    assert '"GTVm5_Brain" in RTSTRUCT "1.2.dcm", which is not judged' in proof.message
