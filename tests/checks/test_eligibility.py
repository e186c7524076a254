"""What the register answers: each criterion broken, and each left open, by one value."""

from pathlib import Path

import pytest

import oligort.protocol
from oligort.finding import Flag, Grade
from oligort.protocol.model import Protocol
from oligort.submission import Submission

SHIPPED = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"


def altered(table, path, value):
    """Set a dotted key of the register, or remove it where the value is None."""
    *tables, key = path.split(".")
    for name in tables:
        table = table[name]
    if value is None:
        del table[key]
    else:
        table[key] = value


def protocol_with(tmp_path, table, old, new):
    """Return the shipped protocol with one line of one table replaced."""
    head, found, tail = SHIPPED.read_text(encoding="utf-8").partition(f"[{table}]\n")
    assert found
    assert old in tail
    file = tmp_path / "altered.toml"
    file.write_text(head + found + tail.replace(old, new, 1), encoding="utf-8")
    return Protocol.load(file)


BROKEN = [
    ("OL101", "I1", "patient.age_years", 17),
    ("OL102", "I2", "patient.ecog", 2),
    ("OL103", "I3", "disease.oesophageal_squamous_cell_carcinoma", "no"),
    ("OL104", "I4", "disease.polymetastatic_before", "yes"),
    ("OL111", "X1", "history.disseminated_metastases", "yes"),
    ("OL111", "X1", "disease.polymetastatic_before", "yes"),
    ("OL112", "X2", "history.perforation_or_haemorrhage", "yes"),
    ("OL113", "X3", "history.progression_after_pd1", "yes"),
    ("OL114", "X4", "history.in_field_recurrence", "yes"),
    ("OL115", "X5", "history.intolerance_of_chemotherapy_or_immunotherapy", "yes"),
]

CODES = sorted({code for code, *_ in BROKEN} | {"OL105"})


@pytest.mark.parametrize("code", CODES)
def test_the_register_as_it_is_passes(code, register_table, findings_of):
    findings = findings_of(code, Submission(), register_table)
    assert {finding.grade for finding in findings} == {Grade.PASS}
    assert all(finding.criterion and finding.source.document for finding in findings)


@pytest.mark.parametrize(("code", "criterion", "path", "value"), BROKEN)
def test_one_answer_breaks_its_criterion(code, criterion, path, value, register_table, findings_of):
    altered(register_table, path, value)
    findings = findings_of(code, Submission(), register_table)
    assert Grade.MAJOR in {finding.grade for finding in findings}
    assert {finding.criterion for finding in findings} == {criterion}
    for finding in findings:
        assert ("ask the trial office" in finding.hint) is (finding.grade is Grade.MAJOR)


@pytest.mark.parametrize(
    ("code", "criterion", "path", "missing"),
    [(code, criterion, path, None) for code, criterion, path, _ in BROKEN]
    + [(*entry, "unknown") for *entry, value in BROKEN if isinstance(value, str)],
)
def test_an_open_answer_is_never_a_pass(
    code, criterion, path, missing, register_table, findings_of
):
    altered(register_table, path, missing)
    findings = findings_of(code, Submission(), register_table)
    open_ones = [finding for finding in findings if finding.grade is Grade.NOT_EVALUABLE]
    assert [finding.criterion for finding in open_ones] == [criterion]
    if code != "OL111":  # its other half is answered and may pass
        assert len(findings) == 1


@pytest.mark.parametrize("code", CODES)
def test_without_a_register_nothing_passes(code, findings_of):
    (finding,) = findings_of(code, Submission(), None)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert finding.criterion


@pytest.mark.parametrize(
    ("path", "value", "code"), [("patient.age_years", 18, "OL101"), ("patient.ecog", 0, "OL102")]
)
def test_the_limit_itself_is_allowed(path, value, code, register_table, findings_of):
    altered(register_table, path, value)
    (finding,) = findings_of(code, Submission(), register_table)
    assert finding.grade is Grade.PASS


@pytest.mark.parametrize(
    ("table", "old", "new", "code"),
    [
        ("criteria.age", "limit = 18", "limit = 62", "OL101"),
        ("criteria.ecog", "limit = 1", "limit = 0", "OL102"),
        ("criteria.pathological_metastases", "limit = 1", "limit = 2", "OL105"),
        ("criteria.genuine_oligometastatic_disease", '"yes"', '"no"', "OL104"),
        ("criteria.oesophageal_squamous_cell_carcinoma", '"yes"', '"no"', "OL103"),
        ("criteria.perforation_or_haemorrhage", 'required = "no"', 'required = "yes"', "OL112"),
    ],
)
def test_the_protocol_decides_and_not_the_code(
    table, old, new, code, register_table, findings_of, tmp_path
):
    protocol = protocol_with(tmp_path, table, old, new)
    (finding,) = findings_of(code, Submission(), register_table, protocol=protocol)
    assert finding.grade is Grade.MAJOR
    assert finding.evidence


def test_the_grade_of_a_broken_criterion_is_the_protocols(register_table, findings_of, tmp_path):
    altered(register_table, "patient.ecog", 2)
    minor = protocol_with(tmp_path, "criteria.ecog", 'grade = "MAJOR"', 'grade = "MINOR"')
    (finding,) = findings_of("OL102", Submission(), register_table, protocol=minor)
    assert finding.grade is Grade.MINOR


def test_the_months_of_synchronous_disease_stand_in_the_protocol(
    register_table, findings_of, tmp_path
):
    register_table["disease"]["oligometastasis_date"] = "2026-09-02"
    (finding,) = findings_of("OL104", Submission(), register_table)
    assert "synchronous" in finding.message
    fewer = protocol_with(tmp_path, "criteria.synchronous_months", "limit = 6", "limit = 5")
    (finding,) = findings_of("OL104", Submission(), register_table, protocol=fewer)
    assert "metachronous oligorecurrence" in finding.message


def test_the_age_of_the_files_answers_only_where_the_register_does_not(register_table, findings_of):
    (finding,) = findings_of("OL101", Submission(patient_age_years=70), register_table)
    assert (finding.grade, finding.evidence[0].measured) == (Grade.PASS, 61)
    altered(register_table, "patient.age_years", None)
    (finding,) = findings_of("OL101", Submission(patient_age_years=17), register_table)
    assert finding.grade is Grade.MAJOR
    assert "DICOM" in finding.message


def test_a_biopsied_primary_or_regional_node_proves_no_metastasis(register_table, findings_of):
    register_table["lesions"][0]["pathology"] = "no"
    for kind, organ in (("primary", "Esophagus"), ("regional_node", "LymphNodes")):
        lesion = {"id": kind, "kind": kind, "organ": organ, "pathology": "yes"}
        register_table["lesions"].append(lesion)
    (finding,) = findings_of("OL105", Submission(), register_table)
    assert (finding.grade, finding.criterion) == (Grade.MAJOR, "I5")


@pytest.mark.parametrize("pathology", [None, "unknown"])
def test_unknown_pathology_is_open(pathology, register_table, findings_of):
    altered(register_table["lesions"][0], "pathology", pathology)
    (finding,) = findings_of("OL105", Submission(), register_table)
    assert (finding.grade, finding.criterion) == (Grade.NOT_EVALUABLE, "I5")


def test_a_proven_lesion_of_unknown_kind_may_be_the_metastasis(register_table, findings_of):
    register_table["lesions"] = [{"id": "L1", "pathology": "yes"}]
    (finding,) = findings_of("OL105", Submission(), register_table)
    assert finding.grade is Grade.NOT_EVALUABLE


def test_one_half_of_x1_excludes_though_the_other_is_open(register_table, findings_of):
    register_table["history"]["disseminated_metastases"] = "yes"
    register_table["disease"]["polymetastatic_before"] = "unknown"
    grades = {f.grade for f in findings_of("OL111", Submission(), register_table)}
    assert grades == {Grade.MAJOR, Grade.NOT_EVALUABLE}


@pytest.mark.parametrize(
    ("years", "in_files", "grade", "flags"),
    [
        (18, 17, Grade.PASS, (Flag.QUERY,)),
        (17, 18, Grade.MAJOR, (Flag.QUERY,)),
        (60, 61, Grade.PASS, ()),
        (60, 62, Grade.PASS, (Flag.QUERY,)),
        (18, 15, Grade.NOT_EVALUABLE, ()),
        (16, 19, Grade.NOT_EVALUABLE, ()),
    ],
)
def test_ages_that_differ_are_a_query(years, in_files, grade, flags, register_table, findings_of):
    altered(register_table, "patient.age_years", years)
    (finding,) = findings_of("OL101", Submission(patient_age_years=in_files), register_table)
    assert (finding.grade, finding.flags) == (grade, flags)


@pytest.mark.parametrize(
    ("youngest", "oldest", "grade", "flags"),
    [
        (61, 62, Grade.PASS, ()),
        (60, 63, Grade.PASS, (Flag.QUERY,)),
        (16, 61, Grade.NOT_EVALUABLE, ()),
        (17, 18, Grade.NOT_EVALUABLE, ()),
    ],
)
def test_ages_of_files_that_contradict_each_other_pass_nobody(
    youngest, oldest, grade, flags, register_table, findings_of
):
    altered(register_table, "patient.age_years", None)
    submission = Submission(patient_age_years=youngest, oldest_age_years=oldest)
    (finding,) = findings_of("OL101", submission, register_table)
    assert (finding.grade, finding.flags) == (grade, flags)


@pytest.mark.parametrize(
    ("primary", "metastasis", "is_query"),
    [("2026-03-02", "2021-03-20", True), ("2026", "2026-01", False), ("2026-03", "2026-02", True)],
)
def test_a_metastasis_found_before_the_primary_is_a_query(
    primary, metastasis, is_query, register_table, findings_of
):
    altered(register_table, "disease.primary_diagnosis_date", primary)
    altered(register_table, "disease.oligometastasis_date", metastasis)
    (finding,) = findings_of("OL104", Submission(), register_table)
    assert (finding.grade, bool(finding.flags)) == (Grade.PASS, is_query)
    assert ("lies before primary_diagnosis_date" in finding.message) is is_query


def test_one_age_in_all_files_is_told_once(findings_of):
    (finding,) = findings_of("OL101", Submission(patient_age_years=17, oldest_age_years=17))
    assert finding.message == "17 years (Patient's Age in the DICOM files)"
