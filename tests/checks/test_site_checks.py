"""Checks of a site's own, and checks picked by code."""

import sys
import tomllib
from importlib import import_module
from types import SimpleNamespace

import pytest

from oligort.checks import registry
from oligort.checks.engine import check
from oligort.checks.registry import HEADINGS, all_checks, checks_of
from oligort.cli import main
from oligort.clinical.register import Register
from oligort.document import Report
from oligort.errors import SelectionError
from oligort.finding import Grade, verdict_of
from oligort.report.tables import report_text

OWN = '''
from oligort.checks.registry import check
from oligort.finding import Finding, Grade, Source


@check("SITE101", "Label of the plan")
def plan_label(case):
    """What it checks: the label of the plan begins with the name of the trial.

    Why it matters: the department files plans by label.

    How it is measured: by the label of the judged plan.

    Not evaluable when: no plan can be chosen.

    Source: convention of the site.
    """
    label = case.submission.chosen.plan.label
    yield Finding(
        code="SITE101",
        grade=Grade.PASS if label.startswith("OLIGO") else Grade.MINOR,
        message=f"the label is {label}",
        source=Source(document="convention of the site"),
    )
'''


@pytest.fixture
def own(tmp_path):
    """Write a file of checks, altered as the test asks."""

    def write(*changes, name="site.py"):
        text = OWN
        for right, other in changes:
            assert right in text
            text = text.replace(right, other)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_check_of_a_file_is_asked_after_ours_and_counts(own, build, register_table):
    register = Register.from_dict(register_table)
    before = check(build(), register=register)
    report = check(build(), register=register, checks=[own()])
    *others, last = report.findings
    assert tuple(others) == before.findings
    assert report.verdict is verdict_of(report.findings)
    assert (last.code, last.grade, last.message) == ("SITE101", Grade.MINOR, "the label is plan")
    (record,) = (one for one in report.settings if one.name == "site_checks")
    assert record.value.startswith("site.py, SHA-256 ")
    # Asked once, it is not asked of the next submission too.
    assert check(build(), register=register) == before


def test_a_file_is_run_once_and_one_that_changed_anew(own, build, register_table):
    register = Register.from_dict(register_table)
    both = [check(build(), register=register, checks=[own()]) for _ in range(2)]
    assert both[0] == both[1]
    changed = check(build(), register=register, checks=[own(('"OLIGO"', '"pl"'))])
    assert changed.findings[-1].grade is Grade.PASS


@pytest.mark.parametrize(
    ("right", "other", "sentence"),
    [
        ("SITE101", "OL999", "does not begin with OL"),
        ("SITE101", "plan label", 'expected a code like "SITE101"'),
        ("Why it matters", "Why", 'found "What it checks", "How it is measured"'),
        ('    """What it checks', '    x = """What it checks', "found none of them"),
        ("def plan_label", "def plan label", "SyntaxError"),
        ("import Finding,", "import Findings,", "ImportError"),
        ("from oligort.checks.registry import check", "", "NameError"),
    ],
)
def test_a_file_that_cannot_be_asked_is_refused_and_leaves_nothing(
    own, build, right, other, sentence
):
    with pytest.raises(SelectionError) as refusal:
        check(build(), checks=[own((right, other))])
    assert "site.py: its checks cannot be loaded: " in str(refusal.value)
    assert sentence in str(refusal.value)
    assert {one.code[:2] for one in all_checks()} == {"OL"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# nothing", "expected a check, a function under @check"),
        ("from of_another_file import *", "expected a check, a function under @check"),
        ("import sys\nsys.exit(0)", "its checks cannot be loaded: SystemExit: 0"),
        ("assert 1 == 2, 'not here'", "its checks cannot be loaded: AssertionError: not here"),
        ("raise RuntimeError('no')", "its checks cannot be loaded: RuntimeError: no"),
    ],
)
def test_a_file_without_a_check_of_its_own_is_refused(
    own, tmp_path, build, monkeypatch, text, sentence
):
    monkeypatch.syspath_prepend(own(name="of_another_file.py").parent)
    path = tmp_path / "site.py"
    path.write_text(text, encoding="utf-8")
    # The second time it is loaded already, and still has none.
    for _ in range(2):
        with pytest.raises(SelectionError) as refusal:
            check(build(), checks=[path])
        assert "site.py: " in str(refusal.value)
        assert sentence in str(refusal.value)
    registry.forget("of_another_file")
    sys.modules.pop("of_another_file", None)
    assert {one.code[:2] for one in all_checks()} == {"OL"}


@pytest.mark.parametrize(
    ("right", "other", "sentence"),
    [
        ('code="SITE101"', 'code="OL301"', 'expected findings of this code, found one of "OL301"'),
        ("    yield Finding(", "    return dict(", 'that yields findings, found "str"'),
        ("    yield Finding(", "    dict(", 'that yields findings, found "NoneType"'),
        ("    yield Finding(", "    yield dict(", 'that yields findings, found "dict"'),
    ],
)
def test_a_check_that_gives_no_finding_of_its_own_is_an_error(own, build, right, other, sentence):
    with pytest.raises(SelectionError) as refusal:
        check(build(), checks=[own((right, other))])
    assert "site.py: SITE101: expected" in str(refusal.value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("silent", ["    yield from ()", "    if False:\n        yield Finding("])
def test_a_check_that_says_nothing_is_not_evaluable(own, build, silent):
    file = own(("    yield Finding(", f"{silent}\n    dict(" if "from" in silent else silent))
    last = check(build(), only=["SITE101"], checks=[file]).findings[-1]
    assert (last.code, last.grade) == ("SITE101", Grade.NOT_EVALUABLE)
    assert last.message.endswith("not evaluable, because the check yielded no finding")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (".lable", "fails by AttributeError: 'Plan' object has no attribute 'lable'; mend it"),
        (".label + {}['Smith']", "fails by KeyError; mend it"),
        (".label[::0]", "fails by ValueError; mend it"),
        (".label + exit(0)", "fails by SystemExit; mend it"),
    ],
)
def test_an_error_in_a_file_of_a_site_is_told_as_its_own(own, build, other, told):
    file = own((".label\n", f"{other}\n"))
    line = 1 + file.read_text().split("\n").index(f"    label = case.submission.chosen.plan{other}")
    with pytest.raises(SelectionError) as refusal:
        check(build(), checks=[file])
    assert f"site.py, line {line}: SITE101: " in str(refusal.value)
    assert told in str(refusal.value)


def test_what_is_no_python_is_refused(tmp_path, build):
    path = tmp_path / "site.txt"
    path.write_text(OWN, encoding="utf-8")
    with pytest.raises(SelectionError, match=r"expected a Python file, one that ends in \.py"):
        check(build(), checks=[path])


def test_two_files_with_one_code_are_refused(own, build):
    files = [own(), own(("Label of", "Another label of"), name="other.py")]
    with pytest.raises(SelectionError, match="expected one check for code SITE101, found a second"):
        check(build(), checks=files)


def test_an_installed_package_brings_its_checks(own, monkeypatch, build, register_table):
    """As `[project.entry-points."oligort.checks"]` does."""
    monkeypatch.syspath_prepend(own(name="of_a_package.py").parent)

    of_a_package = import_module("of_a_package")

    monkeypatch.setattr(registry, "entry_points", lambda group: [Point(of_a_package)])
    assert all_checks()[-1].code == "SITE101"
    report = check(build(), register=Register.from_dict(register_table))
    assert report.findings[-1].code == "SITE101"
    (record,) = (one for one in report.settings if one.name == "installed_checks")
    assert record.value == "department-checks 2.5: SITE101"
    only_ours = check(build(), register=Register.from_dict(register_table), only=["OL3*"])
    assert not [one for one in only_ours.settings if one.name == "installed_checks"]


class Point:
    """An entry point of an installed package."""

    name, value = "site", "of_a_package.checks"
    dist = SimpleNamespace(name="department-checks", version="2.5")

    def __init__(self, brought):
        self.brought = brought

    def load(self):
        if isinstance(self.brought, ImportError):
            raise self.brought
        return self.brought


@pytest.mark.parametrize(
    ("brought", "sentence"),
    [
        (tomllib, "expected a module with a function under @check"),
        (tomllib.loads, "expected a module with a function under @check"),
        (3, "expected a module with a function under @check"),
        (ImportError("no such module"), "cannot be imported: no such module"),
    ],
)
def test_a_package_that_brings_no_check_is_refused(brought, sentence, monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda group: [Point(brought)])
    with pytest.raises(SelectionError) as refusal:
        all_checks()
    assert 'the entry point "site" of oligort.checks, "of_a_package.checks"' in str(refusal.value)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("patterns", "codes"),
    [
        (["OL301"], ["OL301"]),
        (["ol30[12]"], ["OL301", "OL302"]),
        (["OL111", "OL101"], ["OL101", "OL111"]),
        (["OL4*", "OL401"], ["OL401", "OL402", "OL403", "OL404"]),
    ],
)
def test_checks_are_picked_by_code_or_pattern(patterns, codes):
    assert [one.code for one in checks_of(patterns)] == codes


def test_what_names_no_check_is_refused_and_nothing_names_all():
    assert checks_of([]) == all_checks()
    with pytest.raises(SelectionError, match=r'no check has the code "OL9\*"'):
        checks_of(["OL301", "OL9*"])


def test_a_report_of_some_checks_says_so(build, register_table):
    register = Register.from_dict(register_table)
    whole = check(build(), register=register)
    report = check(build(), register=register, only=["OL3*"])
    expected = tuple(one for one in whole.findings if one.code.startswith("OL3"))
    assert report.findings == expected
    assert report.verdict is verdict_of(expected)
    assert report.only == ("OL3*",)
    assert "; of OL3* alone)" in report_text(report).splitlines()[0]
    assert whole.only == ()
    assert Report.from_json(report.to_json()) == report


def test_every_page_has_its_sections():
    for one in all_checks():
        assert tuple(one.sections) == HEADINGS
        assert all(one.sections.values()), one.code


def test_the_commands_list_pick_and_explain(own, monkeypatch, capfd, tmp_path):
    def printed(*arguments):
        monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert int(leaving.value.code or 0) == 0
        return capfd.readouterr().out

    listed = printed("checks", "--only", "OL30*", "--only", "SITE*", "--checks", own())
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        *(one.code for one in checks_of(["OL30*"])),
        "SITE101",
    ]
    assert printed("explain", "site101", "--checks", own()).startswith("SITE101  Label of the plan")
    printed("checks", "--checks", own(), "--write", tmp_path / "pages")
    page = (tmp_path / "pages" / "SITE101.md").read_text(encoding="utf-8")
    assert page.startswith("# SITE101: Label of the plan\n\n## What it checks\n\nThe label")
    assert "## Of others" in (tmp_path / "pages" / "README.md").read_text(encoding="utf-8")


FAULTY_PARTS = {
    "grade": ('grade=Grade.PASS if label.startswith("OLIGO") else Grade.MINOR', 'grade="minor"'),
    "flag": ('message=f"the label is {label}"', 'message="m", flags=("BORDRLINE",)'),
    "source": ('source=Source(document="convention of the site")', 'source="the site"'),
    "about": ('message=f"the label is {label}"', 'message="m", about=None'),
}


@pytest.mark.parametrize("part", FAULTY_PARTS)
def test_a_finding_that_would_count_nowhere_is_refused(own, build, register_table, part):
    register = Register.from_dict(register_table)
    with pytest.raises(SelectionError, match=rf"SITE101: expected a finding .*\$\.{part}"):
        check(build(), register=register, checks=[own(FAULTY_PARTS[part])])


def test_a_grade_in_words_counts_and_a_measure_is_a_number(own, build, register_table):
    file = own(
        (*FAULTY_PARTS["grade"][:1], 'grade="MAJOR"'),
        ("import Finding,", "import Evidence, Finding,"),
        (
            'message=f"the label is {label}"',
            'message="m", evidence=[Evidence(name="mean", measured='
            'case.submission.dvh("Lung_L")["Mean[Gy]"])]',
        ),
    )
    report = check(build(), register=Register.from_dict(register_table), checks=[file])
    (of_site,) = [one for one in report.graded("MAJOR") if one.code == "SITE101"]
    assert of_site.grade is Grade.MAJOR
    assert type(of_site.evidence[0].measured) is float
    assert Report.from_json(report.to_json()) == report


def test_no_grade_that_is_none_is_asked_for_in_silence(build, register_table):
    report = check(build(), register=Register.from_dict(register_table))
    with pytest.raises(ValueError, match="Major"):
        report.graded("Major")
    assert report.graded("PASS") == report.graded(Grade.PASS) != ()
