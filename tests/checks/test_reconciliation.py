"""Register and contours against each other: what contradicts is no silent pass."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose
from oligort.phantoms import Box
from oligort.protocol.model import Protocol
from oligort.submission import Submission

PLANES_MM = np.arange(-40.0, 41, 4.0)
CHECKS = {one.code: one for one in all_checks()}
PROTOCOL = Protocol.load("nct06190782")


def cube(number: int, mm: float = 20.0) -> Box:
    return Box((100.0 * number, 0.0, 0.0), (mm, mm, 20.0))


def case_of(
    solids: dict[str, Box], entries: list[dict[str, object]], dose: Dose | None = None, **table
) -> Case:
    drawn = [s.structure(name, n, PLANES_MM) for n, (name, s) in enumerate(solids.items(), 1)]
    submission = Submission(
        structure_sets=(StructureSet(tuple(drawn), "1.1"),), doses=(dose,) if dose else ()
    )
    table |= {"schema_version": 1, "subject": "S", "lesions": entries}
    return Case(submission, PROTOCOL, Register.from_dict(table))


def entry(name: str, kind: str = "distant", organ: str = "Liver") -> dict[str, object]:
    given = {"id": f"id-{name}", "kind": kind, "organ": organ, "roi_names": [name]}
    return given | {"therapy": "radiotherapy"}


def run(code: str, case: Case) -> list[Finding]:
    return list(CHECKS[code].run(case))


def liver(count: int) -> dict[str, Box]:
    return {f"GTVm{n:02d}_Liver": cube(n) for n in range(1, count + 1)}


def test_a_named_metastasis_that_the_register_calls_a_regional_node_is_a_range() -> None:
    solids = liver(4)
    entries = [entry(name) for name in solids]
    (certain,) = run("OL202", case_of(solids, entries))
    assert certain.grade is Grade.MAJOR
    entries[3] |= {"kind": "regional_node", "organ": None}
    case = case_of(solids, entries)
    (finding,) = run("OL202", case)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "named a metastasis" in finding.message
    assert any("its name says gtv metastasis" in query.message for query in run("OL204", case))


@pytest.mark.parametrize(
    ("name", "station", "grade"),
    [
        *(("GTVn_inguinal", "", Grade.NOT_EVALUABLE), ("GTV LN axilla", "", Grade.NOT_EVALUABLE)),
        *(("GTVn05", said, Grade.NOT_EVALUABLE) for said in ("groin left", "腹股沟", "Leiste")),
        *(("GTVn05", said, Grade.PASS) for said in ("", "7", "supraclavicular", "not inguinal")),
    ],
)
def test_a_regional_node_where_none_is_regional_may_be_a_metastasis(
    name: str, station: str, grade: Grade
) -> None:
    """An inguinal node that the register calls regional was no metastasis, and nobody asked."""
    solids = liver(3) | {"GTVm04_Bone": cube(4), name: cube(5)}
    entries = [entry(one, organ=one.split("_")[1]) for one in list(solids)[:4]]
    node = entry(name, "regional_node", "LymphNodes") | {"station": station}
    case = case_of(solids, [*entries, node])
    assert run("OL201", case)[0].grade is grade
    told = [query for query in run("OL204", case) if "no node is regional" in query.message]
    assert bool(told) == (grade is Grade.NOT_EVALUABLE)


def test_an_organ_of_the_register_that_the_name_contradicts_is_a_query() -> None:
    solids = liver(2)
    entries = [entry("GTVm01_Liver"), entry("GTVm02_Liver", organ="Bone")]
    queries = run("OL204", case_of(solids, entries))
    assert any("says Bone" in query.message and Flag.QUERY in query.flags for query in queries)
    assert [query.grade for query in run("OL204", case_of(solids, [entry(n) for n in solids]))] == [
        Grade.PASS
    ]


def test_an_organ_that_the_register_names_as_a_lesion_is_a_query_and_no_size() -> None:
    case = case_of({"Liver": cube(1, 90.0)}, [entry("Liver")])
    assert any("names the organ" in query.message for query in run("OL204", case))
    assert run("OL203", case)[0].grade is Grade.NOT_EVALUABLE


def test_a_lesion_whose_place_contradicts_its_organ_may_be_in_these_two_alone() -> None:
    solids = liver(3) | {"GTVm04_Bone": cube(5), "GTVm05_Bone": cube(6), "GTVm06_Bone": cube(7)}
    entries = [entry(name, organ=name.split("_")[1]) for name in solids]
    (of_liver, of_lungs) = (
        run(
            "OL202", case_of(solids | {"Lesion 7": cube(9), organ: cube(9, 60.0)}, [*entries, last])
        )[0]
        for organ, last in (
            ("Liver", entry("Lesion 7", organ="Lungs")),
            ("Lungs", entry("Lesion 7", organ="Brain")),
        )
    )
    assert of_liver.grade is Grade.NOT_EVALUABLE
    assert "Liver" in of_liver.about
    # In the lungs or the brain there are three at most with it, and in no other organ is it.
    assert of_lungs.grade is Grade.PASS


def test_a_target_around_no_known_lesion_leaves_the_number_open() -> None:
    solids = liver(3)
    entries = [entry(name) for name in solids]
    whole = case_of(solids | {"PTVm01_Liver": cube(1, 30.0)}, entries)
    assert run("OL201", whole)[0].grade is Grade.PASS
    for name in ("PTVm05_LN", "iGTV5"):
        lost = case_of(solids | {name: cube(9, 30.0)}, entries)
        (finding,) = run("OL201", lost)
        assert finding.grade is Grade.NOT_EVALUABLE
        assert name in finding.message


def test_a_node_that_the_register_does_not_list_may_count() -> None:
    solids = liver(3) | {"GTVm04_Bone": cube(4)}
    entries = [entry(name, organ=name.split("_")[1]) for name in solids]
    assert run("OL201", case_of(solids, entries))[0].grade is Grade.PASS
    with_node = solids | {"GTVn05": cube(5)}
    (finding,) = run("OL201", case_of(with_node, entries))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "regional or not" in finding.message
    listed = [*entries, entry("GTVn05", "regional_node", "LymphNodes")]
    assert run("OL201", case_of(with_node, listed))[0].grade is Grade.PASS


def test_a_roi_of_any_name_is_gross_tumour_where_the_register_says_so() -> None:
    # It is counted, and subtracted from the lungs too.
    case = case_of({"Kn 3": cube(1), "GTVp": cube(2)}, [entry("Kn 3")])
    names = [structure.roi_name for structure in case.submission.structures_of("GTV")]
    assert sorted(names) == ["GTVp", "Kn 3"]
    assert run("OL006", case)[0].grade is Grade.PASS
    unnamed = case_of({"Kn 3": cube(1), "GTVp": cube(2)}, [])
    assert run("OL006", unnamed)[0].grade is Grade.MINOR


def test_what_is_left_aside_is_told() -> None:
    case = case_of(liver(1), [entry("GTVm01_Liver")])
    assert [finding.grade for finding in run("OL005", case)] == [Grade.PASS]


def test_an_organ_in_dispute_may_be_either() -> None:
    solids = liver(4)
    entries = [entry(name) for name in solids]
    entries[3]["organ"] = "Bone"
    (finding,) = run("OL202", case_of(solids, entries))
    assert finding.grade is Grade.NOT_EVALUABLE


def test_a_position_that_contradicts_the_register_is_a_query() -> None:
    solids = {"GTVm02": cube(1), "Liver": cube(1, 90.0)}
    queries = run("OL204", case_of(solids, [entry("GTVm02", organ="Bone")]))
    assert any("Liver" in query.message and Flag.QUERY in query.flags for query in queries)


def test_parts_of_one_roi_that_touch_may_be_one() -> None:
    left, right = (
        Box((0.0, 0.0, 0.0), (30.0, 30.0, 20.0)),
        Box((30.0, 0.0, 0.0), (30.0, 30.0, 20.0)),
    )
    case = case_of({"GTVm01_Liver": left}, [])
    (whole,) = case.submission.structure_sets
    both = replace(
        whole.structures[0],
        contours=whole.structures[0].contours + right.structure("x", 1, PLANES_MM).contours,
    )
    submission = Submission(structure_sets=(replace(whole, structures=(both,)),))
    count = submission.lesions().count
    assert (count.least, count.most) == (1, 2)


def test_a_name_that_the_place_contradicts_is_a_query_without_a_register_too() -> None:
    case = case_of({"GTVm02_Bone": cube(1), "Liver": cube(1, 90.0)}, [])
    found: list[Finding] = []
    with pytest.raises(NotEvaluable, match="no register"):
        found.extend(CHECKS["OL204"].run(case))
    (query,) = found
    assert Flag.QUERY in query.flags
    assert "100% of it lie in ROI" in query.message
    assert "0% in an ROI of Bone" in query.message


def test_an_organ_that_the_place_contradicts_may_be_either() -> None:
    solids = {**liver(3), "GTVm04": cube(4)}
    entries = [entry(name) for name in solids]
    entries[3]["organ"] = "Bone"
    assert run("OL202", case_of(solids, entries))[0].grade is Grade.PASS
    (finding,) = run("OL202", case_of({**solids, "Liver": cube(4, 90.0)}, entries))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "100% of it lie in ROI" in finding.message


def test_a_second_contouring_of_a_listed_lesion_is_no_further_one() -> None:
    # Dice of two cubes of 20 mm, 6 mm apart: 0.7. The larger one is not the one that is listed.
    solids = liver(4) | {"GTVm9": Box((106.0, 0.0, 0.0), (20.4, 20.0, 20.0))}
    entries = [entry(name) for name in liver(4)]
    for listed in entries:
        listed["organ"] = "Bone" if listed is entries[3] else "Liver"
        listed["roi_names"] = [listed["id"][3:]]
    (finding,) = run("OL201", case_of(solids, entries))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "GTVm9" in finding.message


def test_a_size_that_hangs_on_the_outline_is_not_judged() -> None:
    # A cube of 30 mm within one of 48 mm, 42.4 and 67.9 mm from corner to corner.
    inner, outer = (
        Box((0.0, 0.0, 0.0), (30.0, 30.0, 20.0)),
        Box((0.0, 0.0, 0.0), (48.0, 48.0, 40.0)),
    )
    drawn = {"GTVm01_Liver": inner, "GTVm02_Liver": outer}
    for named in drawn:
        (finding,) = run("OL203", case_of(drawn, [entry(named)]))
        assert finding.grade is Grade.NOT_EVALUABLE
        assert "42.4 to 67.9 mm" in finding.message
    (finding,) = run("OL203", case_of({"GTVm01_Liver": inner}, [entry("GTVm01_Liver")]))
    assert finding.grade is Grade.PASS


def queries_and_match(case: Case) -> tuple[list[str], Finding]:
    *queries, told = run("OL204", case)
    assert all(query.flags == (Flag.QUERY,) for query in queries)
    assert told.grade is (Grade.INFO if queries else Grade.PASS)
    return [query.message for query in queries], told


def test_each_lesion_of_the_register_is_matched_explained_or_reported() -> None:
    solids = liver(2) | {"GTVp": cube(5), "GTVn01": cube(6)}
    entries: list[dict[str, object]] = [
        entry("GTVm01_Liver"),
        entry("GTVm02_Liver"),
        {"id": "P", "kind": "primary", "organ": "Esophagus", "therapy": "radiotherapy"},
        entry("GTVn01", "regional_node", "LymphNodes"),
        {"id": "op", "kind": "distant", "organ": "Brain", "therapy": "surgery"},
        {"id": "rfa", "kind": "distant", "organ": "Liver", "therapy": "ablation"},
        {"id": "left", "kind": "distant", "organ": "Bone", "therapy": "none"},
    ]
    queries, told = queries_and_match(case_of(solids, entries))
    assert queries == []
    assert told.message == (
        "matched: GTVm01_Liver = id-GTVm01_Liver by ROI name, "
        "GTVm02_Liver = id-GTVm02_Liver by ROI name, GTVp = P by kind, "
        "GTVn01 = id-GTVn01 by ROI name; by another therapy: op (surgery), rfa (ablation); "
        "not drawn, without local therapy: left"
    )
    for therapy, words in (("radiotherapy", "to be irradiated"), ("unknown", "is not known")):
        open_entry = {"id": "?", "kind": "regional_node", "therapy": therapy}
        queries, _ = queries_and_match(case_of(solids, [*entries, open_entry]))
        (query,) = queries
        assert query.startswith('no contour is drawn for "?"')
        assert words in query


def test_a_drawn_lesion_without_an_entry_is_reported() -> None:
    solids = liver(1) | {"GTVp": cube(5)}
    queries, told = queries_and_match(case_of(solids, [entry("GTVm01_Liver")]))
    assert queries == ['the register lists no primary that "GTVp" is drawn for']
    assert "drawn, not in the register and not counted: GTVp" in told.message
    solids |= {"GTVm02_Bone": cube(3), "GTVn05": cube(6)}
    primary = {"id": "P", "kind": "primary", "organ": "Esophagus", "therapy": "radiotherapy"}
    queries, _ = queries_and_match(case_of(solids, [entry("GTVm01_Liver"), primary]))
    assert queries == ['the register does not list "GTVm02_Bone", "GTVn05"']


def test_a_primary_that_is_drawn_and_not_listed_is_a_query_but_no_old_outline_of_it() -> None:
    solids = liver(1) | {"GTVp": cube(5), "GTVp_old": cube(5, 18.0)}
    listed = entry("GTVp", "primary", "Esophagus")
    queries, _ = queries_and_match(case_of(solids, [entry("GTVm01_Liver"), listed]))
    assert not [query for query in queries if "no primary" in query]
    removed = listed | {"therapy": "surgery", "roi_names": []}
    queries, _ = queries_and_match(case_of(solids, [entry("GTVm01_Liver"), removed]))
    assert 'the register lists no primary that "GTVp" is drawn for' in queries


def test_a_match_says_which_way() -> None:
    by_size = [
        {"id": f"L{n}", "kind": "distant", "organ": "Liver", "therapy": "radiotherapy"}
        for n in "ab"
    ]
    solids = {"GTVm01_Liver": cube(1, 30.0), "GTVm02_Liver": cube(2, 10.0)}
    # Without sizes nothing says that they are the same lesions.
    queries, told = queries_and_match(case_of(solids, by_size))
    assert "the register does not say its size_mm" in queries[0]
    assert told.message == "matched: none"
    by_size[0]["size_mm"], by_size[1]["size_mm"] = 42.0, 14.0
    case = case_of(solids, by_size)
    queries, told = queries_and_match(case)
    assert queries == []
    assert "GTVm01_Liver = La by organ and size" in told.message
    assert "GTVm02_Liver = Lb by organ and size" in told.message
    assert {one.name: one.entry.id for one in case.accounted if one.entry} == {
        "GTVm01_Liver": "La", "GTVm02_Liver": "Lb",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["distant", "primary", "regional_node"])
def test_sizes_that_disagree_are_queries_whatever_the_lesion(kind: str) -> None:
    name = {"distant": "GTVm01_Liver", "primary": "GTVp", "regional_node": "GTVn01"}[kind]
    # A cube of 20 mm measures 28.3 mm from corner to corner, and 34.6 mm in 3D.
    for key, near, far in (("size_mm", 38.2, 38.4), ("maximum_3d_mm", 44.5, 44.7)):
        for mm, is_query in ((near, False), (far, True)):
            listed = entry(name, kind) | {key: mm, "organ": None}
            queries, _ = queries_and_match(case_of({name: cube(1)}, [listed]))
            assert [f"the register says {mm:g} mm" in query for query in queries] == [
                True
            ] * is_query


def test_numbers_and_therapies_that_disagree_are_queries() -> None:
    solids = {"GTVm01_Liver": cube(1), "GTVm02_Liver": cube(4)}
    one = entry("GTVm01_Liver") | {"roi_names": list(solids)}
    queries, _ = queries_and_match(case_of(solids, [one]))
    assert any("one lesion in the register and 1 to 2 among the contours" in q for q in queries)
    removed = entry("GTVm01_Liver") | {"therapy": "surgery"}
    queries, _ = queries_and_match(case_of({"GTVm01_Liver": cube(1)}, [removed]))
    assert queries == [
        'the register says surgery of "id-GTVm01_Liver", and "GTVm01_Liver" is drawn'
    ]


def test_what_is_drawn_though_the_register_says_that_it_is_not_there_is_a_query() -> None:
    solids = {**liver(1), "Lung_L": cube(5, 90.0), "Lung_R": cube(-5, 90.0)}
    entries = [entry("GTVm01_Liver")]
    no = case_of(solids, entries, anatomy={"pneumonectomy": "no", "gtv_absent": "no"})
    assert queries_and_match(no)[0] == []
    said = {"pneumonectomy": "yes", "gtv_absent": "yes"}
    queries, _ = queries_and_match(case_of(solids, entries, anatomy=said))
    assert queries == [
        'the register says anatomy.pneumonectomy = "yes", and "Lung_L", "Lung_R" are drawn',
        'the register says anatomy.gtv_absent = "yes", and "GTVm01_Liver" is drawn',
    ]
    del solids["Lung_R"]
    queries, _ = queries_and_match(case_of(solids, entries, anatomy={"pneumonectomy": "yes"}))
    assert queries == []
    # Without lesions listed it is told as well.
    found: list[Finding] = []
    with pytest.raises(NotEvaluable, match="no register"):
        found.extend(CHECKS["OL204"].run(case_of(solids, [], anatomy=said)))
    assert "gtv_absent" in found[0].message


def test_a_primary_of_the_oesophagus_in_another_organ_may_be_a_metastasis() -> None:
    solids = liver(4)
    entries = [entry(name) for name in liver(4)]
    for told in entries[:3]:
        told["organ"] = "Bone"
    primary = {"id": "P", "kind": "primary", "organ": "Liver", "therapy": "surgery"}
    entries.append(primary | {"roi_names": []})
    answers = {"disease": {"oesophageal_squamous_cell_carcinoma": "yes"}}
    (finding,) = run("OL201", case_of(solids, entries, **answers))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "called the primary of the oesophagus and lies in Liver" in finding.message
    assert any(
        "lies in Liver" in query.message
        for query in run("OL204", case_of(solids, entries, **answers))
    )
    # Of another disease the primary may lie anywhere; an unknown one may be this.
    other = {"disease": {"oesophageal_squamous_cell_carcinoma": "no"}}
    assert run("OL201", case_of(solids, entries, **other))[0].grade is Grade.PASS
    assert run("OL201", case_of(solids, entries))[0].grade is Grade.NOT_EVALUABLE
    for organ in ("Esophagus", "Stomach"):
        entries[-1]["organ"] = organ
        assert run("OL201", case_of(solids, entries, **answers))[0].grade is Grade.PASS


def test_a_primary_without_an_organ_may_be_a_metastasis_unless_its_roi_says() -> None:
    solids = liver(3) | {"GTVm04_Bone": cube(4), "GTVp": cube(5), "Kn 5": cube(6)}
    entries = [entry(name, organ=name.split("_")[1]) for name in list(solids)[:4]]
    primary = {"id": "P", "kind": "primary", "therapy": "surgery", "roi_names": []}
    (finding,) = run("OL201", case_of(solids, [*entries, primary]))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "its organ is not known" in finding.message
    for name, grade in (("GTVp", Grade.PASS), ("Kn 5", Grade.NOT_EVALUABLE)):
        drawn = [*entries, primary | {"roi_names": [name], "therapy": "radiotherapy"}]
        assert run("OL201", case_of(solids, drawn))[0].grade is grade
    around = {name: solid for name, solid in solids.items() if name != "GTVp"}
    around["Esophagus"] = cube(6, 90.0)
    assert run("OL201", case_of(around, drawn))[0].grade is Grade.PASS


@pytest.mark.parametrize("kind", ["primary", "regional_node"])
def test_what_lies_in_the_liver_may_be_a_metastasis_whatever_it_is_called(kind: str) -> None:
    solids = liver(3) | {"GTVm04_Bone": cube(4), "Kn 5": cube(6)}
    entries = [entry(name, organ=name.split("_")[1]) for name in list(solids)[:4]]
    entries.append(entry("Kn 5", kind, "Esophagus" if kind == "primary" else "LymphNodes"))
    assert run("OL201", case_of(solids, entries))[0].grade is Grade.PASS
    (finding,) = run("OL201", case_of(solids | {"Liver": cube(6, 90.0)}, entries))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "nearly all of it lies in an ROI of Liver" in finding.message
    in_both = solids | {"Liver": cube(6, 90.0), "Esophagus": cube(6, 60.0)}
    assert run("OL201", case_of(in_both, entries))[0].grade is Grade.PASS


@pytest.mark.parametrize("organ", ["Esophagus", None])
@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"Esophagus": Box((500.0, 0.0, 0.0), (20.0, 20.0, 80.0))}, "wholly outside of the drawn"),
        # It ends at 600 mm, and the tumour 20 mm around 600 mm begins there.
        ({"Esophagus": Box((580.0, 0.0, 0.0), (20.0, 20.0, 80.0))}, ""),
        ({"Esophagus": Box((580.0, 0.0, 0.0), (10.0, 20.0, 80.0))}, ""),
        ({"Esophagus": cube(6, 90.0)}, ""),
        ({"Liver": Box((568.0, 0.0, 0.0), (60.0, 90.0, 80.0))}, "nothing"),
        ({"Liver": Box((572.0, 0.0, 0.0), (60.0, 90.0, 80.0))}, "most of"),
        (
            {
                "Esophagus": Box((500.0, 0.0, 0.0), (20.0, 20.0, 80.0)),
                "Stomach": Box((620.0, 0.0, 0.0), (30.0, 20.0, 80.0)),
            },
            "",
        ),
    ],
)
def test_a_primary_that_is_drawn_elsewhere_may_be_a_metastasis(
    others: dict[str, Box], told: str, organ: str | None
) -> None:
    """Named for the primary, a tumour far from the oesophagus was none of the metastases."""
    solids = liver(4) | {"GTVp": cube(6)}
    entries = [entry(name) for name in list(solids)[:4]]
    primary = {key: it for key, it in entry("GTVp", "primary").items() if key != "organ"}
    entries.append(primary | ({"organ": organ} if organ else {}))
    assert run("OL201", case_of(solids, entries))[0].grade is Grade.PASS
    (finding,) = run("OL201", case_of(solids | others, entries))
    if told in ("", "nothing"):
        assert finding.grade is Grade.PASS
    else:
        assert finding.grade is Grade.NOT_EVALUABLE
        assert told in finding.message
        queries, _ = queries_and_match(case_of(solids | others, entries))
        assert any("it may be a distant metastasis" in query for query in queries)


def test_a_part_of_the_primary_that_is_drawn_elsewhere_may_be_a_metastasis() -> None:
    solids = liver(4) | {"GTVp": cube(6), "GTV 9": cube(9), "Esophagus": cube(6, 60.0)}
    entries = [entry(name) for name in list(solids)[:4]]
    entries.append(entry("GTVp", "primary", "Esophagus") | {"roi_names": ["GTVp", "GTV 9"]})
    around_both = solids | {"Esophagus": Box((750.0, 0.0, 0.0), (400.0, 60.0, 60.0))}
    assert run("OL201", case_of(around_both, entries))[0].grade is Grade.PASS
    (finding,) = run("OL201", case_of(solids, entries))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert '"GTV 9" lies wholly outside of the drawn Esophagus' in finding.message


def test_a_regional_node_far_from_the_oesophagus_is_a_query() -> None:
    for x_mm, is_query in ((79.0, False), (81.0, True)):
        # The node ends 10 mm before x, the oesophagus 10 mm beside 0.
        node = Box((x_mm, 0.0, 0.0), (20.0, 20.0, 20.0))
        drawn = {"Esophagus": Box((0.0, 0.0, 0.0), (20.0, 20.0, 80.0)), "GTV 1": node}
        listed = entry("GTV 1", "regional_node", "LymphNodes")
        queries, _ = queries_and_match(case_of(drawn, [listed]))
        assert any("more than 60 mm from the oesophagus" in one for one in queries) is is_query


@pytest.mark.parametrize(
    ("x_mm", "grade"), [(700.0, Grade.PASS), (725.0, Grade.PASS), (745.0, Grade.NOT_EVALUABLE)]
)
def test_parts_of_a_primary_too_far_apart_are_not_all_of_it(x_mm: float, grade: Grade) -> None:
    """Where no oesophagus is drawn a metastasis that was named for the primary was none."""
    # From the centres to the farthest points 17.3 mm each, and 100 mm between them: 734.6 mm.
    solids = liver(3) | {"GTVm04_Bone": cube(4), "GTVp": cube(6), "GTVp2": cube(6)}
    solids["GTVp2"] = Box((x_mm, 0.0, 0.0), (20.0, 20.0, 20.0))
    entries = [entry(name, organ=name.split("_")[1]) for name in list(solids)[:4]]
    primary = entry("GTVp", "primary", "Esophagus") | {"roi_names": ["GTVp", "GTVp2"]}
    case = case_of(solids, [*entries, primary])
    assert run("OL201", case)[0].grade is grade
    told = [query for query in run("OL204", case) if "too far apart" in query.message]
    assert bool(told) == (grade is Grade.NOT_EVALUABLE)


def test_of_parts_that_lie_too_far_apart_one_is_the_primary() -> None:
    """Three metastases and one of the two parts are four at most."""
    solids = liver(3) | {"GTVp": cube(6), "GTVp2": Box((745.0, 0.0, 0.0), (20.0, 20.0, 20.0))}
    entries = [entry(name, organ="Liver") for name in list(solids)[:3]]
    primary = entry("GTVp", "primary", "Esophagus") | {"roi_names": ["GTVp", "GTVp2"]}
    (finding,) = run("OL201", case_of(solids, [*entries, primary]))
    assert finding.grade is Grade.PASS
    assert "3 to 4 metastases" in finding.message
    (finding,) = run("OL201", case_of(solids, [*entries, primary | {"organ": "Bone"}]))
    assert "3 to 5" in finding.message


@pytest.mark.parametrize(("x_mm", "is_far"), [(700.0, False), (745.0, True)])
def test_a_regional_node_far_from_the_primary_is_asked_where_no_oesophagus_is_drawn(
    x_mm: float, is_far: bool
) -> None:
    solids = {"GTVp": cube(6), "GTVn01": Box((x_mm, 0.0, 0.0), (20.0, 20.0, 20.0))}
    primary = entry("GTVp", "primary", "Esophagus")
    entries = [primary, entry("GTVn01", "regional_node", "LymphNodes")]
    queries, _ = queries_and_match(case_of(solids, entries))
    assert any('lies too far from "GTVp"' in query for query in queries) == is_far
    drawn = solids | {"Esophagus": cube(6, 60.0)}
    queries, _ = queries_and_match(case_of(drawn, entries))
    assert not any("lies too far from" in query for query in queries)


@pytest.mark.parametrize(
    ("x_mm", "name", "around", "is_doubted"),
    [
        *((750.0, "GTVp2", around, True) for around in ({}, {"Esophagus": cube(6, 60.0)})),
        (650.0, "GTVp2", {}, False),  # near the listed one it is a further outline of that
        (680.0, "GTVp2", {"Esophagus": cube(6, 60.0)}, True),
        (750.0, "GTVp_old", {}, False),
    ],
)
def test_a_primary_that_is_not_listed_and_lies_elsewhere_may_be_a_metastasis(
    x_mm: float, name: str, around: dict[str, Box], is_doubted: bool
) -> None:
    """Listed for the primary it counted 0 to 1; left out of the register, none."""
    solids = liver(3) | {"GTVm04_Bone": cube(4), "GTVp": cube(6)}
    solids[name] = Box((x_mm, 0.0, 0.0), (20.0, 20.0, 20.0))
    entries = [entry(one, organ=one.split("_")[1]) for one in list(solids)[:4]]
    entries.append(entry("GTVp", "primary", "Esophagus"))
    (finding,) = run("OL201", case_of(solids | around, entries))
    assert finding.grade is (Grade.NOT_EVALUABLE if is_doubted else Grade.PASS)
    assert (f'"{name}" is named the primary and not listed' in finding.message) == is_doubted
    other = {"disease": {"oesophageal_squamous_cell_carcinoma": "no"}}
    assert run("OL201", case_of(solids | around, entries, **other))[0].grade is Grade.PASS


@pytest.mark.parametrize(("x_mm", "is_doubted"), [(700.0, False), (745.0, True)])
def test_a_second_primary_too_far_from_the_first_may_be_a_metastasis(
    x_mm: float, is_doubted: bool
) -> None:
    """As parts of one entry they were doubted, and as two entries not."""
    solids = liver(3) | {"GTVm04_Bone": cube(4), "GTVp": cube(6)}
    solids["Kn 5"] = Box((x_mm, 0.0, 0.0), (20.0, 20.0, 20.0))
    entries = [entry(one, organ=one.split("_")[1]) for one in list(solids)[:4]]
    entries += [entry(name, "primary", "Esophagus") for name in ("GTVp", "Kn 5")]
    (finding,) = run("OL201", case_of(solids, entries))
    assert finding.grade is (Grade.NOT_EVALUABLE if is_doubted else Grade.PASS)
    assert ('too far from "GTVp", another one' in finding.message) == is_doubted
    queries, _ = queries_and_match(case_of(solids, entries))
    assert any("another one" in query for query in queries) == is_doubted


def test_a_second_primary_without_an_organ_may_be_a_metastasis() -> None:
    solids = liver(3)
    entries = [entry(name) for name in solids]
    primaries: list[dict[str, object]] = [
        {"id": f"P{n}", "kind": "primary", "therapy": "surgery", "roi_names": []} for n in range(3)
    ]
    answers = {"disease": {"oesophageal_squamous_cell_carcinoma": "yes"}}
    (finding,) = run("OL201", case_of(solids, [*entries, *primaries], **answers))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "is not the only one without an organ" in finding.message
    for told in primaries[1:]:
        told["organ"] = "Esophagus"
    assert run("OL201", case_of(solids, [*entries, *primaries], **answers))[0].grade is Grade.PASS


def test_an_oversized_entry_of_unknown_kind_may_be_the_primary() -> None:
    large = {"id": "L", "size_mm": 70.0, "therapy": "surgery", "organ": "Liver", "roi_names": []}
    (finding,) = run("OL203", case_of({"Liver": cube(1, 90.0)}, [large]))
    assert (finding.grade, "its kind" in finding.message) == (Grade.NOT_EVALUABLE, True)
    (finding,) = run("OL203", case_of({"Liver": cube(1, 90.0)}, [large | {"kind": "distant"}]))
    assert finding.grade is Grade.MAJOR


@pytest.mark.parametrize(
    ("named", "offered"),
    [
        *((named, "GTVm01_Liver") for named in ("gtvm01_liver", "GTVm01 Liver", "GTVm1_Liver")),
        *(("GTVm02_Liver", ""), ("PTVm03", ""), ("xyz", "")),
    ],
)
def test_an_roi_that_is_not_drawn_is_offered_the_one_that_is_spelt_most_like_it(
    named: str, offered: str
) -> None:
    """Another number is another lesion, and a margin or what another entry names is none."""
    solids = {"GTVm01_Liver": cube(1), "GTVm03_Liver": cube(3), "PTVm02_Liver": cube(1, 30.0)}
    case = case_of(solids, [entry(named), entry("GTVm03_Liver")])
    (told,) = (f.message for f in run("OL204", case) if "are not drawn" in f.message)
    assert told.endswith(f'; did you mean "{offered}"?') == bool(offered)
    assert ("did you mean" in told) == bool(offered)
