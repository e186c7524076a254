"""Strict reading by itself: lists, tables by name, and words for what was found."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from oligort.errors import ProtocolError
from oligort.spelling import nearest
from oligort.strict import struct_of, table_of


class Leaf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, lt=9)] | None = None
    note: Annotated[str, Meta(max_length=3)] = ""
    on: bool = False


class Tree(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by_name: dict[str, Leaf] = {}
    listed: tuple[Leaf, ...] = ()


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    before_a: int = 0
    before_b: int = 0


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"by_name": {"a": {}, "b": {"size": 9}}},
         "f.toml: by_name.b.size: expected a whole number of at least 1 and below 9, found 9"),
        ({"listed": [{}, {"size": "x"}]},
         "f.toml: listed[entry 2].size: expected a whole number of at least 1 and below 9, "
         "found text of 1 characters"),
        ({"listed": [[]]}, "f.toml: listed[entry 1]: expected a table, found a list"),
        ({"listed": {}}, "f.toml: listed: expected a list, found a table"),
        ({"by_name": []}, "f.toml: by_name: expected a table, found a list"),
        ({"listed": [{"on": None}]},
         "f.toml: listed[entry 1].on: expected true or false, found null"),
        ({"listed": [{"note": "long"}]},
         "f.toml: listed[entry 1].note: expected text of a length of at most 3, "
         "found text of 4 characters"),
        ({"by_nmae": {}}, 'f.toml: expected one of its keys (by_name, listed), found "by_nmae"; '
         'did you mean "by_name"?'),
    ],
)  # fmt: skip
def test_the_sentence_about_a_fault(table, sentence):
    with pytest.raises(ProtocolError) as refusal:
        struct_of(table, Tree, "f.toml", ProtocolError)
    assert str(refusal.value) == sentence


def test_a_right_table_is_built():
    tree = struct_of(
        {"by_name": {"a": {"size": 1}}, "listed": [{"on": True}]}, Tree, "f.toml", ProtocolError
    )
    assert tree == Tree(by_name={"a": Leaf(size=1)}, listed=(Leaf(on=True),))


def test_a_key_that_is_missing_is_offered_before_one_that_stands_there():
    """Both keys are as like "before_c"; `before_b` stands in the table and was not meant."""
    with pytest.raises(ProtocolError, match=r'did you mean "before_a"\?'):
        struct_of({"before_b": 1, "before_c": 1}, Pair, "f", ProtocolError)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("lung", '; did you mean "Lungs"?'), ("=>", ""), ("zzz", ""), (7, ""), ("", "")],
)
def test_the_nearest_word(word, expected):
    assert nearest(word, ["Lungs", "Liver", ">=", ">"]) == expected


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("age", "age_years"), ("Age", "age_years"), ("ecog_status", "ecog"), ("ECOG", "ecog"),
        ("size", "size_mm"), ("sizes", "size_mm"), ("sid", "side"), ("roi", "roi_names"),
        ("names", "roi_names"), ("short", "short_axis_mm"), ("reason", "no_therapy_reason"),
        ("local therapy", "local_therapy"), ("patient.age", "patient.age_years"), ("mm", ""),
        ("image", ""),
        ("gtv_metastases", "gtv_metastasis"), ("other_side_here", "side"),
    ],
)  # fmt: skip
def test_a_part_of_a_word_means_it(word, meant):
    """Of several that it begins the first is meant; of several that hold it nobody knows which."""
    words = [
        "id", "side", "age_years", "ecog", "roi_names", "no_therapy_reason", "size_mm",
        "short_axis_mm", "size_date", "no_local_therapy", "local_therapy", "patient.age_years",
        "gtv", "gtv_metastasis",
    ]  # fmt: skip
    assert nearest(word, words) == (f'; did you mean "{meant}"?' if meant else "")


def test_long_paths_keep_their_last_part():
    file = "folder/" * 20 + "register.yaml"
    with pytest.raises(ProtocolError, match=r"register\.yaml: expected a file that ends in"):
        table_of(b"", file, ProtocolError)
