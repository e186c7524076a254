"""In-field recurrence: the part of a lesion inside an isodose of an earlier course, closed form.

The lesion is a box from z = -10 to 10 mm. The earlier dose rises along z by 1 Gy/mm, so that the
part above a dose is a length over 20 mm.
"""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.grid import Grid
from oligort.geometry.rigid import RigidTransform
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, Prescription, Registration
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

FRAME, PRIOR_FRAME = "1.2.9", "1.2.8"
PLANES_MM = np.arange(-117.5, 120, 5.0)
PROTOCOL = Protocol.load("nct06190782")
CHECK = next(one for one in all_checks() if one.code == "OL114")
PRESCRIBED_GY = 60.0
HALF_GY = PRESCRIBED_GY / 2

PART = 0.05
"""Percentage points by which a part may be off: a histogram's bin of 0.01 Gy is 0.01 mm here, which
is 0.05 % of 20 mm."""


def drawn(name, number, solid):
    return replace(solid.structure(name, number, PLANES_MM), frame_of_reference_uid=FRAME)


LESION = drawn("GTVm01_Liver", 1, Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)))
SET = StructureSet((LESION,), "1.1", "set", "RS.dcm", FRAME)
NOW = Submission(structure_sets=(SET,))
ENTRY = {
    "id": "L1",
    "kind": "distant",
    "organ": "Liver",
    "roi_names": ["GTVm01_Liver"],
    "therapy": "radiotherapy",
}


def prior(middle_gy=HALF_GY, prescribed=(PRESCRIBED_GY,), **altered):
    """An earlier course whose dose at the middle of the lesion is given."""
    z_mm = np.arange(-120.0, 121, 5)
    grid = Grid((-50, -50, 0), (1, 0, 0), (0, 1, 0), 5.0, 5.0, 21, 21, z_mm, FRAME)
    gy = np.clip(middle_gy + z_mm, 0, PRESCRIBED_GY * 1.1)
    dose = Dose(
        "2.3",
        "RD.dcm",
        units="GY",
        dose_type="PHYSICAL",
        summation_type="PLAN",
        plan_uids=("2.2",),
        frame_of_reference_uid=FRAME,
        grid=DoseGrid(grid, np.broadcast_to(gy, grid.shape)),
    )
    plan = Plan("2.2", "RP.dcm", "old", prescriptions=tuple(Prescription(p) for p in prescribed))
    return Submission(doses=(replace(dose, **altered),), plans=(plan,) if prescribed else ())


def finding(earlier, said="no", now=NOW, entries=(ENTRY,)):
    table = {"schema_version": 1, "subject": "S", "lesions": list(entries)}
    if said:
        table["history"] = {"in_field_recurrence": said}
    (found,) = CHECK.run(Case(now.after(*earlier), PROTOCOL, Register.from_dict(table)))
    return found


@pytest.mark.parametrize("middle_gy", [22.0, 25.0, 30.0, 37.0])
def test_the_part_inside_is_that_of_the_formula(middle_gy):
    found = finding([prior(middle_gy)], "yes")
    expected = 100 * np.clip((10 - (HALF_GY - middle_gy)) / 20, 0, 1)
    part = found.evidence[1]
    assert part.measured == pytest.approx(expected, abs=PART)
    assert part.low - 1e-9 <= expected <= part.high + 1e-9


FAR, NEAR, IN = prior(10.0), prior(28.0), prior(45.0)
"""0 %, 40 % and all of the lesion inside."""


@pytest.mark.parametrize(
    ("earlier", "said", "grade", "flags"),
    [
        (FAR, "no", Grade.PASS, ()),
        (FAR, "unknown", Grade.PASS, (Flag.QUERY,)),
        (FAR, "yes", Grade.MAJOR, (Flag.QUERY,)),
        (IN, "yes", Grade.MAJOR, ()),
        (IN, "unknown", Grade.MAJOR, (Flag.QUERY,)),
        (IN, "no", Grade.NOT_EVALUABLE, (Flag.QUERY,)),
        (NEAR, "yes", Grade.MAJOR, (Flag.QUERY,)),
    ],
)
def test_register_and_dose_together(earlier, said, grade, flags):
    found = finding([earlier], said)
    assert (found.criterion, found.grade, found.flags) == ("X4", grade, flags)
    if said != "unknown" and flags:  # both are told where they differ
        assert f"the register says {said}" in found.message
        assert "50 % isodose (30 Gy)" in found.message


@pytest.mark.parametrize("said", ["no", "unknown", None])
def test_a_part_between_the_settings_is_left_open(said):
    with pytest.raises(NotEvaluable, match=r'partly inside .* "GTVm01_Liver" 40.0 %'):
        finding([NEAR], said)


@pytest.mark.parametrize(
    ("earlier", "reason"),
    [
        (prior(10.0, ()), "no plan is there that says what"),
        (prior(10.0, plan_uids=("2.2", "2.7")), "no plan is there that says what"),
        (prior(10.0, (600.0,)), "does not fit its prescription"),
        (prior(10.0, frame_of_reference_uid="9"), "no registration"),
        (prior(10.0, grid=None, refusal="its scaling is 0"), "its scaling is 0"),
        (prior(10.0, summation_type="BEAM"), "no dose of a whole plan"),
        (prior(10.0, grid=replace(prior().doses[0].grid, dose_type="")), 'Dose Type is ""'),
        (prior(10.0, grid=replace(prior().doses[0].grid, dose_type="ERROR")), 'Type is "ERROR"'),
        (Submission(), "no RTDOSE"),
    ],
)
@pytest.mark.parametrize("said", ["no", "unknown"])
def test_a_dose_that_was_given_and_cannot_be_used_is_no_pass(earlier, reason, said):
    with pytest.raises(NotEvaluable, match=reason):
        finding([earlier], said)
    with pytest.raises(NotEvaluable, match=reason):
        finding([FAR, earlier], said)


def test_a_yes_stands_where_the_dose_cannot_be_used():
    found = finding([prior(10.0, ())], "yes")
    assert (found.grade, found.flags) == (Grade.MAJOR, (Flag.QUERY,))
    assert "no plan is there" in found.message


@pytest.mark.parametrize(("earlier", "said"), [(FAR, "unknown"), (FAR, "no"), (IN, "no")])
def test_the_dose_of_another_patient_answers_nothing(earlier, said):
    (drawn,) = NOW.structure_sets
    mine = replace(NOW, structure_sets=(replace(drawn, patient_key="mine"),))
    (dose,) = earlier.doses
    same = replace(earlier, doses=(replace(dose, patient_key="mine"),))
    other = replace(earlier, doses=(replace(dose, patient_key="other"),))
    if (earlier, said) != (IN, "no"):
        assert finding([same], said, mine).grade is Grade.PASS
    with pytest.raises(NotEvaluable, match="another patient id"):
        finding([other], said, mine)


def test_one_of_two_courses_suffices():
    assert finding([FAR, IN], "unknown").grade is Grade.MAJOR


def test_several_prescriptions_must_agree():
    # Half of 40 Gy and of 60 Gy: 20 and 30 Gy lie 10 mm apart.
    assert finding([prior(45.0, (40.0, 60.0))], "unknown").grade is Grade.MAJOR
    with pytest.raises(NotEvaluable, match=r"20 to 30 Gy"):
        finding([prior(15.0, (40.0, 60.0))], "unknown")
    assert finding([prior(5.0, (40.0, 60.0))]).grade is Grade.PASS


def test_a_registration_brings_the_dose_to_the_lesion():
    moved = replace(FAR.doses[0], frame_of_reference_uid=PRIOR_FRAME)
    shift = RigidTransform(np.eye(3), np.array([0.0, 0.0, -35.0]))
    link = Registration("2.9", "REG.dcm", FRAME, ((PRIOR_FRAME, shift),))
    there = replace(FAR, doses=(moved,), registrations=(link,))
    # 10 Gy at the middle, and 45 Gy once all of it lies 35 mm lower.
    assert finding([there], "unknown").grade is Grade.MAJOR


def test_a_lesion_outside_the_grid_is_open_unless_the_isodose_ends_inside():
    away = drawn("GTVm01_Liver", 1, Box((300.0, 0.0, 0.0), (20.0, 20.0, 20.0)))
    now = replace(NOW, structure_sets=(replace(SET, structures=(away,)),))
    with pytest.raises(NotEvaluable, match="0 to 100 %, outside the grid"):
        finding([IN], "no", now)
    closed = seen_target()
    assert finding([closed], "unknown", now).grade is Grade.PASS
    assert finding([closed], "unknown").grade is Grade.MAJOR


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("end", [0, -1])
def test_a_target_that_is_seen_does_not_close_a_field_that_leaves_its_grid(axis, end):
    """One hot voxel in the border: what lies beyond it nobody knows."""
    away = drawn("GTVm01_Liver", 1, Box((300.0, 0.0, 0.0), (20.0, 20.0, 20.0)))
    now = replace(NOW, structure_sets=(replace(SET, structures=(away,)),))
    at = [8, 8, 20]
    at[axis] = end
    for gy, is_open in ((HALF_GY - 0.1, False), (HALF_GY, True)):
        earlier = seen_target(hot={tuple(at): gy})
        if is_open:
            with pytest.raises(NotEvaluable, match="0 to 100 %, outside the grid"):
                finding([earlier], "no", now)
        else:
            assert finding([earlier], "no", now).grade is Grade.PASS


def seen_target(hot=None):
    """An earlier course that ends inside its grid, with a target that is seen to lie in it.

    `hot` gives single voxels a dose of their own.
    """
    ball = np.zeros(IN.doses[0].grid.grid.shape)
    ball[5:16, 5:16, 15:34] = PRESCRIBED_GY
    for place, gy in (hot or {}).items():
        ball[place] = gy
    dose = replace(IN.doses[0], grid=replace(IN.doses[0].grid, dose_gy=ball))
    target = drawn("PTV", 1, Box((0.0, 0.0, 0.0), (20.0, 20.0, 60.0)))
    plan = replace(
        IN.plans[0], structure_set_uid="2.1", prescriptions=(Prescription(PRESCRIBED_GY, 1),)
    )
    return Submission(
        structure_sets=(StructureSet((target,), "2.1", "set", "RS.dcm", FRAME),),
        doses=(dose,),
        plans=(plan,),
    )


@pytest.mark.parametrize("kind", ["primary", "regional_node", "distant"])
def test_a_lesion_that_is_not_drawn_is_not_seen_by_a_dose(kind):
    organ = "LymphNodes" if kind == "regional_node" else "Esophagus"
    entries = [ENTRY, {"id": "L2", "kind": kind, "organ": organ, "therapy": "surgery"}]
    with pytest.raises(NotEvaluable, match=r'no contour is drawn for "L2"'):
        finding([FAR], "unknown", entries=entries)
    assert finding([FAR], "no", entries=entries).grade is Grade.PASS


def test_without_a_register_a_dose_excludes_and_does_not_acquit():
    case = Case(NOW.after(IN), PROTOCOL, None)
    (found,) = CHECK.run(case)
    assert found.grade is Grade.MAJOR
    with pytest.raises(NotEvaluable, match="no register"):
        list(CHECK.run(Case(NOW.after(FAR), PROTOCOL, None)))


def test_the_submission_as_its_own_earlier_course_shows_nothing():
    now = replace(NOW, doses=IN.doses, plans=IN.plans)
    with pytest.raises(NotEvaluable, match="is the dose that is judged itself"):
        finding([IN], "no", now)


def test_an_earlier_course_may_be_exported_together_with_the_plan():
    later = replace(FAR.doses[0], sop_instance_uid="3.3", file="RD3.dcm", plan_uids=("3.2",))
    plan = replace(FAR.plans[0], sop_instance_uid="3.2", file="RP3.dcm", label="new")
    # Read once more from the other folder, they are other objects.
    both = replace(NOW, doses=(later, replace(IN.doses[0])), plans=(plan, replace(IN.plans[0])))
    assert finding([IN], "unknown", both.selected(plan="new")).grade is Grade.MAJOR
    with pytest.raises(NotEvaluable, match="is the dose that is judged itself"):
        finding([IN], "unknown", both.selected(plan="old"))


def test_the_settings_stand_in_the_protocol(tmp_path):
    shown = {one.name: one for one in PROTOCOL.setting_records()}
    for name in ("in_field_isodose_percent", "in_field_part"):
        assert shown[name].assumption
    assert shown["in_field_part"].value == "1 to 50 %"


@pytest.mark.parametrize("roi_name", ["Boost", "PET_40%", "zHelp"])
def test_a_lesion_inside_is_not_lost_with_its_name(roi_name):
    """It lies at z = 60 mm, inside the isodose that the first lesion is outside of."""
    inside = drawn(roi_name, 2, Box((30.0, 0.0, 45.0), (20.0, 20.0, 20.0)))
    now = replace(NOW, structure_sets=(replace(SET, structures=(LESION, inside)),))
    other = {"id": "L2", "kind": "distant", "organ": "Liver", "therapy": "surgery"}
    assert finding([FAR], now=now, entries=(ENTRY,)).grade is Grade.PASS
    named = other | {"roi_names": [roi_name]}
    assert finding([FAR], now=now, entries=(ENTRY, named)).grade is Grade.NOT_EVALUABLE
    for kind in ("distant", "primary", "regional_node"):
        organ = {"organ": None} if kind == "regional_node" else {}
        for less in (other, other | {"roi_names": ["misspelt"]}):
            with pytest.raises(NotEvaluable, match=r'"L2" \(roi_names would tell\)'):
                finding([FAR], now=now, entries=(ENTRY, less | {"kind": kind} | organ))
    # Where nothing is drawn for it, or what is drawn lies outside, the register's word stands.
    nowhere = other | {"roi_names": []}
    assert finding([FAR], now=now, entries=(ENTRY, nowhere)).grade is Grade.PASS
    outside = drawn(roi_name, 2, Box((30.0, 0.0, -45.0), (20.0, 20.0, 20.0)))
    away = replace(NOW, structure_sets=(replace(SET, structures=(LESION, outside)),))
    assert finding([FAR], now=away, entries=(ENTRY, other)).grade is Grade.PASS
    missed = finding([FAR], "yes", now, (ENTRY, other))
    assert (missed.grade, missed.flags) == (Grade.MAJOR, (Flag.QUERY,))


SECOND = {name: value for name, value in ENTRY.items() if name != "roi_names"} | {"id": "L2"}
INSIDE = Box((30.0, 0.0, 45.0), (20.0, 20.0, 20.0))


def beside(*others):
    return replace(NOW, structure_sets=(replace(SET, structures=(LESION, *others)),))


@pytest.mark.parametrize("roi_name", ["Liver", "Liver_S8", "PTV2"])
def test_what_an_entry_names_and_is_no_gross_tumour_may_be_it_or_hold_it(roi_name):
    """An organ by its name, by mistake or not, and a PTV that the lesion lies in."""
    now = beside(drawn(roi_name, 2, INSIDE))
    named = SECOND | {"roi_names": [roi_name]}
    # An organ is a lesion only where an entry says so; around a PTV nobody knows of there is one.
    for second in [named] if roi_name.startswith("Liver") else [named, SECOND]:
        with pytest.raises(NotEvaluable, match=rf'"{roi_name}" 100.0 % .*\(roi_names would tell\)'):
            finding([FAR], "no", now, [ENTRY, second])
    # Without the name nothing says that the organ is a lesion, and the key is asked for.
    with pytest.raises(NotEvaluable, match="roi_names"):
        finding([FAR], "no", now, [ENTRY, SECOND])
    removed = SECOND | {"therapy": "surgery", "roi_names": []}
    if roi_name == "PTV2":  # it is drawn for something, whatever was removed
        with pytest.raises(NotEvaluable, match=r'"PTV2" 100.0 % .* around no known lesion'):
            finding([FAR], "no", now, [ENTRY, removed])
        return
    assert finding([FAR], "no", now, [ENTRY, removed]).grade is Grade.PASS


@pytest.mark.parametrize("said", ["no", "unknown"])
@pytest.mark.parametrize("roi_name", ["PTVm02_Bone", "CTV2", "ITV_m2"])
def test_a_target_around_no_known_lesion_is_not_lost_where_every_entry_is_settled(roi_name, said):
    with pytest.raises(NotEvaluable, match=f'"{roi_name}" .*around no known lesion'):
        finding([FAR], said, beside(drawn(roi_name, 2, INSIDE)))
    outside = beside(drawn(roi_name, 2, Box((30.0, 0.0, -45.0), (20.0, 20.0, 20.0))))
    around = beside(drawn(roi_name, 2, Box((0.0, 0.0, 0.0), (30.0, 30.0, 30.0))))
    if said == "no":
        for now in (outside, around):
            found = finding([FAR], said, now)
            assert (found.grade, found.flags) == (Grade.PASS, ())
    assert finding([FAR], "yes", beside(drawn(roi_name, 2, INSIDE))).grade is Grade.MAJOR


def test_of_a_target_only_the_part_around_no_known_lesion_is_asked():
    """The part around the lesion reaches into the field by its margin, which is no lesion."""
    around = drawn("PTV", 2, Box((0.0, 0.0, 0.0), (30.0, 30.0, 50.0)))
    lost = drawn("PTV", 2, Box((40.0, 0.0, 45.0), (20.0, 20.0, 20.0)))
    far = drawn("PTV", 2, Box((40.0, 0.0, -45.0), (20.0, 20.0, 20.0)))
    at_the_margin = prior(15.0)
    both = [replace(around, contours=around.contours + one.contours) for one in (lost, far)]
    with pytest.raises(NotEvaluable, match="around no known lesion"):
        finding([at_the_margin], "no", beside(both[0]))
    assert finding([at_the_margin], "no", beside(both[1])).grade is Grade.PASS


def test_a_target_that_cannot_be_measured_and_holds_no_known_lesion_is_not_outside():
    one = drawn("PTVm02_Bone", 2, INSIDE)
    turned = [replace(it, points_mm=it.points_mm[:, ::-1]) for it in one.contours]
    crossing = replace(one, contours=(*one.contours, *turned))
    with pytest.raises(NotEvaluable, match='"PTVm02_Bone" cannot be measured'):
        finding([FAR], "no", beside(crossing))


@pytest.mark.parametrize("roi_name", ["BTV4", "LN4", "Struktur1"])
def test_what_nothing_explains_is_no_pass_without_an_answer_and_a_query_beside_one(roi_name):
    now = beside(drawn(roi_name, 2, INSIDE))
    with pytest.raises(NotEvaluable, match=f'"{roi_name}" 100.0 % .* nor register explains'):
        finding([FAR], "unknown", now)
    found = finding([FAR], "no", now)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    assert f'"{roi_name}" 100.0 %' in found.message
    outside = beside(drawn(roi_name, 2, Box((30.0, 0.0, -45.0), (20.0, 20.0, 20.0))))
    assert finding([FAR], "no", outside).flags == ()
    assert finding([FAR], "unknown", outside).grade is Grade.PASS


def test_a_pair_by_organ_and_size_does_not_hide_what_lies_inside():
    outside = drawn("GTVm02_Liver", 3, Box((-30.0, 0.0, -20.0), (20.0, 20.0, 20.0)))
    sized = SECOND | {"size_mm": 28.3}
    assert finding([FAR], "no", beside(outside), [ENTRY, sized]).grade is Grade.PASS
    with pytest.raises(NotEvaluable, match=r'"Struktur1" 100.0 % .*"L2" \(roi_names would tell\)'):
        finding([FAR], "no", beside(outside, drawn("Struktur1", 2, INSIDE)), [ENTRY, sized])


def test_what_cannot_be_measured_is_not_outside():
    axial, other = drawn("Struktur1", 2, INSIDE), drawn("Struktur1", 2, INSIDE)
    turned = [replace(one, points_mm=one.points_mm[:, ::-1]) for one in other.contours]
    crossing = replace(axial, contours=(*axial.contours, *turned))
    for names in ({}, {"roi_names": ["Struktur1"]}):
        with pytest.raises(NotEvaluable, match='"Struktur1" cannot be measured'):
            finding([FAR], "no", beside(crossing), [ENTRY, SECOND | names])
    empty = replace(axial, contours=())
    hidden = drawn("Struktur2", 3, INSIDE)
    with pytest.raises(NotEvaluable, match=r'"Struktur2" 100.0 %'):
        finding([FAR], "no", beside(empty, hidden), [ENTRY, SECOND | {"roi_names": ["Struktur1"]}])


@pytest.mark.parametrize("roi_name", ["GTVp", "GTVn01", "GTV_T", "GTVm02"])
def test_gross_tumour_that_cannot_be_measured_is_not_outside(roi_name):
    """Whatever the register says of it, or does not say."""
    one = drawn(roi_name, 2, INSIDE)
    turned = [replace(it, points_mm=it.points_mm[:, ::-1]) for it in one.contours]
    crossing = replace(one, contours=(*one.contours, *turned))
    named = SECOND | {"kind": "primary", "organ": "Esophagus", "roi_names": [roi_name]}
    unread = replace(NOW, structure_sets=(replace(SET, left_out=(roi_name,)),))
    for now in (beside(crossing), unread):
        for entries in ([ENTRY], [ENTRY, named]):
            with pytest.raises(NotEvaluable, match=f'"{roi_name}" cannot be measured'):
                finding([FAR], "no", now, entries)
    assert finding([FAR], "yes", beside(crossing), [ENTRY]).grade is Grade.MAJOR
    assert finding([FAR], "no", beside(replace(one, contours=())), [ENTRY]).grade is Grade.PASS


def test_an_roi_that_is_there_twice_is_looked_for_in_both_places():
    """Two ROIs of one number and name ended the check with an error."""
    inside = drawn("GTVm01_Liver", 1, Box((0.0, 0.0, 60.0), (20.0, 20.0, 20.0)))
    for other, grade in ((LESION, Grade.PASS), (inside, Grade.NOT_EVALUABLE)):
        both = replace(NOW, structure_sets=(replace(SET, structures=(LESION, other)),))
        assert finding([FAR], "no", both).grade is grade


def again(earlier: Submission, uid: str) -> Submission:
    """Return an export with another dose and another plan, by their UIDs."""
    (dose,), (plan,) = earlier.doses, earlier.plans
    dose = replace(dose, sop_instance_uid=f"{uid}.1", plan_uids=(uid,))
    return replace(earlier, doses=(dose,), plans=(replace(plan, sop_instance_uid=uid),))


@pytest.mark.parametrize("said", ["no", "unknown"])
def test_two_courses_that_reach_together_what_none_does_are_a_query(said):
    """A lesion between two fields, with a third of the dose of each, was outside in silence."""
    # 20 and 19 Gy in the middle of the lesion, 1 Gy more each mm: 30 Gy in 14.5 of its 20 mm.
    first, second = prior(20.0), again(prior(19.0), "9.8")
    found = finding([first, second], said)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "72.5 % inside 30 Gy of the 2 earlier courses together" in found.message
    # One that is given twice, alone, or whose sum stays below tells nothing.
    for earlier in ([first], [first, first], [first, again(prior(-15.0), "9.8")]):
        assert "together" not in finding(earlier, said).message


def test_a_dose_cannot_tell_of_what_only_another_structure_set_draws():
    """Without the register's answer the pass rests on what is drawn, wherever that is."""
    brain = replace(LESION, roi_name="GTVm02_Brain", frame_of_reference_uid="1.2.7")
    other = StructureSet((brain,), "1.2", "other", "RS2.dcm", "1.2.7")
    plan = Plan("2.9", "RP2.dcm", "now", structure_set_uid="1.1")
    now = replace(NOW, plans=(plan,))
    assert finding([FAR], "unknown", now).grade is Grade.PASS
    now = replace(now, structure_sets=(SET, other))
    with pytest.raises(NotEvaluable, match=r'"GTVm02_Brain" in RTSTRUCT "RS2.dcm"'):
        finding([FAR], "unknown", now)
    assert finding([FAR], "no", now).grade is Grade.PASS
