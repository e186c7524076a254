"""Decimal strings against the floats of Python, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligort.dicom.decimals import BLOCK_BYTES, decimals

plain = st.from_regex(r"[+-]?[0-9]{1,8}(\.[0-9]{0,8})?", fullmatch=True)
other = st.from_regex(
    r" ?[+-]?([0-9]{1,17}\.[0-9]{0,17}|\.[0-9]+)([eE][+-]?[0-9]{1,3})? ?", fullmatch=True
)


def assert_bitwise(found, texts):
    expected = np.array([float(text) for text in texts])
    np.testing.assert_array_equal(found.view(np.uint64), expected.view(np.uint64))


@given(st.lists(plain, min_size=1))
def test_plain_values_are_those_of_python(texts):
    assert_bitwise(decimals("\\".join(texts).encode()), texts)


@given(st.lists(plain | other | st.sampled_from(["inf", "-Infinity"]), min_size=1))
def test_other_spellings_are_those_of_python(texts):
    assert_bitwise(decimals("\\".join(texts).encode()), texts)


@pytest.mark.parametrize("odd_place", [None, 0, 70_000, 149_999])
def test_many_blocks_with_an_odd_value_in_one_are_those_of_python(odd_place):
    values = np.random.default_rng(7).uniform(-300, 300, 150_000)
    texts = [f"{value:.{place % 5}f}" for place, value in enumerate(values)]
    if odd_place is not None:
        texts[odd_place] = "-1.25e-3"
    encoded = "\\".join(texts).encode()
    assert len(encoded) > 5 * BLOCK_BYTES
    assert_bitwise(decimals(encoded), texts)


BAD = [
    b"",
    b"1\\",
    b"\\1",
    b"1\\\\2",
    b".",
    b"-",
    b"--1",
    b"1.2.3",
    b"1_0",
    b"1 2",
    b"1\x002",
    b"0x1",
]


@pytest.mark.parametrize(
    "bad", [*BAD, b" ", b"  \\1", b"1d5", b"1..2\\3", b"12:4", b"1/2", b"1.2\\ ", b"-\\1"]
)
def test_text_that_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="expected"):
        decimals(bad)
    with pytest.raises(ValueError, match="expected"):
        decimals(b"1.0\\" + bad)


@given(st.binary(max_size=12))
def test_any_bytes_are_refused_or_read_as_python_reads_them(encoded):
    try:
        found = decimals(encoded)
    except ValueError:
        return
    expected = np.array([float(text) for text in encoded.split(b"\\")])
    np.testing.assert_array_equal(found, expected)
