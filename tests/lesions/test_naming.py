"""ROI names as people write them; the table stands beside this file."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligort.lesions.aliases import organ_aliases, role_words
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side

with (Path(__file__).parent / "names.csv").open(encoding="utf-8", newline="") as table:
    NAMES = list(csv.DictReader(table))


SIDES = {"none": None, "both": Side.BOTH, "L": Side.LEFT, "R": Side.RIGHT}


@pytest.mark.parametrize("row", NAMES, ids=lambda row: f"{row['name']}:{row['interpreted_type']}")
def test_names_as_people_write_them(row):
    read = read_roi_name(row["name"], row["interpreted_type"])
    assert read.role is Role(row["role"])
    assert (read.organ or "none") == row["organ"]
    assert read.side is SIDES[row["side"]]
    assert read.subtracted == row["subtracted"]
    assert read.evidence


def test_the_table_is_long_enough_to_mean_something():
    assert len({row["name"] for row in NAMES}) >= 120


def test_an_unknown_name_gets_a_suggestion_and_nothing_else():
    read = read_roi_name("Lugns", "ORGAN")
    assert (read.role, read.organ, read.nearest) == (Role.UNKNOWN, None, "Lungs")


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("GTV_ALL", Role.GTV),
        ("GTVm total", Role.GTV_METASTASIS),
        ("ptv 4 AND 5", Role.PTV),
        ("GTV ring", Role.GTV),
        ("PTV-GTV", Role.PTV),
    ],
)
def test_a_derived_volume_says_what_it_is_made_from(name, base):
    assert read_roi_name(name).base is base


@pytest.mark.parametrize(
    "name", ["not GTV", "non-GTV", "NonGTV", "no_gtvm01", "Lung not tumour", "非GTV"]
)
@pytest.mark.parametrize("interpreted_type", ["", "GTV"])
def test_what_is_not_a_target_is_none_whatever_its_type_says(name, interpreted_type):
    read = read_roi_name(name, interpreted_type)
    assert (read.role, read.base in GTV_ROLES) == (Role.UNKNOWN, True)


def test_a_number_is_no_negation():
    assert read_roi_name("GTV no 1").role is Role.GTV


@pytest.mark.parametrize(
    ("name", "word"),
    [("GTV_old", "old"), ("GTV copy", "copy"), ("GTV prior", "prior"), ("GTV", "")],
)
def test_superseded_names_are_told_apart(name, word):
    assert read_roi_name(name).superseded == word


def test_the_role_of_an_organ_name_is_said_in_the_evidence():
    assert "liver" in read_roi_name("GTV_Liver").evidence


@given(st.text(max_size=80), st.text(max_size=16))
def test_any_text_can_be_read(name, interpreted_type):
    read = read_roi_name(name, interpreted_type)
    assert read.role in Role


@given(st.sampled_from(NAMES), st.sampled_from(["_", " ", "  ", "."]))
def test_separators_and_case_do_not_matter(row, separator):
    name = row["name"]
    if name.isupper() or name.islower():  # in mixed case the capitals separate words
        same = read_roi_name(name.swapcase().replace(" ", separator).replace("_", separator))
        assert (same.role, same.organ, same.side) == (
            read_roi_name(name).role,
            read_roi_name(name).organ,
            read_roi_name(name).side,
        )


def test_tables_name_known_organs_and_no_word_twice():
    assert {alias.organ for alias in organ_aliases().values()} == {*Organ, None}
    assert not role_words("side", "left") & role_words("side", "right")
    assert not role_words("version", "words") & role_words("version", "superseded")
