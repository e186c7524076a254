"""Which draws of a seeded sweep run always, and which only where all are asked for."""

from collections.abc import Collection
from typing import Any

import pytest


def pairs(ones: Collection[Any], others: Collection[Any]) -> list[Any]:
    """Return every pair, as parameters of a test: a sample, and all others `exhaustive`.

    Each of either kind is in the sample, with another one of the shorter kind in turn.
    """
    period = min(len(ones), len(others))
    return [
        draw(one, other, is_of_sample=(i - j) % period == 0)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
    ]


def first(number: int, count: int) -> list[Any]:
    """Return the numbers of all draws: the first so many are the sample."""
    return [draw(n, is_of_sample=n < number) for n in range(count)]


def draw(*values: Any, is_of_sample: bool) -> Any:
    """Return the parameters of one draw."""
    return pytest.param(*values, marks=[] if is_of_sample else [pytest.mark.exhaustive])
