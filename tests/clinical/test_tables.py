"""Registers from CSV tables: what a form exports, and every way in which it can be wrong."""

import csv
import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.clinical.column_map import ColumnMap
from oligort.clinical.register import Register
from oligort.clinical.tables import registers_of, write_registers
from oligort.errors import OutputError, RegisterError

MAP = """
schema_version = 1
[patients]
date_format = "DD-MMM-YYYY"
ignored = ["INITIALS"]
columns.subject = "SUBJID"
columns.arm = "ARM"
columns.patient.ecog = "ECOG"
columns.disease.polymetastatic_before = "POLY"
columns.disease.primary_diagnosis_date = "DX"
words = { "1" = "yes", "0" = "no" }
values.arm = { "1" = "local_therapy", "2" = "no_local_therapy" }
[lesions]
units.size_mm = "cm"
separators.roi_names = "|"
ignored = ["*"]
columns = { subject = "SUBJID", id = "NO", kind = "KIND", roi_names = "ROIS", size_mm = "SIZE" }
"""
PATIENTS = """\
SUBJID,ARM,ECOG,POLY,DX,INITIALS
P1,1,1,0,05-MAR-2024,SECRET
P2,,,1,UN-MAR-2024,SECRET
"""
LESIONS = """\
SUBJID,NO,KIND,ROIS,SIZE,NOTE
P1,L1,distant,GTVm01|GTVm01 boost,1.45,"SECRET, said
on two lines"
P1,L2,Primary,,,
P2,L1,distant,GTV;1,5.01,
"""


@pytest.fixture
def files(tmp_path):
    """Write the three files, as they are or altered, and return what they make."""

    def read(patients=PATIENTS, lesions=LESIONS, columns=MAP, encoding="utf-8"):
        for name, text in (("p.csv", patients), ("l.csv", lesions)):
            content = text.encode(encoding) if isinstance(text, str) else text
            (tmp_path / name).write_bytes(content)
        (tmp_path / "c.toml").write_text(columns, encoding="utf-8")
        return registers_of(tmp_path / "p.csv", tmp_path / "l.csv", tmp_path / "c.toml")

    return read


def test_both_tables_make_a_register_for_each_subject(files):
    found = files()
    assert list(found) == ["P1", "P2"]
    assert found["P1"] == Register.from_dict(
        {
            "schema_version": 1,
            "subject": "P1",
            "arm": "local_therapy",
            "patient": {"ecog": 1},
            "disease": {"polymetastatic_before": "no", "primary_diagnosis_date": "2024-03-05"},
            "lesions": [
                {
                    "id": "L1",
                    "kind": "distant",
                    "roi_names": ["GTVm01", "GTVm01 boost"],
                    "size_mm": 14.5,
                },
                {"id": "L2", "kind": "primary"},
            ],
        }
    )
    second = found["P2"]
    assert (second.arm, second.patient.ecog) == (None, None)
    assert second.disease.primary_diagnosis_date == "2024-03"
    # 5.01 cm are 50.1 mm, in decimals: no rounding brings it to the limit.
    assert second.lesions[0].size_mm == 50.1
    assert second.lesions[0].roi_names == ("GTV;1",)


def test_nothing_of_other_columns_is_kept(files):
    assert "SECRET" not in "".join(register.to_json() for register in files().values())


def test_a_register_can_be_written_and_read_again(files, tmp_path):
    registers = files()
    written = write_registers(registers, tmp_path / "out")
    assert [path.name for path in written] == ["P1.json", "P2.json"]
    assert [Register.load(path) for path in written] == list(registers.values())
    assert write_registers(registers, tmp_path / "out") == written
    written[0].write_text(written[0].read_text().replace('"ecog": 1', '"ecog": 0'))
    with pytest.raises(OutputError, match="never overwritten"):
        write_registers(registers, tmp_path / "out")
    twins = dict.fromkeys(("a/b", "A_B"), registers["P1"])
    with pytest.raises(OutputError, match="found two for one"):
        write_registers(twins, tmp_path / "more")
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_the_delimiter_is_found(files, sign):
    def with_sign(text):
        text = text.replace('"SECRET, said\non two lines"', "x").replace("GTV;1", "GTV 1")
        return text.replace("|", "/").replace(",", sign)

    columns = MAP.replace('"|"', '"/"')
    assert files(with_sign(PATIENTS), with_sign(LESIONS), columns)["P1"].lesions[0].size_mm == 14.5


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbf" + PATIENTS.encode(),
        PATIENTS.encode("utf-16"),
        PATIENTS.replace("\n", "\r\n").encode(),
        PATIENTS.replace("\n", "\r").encode(),
        (PATIENTS + "\n,,,,,\n").encode(),
        PATIENTS.replace("P1,1,1", '"P1","1"," 1 "').encode(),
    ],
)
def test_what_spreadsheets_write_is_read_alike(files, encoded):
    assert files(encoded)["P1"] == files()["P1"]


def test_an_encoding_is_named_and_not_guessed(files):
    chinese = LESIONS.replace("GTVm01|", "肝 1|")
    with pytest.raises(RegisterError, match="expected text in UTF-8, found other bytes"):
        files(lesions=chinese.encode("gb18030"))
    columns = MAP.replace("schema_version = 1", 'schema_version = 1\nencoding = "gb18030"')
    found = files(PATIENTS, chinese, columns, "gb18030")
    assert found["P1"].lesions[0].roi_names[0] == "肝 1"


def test_a_decimal_comma_is_named_and_not_guessed(files):
    lesions = LESIONS.replace("1.45", '"1,45"')
    with pytest.raises(RegisterError, match=r'line 2, column "SIZE" \(size_mm\): .* mark "\."'):
        files(lesions=lesions)
    columns = MAP.replace("schema_version = 1", 'schema_version = 1\ndecimal_mark = ","')
    found = files(lesions=lesions.replace("5.01", '"5,01"'), columns=columns)
    assert found["P1"].lesions[0].size_mm == 14.5


@pytest.mark.parametrize(
    ("table", "old", "new", "sentence"),
    [
        ("p", PATIENTS, PATIENTS.splitlines()[0], "expected a row for each patient, found none"),
        ("p", PATIENTS, "", 'expected the column "SUBJID" of the column map, found none'),
        ("p", "P1,1,1", "P1,1,7", 'p.csv, line 2, column "ECOG" (patient.ecog): expected a whole'),
        ("p", "P1,1,1", "P1,1,1.5", "expected a whole number of at least 0 and of at most 5"),
        ("p", "P1,1,1", "P1,1,one", 'with the decimal mark ".", found text of 3 characters'),
        ("p", "P1,1,1,0", "P1,1,1,2",
         'column "POLY" (disease.polymetastatic_before): expected "yes" or "no" or "unknown", '
         'found "2"; say in values'),
        ("p", "P1,1,", "P1,3,", 'column "ARM" (arm): expected "local_therapy" or "no_local_the'),
        ("p", "P1,1,", "P1,local_terapy,", 'did you mean "local_therapy"?'),
        ("p", "05-MAR-2024", "2024-03-05", "expected a date as DD-MMM-YYYY, found text of 10"),
        ("p", "05-MAR-2024", "31-FEB-2024", "expected a day of the calendar"),
        ("p", "05-MAR-2024", "05-UNK-2024", "of which the year, year and month, or all is known"),
        ("p", "05-MAR-2024", "05-MAR-24", "expected a date as DD-MMM-YYYY"),
        ("p", "05-MAR-2024", "05/MAR/2024", "expected a date as DD-MMM-YYYY"),
        ("p", "P2,", "P1,", 'line 3, column "SUBJID" (subject): expected each subject in one row, '
         'found "P1" again, as in line 2'),
        ("p", "P2,", ",", 'line 3, column "SUBJID" (subject): expected text, found an empty cell'),
        ("p", "ECOG", "ECGO", 'line 1: expected the column "ECOG" of the column map, found none; '
         'did you mean "ECGO"?'),
        ("p", "INITIALS", "REMARKS", "expected only columns that the column map names or ignores"),
        ("p", "INITIALS", "ECOG", 'expected each column once, found twice: "ECOG"'),
        ("p", ",SECRET\nP2", "\nP2", "line 2: expected 6 cells, as in the first line, found 5"),
        ("p", ",SECRET\nP2", ",SECRET,more\nP2", "expected 6 cells, as in the first line, found 7"),
        ("p", "P1,1", '"P1,1', "expected cells with their quotes closed"),
        ("p", "P1,1", "P\x001,1", "found a NUL character"),
        ("l", "P2,L1", "P9,L1", 'l.csv, line 5, column "SUBJID" (subject): expected a subject of '
         '"p.csv", found "P9"'),
        ("l", "P1,L2", "P1,L1", 'line 4, column "NO" (id): expected each lesion of a subject in '
         'one row, found "L1" again, as in line 2'),
        ("l", "P1,L2", "P1,", "expected text, found an empty cell"),
        ("l", "5.01", "0", "expected a number of at least 1 and below 500, found 0"),
        ("l", "5.01", "51", "expected a number of at least 1 and below 500, found 510"),
        ("l", "5.01", "5.01 cm", "found text of 7 characters"),
        ("l", "5.01", "NaN", "found text of 3 characters"),
        ("l", "5.01", "-5", "expected a number of at least 1"),
        ("l", "GTV;1", "GTVm01|GTVm01", 'l.csv, line 5, column "ROIS" (roi_names): '
         'expected each ROI once in roi_names, found twice: "GTVm01"'),
        ("l", "Primary,", "Primary,GTVm01", 'l.csv, line 4, column "ROIS" (roi_names): '
         'expected each ROI in one lesion only, found "GTVm01" again, as in line 2'),
        ("l", "Primary", "primry", 'line 4, column "KIND" (kind): expected "primary" or'),
        ("l", "SIZE", "SIZE_CM", 'did you mean "SIZE_CM"?'),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_told_with_its_line(files, table, old, new, sentence):
    text = {"p": PATIENTS, "l": LESIONS}[table]
    assert old in text
    altered = {{"p": "patients", "l": "lesions"}[table]: text.replace(old, new, 1)}
    with pytest.raises(RegisterError) as refusal:
        files(**altered)
    assert sentence in str(refusal.value)
    assert "SECRET" not in str(refusal.value)


WIDE_MAP = """
schema_version = 1
[patients]
columns = { subject = "SUBJID", courses = "C", screening_plans = "S", delivered_plans = "D" }
separators = { courses = "|" }
[lesions]
units = { short_axis_mm = "mm", size_mm = "mm", maximum_3d_mm = "mm" }
[lesions.columns]
subject = "SUBJID"
id = "NO"
kind = "KIND"
organ = "ORGAN"
therapy = "THERAPY"
no_therapy_reason = "WHY"
short_axis_mm = "SHORT"
size_mm = "LONG"
maximum_3d_mm = "IN3D"
"""
TWICE_MAP = """
schema_version = 1
[patients]
columns = { subject = "S", "patient.ecog" = "ECOG", patient = { ecog = "ECOG2" } }
[lesions]
columns = { subject = "S", id = "NO" }
"""


def test_a_key_of_the_map_that_stands_twice_is_refused(files):
    told = 'patients.columns: expected each key once, found twice: "patient.ecog"'
    with pytest.raises(RegisterError, match=re.escape(told)):
        files("S,ECOG,ECOG2\nA,3,1\n", "S,NO\nA,1\n", TWICE_MAP)
    once = TWICE_MAP.replace('"patient.ecog" = "ECOG", ', "")
    values = """
[patients.values]
"patient.ecog.none" = "0"
patient = { ecog = { none = "1" } }
[lesions]
"""
    told = 'patients.values: expected each key once, found twice: "patient.ecog.none"'
    with pytest.raises(RegisterError, match=re.escape(told)):
        files("S,ECOG2\nA,none\n", "S,NO\nA,1\n", once.replace("[lesions]\n", values))


ROIS_MAP = """
schema_version = 1
[patients]
columns = { subject = "SUBJID" }
[lesions]
columns = { subject = "SUBJID", id = "NO", roi_names = "ROIS" }
separators = { roi_names = "|" }
values = { roi_names = { "not drawn" = [] } }
"""


def test_a_cell_may_say_that_nothing_is_drawn_and_an_empty_one_does_not(files):
    rows = "SUBJID,NO,ROIS\nP1,1,a|b\nP1,2,not drawn\nP1,3,\nP1,4,|\n"
    (register,) = files("SUBJID\nP1\n", rows, ROIS_MAP).values()
    assert [one.drawn_as for one in register.lesions] == [("a", "b"), (), None, None]
    assert Register.from_dict(json.loads(register.to_json())) == register
    for word, told in (('["a"]', "a word in quotes, or []"), ("7", "a word in quotes, or []")):
        with pytest.raises(RegisterError, match=re.escape(told)):
            files("SUBJID\nP1\n", rows, ROIS_MAP.replace("[]", word))
    with pytest.raises(RegisterError, match=re.escape("values.id.x: expected a word in quotes")):
        files("SUBJID\nP1\n", rows, ROIS_MAP.replace('roi_names = { "not drawn"', "id = { x"))


PLANS = "SUBJID,C,S,D\nP1,a|b,a,c\n"
WIDE = """\
SUBJID,NO,KIND,ORGAN,THERAPY,WHY,SHORT,LONG,IN3D
P1,L1,regional_node,LymphNodes,none,"declined,
twice",9,10,11
P1,L2,distant,Liver,surgery,,20,30,40
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("node,LymphNodes", "node,Lungs", 'l.csv, line 2, columns "KIND", "ORGAN" (kind, organ): '
         'expected organ = "LymphNodes" beside kind = "regional_node", found "Lungs"'),
        ("surgery,,", "surgery,old,", 'l.csv, line 4, columns "THERAPY", "WHY" (therapy, no_thera'),
        ("20,30,40", "31,30,40", 'line 4, columns "SHORT", "LONG" (short_axis_mm, size_mm): exp'),
        ("20,30,40", "41,,40", 'line 4, columns "SHORT", "IN3D" (short_axis_mm, maximum_3d_mm): '),
        # The line is that of the cell, not of the row: a cell above it holds a line break.
        ("9,10,11", "9,12,11", 'l.csv, line 3, columns "LONG", "IN3D" (size_mm, maximum_3d_mm): '),
        ("surgery,,20,30,40", "surgery,old,31,30,40", 'columns "SHORT", "LONG", "IN3D" (sho'),
        ("a|b,a,c", "a|a,a,c", 'p.csv, line 2, column "C" (courses): expected each course once'),
        ("a|b,a,c", "b,a,a", 'line 2, columns "S", "D" (screening_plans, delivered_plans): expec'),
        ("a|b,a,c", "a|c,a,c", 'columns "C", "S", "D" (courses, screening_plans, delivered_plans)'),
    ],
)  # fmt: skip
def test_cells_that_contradict_each_other_are_told_by_their_own_place(files, old, new, sentence):
    assert files(PLANS, WIDE, WIDE_MAP)
    assert old in PLANS + WIDE
    with pytest.raises(RegisterError) as refusal:
        files(PLANS.replace(old, new), WIDE.replace(old, new), WIDE_MAP)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("columns.patient.ecog", "columns.patient.egoc",
         'patients.columns: expected a key of the register, found "patient.egoc"; did you mean '
         '"patient.ecog"?'),
        ('columns.subject = "SUBJID"', "", 'patients.columns: expected the key "subject"'),
        ('id = "NO", ', "", 'lesions.columns: expected the key "id"'),
        ('units.size_mm = "cm"', "", 'lesions.units: expected the unit of "size_mm", "mm" or "cm"'),
        ('units.size_mm = "cm"', 'units.size_mm = "inch"', 'expected "mm" or "cm", found "inch"'),
        ("units.size_mm", "units.sizes_mm", 'lesions.units: expected the unit of "size_mm"'),
        ('units.size_mm = "cm"', 'units = { size_mm = "cm", organ = "cm" }',
         'lesions.units: expected keys of columns ("size_mm"), found "organ"'),
        ("separators.roi_names", "separators.organ", "lesions.separators: expected keys of col"),
        ('"ECOG"', '"POLY"', 'expected each column for one key, found for two: "POLY"'),
        ('"ECOG"', "3", "patients.columns.patient.ecog: expected the name of a column in quotes"),
        ('ignored = ["INITIALS"]', 'ignored = ["ECOG"]', 'ignored: expected no column that'),
        ("values.arm", "values.armm", 'patients.values: expected keys of columns'),
        ('"DD-MMM-YYYY"', '"D.M.YY"', "patients.date_format: expected"),
        ('words = { "1"', 'words = { "" = "no", "1"', "found it for an empty cell"),
        ('values.arm = { "1"', 'values.arm = { " " = "local_therapy", "1"', "for an empty cell"),
        ("ignored", "ignore", 'did you mean "ignored"? (line 5)'),
        ("schema_version = 1", "schema_version = 1\nencoding = \"utf8\"", 'did you mean "utf-8"?'),
    ],
)  # fmt: skip
def test_a_column_map_that_is_wrong_is_refused(files, old, new, sentence):
    assert old in MAP
    with pytest.raises(RegisterError) as refusal:
        files(columns=MAP.replace(old, new, 1))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "column",
    ["PATIENT_NAME", "Initials", "BirthDate", "DOB", "MRN", "Hospital No", "姓名", "住院号"],
)
def test_a_column_that_says_who_it_is_cannot_be_mapped(files, column):
    with pytest.raises(RegisterError, match="does not say who the patient is"):
        files(columns=MAP.replace('"SUBJID"', f'"{column}"', 1))


@pytest.mark.parametrize(
    "column", ["ROI name", "LESION_NAME", "SITENAME", "METHOD_NAME", "HOSPITAL"]
)
def test_the_name_of_a_thing_says_nobody(files, column):
    lesions = LESIONS.replace("ROIS", column)
    assert files(lesions=lesions, columns=MAP.replace('"ROIS"', f'"{column}"'))


@pytest.mark.parametrize(
    ("written", "cell", "date"),
    [
        ("YYYY-MM-DD", "2024-03-05", "2024-03-05"),
        ("YYYY-MM-DD", "2024-03", "2024-03"),
        ("YYYY-MM-DD", "2024", "2024"),
        ("YYYY/MM/DD", "2024/3/5", "2024-03-05"),
        ("YYYYMMDD", "20240305", "2024-03-05"),
        ("YYYYMMDD", "202403", "2024-03"),
        ("DD/MM/YYYY", "05/03/2024", "2024-03-05"),
        ("MM/DD/YYYY", "05/03/2024", "2024-05-03"),
        ("DD.MM.YYYY", "UN.UN.2024", "2024"),
        ("DD/MM/YYYY", "--/03/2024", "2024-03"),
        ("DD-MMM-YYYY", "un-mar-2024", "2024-03"),
        ("DD-MMM-YYYY", "---MAR-2024", "2024-03"),
        ("DD-MMM-YYYY", "-----2024", None),
        ("DD-MMM-YYYY", "------2024", "2024"),
        ("DD-MMM-YYYY", "XX-UNK-2024", "2024"),
        ("DD-MMM-YYYY", "-MAR-2024", None),
        ("DD-MMM-YYYY", " 5 - mar - 2024", "2024-03-05"),
        ("YYYY-MM-DD", "2024-03---", "2024-03"),
        ("YYYY-MM-DD", "2024------", "2024"),
        ("YYYY-MM-DD", "2024---", "2024"),
        ("YYYY-MM-DD", "2024-UK-XX", "2024"),
        ("YYYY-MM-DD", "2024---05", None),
        ("YYYY-MM-DD", "-----", None),
        ("YYYYMMDD", "202403UN", "2024-03"),
        ("YYYYMMDD", "2024----", "2024"),
        ("DD/MM/YYYY", "05.03.2024", None),
        ("DD/MM/YYYY", "05-03/2024", None),
        ("DD/MM/YYYY", "2024", None),
        ("DD/MM/YYYY", "13/13/2024", None),
        ("YYYYMMDD", "2024035", None),
        ("YYYYMMDD", "202403051", None),
        ("YYYY-MM-DD", "2024-03-05T00:00", None),
        ("YYYY-MM-DD", "2024-", None),
        ("YYYY-MM-DD", "UNK", None),
    ],
)
def test_dates_as_they_are_written(files, written, cell, date):
    patients = PATIENTS.replace("05-MAR-2024", cell).replace("UN-MAR-2024", "")
    columns = MAP.replace("DD-MMM-YYYY", written)
    if date is None:
        with pytest.raises(RegisterError, match=r'line 2, column "DX"') as refusal:
            files(patients, columns=columns)
        if "calendar" not in str(refusal.value):
            how = "; a part that is not known is written UNK or UN or UK or XX or --"
            assert str(refusal.value).endswith(how)
    else:
        found = files(patients, columns=columns)["P1"].disease.primary_diagnosis_date
        assert found == date


def test_a_map_may_be_json(tmp_path):
    file = tmp_path / "c.json"
    columns = {"subject": "S"}
    table = {"schema_version": 1, "patients": {"columns": columns}, "lesions": {"columns": columns}}
    file.write_text(json.dumps(table))
    with pytest.raises(RegisterError, match=r'c\.json: lesions\.columns: expected the key "id"'):
        ColumnMap.load(file)
    table["lesions"] = {"columns": {"subject": "S", "id": "N", "patient.ecog": "E"}}
    file.write_text(json.dumps(table))
    with pytest.raises(
        RegisterError, match=r'expected a key of the register, found "patient\.ecog"'
    ):
        ColumnMap.load(file)
    table["lesions"] = {"columns": {"subject": "S", "id": "N"}}
    file.write_text(json.dumps(table))
    assert ColumnMap.load(file).lesions.columns["id"] == "N"


CELLS = st.text(st.sampled_from("aB1 ,;|\t\"'\n=é肝"), min_size=1, max_size=8).map(
    lambda text: f"x{text}x"
)
"""Free text: delimiters, quotes, line breaks, and what a spreadsheet takes for a formula."""


@st.composite
def exports(draw):
    """Draw subjects with their lesions, and a form in which two tables may be written."""
    names = CELLS.filter(lambda text: "\n" not in text)
    subjects = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    patients = [
        {
            "subject": subject,
            "arm": draw(st.sampled_from(["", "local_therapy", "no_local_therapy"])),
            "patient.ecog": draw(st.sampled_from(["", "0", "1", "2"])),
            "disease.polymetastatic_before": draw(st.sampled_from(["", "yes", "no", "unknown"])),
            "disease.primary_diagnosis_date": draw(
                st.sampled_from(["", "2024", "2024-03", "2024-03-05"])
            ),
        }
        for subject in subjects
    ]
    lesions = [
        {
            "subject": subject,
            "id": f"L{number}",
            "kind": draw(st.sampled_from(["", "primary", "distant"])),
            "station": draw(st.one_of(st.just(""), CELLS)),
            "size_mm": draw(st.sampled_from(["", "12", "49.99", "50.01"])),
        }
        for subject in subjects
        for number in range(draw(st.integers(0, 3)))
    ]
    form = {
        "delimiter": draw(st.sampled_from([",", ";", "\t", "|"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n"])),
    }
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return patients, lesions, form, encoding, draw(st.randoms())


@settings(max_examples=80, deadline=None)
@given(exports())
def test_whatever_a_table_is_written_like_it_is_read_alike(tmp_path_factory, export):
    patients, lesions, form, encoding, chance = export
    folder = tmp_path_factory.mktemp("export")
    columns = ["schema_version = 1"]
    for name, rows, keys in (
        ("patients", patients, list(patients[0])),
        ("lesions", lesions, ["subject", "id", "kind", "station", "size_mm"]),
    ):
        header = [f"COL{number} {key}" for number, key in enumerate(keys)]
        order = chance.sample(range(len(keys)), len(keys))
        text = io.StringIO(newline="")
        writer = csv.writer(text, **form)
        writer.writerow([header[n] for n in order] + ["MORE"])
        writer.writerows([row[keys[n]] for n in order] + ["kept nowhere"] for row in rows)
        (folder / f"{name}.csv").write_bytes(text.getvalue().encode(encoding))
        columns += [f"[{name}]", 'ignored = ["MORE"]']
        columns += ['units.size_mm = "mm"'] if name == "lesions" else []
        named = zip(keys, header, strict=True)
        columns += [f'columns."{key}" = "{column}"' for key, column in named]
    (folder / "c.toml").write_text("\n".join(columns), encoding="utf-8")
    found = registers_of(folder / "patients.csv", folder / "lesions.csv", folder / "c.toml")
    assert list(found) == [row["subject"] for row in patients]
    for row in patients:
        register = found[row["subject"]]
        assert (register.arm or "") == row["arm"]
        assert register.patient.ecog == (int(row["patient.ecog"]) if row["patient.ecog"] else None)
        poly = row["disease.polymetastatic_before"]
        assert register.disease.polymetastatic_before == (poly or "unknown")
        date = row["disease.primary_diagnosis_date"]
        assert (register.disease.primary_diagnosis_date or "") == date
        own = [one for one in lesions if one["subject"] == row["subject"]]
        assert [
            (one.id, one.kind or "", one.station, one.size_mm or None) for one in register.lesions
        ] == [
            (one["id"], one["kind"], one["station"], float(one["size_mm"] or 0) or None)
            for one in own
        ]
