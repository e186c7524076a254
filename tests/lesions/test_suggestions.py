"""Suggestions: the nearest known name, found without comparing all of them."""

from difflib import get_close_matches
from unittest.mock import patch

import pytest

from oligort.lesions import suggestions
from oligort.lesions.suggestions import nearest_name

UNKNOWN = ("lnug left", "hart", "spnal cord", "oesofagus", "gtw", "r17", "x", "", "肺炎", "zz zz")


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_the_nearest_is_that_of_all_names(unknown):
    known = suggestions._suggestions()
    close = get_close_matches(unknown, known, n=1, cutoff=suggestions._NEAR)
    assert nearest_name(unknown.split(" ")) == (known[close[0]] if close else "")


def test_few_names_are_compared_with_an_unknown_one():
    with patch.object(suggestions, "get_close_matches", return_value=[]) as compared:
        nearest_name(["hart"])
        nearest_name(["r17"])
    assert all(
        len(call.args[1]) < len(suggestions._suggestions()) / 10 for call in compared.mock_calls
    )
