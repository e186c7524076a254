"""Partial dates against a naive calendar, and the comparison against all completions."""

import copy
import pickle
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.clinical.answer import Answer
from oligort.clinical.dates import PartialDate, months_after, more_than_months_after

DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@st.composite
def partial_dates(draw):
    written = f"{draw(st.integers(2019, 2022))}"
    if draw(st.booleans()):
        written += f"-{draw(st.integers(1, 12)):02}"
        if draw(st.booleans()):
            written += f"-{draw(st.integers(1, 28)):02}"
    return PartialDate(written)


def days_of(written):
    """Every day whose ISO form begins as the partial date was written."""
    day, days = date(int(written[:4]), 1, 1), []
    while day.year == int(written[:4]):
        if day.isoformat().startswith(written):
            days.append(day)
        day += timedelta(1)
    return days


def naive_months_after(day, months):
    """Count month by month from the first of the month, then take the day or the last one."""
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(31)).replace(day=1)
    following = (first + timedelta(31)).replace(day=1)
    return min(first + timedelta(day.day - 1), following - timedelta(1))


@pytest.mark.parametrize("written", ["2024", "2023", "2024-02", "2023-02", "2024-12", "2024-03-15"])
def test_a_partial_date_spans_the_days_it_may_mean(written):
    partial, days = PartialDate(written), days_of(written)
    assert (partial.earliest, partial.latest) == (days[0], days[-1])
    assert partial == written


@pytest.mark.parametrize(
    "written",
    [
        "", "24", "2024-3", "2024-03-1", "2024/03/15", "15.03.2024", "2024-", "2024-03-15 ",
        "2024-03-15\n", "２０２４", "2024-13", "2024-00", "2023-02-29", "2024-04-31", "2024-03-00",
        "0000", "1899", "2101", "20240315", 2024, True, None, datetime(2024, 3, 15, 12, 0),
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_calendar_is_refused(written):
    with pytest.raises(ValueError, match=r"expected a (date|day|year)"):
        PartialDate(written)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (2024, 'found the number 2024, which is not in quotes; write "2024"'),
        (20240315, "found the number 20240315, which is not in quotes"),
        (2024.03, "found the number 2024.03, which is not in quotes"),
        (True, "found neither text nor a date"),
        (datetime(2024, 3, 15, 8, 0), "found a date with a time of day"),
        ("15.03.2024", 'found "15.03.2024"'),
    ],
)
def test_what_stands_there_for_a_date_is_told_as_what_it_is(written, found):
    with pytest.raises(ValueError) as refusal:
        PartialDate(written)
    assert str(refusal.value).endswith(f'or "2024-03-15", {found}')


def test_a_date_of_toml_is_taken():
    assert PartialDate(date(2024, 3, 15)) == PartialDate("2024-03-15")


def test_copies_keep_the_interval():
    partial = PartialDate("2024-03")
    for twin in (copy.deepcopy(partial), pickle.loads(pickle.dumps(partial))):
        assert (twin, twin.latest) == ("2024-03", date(2024, 3, 31))


@given(DAYS, st.integers(0, 40))
def test_months_after_as_counted_month_by_month(day, months):
    assert months_after(day, months) == naive_months_after(day, months)


@pytest.mark.parametrize(
    ("earlier", "later", "answer"),
    [
        ("2024-01-15", "2024-07-15", Answer.NO),
        ("2024-01-15", "2024-07-16", Answer.YES),
        ("2023-08-31", "2024-02-29", Answer.NO),
        ("2023-08-31", "2024-03-01", Answer.YES),
        ("2022-08-31", "2023-03-01", Answer.YES),
        ("2024-01", "2024-07", Answer.UNKNOWN),
        ("2024-01", "2024-06", Answer.NO),
        ("2024-01", "2024-08", Answer.YES),
        ("2024-01-31", "2024-07", Answer.NO),
        ("2024", "2024", Answer.UNKNOWN),
        ("2023", "2024", Answer.UNKNOWN),
        ("2022", "2024", Answer.YES),
        ("2024", "2023", Answer.NO),
    ],
)
def test_exactly_six_months_is_not_more(earlier, later, answer):
    assert more_than_months_after(PartialDate(earlier), PartialDate(later), 6) is answer


@settings(max_examples=60, deadline=None)
@given(partial_dates(), partial_dates(), st.integers(0, 18))
def test_decided_only_where_all_completions_agree(earlier, later, months):
    thresholds = {naive_months_after(day, months) for day in days_of(earlier)}
    answers = {day > threshold for day in days_of(later) for threshold in thresholds}
    expected = Answer.UNKNOWN if len(answers) == 2 else Answer.of(answers.pop())
    assert more_than_months_after(earlier, later, months) is expected


# Two whole years, a leap day and the ends of short months among them: every way to write each day.
EVERY = [
    *("2023", "2024"),
    *(f"2023-{month:02}" for month in range(7, 13)),
    *(f"2024-{month:02}" for month in range(1, 5)),
    *(day.isoformat() for day in (date(2023, 8, 20) + timedelta(n) for n in range(20))),
    *(day.isoformat() for day in (date(2024, 2, 18) + timedelta(n) for n in range(20))),
    *(day.isoformat() for day in (date(2023, 12, 28) + timedelta(n) for n in range(6))),
]


@pytest.mark.parametrize("months", [0, 3, 5, 6])
def test_every_pair_of_a_range_against_all_completions(months):
    """Each pair is compared day by day, all days of the one with all of the other."""
    later_days = {text: np.array([d.toordinal() for d in days_of(text)]) for text in EVERY}
    thresholds = {
        text: np.array([naive_months_after(d, months).toordinal() for d in days_of(text)])
        for text in EVERY
    }
    partial = {text: PartialDate(text) for text in EVERY}
    seen = set()
    for earlier in EVERY:
        for later in EVERY:
            is_more = later_days[later][:, None] > thresholds[earlier][None, :]
            expected = Answer.UNKNOWN
            if is_more.all() or not is_more.any():
                expected = Answer.of(bool(is_more.all()))
            found = more_than_months_after(partial[earlier], partial[later], months)
            assert found is expected, (earlier, later)
            seen.add(found)
    assert seen == set(Answer)
