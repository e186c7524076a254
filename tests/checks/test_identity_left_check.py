"""Identity left in the files: graded, by element and file, and never told."""

import pytest

from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.clinical.register import Register
from oligort.finding import Flag, Grade
from oligort.objects import IdentityLeft, key_of_id, key_of_name
from oligort.protocol.model import Protocol
from oligort.submission import Submission

CHECKS = {one.code: one for one in all_checks()}
PROTOCOL = Protocol.load("nct06190782")


def findings(*left, register=None, subject=None, **submission):
    export = Submission(identity_left=left, **submission)
    return list(CHECKS["OL008"].run(Case(export, PROTOCOL, register, subject)))


def grades(*left, **known):
    return [finding.grade for finding in findings(*left, **known)]


def name(value, *files):
    return IdentityLeft("PatientName", "(0010,0010)", frozenset({key_of_name(value)}), files)


def patient_id(value, *files):
    return IdentityLeft("PatientID", "(0010,0020)", frozenset({key_of_id(value)}), files)


def institution(value):
    keys = frozenset({key_of_name(value)})
    return IdentityLeft("InstitutionName", "(0008,0080)", keys, ("RD.dcm",))


ACCESSION = IdentityLeft(
    "AccessionNumber", "(0008,0050)", frozenset({key_of_id("1")}), ("CT.dcm",), may_be_dummy=True
)


def test_nothing_left_passes():
    (finding,) = findings()
    assert finding.grade is Grade.PASS
    assert finding.message == "nobody is named"


def test_a_name_is_major_and_told_by_element_and_file():
    (finding,) = findings(name("Doe^Jane", "RD.dcm", "RP.dcm"), name("Roe", "RP.dcm"))
    assert finding.grade is Grade.MAJOR
    assert 'PatientName (0010,0010); in "RD.dcm", "RP.dcm"' in finding.message
    assert [(e.name, e.measured, e.unit) for e in finding.evidence] == [
        ("PatientName (0010,0010)", 2, "files")
    ]


def test_the_patient_id_and_name_that_are_the_subject_id_are_none(register_table):
    whole = patient_id("PT-1", "RD.dcm"), name("pt^1", "RD.dcm")
    register = Register.from_dict(register_table)
    for known in (
        {"subject": "PT-1"},
        {"register": register},
        {"trial_subject_id": "pt-1"},
        {"subject": "PT-1", "trial_subject_id": "H-1"},
    ):
        (finding,) = findings(*whole, **known)
        assert finding.grade is Grade.PASS
        assert "the Patient ID is the subject id" in finding.message


@pytest.mark.parametrize(
    "known", [{"subject": "PT-2"}, {"trial_subject_id": "PT-2"}, {"subject": "PT1"}]
)
def test_a_patient_id_that_is_not_the_subject_id_is_major(known):
    assert grades(patient_id("PT-1", "RD.dcm"), **known) == [Grade.MAJOR]


def test_the_subject_id_that_the_user_gives_goes_before_that_of_the_files(register_table):
    of_files = patient_id("H-1", "RD.dcm")
    assert grades(of_files, trial_subject_id="H-1") == [Grade.PASS]
    assert grades(of_files, trial_subject_id="H-1", subject="PT-1") == [Grade.MAJOR]
    register = Register.from_dict(register_table)
    assert grades(of_files, trial_subject_id="H-1", register=register) == [Grade.MAJOR]


def test_without_a_subject_id_the_patient_id_is_not_evaluable_and_a_name_is_major():
    both = key_of_name("Case 7"), key_of_id("Case 7")
    alias = IdentityLeft("PatientName", "(0010,0010)", frozenset(both), ("RD.dcm",))
    assert grades(patient_id("Case 7", "RD.dcm"), alias) == [Grade.NOT_EVALUABLE]
    major, is_open = findings(patient_id("Case 7", "RD.dcm"), name("Doe", "RP.dcm"))
    assert (major.grade, is_open.grade) == (Grade.MAJOR, Grade.NOT_EVALUABLE)
    assert "PatientID" not in major.message
    assert "no subject id is known" in is_open.message
    assert "--subject" in is_open.hint


def test_one_object_under_another_id_is_told_with_its_file():
    (finding,) = findings(patient_id("PT-1", "RD.dcm"), patient_id("H", "RP.dcm"), subject="PT-1")
    assert finding.grade is Grade.MAJOR
    assert "RP.dcm" in finding.message
    assert "RD.dcm" not in finding.message


def test_what_may_be_a_dummy_is_a_query():
    (finding,) = findings(ACCESSION)
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))


def test_an_institution_that_is_the_site_of_the_trial_is_none(register_table):
    assert grades(institution("Site 01"), trial_site_id="SITE-01") == [Grade.PASS]
    assert grades(institution("St Elsewhere"), trial_site_id="SITE-01") == [Grade.MAJOR]
    # and a patient is no site
    assert grades(name("Site 01", "RD.dcm"), trial_site_id="SITE-01") == [Grade.MAJOR]


def test_what_is_left_in_an_earlier_course_is_told():
    prior = Submission(identity_left=(name("Doe", "old.dcm"),))
    found = list(CHECKS["OL008"].run(Case(Submission().after(prior), PROTOCOL, None)))
    assert [finding.grade for finding in found] == [Grade.MAJOR]


def test_many_files_are_counted_and_some_are_named():
    files = tuple(f"CT_{number:03d}.dcm" for number in range(450))
    (finding,) = findings(name("Doe", *files))
    assert finding.evidence[0].measured == 450
    assert "and 442 more" in finding.message


def test_the_grade_is_the_protocols(tmp_path):
    from pathlib import Path

    import oligort.protocol

    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    file = tmp_path / "site.toml"
    file.write_text(text.replace('identity_left = "MAJOR"', 'identity_left = "MINOR"'))
    export = Submission(identity_left=(name("Doe", "RD.dcm"),))
    (finding,) = CHECKS["OL008"].run(Case(export, Protocol.load(file), None))
    assert finding.grade is Grade.MINOR
