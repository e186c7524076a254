"""Rounded numbers must read as the exact ones decide."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligort.rounding import shown, shown_beside, shown_limit

FINITE = st.floats(min_value=-1e4, max_value=1e4, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (25.004, "%", "25.00"),
        (49.96, "mm", "50.0"),
        (0.6477, "Gy", "0.65"),
        (4.0, "", "4"),
        (-0.0001, "mm", "0.0"),
        (None, "Gy", "-"),
        (math.inf, "Gy", "unbounded"),
    ],
)
def test_a_value_is_rounded_for_its_unit(value: float | None, unit: str, text: str) -> None:
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [(25.0, 25.0, "25.00"), (25.0004, 25.0, "25.0004"), (24.9996, 25.0, "24.9996")],
)
def test_a_value_never_rounds_onto_its_limit(value: float, limit: float, text: str) -> None:
    assert shown_beside(value, limit, "%") == text


@given(value=FINITE, limit=FINITE, unit=st.sampled_from(["%", "mm", "Gy", "cc", ""]))
def test_the_printed_number_lies_on_the_side_of_the_exact_one(
    value: float, limit: float, unit: str
) -> None:
    printed = float(shown_beside(value, limit, unit))
    assert (printed > limit, printed < limit) == (value > limit, value < limit)


@given(base=st.integers(1, 60), nudge=st.floats(1e-15, 1e-3))
def test_a_value_a_hair_above_its_limit_is_printed_above_it(base: int, nudge: float) -> None:
    value = base + nudge
    assert (float(shown_beside(value, base, "%")) > base) == (value > base)


def test_an_unbounded_value_beside_a_limit_stays_a_word() -> None:
    assert shown_beside(math.inf, 25.0, "%") == "unbounded"


def test_a_limit_is_printed_with_its_relation() -> None:
    assert shown_limit("<=", 25.0) == "<= 25"
    assert shown_limit(None, 0.1) == "0.1"
    assert shown_limit("<", None) == ""
