"""JSON and tables of the demo's submissions are those of the golden files.

The files in tests/report/golden are changed by hand and by a reviewed difference alone: run
`python tests/report/golden_documents.py FOLDER`, look at what `diff -r FOLDER tests/report/golden`
shows, say under "Numbers" in CHANGELOG.md what moved and by how much, and copy what is meant.
"""

import pytest
from golden_documents import DECIMALS, GOLDEN, difference, documents, of_csv, of_json

from oligort.demo.cases import CASES


@pytest.fixture(scope="module")
def found(demo_page) -> dict[str, str]:
    return documents({case.subject: demo_page(n).report for n, case in enumerate(CASES)})


NAMES = [*(f"{case.subject}.json" for case in CASES), "submissions.csv", "findings.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_a_document_of_the_demo_is_the_golden_one(found, name):
    if told := difference(name, found[name]):
        pytest.fail(told, pytrace=False)


def test_a_golden_file_is_there_for_each_document_and_no_other(found):
    kept = {path.name for path in GOLDEN.iterdir() if path.suffix in {".json", ".csv"}}
    assert kept == set(found)


def test_what_differs_between_platforms_and_packages_is_no_difference():
    first = '{"a": 1.00000000001, "sha256": "ab", "versions": {"numpy": "1"}, "b": -0.0}'
    other = '{"a": 0.99999999999, "sha256": "cd", "versions": {"numpy": "2"}, "b": 1e-17}'
    assert of_json(first) == of_json(other)
    assert of_csv("2.25.123456\n") == "2.25.123456\n"
    assert of_csv("V20 15.200000000001 %,=1\n") == of_csv("V20 15.199999999999 %,=1\n")


def test_what_is_told_otherwise_is_a_difference():
    step = 2 * 10**-DECIMALS
    assert of_json('{"a": 1.0}') != of_json(f'{{"a": {1 + step}}}')
    told = difference("submissions.csv", "file,subject\n")
    assert told.startswith("--- golden/submissions.csv\n+++ found")
