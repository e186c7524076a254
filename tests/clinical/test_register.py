"""The register: what it reads, and that nothing misspelt or impossible gets in."""

import json

import pytest

from oligort.clinical.answer import Answer
from oligort.clinical.register import (
    Arm,
    LesionKind,
    PlanKind,
    Register,
    Therapy,
)
from oligort.errors import RegisterError
from oligort.lesions.vocabulary import Organ, Role

WHOLE = """
schema_version = 1
subject = "DEMO-01"
site = "S1"
arm = "local_therapy"
plan_kind = "screening"

[patient]
age_years = 61
ecog = 1

[disease]
oesophageal_squamous_cell_carcinoma = "yes"
polymetastatic_before = "no"
oligometastatic_before = "no"
primary_diagnosis_date = "2026-03-02"
oligometastasis_date = 2026-03-20
under_systemic_therapy = "no"
any_lesion_progressive = "no"

[history]
disseminated_metastases = "no"
perforation_or_haemorrhage = "no"
progression_after_pd1 = "no"
in_field_recurrence = "no"
intolerance_of_chemotherapy_or_immunotherapy = "no"

[anatomy]
pneumonectomy = "no"
gtv_absent = "no"

[[lesions]]
id = "P"
kind = "primary"
organ = "Esophagus"
roi_names = ["GTVp"]
therapy = "radiotherapy"

[[lesions]]
id = "L1"
kind = "distant"
organ = "Lungs"
station = ""
roi_names = ["GTVm01_Lung_L", "GTVm01 boost"]
therapy = "none"
no_therapy_reason = "declined"
pathology = "yes"
size_mm = 14.5
size_method = "CT"
size_date = "2026-03"
"""


def is_changed(number, text):
    """Say whether a line is not that of the whole register."""
    return text != WHOLE.splitlines()[number - 1]


def written(folder, text, name="PT-017.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_register_is_read(tmp_path):
    register = Register.load(written(tmp_path, WHOLE))
    assert (register.subject, register.site) == ("DEMO-01", "S1")
    assert (register.arm, register.plan_kind) == (Arm.LOCAL_THERAPY, PlanKind.SCREENING)
    assert (register.patient.age_years, register.patient.ecog) == (61, 1)
    assert register.disease.polymetastatic_before is Answer.NO
    assert register.disease.oligometastasis_date == "2026-03-20"
    lesion = register.lesions[1]
    assert (lesion.kind, lesion.organ, lesion.therapy) == (
        LesionKind.DISTANT, Organ.LUNGS, Therapy.NONE,
    )  # fmt: skip
    assert (lesion.size_mm, lesion.pathology) == (14.5, Answer.YES)
    assert lesion.size_date is not None
    assert lesion.size_date.latest.isoformat() == "2026-03-31"
    assert register.lesion_of_roi("GTVm01 boost") is lesion
    assert register.lesion_of_roi("GTVm02") is None
    assert register.lesions_of(LesionKind.DISTANT) == (lesion,)
    assert [one.role for one in register.lesions] == [Role.GTV_PRIMARY, Role.GTV_METASTASIS]


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("primary", Role.GTV_PRIMARY),
        ("regional_node", Role.GTV_NODE),
        ("distant", Role.GTV_METASTASIS),
        (None, Role.GTV),
    ],
)
def test_the_kind_of_a_lesion_gives_its_role(kind, role):
    lesion = {"id": "L1", "kind": kind}
    register = Register.from_dict({"schema_version": 1, "subject": "T", "lesions": [lesion]})
    assert register.lesions[0].role is role


def test_json_says_the_same_as_toml(tmp_path):
    table = {
        "schema_version": 1,
        "subject": "DEMO-01",
        "disease": {"polymetastatic_before": "no", "primary_diagnosis_date": "2026"},
        "lesions": [{"id": "L1", "organ": None, "size_mm": 3}],
    }
    toml = """
        schema_version = 1
        subject = "DEMO-01"
        disease = { polymetastatic_before = "no", primary_diagnosis_date = "2026" }
        lesions = [{ id = "L1", size_mm = 3 }]
    """
    assert Register.load(written(tmp_path, json.dumps(table), "a.JSON")) == Register.load(
        written(tmp_path, toml)
    )


def test_what_is_not_said_is_unknown():
    register = Register.from_dict({"schema_version": 1, "subject": "T", "lesions": [{"id": "L"}]})
    assert register.arm is register.plan_kind is register.patient.ecog is None
    answers = [
        getattr(table, name)
        for table in (register.disease, register.history, register.anatomy)
        for name in table.__struct_fields__
        if not name.endswith("_date")
    ]
    assert len(answers) == 12
    assert set(answers) == {Answer.UNKNOWN}
    (lesion,) = register.lesions
    assert (lesion.kind, lesion.organ, lesion.size_mm) == (None, None, None)
    assert (lesion.therapy, lesion.pathology, lesion.role) == (
        Therapy.UNKNOWN, Answer.UNKNOWN, Role.GTV,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "path", "word"),
    [
        ("subject =", "subjekt =", "", "subject"),
        ("schema_version =", "schema_versoin =", "", "schema_version"),
        ("plan_kind =", "plankind =", "", "plan_kind"),
        ("[patient]", "[pateint]", "", "patient"),
        ("age_years =", "age_year =", "patient", "age_years"),
        ("age_years =", "age =", "patient", "age_years"),
        ("\necog =", "\nECOG =", "patient", "ecog"),
        ("\necog =", "\necog_status =", "patient", "ecog"),
        ("size_mm =", "size =", "lesions[entry 2]", "size_mm"),
        ("oesophageal_s", "esophageal_s", "disease", "oesophageal_squamous_cell_carcinoma"),
        ("progression_after_pd1", "progression_after_pdl1", "history", "progression_after_pd1"),
        ("gtv_absent", "gtv_abscent", "anatomy", "gtv_absent"),
        ("[[lesions]]", "[[lesion]]", "", "lesions"),
        ("roi_names =", "roi_name =", "lesions[entry 1]", "roi_names"),
        ("size_mm =", "size_cm =", "lesions[entry 2]", "size_mm"),
        ('"local_therapy"', '"local_terapy"', "arm", "local_therapy"),
        ('"screening"', '"Screening"', "plan_kind", "screening"),
        ('polymetastatic_before = "no"', 'polymetastatic_before = "noo"',
         "disease.polymetastatic_before", "no"),
        ('pneumonectomy = "no"', 'pneumonectomy = "YES"', "anatomy.pneumonectomy", "yes"),
        ('"distant"', '"distnat"', "lesions[entry 2].kind", "distant"),
        ('"Lungs"', '"Lung"', "lesions[entry 2].organ", "Lungs"),
        ('"radiotherapy"', '"radio-therapy"', "lesions[entry 1].therapy", "radiotherapy"),
        ('pathology = "yes"', 'pathology = "yess"', "lesions[entry 2].pathology", "yes"),
    ],
)  # fmt: skip
def test_each_misspelling_names_file_keys_and_nearest_word(tmp_path, right, wrong, path, word):
    assert right in WHOLE
    file = written(tmp_path, WHOLE.replace(right, wrong))
    with pytest.raises(RegisterError) as refusal:
        Register.load(file)
    message = str(refusal.value)
    assert message.startswith(f"{file}: {path + ': ' if path else ''}expected ")
    assert f'did you mean "{word}"?' in message
    changed = enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    line = next(number for number, text in changed if is_changed(number, text))
    assert message.endswith(f" (line {line})")


AS_LENGTH = "size_mm: expected a number of at least 1 and below 500"


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version: expected 1, found 2"),
        ("schema_version = 1", "", 'expected the key "schema_version", which is missing'),
        ('subject = "DEMO-01"', "", 'expected the key "subject", which is missing'),
        ('subject = "DEMO-01"', 'subject = ""', "subject: expected one line of text"),
        ('subject = "DEMO-01"', 'subject = " "', "subject: expected one line of text"),
        ('subject = "DEMO-01"', 'subject = "a\\nb"', "subject: expected one line of text"),
        ('subject = "DEMO-01"', 'subject = "a\\n"', "subject: expected one line of text"),
        ('subject = "DEMO-01"', "subject = 20601", "subject: expected one line of text"),
        ("age_years = 61", "age_years = 131",
         "patient.age_years: expected a whole number of at least 0 and of at most 130, found 131"),
        ("age_years = 61", "age_years = -1", "patient.age_years"),
        ("age_years = 61", "age_years = 61.5", "patient.age_years: expected a whole number"),
        ("age_years = 61", "age_years = true", "patient.age_years: expected a whole number"),
        ("age_years = 61", 'age_years = "61"', "found text of 2 characters"),
        ("ecog = 1", "ecog = 6", "patient.ecog: expected a whole number"),
        ("ecog = 1", "ecog = -1", "patient.ecog: expected a whole number"),
        ('gtv_absent = "no"', "gtv_absent = false",
         'anatomy.gtv_absent: expected "yes" or "no" or "unknown", found false'),
        ("size_mm = 14.5", "size_mm = 0", AS_LENGTH),
        ("size_mm = 14.5", "size_mm = 0.0001", f"{AS_LENGTH}, found 0.0001"),
        ("size_mm = 14.5", "size_mm = 500", AS_LENGTH),
        ("size_mm = 14.5", "size_mm = nan", AS_LENGTH),
        ("size_mm = 14.5", "size_mm = inf", AS_LENGTH),
        ("size_mm = 14.5", "size_mm = -3", AS_LENGTH),
        ('"2026-03-02"', '"2026-02-30"',
         'disease.primary_diagnosis_date: expected a day of the calendar, found "2026-02-30"'),
        ('"2026-03-02"', "2026", "disease.primary_diagnosis_date: expected a date in quotes"),
        ("2026-03-20\n", "2026-03-20T08:00:00\n", "disease.oligometastasis_date: expected a date"),
        ('size_date = "2026-03"', 'size_date = "03/2026"', "lesions[entry 2].size_date"),
        ('id = "L1"', 'id = "P"', 'expected each lesion id once, found more often: "P"'),
        ('["GTVp"]', '["GTVm01 boost"]',
         'expected each ROI in one lesion only, found in two: "GTVm01 boost"'),
        ('["GTVp"]', '["GTVp", "GTVp"]',
         'lesions[entry 1].roi_names: expected each ROI once in roi_names, found twice: "GTVp"'),
        ('["GTVp"]', '[""]', "lesions[entry 1].roi_names[entry 1]: expected one line of text"),
        ('["GTVp"]', '"GTVp"', "lesions[entry 1].roi_names: expected a list, found text"),
        ('kind = "distant"', 'kind = "regional_node"',
         'lesions[entry 2].organ: expected organ = "LymphNodes" beside kind = "regional_node", '
         'found "Lungs"'),
        ("size_mm = 14.5", "size_mm = 14.5\nshort_axis_mm = 15",
         "lesions[entry 2].short_axis_mm: expected short_axis_mm <= size_mm <= maximum_3d_mm, "
         "found 15, 14.5"),
        ('therapy = "none"', 'therapy = "surgery"',
         'lesions[entry 2].no_therapy_reason: expected no_therapy_reason only beside '
         'therapy = "none"'),
        ("[patient]\nage_years = 61\necog = 1", "patient = 61",
         "patient: expected a table, found 61"),
        ('id = "P"', 'name = "SECRET"', 'lesions[entry 1]: expected one of its keys'),
    ],
)  # fmt: skip
def test_impossible_values_are_refused_with_a_sentence(tmp_path, right, wrong, sentence):
    assert right in WHOLE
    with pytest.raises(RegisterError) as refusal:
        Register.load(written(tmp_path, WHOLE.replace(right, wrong)))
    assert sentence in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


@pytest.mark.parametrize("value", ["size_mm = 499.9", "size_mm = 1"])
def test_the_ends_of_a_range_are_possible(tmp_path, value):
    assert Register.load(written(tmp_path, WHOLE.replace("size_mm = 14.5", value)))


@pytest.mark.parametrize("therapy", ["none", "unknown"])
def test_a_reason_may_stand_beside_no_therapy(tmp_path, therapy):
    text = WHOLE.replace('therapy = "none"', f'therapy = "{therapy}"')
    assert Register.load(written(tmp_path, text)).lesions[1].no_therapy_reason == "declined"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("r.toml", b"subject =", "expected TOML text in UTF-8, found a fault"),
        ("r.toml", b"a = 1\na = 2\n", "expected TOML text"),
        ("r.toml", b'subject = "\xff"', "expected TOML text in UTF-8"),
        ("r.toml", b"a = " + b"[" * 5000, "expected TOML text"),
        ("r.json", b'{"subject": "A", "subject": "B"}', 'keys that stand twice: "subject"'),
        ("r.json", b'{"size_mm": NaN}', "NaN is not a number"),
        ("r.json", b"[1]", "expected a table of keys, found a list"),
        ("r.json", b"[" * 100_000, "expected JSON text"),
        ("r.json", b"", "expected JSON text"),
        ("r.csv", b"SUBJID", "oligort register convert makes registers of tables"),
        ("r.yaml", b"subject: A", "expected a file that ends in .toml or .json"),
        ("r.toml", None, "cannot be read: No such file"),
    ],
)
def test_files_that_are_no_register_are_named(tmp_path, name, content, sentence):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RegisterError) as refusal:
        Register.load(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert sentence in str(refusal.value)


def test_a_folder_is_no_register(tmp_path):
    with pytest.raises(RegisterError, match="cannot be read"):
        Register.load(tmp_path)


def test_a_byte_order_mark_is_harmless(tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert Register.load(path).subject == "DEMO-01"


def test_hostile_text_is_shown_harmlessly(tmp_path):
    text = WHOLE.replace('"local_therapy"', '"\\u001b[31mred"')
    with pytest.raises(RegisterError) as refusal:
        Register.load(written(tmp_path, text))
    assert "\x1b" not in str(refusal.value)
    assert '"?[31mred"' in str(refusal.value)


def test_a_register_cannot_be_changed():
    register = Register.from_dict({"schema_version": 1, "subject": "T"})
    with pytest.raises(AttributeError):
        register.subject = "U"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[lesions]]\nid="a"\n[[lesions]]\nkind="distant"\nid="a"\n',
         'lesions[entry 2].id: expected each lesion id once, found more often: "a" (line 7)'),
        ('[[lesions]]\nid="a"\nroi_names=["G"]\n[[lesions]]\nid="b"\nroi_names=["G"]\n',
         'lesions[entry 2].roi_names: expected each ROI in one lesion only, found in two: "G" '
         '(line 8)'),
        ('[[lesions]]\nid="a"\norgan="Bone"\nkind="regional_node"\n', "lesions[entry 1].organ: "),
        ('[[lesions]]\nid="a"\nsize_mm=20\nshort_axis_mm=30\n', "30, 20 (line 6)"),
        ('[[lesions]]\nid="a"\nsize_mm=20\nmaximum_3d_mm=10\n', "20, 10 (line 6)"),
        ('site="S"\ncourses=["a", "a"]\n', '"a" (line 4)'),
        ('screening_plans=["a"]\ndelivered_plans=["a"]\n', '"a" (line 4)'),
    ],
)  # fmt: skip
def test_a_contradiction_of_several_keys_is_told_with_its_line(tmp_path, text, told):
    file = tmp_path / "PT.toml"
    file.write_text('schema_version=1\nsubject="S"\n' + text, encoding="utf-8")
    with pytest.raises(RegisterError) as refusal:
        Register.load(file)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "written", "meant"),
    [
        ("kind", "metastasis", "distant"),
        ("kind", "Met", "distant"),
        ("therapy", "RT", "radiotherapy"),
        ("therapy", "radiation", "radiotherapy"),
        ("therapy", "EBRT", "radiotherapy"),
        ("therapy", "no therapy", "none"),
        ("therapy", "No_Therapy", "none"),
        ("organ", "Spine", "Bone"),
        ("organ", "Rib", "Bone"),
        ("organ", "LN", "LymphNodes"),
        ("organ", "lymph node", "LymphNodes"),
        ("therapy", "resection", "surgery"),
        ("therapy", "RFA", "ablation"),
    ],
)
def test_what_people_write_for_a_word_is_answered_with_the_word(key, written, meant):
    table = {"schema_version": 1, "subject": "S", "lesions": [{"id": "a", key: written}]}
    with pytest.raises(RegisterError, match=f'did you mean "{meant}"'):
        Register.from_dict(table)


@pytest.mark.parametrize("written", ["chemotherapy", "Immunotherapy", "systemic therapy"])
def test_what_is_no_local_therapy_is_answered_with_no_word(written):
    table = {"schema_version": 1, "subject": "S", "lesions": [{"id": "a", "therapy": written}]}
    with pytest.raises(RegisterError) as refusal:
        Register.from_dict(table)
    assert "did you mean" not in str(refusal.value)


def test_null_is_no_word_and_is_offered_none():
    for key in ("therapy", "pathology"):
        lesion = {"id": "L1", key: None}
        with pytest.raises(RegisterError, match="found null") as refusal:
            Register.from_dict({"schema_version": 1, "subject": "S", "lesions": [lesion]})
        assert "did you mean" not in str(refusal.value)
    with pytest.raises(RegisterError, match=r"schema_version: expected 1, found true"):
        Register.from_dict({"schema_version": True, "subject": "S"})
