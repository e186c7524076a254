"""The decision tree against a table that was written out by hand, over every register."""

from itertools import product

import pytest

from oligort.clinical.answer import Answer
from oligort.clinical.classification import Leaf, classify
from oligort.clinical.register import Register

MONTHS = 6
DATES = {
    "yes": ("2024-01-15", "2024-07-16"),
    "no": ("2024-01-15", "2024-07-15"),
    "unknown": ("2024-01", "2024-07"),
}

# Q1 polymetastatic before, Q2 oligometastatic before, Q3 more than six months after,
# Q4 systemic therapy, Q5 progressive; "*" is any answer, also none. Guckenberger et al. 2020.
TABLE = """
no      no      no      *       *       | synchronous oligometastatic disease | 3
no      no      yes     no      *       | metachronous oligorecurrence        | 4
no      no      yes     yes     yes     | metachronous oligoprogression       | 5
no      no      yes     yes     no      | unclassified                        | 5
no      yes     *       no      *       | repeat oligorecurrence              | 3
no      yes     *       yes     yes     | repeat oligoprogression             | 4
no      yes     *       yes     no      | repeat oligopersistence             | 4
yes     *       *       no      *       | induced oligorecurrence             | 2
yes     *       *       yes     yes     | induced oligoprogression            | 3
yes     *       *       yes     no      | induced oligopersistence            | 3
unknown *       *       *       *       | ? polymetastatic_before             | 1
no      unknown *       *       *       | ? oligometastatic_before            | 2
no      no      unknown *       *       | ? oligometastasis_date              | 3
no      no      yes     unknown *       | ? under_systemic_therapy            | 4
no      no      yes     yes     unknown | ? any_lesion_progressive            | 5
no      yes     *       unknown *       | ? under_systemic_therapy            | 3
no      yes     *       yes     unknown | ? any_lesion_progressive            | 4
yes     *       *       unknown *       | ? under_systemic_therapy            | 2
yes     *       *       yes     unknown | ? any_lesion_progressive            | 3
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


def looked_up(answers):
    (row,) = [
        row
        for row in ROWS
        if all(cell in {"*", answer} for cell, answer in zip(row[0].split(), answers, strict=True))
    ]
    return row[1], int(row[2])


@pytest.mark.parametrize("answers", list(product(("yes", "no", "unknown"), repeat=5)))
def test_every_register_ends_where_the_table_says(answers):
    q1, q2, q3, q4, q5 = answers
    primary, metastasis = DATES[q3]
    found = classify(
        Register.from_dict(
            {
                "schema_version": 1,
                "subject": "T",
                "disease": {
                    "polymetastatic_before": q1,
                    "oligometastatic_before": q2,
                    "primary_diagnosis_date": primary,
                    "oligometastasis_date": metastasis,
                    "under_systemic_therapy": q4,
                    "any_lesion_progressive": q5,
                },
            }
        ),
        MONTHS,
    )
    leaf, steps = looked_up(answers)
    if leaf.startswith("?"):
        assert found.leaf is None
        assert leaf.removeprefix("? ") in found.unanswered
        assert found.path[-1].answer is Answer.UNKNOWN
    else:
        assert found.leaf == leaf
        assert found.unanswered == ""
    assert found.genuine == {"yes": "no", "no": "yes", "unknown": "unknown"}[q1]
    assert len(found.path) == steps


def test_every_leaf_is_in_the_table():
    assert {row[1] for row in ROWS if not row[1].startswith("?")} == set(Leaf)


def test_missing_dates_are_the_unanswered_question():
    register = Register.from_dict(
        {
            "schema_version": 1,
            "subject": "T",
            "disease": {
                "polymetastatic_before": "no",
                "oligometastatic_before": "no",
                "primary_diagnosis_date": "2024-01",
            },
        }
    )
    found = classify(register, MONTHS)
    assert (found.leaf, found.genuine) == (None, Answer.YES)
    assert found.unanswered == (
        "found more than 6 months after the primary? "
        "(register: disease.primary_diagnosis_date and disease.oligometastasis_date)"
    )


def test_the_number_of_months_is_the_callers():
    register = Register.from_dict(
        {
            "schema_version": 1,
            "subject": "T",
            "disease": {
                "polymetastatic_before": "no",
                "oligometastatic_before": "no",
                "primary_diagnosis_date": "2024-01-15",
                "oligometastasis_date": "2024-05-16",
                "under_systemic_therapy": "no",
            },
        }
    )
    assert classify(register, 4).leaf is Leaf.METACHRONOUS_OLIGORECURRENCE
    assert classify(register, 5).leaf is Leaf.SYNCHRONOUS
