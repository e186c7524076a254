"""Number, organs and size of the metastases, on boxes whose diagonals are known."""

import math
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

import oligort.protocol
from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import Organ
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

PLANES_MM = np.arange(-200.0, 201, 4.0)
CHECKS = {one.code: one for one in all_checks()}
SHIPPED = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"


def cube(number, mm=20.0):
    """Return a cube in a place of its own; its axial diagonal is sqrt(2) times its side."""
    return Box((100.0 * number, 0.0, 0.0), (mm, mm, 20.0))


def flat(axial_mm, number=0):
    """Return a box whose axial diagonal is given: sides of 3 to 4, five along the diagonal."""
    return Box((100.0 * number, 0.0, 0.0), (axial_mm * 0.6, axial_mm * 0.8, 8.0))


def submission_of(solids, left_out=()):
    drawn = [s.structure(name, n, PLANES_MM) for n, (name, s) in enumerate(solids.items(), 1)]
    return Submission(structure_sets=(StructureSet(tuple(drawn), "1.1", left_out=left_out),))


def entry(name, organ="Liver", **more):
    given = {"id": f"id-{name}", "kind": "distant", "organ": organ, "roi_names": [name]}
    return given | {"therapy": "radiotherapy"} | more


def findings(code, submission, entries=None, protocol=None, **table):
    register = None
    if entries is not None:
        table |= {"schema_version": 1, "subject": "S", "lesions": entries}
        register = Register.from_dict(table)
    case = Case(submission, protocol or Protocol.load("nct06190782"), register)
    return list(CHECKS[code].run(case))


def altered_protocol(tmp_path, old, new):
    text = SHIPPED.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file = tmp_path / "altered.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return Protocol.load(file)


def many(organs):
    """Return a submission with one metastasis for each organ, and its register's entries."""
    names = [f"GTVm{n:02d}" for n in range(len(organs))]
    solids = {name: cube(n) for n, name in enumerate(names)}
    entries = [entry(name, organ) for name, organ in zip(names, organs, strict=True)]
    return submission_of(solids), entries


@pytest.mark.parametrize(
    ("organs", "number", "per_organ"),
    [
        (["Liver"] * 3 + ["Lungs"], Grade.PASS, Grade.PASS),
        (["Liver"] * 3 + ["Lungs", "Bone"], Grade.MAJOR, Grade.PASS),
        (["Liver"] * 4, Grade.PASS, Grade.MAJOR),
        (["Liver"] * 4 + ["Lungs"], Grade.MAJOR, Grade.MAJOR),
    ],
)
def test_four_metastases_and_three_in_one_organ_are_allowed(organs, number, per_organ):
    submission, entries = many(organs)
    (total,) = findings("OL201", submission, entries)
    (fullest,) = findings("OL202", submission, entries)
    assert total.grade is number
    assert fullest.grade is per_organ
    assert total.evidence[0].measured == len(organs)
    assert fullest.about == "Liver"


def test_both_limits_stand_in_the_protocol(tmp_path):
    submission, entries = many(["Liver"] * 3)
    fewer = altered_protocol(tmp_path, "limit = 4\n", "limit = 2\n")
    assert findings("OL201", submission, entries, fewer)[0].grade is Grade.MAJOR
    fewer = altered_protocol(tmp_path, "limit = 3\n", "limit = 2\n")
    assert findings("OL202", submission, entries, fewer)[0].grade is Grade.MAJOR


def test_without_a_register_a_small_number_is_not_shown_and_a_large_one_is():
    submission, _ = many(["Liver"] * 2)
    (finding,) = findings("OL201", submission)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "no register lists the lesions" in finding.message
    submission, _ = many(["Liver"] * 5)
    assert findings("OL201", submission)[0].grade is Grade.MAJOR


def test_lesions_of_the_register_alone_count():
    submission, entries = many(["Liver"] * 3)
    entries += [{"id": f"op{n}", "kind": "distant", "organ": "Brain", "therapy": "surgery"}
                for n in range(2)]  # fmt: skip
    (finding,) = findings("OL201", submission, entries)
    assert finding.grade is Grade.MAJOR
    assert finding.evidence[0].measured == 5


def test_a_metastasis_that_the_register_forgot_counts_and_is_a_query():
    submission, entries = many(["Liver"] * 5)
    (finding,) = findings("OL201", submission, entries[:4])
    assert finding.grade is Grade.MAJOR
    query, matched = findings("OL204", submission, entries[:4])
    assert query.flags == (Flag.QUERY,)
    assert '"GTVm04"' in query.message
    assert (matched.grade, matched.flags) == (Grade.INFO, ())


def test_metastases_that_the_register_does_not_list_are_no_silent_pass():
    solids = {"GTVp": cube(0), "GTVm01_Liver": cube(1), "GTVm02_Bone": cube(2)}
    listed = [entry("GTVp", "Esophagus", kind="primary")]
    for code in ("OL201", "OL202"):
        (finding,) = findings(code, submission_of(solids), listed)
        assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
        assert 'does not list "GTVm01_Liver", "GTVm02_Bone"' in finding.message
        whole = [*listed, entry("GTVm01_Liver"), entry("GTVm02_Bone", "Bone")]
        (finding,) = findings(code, submission_of(solids), whole)
        assert (finding.grade, finding.flags) == (Grade.PASS, ())


def test_a_range_around_the_limit_is_open_and_one_within_it_a_query():
    submission, entries = many(["Liver", "Lungs", "Bone", "Brain"])
    extra = (*submission.structure_sets[0].structures, cube(9).structure("GTV", 9, PLANES_MM))
    doubtful = replace(submission, structure_sets=(StructureSet(extra, "1.1"),))
    (finding,) = findings("OL201", doubtful, entries)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert (finding.evidence[0].low, finding.evidence[0].high) == (4, 5)
    fewer, few = many(["Liver", "Lungs"])
    extra = (*fewer.structure_sets[0].structures, cube(9).structure("GTV", 9, PLANES_MM))
    (finding,) = findings("OL201", replace(fewer, structure_sets=(StructureSet(extra),)), few)
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert finding.evidence[0].measured == "2 to 3"


def test_a_range_above_the_limit_deviates_and_says_both_ends():
    submission, entries = many(["Liver", "Lungs", "Bone", "Brain", "Liver"])
    extra = (*submission.structure_sets[0].structures, cube(9).structure("GTV", 9, PLANES_MM))
    doubtful = replace(submission, structure_sets=(StructureSet(extra, "1.1"),))
    (finding,) = findings("OL201", doubtful, entries)
    (evidence,) = finding.evidence
    assert finding.grade is Grade.MAJOR
    assert (evidence.measured, evidence.low, evidence.high) == ("5 to 6", 5, 6)
    assert "ask the trial office" in finding.hint


def test_lesions_of_unknown_organ_leave_the_organ_open():
    submission, entries = many(["Liver"] * 4)
    for one in entries:
        del one["organ"]
    (finding,) = findings("OL202", submission, entries)
    assert finding.grade is Grade.NOT_EVALUABLE


def test_a_metastasis_that_cannot_be_measured_is_not_forgotten():
    line = Structure(7, "GTVm07_Bone")
    drawn, entries = many(["Liver"])
    sets = (StructureSet((*drawn.structure_sets[0].structures, line), "1.1"),)
    (finding,) = findings("OL201", replace(drawn, structure_sets=sets), entries)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert '"GTVm07_Bone" cannot be measured' in finding.message


@pytest.mark.parametrize("name", ["GTVm09_Bone", "GTV_ALL", "strange"])
def test_contours_that_cannot_be_read_may_be_lesions(name):
    submission, entries = many(["Liver"])
    sets = (replace(submission.structure_sets[0], left_out=(name,)),)
    (finding,) = findings("OL201", replace(submission, structure_sets=sets), entries)
    assert finding.grade is Grade.NOT_EVALUABLE
    organ = (replace(submission.structure_sets[0], left_out=("Heart",)),)
    (finding,) = findings("OL201", replace(submission, structure_sets=organ), entries)
    assert finding.grade is Grade.PASS


@pytest.mark.parametrize("name", ["zHelp", "Ring1", "PET_40%"])
def test_contours_of_a_helper_that_cannot_be_read_may_be_an_open_entry(name):
    submission, entries = many(["Liver"])
    sets = (replace(submission.structure_sets[0], left_out=(name,)),)
    unread = replace(submission, structure_sets=sets)
    (finding,) = findings("OL201", unread, entries)
    assert finding.grade is Grade.PASS
    removed = {"id": "R", "kind": "distant", "organ": "Bone", "therapy": "surgery"}
    (finding,) = findings("OL201", unread, [*entries, removed | {"roi_names": []}])
    assert finding.grade is Grade.PASS
    (finding,) = findings("OL201", unread, [*entries, removed])
    assert finding.grade is Grade.NOT_EVALUABLE
    assert f'the contours of "{name}" cannot be read' in finding.message


@pytest.mark.parametrize(
    ("axial_mm", "grade"), [(49.9, Grade.PASS), (50.0, Grade.PASS), (50.1, Grade.MAJOR)]
)
def test_fifty_millimetres_are_allowed_and_no_more(axial_mm, grade):
    submission = submission_of({"GTVm01_Liver": flat(axial_mm)})
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")])
    assert (finding.grade, finding.criterion, finding.about) == (grade, "I4iii", "GTVm01_Liver")
    # The diagonal of the rectangle, in points of the contour: nothing but rounding.
    assert finding.evidence[0].measured == pytest.approx(axial_mm, abs=1e-9)


def test_what_nobody_explains_is_told_where_it_would_be_one_too_many():
    """An ROI "M5" beside four metastases passed in silence; a type or a register explains it."""
    organs = ("Bone", "Bone", "Liver", "Liver")
    drawn = {f"GTVm0{number}_{organ}": cube(number) for number, organ in enumerate(organs, 1)}
    entries = [entry(name, organ) for name, organ in zip(drawn, organs, strict=True)]
    for name in ("M5", "Liver recurrence", "HCC seg 5"):
        beside = submission_of(drawn | {name: cube(6)})
        (finding,) = findings("OL201", beside, entries)
        assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
        assert '4: "GTVm01_Bone"' in finding.message
        assert f'not counted: "{name}", whose name is not known' in finding.message
        fewer = submission_of({"GTVm01_Bone": cube(1), name: cube(6)})
        (finding,) = findings("OL201", fewer, entries[:1])
        assert (finding.grade, finding.flags) == (Grade.PASS, ())
    (unread,) = beside.structure_sets
    *metastases, other = unread
    typed = (*metastases, replace(other, interpreted_type="ORGAN"))
    organ = replace(beside, structure_sets=(replace(unread, structures=typed),))
    (finding,) = findings("OL201", organ, entries)
    assert (finding.grade, finding.flags) == (Grade.PASS, ())
    entries[3]["roi_names"] = [*entries[3]["roi_names"], "HCC seg 5"]
    (finding,) = findings("OL201", beside, entries)
    assert "not counted" not in finding.message


@pytest.mark.parametrize("organ", ["Brainstem", "Brain", None])
def test_the_brainstem_is_of_the_brain(organ):
    """Three in the brain and one in its stem passed as 3 in one organ."""
    drawn = {f"GTVm0{n}_Brain": cube(n) for n in (1, 2, 3)} | {"GTVm04_Brainstem": cube(4)}
    entries = [entry(name, "Brain") for name in drawn]
    entries[3] = entry("GTVm04_Brainstem") | ({"organ": organ} if organ else {})
    if not organ:
        del entries[3]["organ"]
    submission = submission_of(drawn)
    (found,) = findings("OL202", submission, entries)
    assert (found.grade, found.about) == (Grade.MAJOR, "Brain")
    assert found.message.startswith("4 metastases")
    assert "organ is not known" not in found.message
    assert dict(submission.lesions().per_organ) == {Organ.BRAIN: Count(4, 4)}
    # Its place in an ROI of the whole brain contradicts no word for the stem.
    brain = Box((250.0, 0.0, 0.0), (500.0, 60.0, 40.0))
    held = submission_of(drawn | {"Brain": brain}).lesions()
    assert not any(lesion.organ_conflict for lesion in held)


@pytest.mark.parametrize(
    ("roi_name", "said", "drawn", "is_told"),
    [
        ("GTVm01_Brainstem", "Brain", "Brain", False),
        ("GTVm01_Brain", "Brainstem", "Brainstem", False),
        ("GTVm01_Brain", "Brain", "Brainstem", False),
        ("GTVm01_Brain", "Brain", "Liver", True),
        ("GTVm01_Brain", "Liver", "Brain", True),
    ],
)
def test_brain_and_brainstem_do_not_contradict_each_other(roi_name, said, drawn, is_told):
    """A brainstem is drawn in every head, the whole brain in few; it counts in it."""
    around = Box((100.0, 0.0, 0.0), (60.0, 60.0, 40.0))
    submission = submission_of({roi_name: cube(1), drawn: around})
    told = [one for one in findings("OL204", submission, [entry(roi_name, said)]) if one.flags]
    assert bool(told) == is_told


def test_where_the_patient_lies_decides_no_size_of_exactly_the_limit():
    """Differences of coordinates leave 1e-14 mm more or less of 50.00 mm, and of 10 mm between."""
    measured = []
    for x_mm in (-109.87, -49.87, 0.13):
        solid = replace(flat(50.0), centre_mm=(x_mm, 2.3 * x_mm, 0.0))
        said = entry("GTVm01_Liver", size_mm=40.0)
        (finding,) = findings("OL203", submission_of({"GTVm01_Liver": solid}), [said])
        assert finding.grade is Grade.PASS
        assert "the register says" not in finding.message
        measured.append(finding.evidence[0].measured)
    assert min(measured) < 50.0 < max(measured)


def test_the_size_limit_stands_in_the_protocol(tmp_path):
    submission = submission_of({"GTVm01_Liver": flat(40.0)})
    smaller = altered_protocol(tmp_path, 'limit = 5\nunit = "cm"', 'limit = 39.9\nunit = "mm"')
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")], smaller)
    assert finding.grade is Grade.MAJOR
    strict = altered_protocol(
        tmp_path,
        'relation = "<="\nlimit = 5\nunit = "cm"',
        'relation = "<"\nlimit = 4\nunit = "cm"',
    )
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")], strict)
    assert finding.grade is Grade.MAJOR


def test_a_long_lesion_passes_axially_with_a_query_and_fails_in_3d(tmp_path):
    tall = Box((0.0, 0.0, 0.0), (24.0, 32.0, 56.0))
    submission = submission_of({"GTVm01_Liver": tall})
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")])
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "3D diameter" in finding.message
    in_3d = altered_protocol(tmp_path, 'value = "longest_axial"', 'value = "maximum_3d"')
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")], in_3d)
    assert finding.grade is Grade.MAJOR
    # By planes 4 mm apart the 3D diameter is an interval; a limit inside it decides nothing.
    diagonal = math.hypot(40, 56)
    near = altered_protocol(tmp_path, 'value = "longest_axial"', 'value = "maximum_3d"')
    criteria = near.criteria.metastasis_diameter
    limited = replace_limit(near, criteria, diagonal)
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")], limited)
    assert finding.grade is Grade.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("semi_axes_mm", "grade"),
    [
        ((20.0, 30.0, 15.0), Grade.MAJOR),
        ((17.0, 17.0, 29.0), Grade.PASS),
        ((24.0, 24.0, 24.0), Grade.NOT_EVALUABLE),
    ],
)
@pytest.mark.parametrize("across", [0, 1])
def test_what_coronal_and_sagittal_planes_show_is_no_axial_size(semi_axes_mm, grade, across):
    """60 mm from front to back are 60 mm axially, and 58 mm along the patient are none of it."""
    a, b, c = np.array(semi_axes_mm)
    turn = np.arange(60) * 2 * np.pi / 60
    half = semi_axes_mm[across]
    loops = []
    for away in np.arange(-half + 1, half, 3.0):
        scale = np.sqrt(1 - (away / half) ** 2)
        points = scale * np.stack([a * np.cos(turn), b * np.cos(turn), c * np.sin(turn)], axis=1)
        points[:, across] = away
        loops.append(Contour(points))
    structure = Structure(1, "GTVm01_Liver", tuple(loops))
    submission = Submission(structure_sets=(StructureSet((structure,), "1.1"),))
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver")])
    assert finding.grade is grade
    assert "planes" in finding.message
    assert "not axial" in finding.message


@pytest.mark.parametrize("roi_name", ["GTVm01_Liver", "PTVm01_Liver"])
def test_a_3d_diameter_that_two_planes_leave_open_decides_nothing(tmp_path, roi_name):
    """The limit lies above the value and inside the interval, of a lesion or of its margin."""
    drawn = submission_of({roi_name: Box((0.0, 0.0, 0.0), (24.0, 32.0, 8.0))})
    in_3d = altered_protocol(tmp_path, 'value = "longest_axial"', 'value = "maximum_3d"')
    (measured,) = drawn.lesions(roi_names=[roi_name]).lesions
    size = measured.maximum_3d_mm
    limits_mm = (size.low - 0.1, (size + size.high) / 2, size.high + 0.1)
    grades = []
    for limit_mm in limits_mm:
        protocol = replace_limit(in_3d, in_3d.criteria.metastasis_diameter, limit_mm)
        (finding,) = findings("OL203", drawn, [entry(roi_name)], protocol)
        grades.append(finding.grade)
    # A margin larger than the limit says nothing of the lesion in it.
    over = Grade.MAJOR if roi_name.startswith("GTV") else Grade.NOT_EVALUABLE
    assert grades == [over, Grade.NOT_EVALUABLE, Grade.PASS]


def replace_limit(protocol, rule, limit_mm):
    criteria = msgspec.structs.replace(
        protocol.criteria, metastasis_diameter=msgspec.structs.replace(rule, limit=limit_mm)
    )
    return msgspec.structs.replace(protocol, criteria=criteria)


def test_a_node_is_measured_as_the_protocol_says(tmp_path):
    submission = submission_of({"GTVm01": Box((0.0, 0.0, 0.0), (60.0, 20.0, 8.0))})
    entries = [entry("GTVm01", "LymphNodes")]
    assert findings("OL203", submission, entries)[0].grade is Grade.MAJOR
    short = altered_protocol(tmp_path, 'value = "longest_diameter"', 'value = "short_axis"')
    assert findings("OL203", submission, entries, short)[0].grade is Grade.PASS


def test_register_and_contour_on_both_sides_of_the_limit_decide_nothing():
    submission = submission_of({"GTVm01_Liver": flat(45.0)})
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver", size_mm=51.0)])
    assert finding.grade is Grade.NOT_EVALUABLE
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver", size_mm=35.1)])
    assert (finding.grade, finding.flags) == (Grade.PASS, ())
    (finding,) = findings("OL203", submission, [entry("GTVm01_Liver", size_mm=34.9)])
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))


def test_an_oversized_tumour_that_may_be_the_primary_is_open():
    submission = submission_of({"GTV": flat(70.0), "GTVm01_Liver": flat(20.0, 2)})
    large, small = sorted(
        findings("OL203", submission, [entry("GTVm01_Liver")]), key=lambda f: f.about
    )
    assert (large.about, large.grade) == ("GTV", Grade.NOT_EVALUABLE)
    assert small.grade is Grade.PASS


def test_a_lesion_that_is_not_drawn_is_sized_by_the_register_or_stays_open():
    nothing = submission_of({"Liver": cube(1)})
    for size_mm, grade in ((50.0, Grade.PASS), (50.1, Grade.MAJOR), (None, Grade.NOT_EVALUABLE)):
        removed = entry("GTVm01_Liver", size_mm=size_mm, roi_names=[], therapy="surgery")
        (finding,) = findings("OL203", nothing, [removed])
        assert finding.grade is grade
        assert finding.about == "id-GTVm01_Liver"
        # A name that is not drawn may be a misspelt one, whose contour would decide.
        (finding,) = findings("OL203", nothing, [entry("GTVm01_Liver", size_mm=size_mm)])
        assert finding.grade is not Grade.PASS


@pytest.mark.parametrize(
    ("name", "axial_mm", "grade"),
    [
        ("PTVm01_Liver", 50.0, Grade.PASS),
        ("PTVm01_Liver", 50.1, Grade.NOT_EVALUABLE),
        ("ITVm01_Liver", 44.0, Grade.PASS),
        ("PTV_ALL", 70.0, Grade.NOT_EVALUABLE),
    ],
)
def test_a_target_alone_bounds_the_size_from_above(name, axial_mm, grade):
    submission = submission_of({name: flat(axial_mm)})
    (finding,) = findings("OL203", submission, [entry(name)])
    assert finding.grade is grade


@pytest.mark.parametrize(
    ("drawn_mm", "grade", "is_near"),
    [
        (48.9, Grade.PASS, False),
        (49.1, Grade.PASS, True),
        (50.0, Grade.PASS, True),
        (50.9, Grade.MAJOR, True),
        (51.1, Grade.MAJOR, False),
    ],
)
def test_a_size_near_the_limit_is_borderline_on_either_side(drawn_mm, grade, is_near):
    solids = {"GTVm01_Liver": flat(drawn_mm)}
    (finding,) = findings("OL203", submission_of(solids), [entry(*solids, size_mm=drawn_mm)])
    assert (finding.grade, Flag.BORDERLINE in finding.flags) == (grade, is_near)
    # A size that the register alone states is not measured here.
    removed = [entry("none", size_mm=drawn_mm, therapy="surgery", roi_names=[])]
    (finding,) = findings("OL203", submission_of({"Liver": cube(5)}), removed)
    assert (finding.grade, finding.flags) == (grade, ())


@pytest.mark.parametrize(
    ("size_mm", "margin_mm", "grade", "is_query"),
    [
        (60.0, 32.0, Grade.NOT_EVALUABLE, True),
        (60.0, 55.0, Grade.MAJOR, True),
        (60.0, 65.0, Grade.MAJOR, False),
        (40.0, 32.0, Grade.PASS, True),
        (40.0, 48.0, Grade.PASS, False),
    ],
)
def test_a_size_above_its_margin_contradicts_it(size_mm, margin_mm, grade, is_query):
    submission = submission_of({"PTVm01_Liver": flat(margin_mm)})
    (finding,) = findings("OL203", submission, [entry("PTVm01_Liver", size_mm=size_mm)])
    assert (finding.grade, finding.flags) == (grade, (Flag.QUERY,) * is_query)
    said = f'says {size_mm:g} mm (longest axial diameter), and "PTVm01_Liver", which bounds it'
    assert (f"{said} by {margin_mm:.1f} mm" in finding.message) is is_query


def test_the_short_axis_of_a_target_does_not_bound_that_of_the_node_in_it(tmp_path):
    """Across the longest of the target lies little, across that of a node in it perhaps more."""
    short = altered_protocol(tmp_path, 'value = "longest_diameter"', 'value = "short_axis"')
    target = Box((0.0, 0.0, 0.0), (60.0, 20.0, 8.0))
    submission = submission_of({"PTVm01": target})
    (measured,) = submission.lesions(roi_names=["PTVm01"]).lesions
    assert measured.short_axis_mm < 50 < measured.longest_axial_mm
    (finding,) = findings("OL203", submission, [entry("PTVm01", "LymphNodes")], short)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert f"{math.hypot(60, 20):.1f} mm" in finding.message
    small = submission_of({"PTVm01": Box((0.0, 0.0, 0.0), (40.0, 20.0, 8.0))})
    (finding,) = findings("OL203", small, [entry("PTVm01", "LymphNodes")], short)
    assert finding.grade is Grade.PASS
    assert finding.evidence[0].measured == pytest.approx(math.hypot(40, 20), abs=1e-9)


def test_a_target_that_is_not_drawn_bounds_nothing():
    submission = submission_of({"Liver": cube(1)})
    (finding,) = findings("OL203", submission, [entry("PTVm01_Liver")])
    assert finding.grade is Grade.NOT_EVALUABLE


def test_the_roi_names_of_the_register_that_are_not_drawn_are_queries():
    submission = submission_of({"GTVm01_Liver": cube(0)})
    entries = [entry("GTVm01_Liver"), entry("GTVm02_Bone", "Bone")]
    *queries, matched = findings("OL204", submission, entries)
    assert matched.message == "matched: GTVm01_Liver = id-GTVm01_Liver by ROI name"
    assert {(query.grade, query.flags) for query in queries} == {(Grade.INFO, (Flag.QUERY,))}
    assert any('not drawn: "GTVm02_Bone"' in query.message for query in queries)
    (finding,) = findings("OL204", submission, entries[:1])
    assert (finding.grade, finding.flags) == (Grade.PASS, ())


@pytest.mark.parametrize(
    ("change", "arm", "grade"),
    [
        ({}, "local_therapy", Grade.PASS),
        ({"therapy": "none"}, "local_therapy", Grade.MINOR),
        ({"therapy": "none", "no_therapy_reason": "too near the cord"}, None, Grade.PASS),
        *(
            ({"therapy": "none", "no_therapy_reason": said}, None, Grade.MINOR)
            for said in (" \t", "-", "?", "n/a", "N.A.", "unknown", "none", "0", "k. A.")
        ),
        ({"therapy": "none"}, "no_local_therapy", Grade.INFO),
    ],
)
def test_every_lesion_has_a_therapy_or_a_reason(change, arm, grade):
    submission = submission_of({"GTVm01_Liver": cube(0)})
    (finding,) = findings("OL205", submission, [entry("GTVm01_Liver") | change], arm=arm)
    assert finding.grade is grade


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"therapy": "unknown"}, 'does not say the therapy of "id-GTVm01_Liver"'),
        ({"therapy": "none", "kind": None}, "does not say its kind"),
        ({"kind": None}, 'does not say the kind of "id-GTVm01_Liver"'),
        ({"id": "other", "roi_names": [], "organ": "Bone"}, 'does not list "GTVm01_Liver"'),
    ],
)
def test_a_therapy_that_nobody_knows_is_open(change, reason):
    submission = submission_of({"GTVm01_Liver": cube(0)})
    with pytest.raises(NotEvaluable, match=reason):
        findings("OL205", submission, [entry("GTVm01_Liver") | change])
    if change == {"kind": None}:
        return  # beside a distant lesion it is one more that has a therapy
    # What is known to be without any is told even so.
    without = entry("GTVm09", "Bone", therapy="none")
    case = Case(
        submission,
        Protocol.load("nct06190782"),
        Register.from_dict(
            {
                "schema_version": 1,
                "subject": "S",
                "lesions": [entry("GTVm01_Liver") | change, without],
            }
        ),
    )
    found = []
    with pytest.raises(NotEvaluable, match=reason):
        found.extend(CHECKS["OL205"].run(case))
    assert [finding.grade for finding in found] == [Grade.MINOR]


def test_a_3d_diameter_of_the_register_above_the_limit_is_a_query():
    def found(**sizes):
        removed = {"therapy": "surgery", "roi_names": [], "size_mm": 40.0}
        entries = [entry("A", **removed, **sizes)]
        return findings("OL203", submission_of({"GTVp": Box((0, 0, 0), (20, 20, 20))}), entries)[0]

    assert (found().grade, found().flags) == (Grade.PASS, ())
    assert found(maximum_3d_mm=50.0).flags == ()
    longer = found(maximum_3d_mm=56.0)
    assert (longer.grade, longer.flags) == (Grade.PASS, (Flag.QUERY,))
    assert longer.message.endswith("its 3D diameter of 56 mm is above the limit")


def test_a_stated_size_is_told_with_the_digits_that_decide():
    removed = {"therapy": "surgery", "roi_names": [], "size_mm": 50.0000001}
    solids = {"GTVp": Box((0, 0, 0), (20, 20, 20))}
    (finding,) = findings("OL203", submission_of(solids), [entry("A", **removed)])
    assert finding.grade is Grade.MAJOR
    assert "register: 50.0000001 mm" in finding.message


def pieces(gap_mm, side_mm=30.0, axis=0):
    """Return two boxes of one lesion, a gap apart along an axis."""
    at = np.zeros(3)
    at[axis] = side_mm + gap_mm
    first = Box((0.0, 0.0, 0.0), (side_mm, 20.0, side_mm))
    return {"GTVm01a": first, "GTVm01b": replace(first, centre_mm=tuple(at))}


@pytest.mark.parametrize("gap_mm", [0.0, 0.4, 2.0, 5.0, 9.9])
@pytest.mark.parametrize("size", [{}, {"size_mm": 36.0}, {"size_mm": 60.0}])
def test_rois_of_one_entry_next_to_each_other_are_one_lesion_in_one_reading(gap_mm, size):
    drawn = pieces(gap_mm)
    one = entry("GTVm01a", **size) | {"roi_names": list(drawn)}
    found = findings("OL203", submission_of(drawn), [one])
    assert [it.grade for it in found] == [Grade.NOT_EVALUABLE]
    if gap_mm > 0.5 and not size:
        together = math.hypot(60.0 + gap_mm, 20.0)
        assert f"measure {together:.1f} mm (longest axial diameter) as the one" in found[0].message
    # Each an entry of its own, nothing is open; nor where they are within the limit together.
    apart = [entry(name) for name in drawn]
    if gap_mm > 0.5:
        assert {it.grade for it in findings("OL203", submission_of(drawn), apart)} == {Grade.PASS}
    small = pieces(gap_mm, 15.0)
    one = entry("GTVm01a") | {"roi_names": list(small)}
    assert findings("OL203", submission_of(small), [one])[0].grade is Grade.PASS


def test_rois_of_one_entry_that_lie_apart_or_above_each_other_keep_their_own_axial_size():
    for drawn in (pieces(40.0), pieces(6.0, axis=2)):
        one = entry("GTVm01a") | {"roi_names": list(drawn)}
        (found,) = findings("OL203", submission_of(drawn), [one])
        assert found.grade is Grade.PASS, found.message


def test_rois_of_one_entry_are_one_in_the_diameter_that_decides(tmp_path):
    in_3d = altered_protocol(tmp_path, 'value = "longest_axial"', 'value = "maximum_3d"')
    drawn = pieces(6.0, 20.0, axis=2)
    one = entry("GTVm01a") | {"roi_names": list(drawn)}
    (found,) = findings("OL203", submission_of(drawn), [one], in_3d)
    assert (found.grade, "3D diameter" in found.message) == (Grade.NOT_EVALUABLE, True)


@pytest.mark.parametrize("name", ["LN4", "M4", "BTV4", "Liver recurrence"])
def test_what_nobody_explains_is_told_where_it_would_be_too_large(name):
    drawn = {"GTVm01_Bone": cube(1), name: flat(60.0, 6)}
    passed, query = findings("OL203", submission_of(drawn), [entry("GTVm01_Bone", "Bone")])
    assert (passed.grade, passed.flags) == (Grade.PASS, ())
    assert (query.grade, query.flags, query.criterion) == (Grade.INFO, (Flag.QUERY,), "I4iii")
    assert f'not counted: "{name}", whose name is not known' in query.message
    assert "longest axial diameter 60.0 mm" in query.message
    # One of its parts is enough, and what is small enough, or explained, is not asked of.
    small = submission_of({"GTVm01_Bone": cube(1), name: flat(49.0, 6)})
    (alone,) = findings("OL203", small, [entry("GTVm01_Bone", "Bone")])
    assert alone.grade is Grade.PASS
    (unread,) = submission_of(drawn).structure_sets
    metastasis, other = unread
    typed = (metastasis, replace(other, interpreted_type="ORGAN"))
    organ = Submission(structure_sets=(replace(unread, structures=typed),))
    assert len(findings("OL203", organ, [entry("GTVm01_Bone", "Bone")])) == 1
    listed = [entry("GTVm01_Bone", "Bone"), entry(name)]
    graded = findings("OL203", submission_of(drawn), listed)
    assert [it.grade for it in graded] == [Grade.PASS, Grade.MAJOR]


@pytest.mark.parametrize(
    ("interpreted_type", "x_mm", "is_asked"),
    [
        *((said, 600.0, True) for said in ("", "NONE", "OTHER", "Undefined", "CONTROL")),
        *((said, 600.0, False) for said in ("ORGAN", "AVOIDANCE", "SUPPORT", "DOSE_REGION")),
        ("CONTROL", 130.0, False),  # it meets a target, as what steers an optimisation does
    ],
)
def test_a_type_that_says_nothing_explains_no_roi(interpreted_type, x_mm, is_asked):
    """An ROI of a type that the standard does not know, or of an optimisation, was explained."""
    drawn = {"GTVm01_Bone": cube(1), "M4": Box((x_mm, 0.0, 0.0), (60.0, 8.0, 20.0))}
    begun = submission_of(drawn)
    (structures,) = begun.structure_sets
    metastasis, other = structures
    typed = (metastasis, replace(other, interpreted_type=interpreted_type))
    case = replace(begun, structure_sets=(replace(structures, structures=typed),))
    found = findings("OL203", case, [entry("GTVm01_Bone", "Bone")])
    assert any("M4" in one.message for one in found) == is_asked


@pytest.mark.parametrize(
    ("types", "is_asked"),
    [
        ({}, True),
        ({"Ring_PTVm01": "CONTROL"}, True),
        ({"CTVm01_Bone": ""}, True),
        ({"CTVm01_Bone": "NONE", "Ring_PTVm01": "AVOIDANCE"}, True),
        ({"PTVm01_Bone": "PTV"}, False),
    ],
)
def test_a_type_that_every_target_has_explains_no_roi(types, is_asked):
    """Some systems write ORGAN for all that is drawn: five metastases passed as three, unasked.

    A ring that is typed by itself, or a target without a type, made the others silent again.
    """
    around = {"CTVm01_Bone": 22.0, "PTVm01_Bone": 24.0, "Ring_PTVm01": 60.0}
    drawn = {name: cube(1, mm) for name, mm in around.items()}
    drawn |= {n: cube(i + 1) for i, n in enumerate(("GTVm01_Bone", "HCC", "BM2", "Ziel", "MTX"))}
    begun = submission_of(drawn)
    (structures,) = begun.structure_sets
    typed = tuple(replace(s, interpreted_type=types.get(s.roi_name, "ORGAN")) for s in structures)
    case = replace(begun, structure_sets=(replace(structures, structures=typed),))
    (found,) = findings("OL201", case, [entry("GTVm01_Bone", "Bone")])
    assert (found.grade, Flag.QUERY in found.flags) == (Grade.PASS, is_asked)
    assert ('"HCC"' in found.message) == is_asked


@pytest.mark.parametrize(
    ("size_date", "told"),
    [
        *(("2026-03-11", ""), ("2025-09-20", ""), ("2026", ""), ("2026-09", "")),
        *(("2025-09-19", "before"), ("2024", "before"), ("2026-10", "after")),
    ],
)
def test_a_size_of_another_time_than_the_metastases_is_a_query_where_it_decides(size_date, told):
    """No check read when a lesion was measured: a size of years before passed in silence."""
    removed = entry("x") | {"roi_names": [], "therapy": "surgery", "size_mm": 28}
    listed = [removed | {"size_date": size_date}]
    dates = {"disease": {"oligometastasis_date": "2026-03-20"}}
    (found,) = findings("OL203", submission_of({"GTVp": cube(1)}), listed, **dates)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,) * bool(told))
    assert (f"6 months {told} oligometastasis_date" in found.message) == bool(told)
    # Where the contour decides, or no date is given to compare with, nothing is asked.
    (found,) = findings("OL203", submission_of({"GTVp": cube(1)}), listed)
    assert not found.flags
    drawn = [entry("GTVm01_Bone", "Bone") | {"size_mm": 28, "size_date": size_date}]
    (found,) = findings("OL203", submission_of({"GTVm01_Bone": cube(1)}), drawn, **dates)
    assert not found.flags


@pytest.mark.parametrize(
    ("size", "margin_mm", "is_asked"),
    [
        ({"size_mm": 6}, None, True),
        ({"size_mm": 9.9}, None, True),
        ({"size_mm": 5.01}, None, True),
        ({"maximum_3d_mm": 6}, None, True),  # bounds the axial one
        ({"size_mm": 5}, None, False),  # 5 cm is allowed as well
        ({"size_mm": 4}, None, False),
        ({"size_mm": 10}, None, False),  # as small as many a metastasis is
        ({"size_mm": 12}, None, False),
        ({"size_mm": 6}, 40, False),  # the margin is smaller than 6 cm: that is not meant
        ({"size_mm": 6}, 60, True),
        ({"size_mm": 12}, 119, False),
        ({"size_mm": 12}, 120, True),  # any size, where the margin is as large
    ],
)
def test_a_size_that_may_be_in_cm_is_a_query_where_it_decides(size, margin_mm, is_asked):
    """A size of 6, typed in cm for a lesion that is not drawn, passed as 6 mm in silence."""
    solids = {"GTVp": cube(1)}
    if margin_mm:
        solids["PTVm01"] = flat(margin_mm, 3)
    names = ["PTVm01"] if margin_mm else []
    listed = [entry("x") | {"roi_names": names, "therapy": "surgery"} | size]
    (found,) = findings("OL203", submission_of(solids), listed)
    assert (found.grade, found.flags) == (Grade.PASS, (Flag.QUERY,) * is_asked)
    assert ("if it was meant in cm" in found.message) == is_asked


def test_what_may_be_in_cm_is_asked_as_the_protocol_says(tmp_path):
    old = "[settings.register_size_perhaps_in_cm_mm]\nvalue = 10"
    removed = [entry("x") | {"roi_names": [], "therapy": "surgery", "size_mm": 8}]
    protocol = altered_protocol(tmp_path, old, old.replace("10", "8"))
    (found,) = findings("OL203", submission_of({"GTVp": cube(1)}), removed, protocol)
    assert not found.flags


def test_a_drawn_lesion_is_not_asked_for_the_unit_of_its_size():
    """Its contour tells: a size that differs by too much is a query of its own."""
    drawn = {"GTVm01_Bone": Box((100.0, 0.0, 0.0), (4.0, 4.0, 8.0))}
    listed = [entry("GTVm01_Bone", "Bone") | {"size_mm": 6}]
    (found,) = findings("OL203", submission_of(drawn), listed)
    assert (found.grade, found.flags) == (Grade.PASS, ())
