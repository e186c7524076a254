"""Reasons: what could not be evaluated, by why, so that each reason is told once."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

BECAUSE = "not evaluable, because "
"""What stands before the reason of a finding that is not evaluable."""


class Said(Protocol):
    """What says why it is not evaluable, and what to do: a finding, or a view of one."""

    @property
    def message(self) -> str:
        """The sentence."""

    @property
    def hint(self) -> str:
        """What to do."""


T = TypeVar("T", bound=Said)


def by_reason(findings: Iterable[T]) -> dict[tuple[str, str], list[T]]:
    """Return findings by reason and hint, in the order of the first of each."""
    found: dict[tuple[str, str], list[T]] = {}
    for one in findings:
        _, because, rest = one.message.partition(BECAUSE)
        found.setdefault((rest if because else one.message, one.hint), []).append(one)
    return found


def asked_by(finding: Said) -> str:
    """Return what a finding asks, without the reason why that is not evaluable, or ""."""
    what, because, _ = finding.message.partition(BECAUSE)
    return what.strip(": ") if because else ""
