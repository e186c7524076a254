"""Decimal strings of many values to floats, each to the bit as Python reads it.

Nearly all coordinates are written plainly: a sign, up to eight digits, a point and up to eight
more. Eight digits are read at once as one integer of 64 bits whose bytes they are; a mantissa
below 2**53 divided by a power of ten up to 10**22 is rounded once, hence correctly (Clinger 1990,
doi:10.1145/93542.93557). Whatever else stands among them leaves the whole text to numpy's parser.
"""

import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Words = npt.NDArray[np.uint64]

BLOCK_BYTES = 2**17
"""How much text is parsed at once: its arrays stay in the cache, which takes a third off."""

_WORD_BYTES = 8
_POWERS_OF_TEN = 10.0 ** np.arange(_WORD_BYTES + 1)
_EXACT_BELOW = 2.0**53
_SEPARATOR, _POINT, _PLUS, _MINUS = b"\\.+-"


def decimals(encoded: bytes) -> Floats:
    """Return the values of a decimal string, (n,); they may be NaN or infinite.

    Raises
    ------
    ValueError
        If anything but numbers stands between its backslashes.
    """
    parsed = []
    for block in _blocks(encoded):
        values = _plain(block)
        parsed.append(_any(block) if values is None else values)
    return np.concatenate(parsed)


def _blocks(encoded: bytes) -> Iterator[bytes]:
    """Yield the text in parts that end between two values."""
    begin = 0
    while begin <= len(encoded):
        end = encoded.find(b"\\", begin + BLOCK_BYTES)
        if end < 0:
            end = len(encoded)
        yield encoded[begin:end]
        begin = end + 1


def _any(encoded: bytes) -> Floats:
    # Of nothing but blanks numpy makes a number.
    if not all(value.strip() for value in encoded.split(b"\\")):
        raise ValueError("expected a number, found nothing")
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            values = np.fromstring(encoded, sep=" \\ ")
        except (DeprecationWarning, ValueError) as error:  # which of them, numpy's age decides
            raise ValueError("expected numbers, found other text") from error
    if len(values) != encoded.count(b"\\") + 1:  # nothing behind the last backslash
        raise ValueError("expected a number, found nothing")
    return values


def _plain(encoded: bytes) -> Floats | None:
    """Return the values, or None where one of them is not written plainly."""
    text = b"".join((bytes(_WORD_BYTES), encoded, b"\\"))  # a word ends at the first byte as well
    characters = np.frombuffer(text, np.uint8)
    marks = np.flatnonzero((characters == _SEPARATOR) | (characters == _POINT))
    is_end = characters[marks] == _SEPARATOR
    ends = marks[is_end]
    begins = np.concatenate([[_WORD_BYTES], ends[:-1] + 1])
    # what is marked before the end of a value is its point, or the end of the value before
    last_marks = np.concatenate([[0], marks[:-1]])[is_end]
    points = np.where(last_marks < begins, ends, last_marks)
    signs = characters[begins]
    is_negative = signs == _MINUS
    begins += is_negative | (signs == _PLUS)
    whole = _digits(text, points, points - begins)
    decimal_places = np.maximum(ends - points - 1, 0)
    part = _digits(text, ends, decimal_places)
    if whole is None or part is None or (points == begins).any():
        return None
    scale = _POWERS_OF_TEN[decimal_places]
    mantissa = whole * scale + part
    if mantissa.max() >= _EXACT_BELOW:
        return None
    values: Floats = mantissa / scale
    np.negative(values, out=values, where=is_negative)
    return values


def _digits(text: bytes, ends: Integers, counts: Integers) -> Words | None:
    """Return the integers of `counts` digits that end at `ends`; None where one is no integer."""
    if counts.min() < 0 or counts.max() > _WORD_BYTES:
        return None
    words: Words = np.ndarray(len(text) - _WORD_BYTES + 1, "<u8", text, strides=(1,))
    digits = words[ends - _WORD_BYTES] ^ np.uint64(0x3030303030303030)  # "0" to 0, in each byte
    foreign = (8 * (_WORD_BYTES - counts)).astype(np.uint64)
    digits = digits >> foreign << foreign  # what stands before the number becomes leading zeros
    above_nine = (digits + np.uint64(0x0606060606060606)) | digits
    if (above_nine & np.uint64(0xF0F0F0F0F0F0F0F0)).any():
        return None
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    even = np.uint64(0x000000FF000000FF)
    first = (pairs & even) * np.uint64(100 + (1_000_000 << 32))
    second = (pairs >> np.uint64(16) & even) * np.uint64(1 + (10_000 << 32))
    return (first + second) >> np.uint64(32)
