"""What many reports say together: rows, counts by site, check and month, what needs eyes first."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from itertools import chain
from typing import Literal
from urllib.parse import quote

import msgspec

from oligort.display import harmless_json, indented_json
from oligort.document import Report
from oligort.finding import VERDICT_ORDER, Finding, Grade, verdict_of
from oligort.report.eyes import Eyes, eyes_of, with_reason

SCHEMA_VERSION: Literal[1] = 1
"""Version of the cohort's JSON; keys are added under one version, never renamed."""

NO_SITE, NO_DATE = "not stated", "no date"

_BY_PLACE = re.compile(r"submission-[0-9a-f]{8}")


class _Plain(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the document."""


class Row(_Plain, frozen=True, kw_only=True):
    """One report.

    Parameters
    ----------
    file : str
        Its place below the folder that was read, POSIX style; bytes that are no text are escaped.
    url : str
        The same as a relative URL, where the place is no text, else "".
    has_page : bool
        Whether a page of the same name lies beside it.
    subject, site, arm, plan_kind, plan_date, verdict
        As in the report.
    major, minor, not_evaluable : tuple of str
        The codes of the findings of these grades, each once.
    passed : int
        How many findings passed.
    eyes : dict of Eyes to tuple of str
        Why somebody should look at it, and the codes that say so.
    left_over : bool
        Whether its submission was no longer there when its batch ended: it is in no count.
    """

    file: str
    url: str = ""
    has_page: bool = False
    subject: str
    site: str
    arm: str
    plan_kind: str
    plan_date: str
    verdict: Grade
    major: tuple[str, ...]
    minor: tuple[str, ...]
    not_evaluable: tuple[str, ...]
    passed: int
    eyes: dict[Eyes, tuple[str, ...]]
    left_over: bool = False

    @property
    def has_subject(self) -> bool:
        """Whether anything says whose it is.

        What is unread is called by its place in its batch, as another is in another batch.
        """
        is_unread = not self.eyes.keys().isdisjoint({Eyes.NOT_CHECKED, Eyes.INTERNAL_ERROR})
        return not (is_unread and _BY_PLACE.fullmatch(self.subject))

    @property
    def is_of_all(self) -> bool:
        """Whether all checks were asked: the verdict of some says nothing of the others."""
        return Eyes.NOT_ALL_ASKED not in self.eyes

    @property
    def is_counted(self) -> bool:
        """Whether it is of all checks, and of a submission that is there."""
        return self.is_of_all and not self.left_over

    @property
    def month(self) -> str:
        """Year and month of the plan, "2026-04", or that there is no date."""
        date = self.plan_date
        return f"{date[:4]}-{date[4:6]}" if len(date) == 8 and date.isdigit() else NO_DATE


class Tally(_Plain, frozen=True, kw_only=True):
    """How many reports of a site, a month or a check are of each verdict.

    `of` is the site, month or code; for a check the worst grade of its findings in a report counts.
    """

    of: str
    major: int = 0
    minor: int = 0
    not_evaluable: int = 0
    passed: int = 0

    @property
    def evaluated(self) -> int:
        """Those that deviate or pass."""
        return self.major + self.minor + self.passed

    @property
    def deviating(self) -> int:
        """Those that deviate."""
        return self.major + self.minor

    @property
    def rate(self) -> float | None:
        """Percent of those evaluated that deviate, or None where none was."""
        return 100 * self.deviating / self.evaluated if self.evaluated else None


class Shared(_Plain, frozen=True, kw_only=True):
    """Objects that several reports are of: how many of each kind, and the files of the reports."""

    files: tuple[str, ...]
    kinds: dict[str, int]


class Repeated(_Plain, frozen=True, kw_only=True):
    """A subject with several reports: courses that nobody has added up, or versions."""

    subject: str
    site: str
    files: tuple[str, ...]


class NoReport(_Plain, frozen=True, kw_only=True):
    """A file that is no report, and why."""

    file: str
    reason: str


class Cohort(_Plain, frozen=True, kw_only=True):
    """Many reports, counted.

    Parameters
    ----------
    verdicts : Tally
        Of all reports for which all checks were asked and whose submissions are still there: these
        alone are counted, here and below.
    by_site, by_check, by_month : tuples of Tally
        In the order of their names.
    rows : tuple of Row
        Every report, in the order of the files.
    shared : tuple of Shared
        Objects that are in two submissions.
    repeated : tuple of Repeated
        Subjects of a site with more than one submission.
    missing : tuple of str
        Subjects that the registers list and of whom there is no submission.
    no_reports : tuple of NoReport
        Files that are no reports.
    protocols, versions : dicts of str to int
        How many reports are by each protocol (id, version, digest) and version of oligort.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    verdicts: Tally
    by_site: tuple[Tally, ...]
    by_check: tuple[Tally, ...]
    by_month: tuple[Tally, ...]
    rows: tuple[Row, ...]
    shared: tuple[Shared, ...]
    repeated: tuple[Repeated, ...]
    missing: tuple[str, ...]
    no_reports: tuple[NoReport, ...]
    protocols: dict[str, int]
    versions: dict[str, int]

    @property
    def not_all_asked(self) -> int:
        """How many reports are of some checks alone, and for that in no count."""
        return sum(not row.is_of_all and not row.left_over for row in self.rows)

    @property
    def left_over(self) -> int:
        """How many reports are of submissions that are no longer there."""
        return sum(row.left_over for row in self.rows)

    def eyes_first(self) -> list[Row]:
        """Return the reports that somebody should look at, the most urgent first."""
        order = list(Eyes)
        asked = [row for row in self.rows if row.eyes]
        return sorted(asked, key=lambda row: (min(map(order.index, row.eyes)), row.file))

    def to_json(self) -> str:
        """Return the cohort as JSON; the same reports give the same bytes."""
        return harmless_json(indented_json(self))


class Gathering:
    """The counts over reports that come one after the other; none of them is kept."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.no_reports: list[NoReport] = []
        self._of_check: dict[str, Counter[Grade]] = defaultdict(Counter)
        self._holders: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._protocols: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()

    def add(
        self, file: str, report: Report, *, has_page: bool = False, left_over: bool = False
    ) -> Row:
        """Count a report, and return its row; one that is left over is in no count."""
        by_code: dict[str, list[Finding]] = defaultdict(list)
        for finding in report.findings:
            by_code[finding.code].append(finding)
        for code, findings in by_code.items():
            is_counted = not report.only and not left_over
            if is_counted and any(finding.grade is not Grade.INFO for finding in findings):
                self._of_check[code][verdict_of(tuple(findings))] += 1
        codes = {
            grade: tuple(dict.fromkeys(finding.code for finding in report.graded(grade)))
            for grade in Grade
        }
        raw = os.fsencode(file)
        shown = raw.decode("utf-8", "backslashreplace")
        row = Row(
            file=shown,
            url=quote(raw) if shown != file else "",
            has_page=has_page,
            subject=report.subject,
            site=report.site,
            arm=report.arm,
            plan_kind=report.plan_kind,
            plan_date=report.plan_date,
            verdict=report.verdict,
            major=codes[Grade.MAJOR],
            minor=codes[Grade.MINOR],
            not_evaluable=codes[Grade.NOT_EVALUABLE],
            passed=len(report.graded(Grade.PASS)),
            eyes=with_reason(Eyes.LEFT_OVER, eyes_of(report)) if left_over else eyes_of(report),
            left_over=left_over,
        )
        for record in report.provenance:
            if record.sop_instance_uid and not left_over:
                held = self._holders[record.kind, record.sop_instance_uid]
                if len(self.rows) not in held:  # two versions of one object
                    held.append(len(self.rows))
        self.rows.append(row)
        protocol = report.protocol
        self._protocols[f"{protocol.id}, version {protocol.version}, {protocol.sha256[:8]}"] += 1
        self._versions[report.versions.get("oligort", "unknown")] += 1
        return row

    def cohort(self, expected: Mapping[str, str]) -> Cohort:
        """Return what was counted; `expected` are subjects of a list of registers, and sites.

        Only now it is known of which subjects there are several submissions, and which hold the
        same objects: their rows say so.
        """
        there = [row for row in self.rows if not row.left_over]
        told = {(row.subject, row.site) for row in there if Eyes.NOT_SUBMITTED in row.eyes}
        sites: dict[str, set[str]] = defaultdict(set)
        for row in there:
            if Eyes.NOT_SUBMITTED not in row.eyes:
                sites[row.subject].add(row.site.casefold())
        counted = [row for row in there if row.is_counted]
        repeated, shared = self._repeated(), self._shared()
        among_others = {
            Eyes.SHARED: {file for one in shared for file in one.files},
            Eyes.JUDGED_APART: {file for one in repeated for file in one.files},
        }
        return Cohort(
            verdicts=_tally("all", Counter(row.verdict for row in counted)),
            by_site=_by((row.site or NO_SITE, row.verdict) for row in counted),
            by_check=tuple(_tally(code, self._of_check[code]) for code in sorted(self._of_check)),
            by_month=_by((row.month, row.verdict) for row in counted),
            rows=tuple(
                row if row.left_over else _looked_at(row, among_others) for row in self.rows
            ),
            shared=shared,
            repeated=repeated,
            missing=tuple(
                sorted(
                    {
                        subject
                        for subject, site in told | set(expected.items())
                        if not _has_one_of(site.casefold(), sites[subject])
                    }
                )
            ),
            no_reports=tuple(self.no_reports),
            protocols=dict(sorted(self._protocols.items())),
            versions=dict(sorted(self._versions.items())),
        )

    def _repeated(self) -> tuple[Repeated, ...]:
        by_subject: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows:
            if not row.left_over and row.has_subject and Eyes.NOT_SUBMITTED not in row.eyes:
                by_subject[row.subject][row.site.casefold()].append(row)
        return tuple(
            Repeated(
                subject=subject,
                site=" or ".join(sorted({row.site for row in rows} - {""})),
                files=tuple(row.file for row in rows),
            )
            for subject, by_site in sorted(by_subject.items())
            # What states no site may be of any.
            for rows in ([[*chain(*by_site.values())]] if "" in by_site else by_site.values())
            if len(rows) > 1
        )

    def _shared(self) -> tuple[Shared, ...]:
        groups: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
        for (kind, _), numbers in self._holders.items():
            if len(numbers) > 1:
                groups[tuple(numbers)][kind] += 1
        return tuple(
            Shared(
                files=tuple(self.rows[number].file for number in numbers),
                kinds=dict(sorted(kinds.items())),
            )
            for numbers, kinds in sorted(groups.items())
        )


def _has_one_of(site: str, sites: set[str]) -> bool:
    """Whether a subject of a site, or of any, is among those of sites: two may use one id."""
    return site in sites or (bool(sites) and (not site or "" in sites))


def _looked_at(row: Row, among_others: Mapping[Eyes, Container[str]]) -> Row:
    """Return a row with the reasons to look at it that only the other reports tell.

    What is left over is among none of them.
    """
    if row.left_over:
        return row
    eyes = row.eyes
    for reason, files in among_others.items():
        if row.file in files:
            eyes = with_reason(reason, eyes)
    return msgspec.structs.replace(row, eyes=eyes)


def _by(graded: Iterable[tuple[str, Grade]]) -> tuple[Tally, ...]:
    groups: dict[str, Counter[Grade]] = defaultdict(Counter)
    for name, grade in graded:
        groups[name][grade] += 1
    return tuple(_tally(name, groups[name]) for name in sorted(groups))


def _tally(of: str, grades: Mapping[Grade, int]) -> Tally:
    major, minor, not_evaluable, passed = (grades.get(grade, 0) for grade in VERDICT_ORDER)
    return Tally(of=of, major=major, minor=minor, not_evaluable=not_evaluable, passed=passed)
