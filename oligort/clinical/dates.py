"""PartialDate: a date of which the day, or day and month, may be unknown."""

import calendar
import re
from datetime import date, datetime
from typing import ClassVar

from oligort.clinical.answer import Answer
from oligort.display import quoted, safe_text

FIRST_YEAR = 1900
"""Earliest year that a clinical register can mean; earlier ones are slips of the pen."""

LAST_YEAR = 2100
"""Latest year, for the same reason; "today" is not asked, so that answers do not age."""

_WRITTEN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class PartialDate(str):
    """A date as it was written: "2024", "2024-03" or "2024-03-15"; it stands for an interval.

    Parameters
    ----------
    value : str or datetime.date
        The year, with month and day as far as they are known.

    Attributes
    ----------
    earliest, latest : datetime.date
        First and last day that it may mean.

    Raises
    ------
    ValueError
        If it is not such a date, or lies before 1900 or after 2100.
    """

    JSON_SCHEMA: ClassVar = {
        "description": "A date as far as it is known: YYYY, YYYY-MM or YYYY-MM-DD.",
        "pattern": "^(19[0-9]{2}|20[0-9]{2}|2100)(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        "examples": ["2024", "2024-03", "2024-03-15"],
    }
    __slots__ = ("earliest", "latest")
    earliest: date
    latest: date

    def __new__(cls, value: object) -> "PartialDate":
        """Build the date, refusing what the calendar does not have."""
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        written = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
        if not written:
            raise ValueError(
                f'expected a date in quotes such as "2024", "2024-03" or "2024-03-15", '
                f"found {_found(value)}"
            )
        self = super().__new__(cls, written.group())
        try:
            # The parts that are missing are those of the first of January.
            first = date.fromisoformat(f"{self}-01-01"[: len("2024-03-15")])
        except ValueError:
            raise ValueError(f"expected a day of the calendar, found {quoted(self)}") from None
        if not FIRST_YEAR <= first.year <= LAST_YEAR:
            raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, found {self}")
        _, month, day = written.groups()
        last_month = first.month if month else 12
        last_day = first.day if day else _days_in(first.year, last_month)
        self.earliest, self.latest = first, date(first.year, last_month, last_day)
        return self

    def __reduce__(self) -> tuple[type["PartialDate"], tuple[str]]:
        """Pickle and copy as what was written."""
        return PartialDate, (str(self),)


def more_than_months_after(earlier: PartialDate, later: PartialDate, months: int) -> Answer:
    """Say whether `later` lies more than `months` calendar months after `earlier`.

    The day that lies exactly that many calendar months after is not more. A month without that
    day counts to its last day: six months after 31 August is the last of February. Unknown where
    the two intervals allow both answers.
    """
    if later.earliest > months_after(earlier.latest, months):
        return Answer.YES
    if later.latest <= months_after(earlier.earliest, months):
        return Answer.NO
    return Answer.UNKNOWN


def months_after(day: date, months: int) -> date:
    """Return the same day `months` calendar months later, or that month's last day."""
    years, month_index = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month_index + 1
    return date(year, month, min(day.day, _days_in(year, month)))


def _found(value: object) -> str:
    """Return what stands there for a date, in words; a year without quotes is a number."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, datetime):
        return "a date with a time of day"
    if isinstance(value, int | float) and not isinstance(value, bool):
        written = safe_text(value)
        hint = f"; write {quoted(written)}" if _WRITTEN.fullmatch(written) else ""
        return f"the number {written}, which is not in quotes{hint}"
    return "neither text nor a date"


def _days_in(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
