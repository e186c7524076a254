"""The readings of a protocol, each through a protocol file: counts, organs, sizes, strictness."""

from pathlib import Path

import pytest

import oligort.protocol
from oligort.checks.case import Case
from oligort.checks.counting import PAIRED
from oligort.checks.engine import check
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.finding import Flag, Grade
from oligort.geometry.structure import StructureSet
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CHECKS = {one.code: one for one in all_checks()}
SHIPPED = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
PLANES_MM = range(-60, 61, 4)


def submission_of(**solids):
    drawn = [s.structure(name, n, PLANES_MM) for n, (name, s) in enumerate(solids.items(), 1)]
    return Submission(structure_sets=(StructureSet(tuple(drawn), "1.1"),))


NOTHING_OF_IT = submission_of(Liver=Box((0.0, 0.0, 0.0), (90.0, 90.0, 90.0)))


@pytest.fixture
def protocol(tmp_path):
    """Return the builder of a protocol file with settings, or other lines, of its own."""

    def build(*changes, **settings):
        text = SHIPPED.read_text(encoding="utf-8")
        for name, value in settings.items():
            head, found, tail = text.partition(f"[settings.{name}]\nvalue = ")
            assert found
            text = head + found + f'"{value}"' + tail[tail.index("\n") :]
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        file = tmp_path / "site.toml"
        file.write_text(text, encoding="utf-8")
        return Protocol.load(file)

    return build


def entries(*given):
    base = {"kind": "distant", "therapy": "surgery", "size_mm": 20.0, "roi_names": []}
    return [{"id": f"L{n}"} | base | one for n, one in enumerate(given)]


def findings(code, rules, lesions, submission=NOTHING_OF_IT):
    register = Register.from_dict({"schema_version": 1, "subject": "S", "lesions": lesions})
    return list(CHECKS[code].run(Case(submission, rules, register)))


def node(station, kind="distant"):
    return {"organ": "LymphNodes", "station": station, "kind": kind}


def test_regional_nodes_count_as_the_phase_two_parent_counted_them(protocol):
    lesions = entries(
        *({"organ": organ} for organ in ("Liver", "Lungs", "Bone", "Brain")),
        node("107", "regional_node"),
        node("109", "regional_node"),
    )
    assert findings("OL201", protocol(), lesions)[0].grade is Grade.PASS
    as_one = protocol(regional_nodes="all_as_one")
    (finding,) = findings("OL201", as_one, lesions)
    assert (finding.grade, finding.evidence[0].measured) == (Grade.MAJOR, 5)
    assert findings("OL201", as_one, lesions[1:])[0].evidence[0].measured == 4
    assert findings("OL201", protocol(regional_nodes="each_node"), lesions)[0].grade is Grade.MAJOR
    # What counts is measured, too.
    assert {f.about for f in findings("OL203", as_one, lesions)} == {f"L{n}" for n in range(6)}


def test_regional_nodes_that_are_drawn_count_once(protocol):
    drawn = submission_of(
        GTVn01=Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)),
        GTVm01_Liver=Box((60.0, 0.0, 0.0), (20.0, 20.0, 20.0)),
    )
    lesions = entries(
        {"organ": "Liver", "roi_names": ["GTVm01_Liver"], "therapy": "radiotherapy"},
        node("107", "regional_node") | {"roi_names": ["GTVn01"], "therapy": "radiotherapy"},
    )
    rules = protocol(regional_nodes="each_node")
    (finding,) = findings("OL201", rules, lesions, drawn)
    assert (finding.grade, finding.evidence[0].measured) == (Grade.PASS, 2)
    (finding,) = findings("OL201", protocol(), lesions, drawn)
    assert (finding.grade, finding.evidence[0].measured) == (Grade.PASS, 1)


def test_nodes_by_station(protocol):
    lesions = entries(*(node(station) for station in ("1", "1", "2", "3", "4")))
    assert findings("OL201", protocol(), lesions)[0].grade is Grade.MAJOR
    by_station = protocol(non_regional_nodes="each_station")
    assert findings("OL201", by_station, lesions)[0].grade is Grade.PASS
    del lesions[0]["station"]
    (finding,) = findings("OL201", by_station, lesions)
    assert (finding.grade, finding.evidence[0].low, finding.evidence[0].high) == (
        Grade.NOT_EVALUABLE, 4, 5,
    )  # fmt: skip
    assert 'station is not known of "L0"' in finding.message


def test_paired_organs_and_stations_as_organs(protocol):
    lesions = entries(*({"organ": "Lungs", "side": side} for side in "LLRR"))
    assert findings("OL202", protocol(), lesions)[0].grade is Grade.MAJOR
    two = protocol(paired_organs="two_organs")
    assert findings("OL202", two, lesions)[0].grade is Grade.PASS
    for lesion in lesions[:3]:
        lesion["side"] = "L"
    del lesions[3]["side"]
    (finding,) = findings("OL202", two, lesions)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert 'side is not known of "L3"' in finding.message
    nodes = entries(*(node(station) for station in "1123"))
    assert findings("OL202", protocol(), nodes)[0].grade is Grade.MAJOR
    stations = protocol(nodes_per_organ="each_station")
    assert findings("OL202", stations, nodes)[0].grade is Grade.PASS


def test_where_the_primary_may_lie(protocol):
    lesions = entries(
        *({"organ": organ} for organ in ("Liver", "Lungs", "Bone", "Brain")),
        {"kind": "primary", "organ": "Stomach", "therapy": "radiotherapy"},
    )
    assert findings("OL201", protocol(), lesions)[0].grade is Grade.PASS
    (finding,) = findings("OL201", protocol(primary_organs="esophagus"), lesions)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "L4 is called the primary of the oesophagus and lies in Stomach" in finding.message
    lesions[4]["organ"] = "Esophagus"
    assert findings("OL201", protocol(primary_organs="esophagus"), lesions)[0].grade is Grade.PASS


def test_the_report_says_which_organs_are_pairs(protocol):
    question = protocol().settings.paired_organs.question
    assert all(organ.casefold() in question for organ in PAIRED)


def test_the_side_of_an_roi_is_read_from_its_name(protocol):
    solids = {
        f"GTVm0{n}_Lung_{side}": Box((60.0 * n, 0.0, 0.0), (20.0, 20.0, 20.0))
        for n, side in enumerate("LLRR", 1)
    }
    lesions = entries(
        *({"organ": "Lungs", "roi_names": [name], "therapy": "radiotherapy"} for name in solids)
    )
    two = protocol(paired_organs="two_organs")
    assert findings("OL202", two, lesions, submission_of(**solids))[0].grade is Grade.PASS
    lesions[2]["side"] = lesions[3]["side"] = "L"
    (finding,) = findings("OL202", two, lesions, submission_of(**solids))
    assert finding.grade is Grade.NOT_EVALUABLE
    told = [query.message for query in findings("OL204", two, lesions, submission_of(**solids))]
    assert 'the register says side L of "GTVm03_Lung_R", its name says R' in told


@pytest.mark.parametrize("organ", ["Lungs", None])
@pytest.mark.parametrize(
    ("sides", "of_two", "is_query"),
    [
        ("RRRR", Grade.MAJOR, False),
        ("LLRR", Grade.NOT_EVALUABLE, True),
        ("LLLL", Grade.NOT_EVALUABLE, True),
    ],
)
def test_the_side_of_the_register_is_held_against_the_place(
    protocol, sides, of_two, is_query, organ
):
    """Four lesions of the right lung were two of each lung, as the register said."""
    lungs = {
        f"Lung_{side}": Box((x, 0.0, 0.0), (100.0, 100.0, 100.0))
        for side, x in (("L", 60.0), ("R", -60.0))
    }
    drawn = {f"Lesion {n}": Box((-60.0, 25.0 * n - 37, 0.0), (15.0, 15.0, 16.0)) for n in range(4)}
    lesions = entries(
        *(
            {"side": side, "roi_names": [name], "therapy": "radiotherapy"}
            | ({"organ": organ} if organ else {})
            for name, side in zip(drawn, sides, strict=True)
        )
    )
    submission = submission_of(**lungs, **drawn)
    two = protocol(paired_organs="two_organs")
    assert findings("OL202", two, lesions, submission)[0].grade is of_two
    told = [query.message for query in findings("OL204", protocol(), lesions, submission)]
    text = '"Lesion 0" is of the side L by the register, but 100% of it lie in ROI "Lung_R"'
    assert (text in told) is is_query


STRICT = ('relation = "<="\nlimit = 5\nunit = "cm"', 'relation = "<"\nlimit = 5\nunit = "cm"')


@pytest.mark.parametrize(
    ("size_mm", "at_most", "less_than"),
    [
        (49.99, Grade.PASS, Grade.PASS),
        (50.0, Grade.PASS, Grade.MAJOR),
        (50.01, Grade.MAJOR, Grade.MAJOR),
    ],
)
def test_less_than_beside_at_most(protocol, size_mm, at_most, less_than):
    lesions = entries({"organ": "Liver", "size_mm": size_mm})
    assert findings("OL203", protocol(), lesions)[0].grade is at_most
    (finding,) = findings("OL203", protocol(STRICT), lesions)
    assert (finding.grade, finding.evidence[0].relation) == (less_than, "<")


@pytest.mark.parametrize(
    ("sizes", "axial", "in_3d"),
    [
        ({"size_mm": 40.0}, Grade.PASS, Grade.NOT_EVALUABLE),
        ({"size_mm": 51.0}, Grade.MAJOR, Grade.MAJOR),
        ({"size_mm": 40.0, "maximum_3d_mm": 56.0}, Grade.PASS, Grade.MAJOR),
        ({"size_mm": None, "maximum_3d_mm": 45.0}, Grade.PASS, Grade.PASS),
        ({"size_mm": None, "maximum_3d_mm": 55.0}, Grade.NOT_EVALUABLE, Grade.MAJOR),
        ({"size_mm": None}, Grade.NOT_EVALUABLE, Grade.NOT_EVALUABLE),
    ],
)
def test_the_registers_diameters_bound_each_other(protocol, sizes, axial, in_3d):
    lesions = entries({"organ": "Liver"} | sizes)
    assert findings("OL203", protocol(), lesions)[0].grade is axial
    rules = protocol(diameter_reading="maximum_3d")
    assert findings("OL203", rules, lesions)[0].grade is in_3d


@pytest.mark.parametrize(
    ("sizes", "organ", "grade"),
    [
        ({"size_mm": 60.0, "short_axis_mm": 30.0}, "LymphNodes", Grade.PASS),
        ({"size_mm": 60.0, "short_axis_mm": 51.0}, "LymphNodes", Grade.MAJOR),
        ({"size_mm": 60.0}, "LymphNodes", Grade.NOT_EVALUABLE),
        ({"size_mm": 40.0}, "LymphNodes", Grade.PASS),
        ({"size_mm": 60.0, "short_axis_mm": 30.0}, "Liver", Grade.MAJOR),
        ({"size_mm": 60.0, "short_axis_mm": 30.0}, None, Grade.NOT_EVALUABLE),
        ({"size_mm": 40.0, "short_axis_mm": 30.0}, None, Grade.PASS),
    ],
)
def test_a_node_goes_by_its_short_axis_where_the_protocol_says_so(protocol, sizes, organ, grade):
    rules = protocol(nodal_size="short_axis")
    (finding,) = findings("OL203", rules, entries({"organ": organ} | sizes))
    assert finding.grade is grade


def test_short_axes_are_compared_with_short_axes(protocol):
    drawn = submission_of(GTVm01=Box((0.0, 0.0, 0.0), (48.0, 20.0, 20.0)))
    # 48 x 20 mm: 52 mm from corner to corner; what is widest across that is 37 mm.
    lesions = entries(
        {"organ": "LymphNodes", "roi_names": ["GTVm01"], "therapy": "radiotherapy"}
        | {"size_mm": 52.0, "short_axis_mm": 35.0}
    )
    rules = protocol(nodal_size="short_axis")
    (finding,) = findings("OL203", rules, lesions, drawn)
    assert (finding.grade, finding.flags) == (Grade.PASS, (Flag.QUERY,))
    assert "3D diameter" in finding.message
    assert "the register says" not in finding.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("regional_nodes", "all_as_one"),
        ("non_regional_nodes", "each_station"),
        ("nodes_per_organ", "each_station"),
        ("paired_organs", "two_organs"),
        ("diameter_reading", "maximum_3d"),
        ("nodal_size", "short_axis"),
    ],
)
def test_each_reading_in_force_is_printed(protocol, name, value):
    report = check(NOTHING_OF_IT, protocol(**{name: value}))
    assert {setting.name: setting.value for setting in report.assumptions}[name] == value
    from oligort.report.tables import report_text

    assert f"{name} = {value}" in report_text(report)
