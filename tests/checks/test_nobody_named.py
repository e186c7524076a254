"""A register that repeats the patient's name: no report does, and what is drawn is still found."""

from dataclasses import replace

import pytest

from oligort.checks.engine import case_of, report_on
from oligort.checks.nobody_named import naming_nobody
from oligort.clinical.register import Register
from oligort.dicom.identity import masking
from oligort.objects import Plan, file_key
from oligort.report.html import page
from oligort.selection import fitting

NAME = ("Quillfeather", "Zebulon")


@pytest.fixture
def told(build, register_table):
    """Return the report and the page on a register whose lesion and ROI carry a name."""

    def made(*identities):
        table = register_table | {"site": "Quillfeather clinic"}
        (entry,) = (one for one in table["lesions"] if "GTVm01" in str(one.get("roi_names")))
        named = entry | {"id": "Quillfeather-1", "roi_names": ["GTVm01_Quillfeather"]}
        lesions = [named if one is entry else one for one in table["lesions"]]
        register = Register.from_dict(table | {"lesions": lesions})
        masker = masking(identities)
        submission = build()
        (drawn,) = (s for s in submission.structure_set if s.roi_name.startswith("GTVm01"))
        renamed = replace(drawn, roi_name=masker.roi_name("GTVm01_Quillfeather"))
        structures = tuple(
            renamed if one is drawn else one for one in submission.structure_set.structures
        )
        whole = replace(submission.structure_set, structures=structures)
        case = case_of(
            replace(submission, structure_sets=(whole,), masker=masker), register=register
        )
        report = report_on(case)
        return report, report.to_json() + page(report, case)

    return made


def test_a_name_in_the_register_reaches_no_report_and_what_is_drawn_is_found(told):
    report, text = told(*NAME)
    assert "Quillfeather" not in text
    matched = [one.message for one in report.findings if one.code == "OL204"]
    assert any("GTVm01_*** = ***-1 by ROI name" in message for message in matched)
    # Where nobody is called so, the register says what it says.
    report, text = told("Somebody")
    assert "GTVm01_Quillfeather = Quillfeather-1 by ROI name" in text


def test_the_subject_id_names_nobody_and_two_ids_stay_two():
    lesions = [
        {"id": name, "kind": "distant", "organ": "Liver", "roi_names": []}
        for name in ("DEMO-77 a", "Quillfeather", "QUILLFEATHER")
    ]
    register = Register.from_dict({"schema_version": 1, "subject": "DEMO-77", "lesions": lesions})
    masked = naming_nobody(register, masking(["DEMO-77", *NAME]))
    assert [one.id for one in masked.lesions] == ["DEMO-77 a", "***", "*** 2"]
    assert naming_nobody(register, masking(["DEMO-77"])) is register
    assert naming_nobody(register, None) is register


def test_a_plan_that_is_there_is_called_by_its_uid_and_another_one_never_by_its_label():
    label = "Quillfeather a"
    plan = Plan("1.2.3", "RP.dcm", "*** a", file_keys=frozenset({file_key(label)}))
    register = Register.from_dict(
        {
            "schema_version": 1,
            "subject": "DEMO-77",
            "courses": ["Quillfeather a", "QUILLFEATHER A", "boost"],
            "screening_plans": ["Quillfeather a"],
            "delivered_plans": ["Zebulon a"],
        }
    )
    masked = naming_nobody(register, masking(NAME), [plan])
    assert masked.screening_plans == ("1.2.3",)
    assert masked.courses[::2] == ("1.2.3", "boost")
    # It was called like the other one, and is not taken for it.
    assert masked.delivered_plans == ("*** a (masked)",)
    assert not fitting([plan], masked.delivered_plans[0])
