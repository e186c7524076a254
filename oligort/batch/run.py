"""The run of a batch: what is found is judged by workers, and what they say is kept."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import msgspec

from oligort.batch.discovery import found_below
from oligort.batch.grouping import Found
from oligort.batch.judge import Judged, Task, documents, judged
from oligort.batch.left_over import NOTE, SUFFIX, noted
from oligort.batch.limits import Limits
from oligort.batch.names import SUFFIX_DIGITS, Names, lay_in
from oligort.batch.outcome import Done, Summary
from oligort.batch.output import LEDGER, REPORTS, Entry, Output
from oligort.batch.planned import Planned
from oligort.batch.registers import Listed, RegisterList
from oligort.batch.scratch import scratch_for
from oligort.batch.unchecked import (
    Unchecked,
    Whose,
    never_submitted,
    report_of,
    unchecked_by,
    unchecked_register,
)
from oligort.batch.workers import Workers
from oligort.cohort import cohort_of
from oligort.finding import VERDICT_ORDER, Grade
from oligort.protocol.model import Protocol
from oligort.report.cohort_csv import CohortTables
from oligort.report.cohort_document import Cohort
from oligort.report.cohort_page import cohort_page

SUBMISSIONS_CSV, FINDINGS_CSV, COHORT_PAGE = "reports.csv", "findings.csv", "cohort.html"
"""What is written beside the folder of reports, in the end."""

OUT_OF_MEMORY = b"MemoryError"
"""What a finding says about a file for which there was not memory enough: under another limit it
may be read."""


@dataclass(frozen=True)
class Batch:
    """How a batch is run.

    Parameters
    ----------
    jobs : int
        Workers at a time.
    limits : Limits
        For each of them.
    is_fresh : bool
        Whether reports that are there already are made again.
    has_pages, cross_check : bool
        Whether each report gets a page, which takes about as long as the check, and whether a
        second engine is asked as well.
    judge : callable
        What a worker does with a submission.
    """

    jobs: int = 1
    limits: Limits = field(default_factory=Limits)
    is_fresh: bool = False
    has_pages: bool = False
    cross_check: bool = False
    judge: Callable[[Task], Judged] = judged

    def plan(
        self,
        root: Path,
        protocol: str,
        registers: RegisterList,
        watch: Callable[[int], None] = lambda files: None,
    ) -> Planned:
        """Return what there is to do below a root.

        Raises
        ------
        DicomError, ProtocolError
            If there is no DICOM file, or the protocol cannot be read.
        """
        Protocol.load(protocol)
        root = root.absolute()
        found = found_below(root, self.jobs, self.limits, watch)
        return Planned(root, found, registers, protocol)

    def run(self, planned: Planned, folder: Path, tell: Callable[[Done], None]) -> Summary:
        """Judge all submissions, and write a report of each.

        Raises
        ------
        OutputError
            If a report cannot be written; those that are written stay, and are not made again.
        """
        summary = Summary()
        with (
            Output.opened(folder, planned.root, is_fresh=self.is_fresh) as output,
            scratch_for(folder) as scratch,
        ):
            run = _Run(self, planned, output, scratch)
            for done in run.all_done():
                summary.add(done)
                tell(done)
            output.write(output.folder / LEDGER / NOTE, noted(run.names.left_over()))
            summary.cohort = _together(output)
            left_over = (row.file for row in summary.cohort.rows if row.left_over)
            summary.left_over = [file.removesuffix(SUFFIX) for file in left_over]
        return summary


@dataclass(frozen=True)
class _Run:
    """One run, with the folder that it writes to, and the one for its temporary files."""

    batch: Batch
    planned: Planned
    output: Output
    scratch: Path

    @cached_property
    def names(self) -> Names:
        """The names of its reports."""
        return Names(self.planned.names, self.planned.keys, self.output)

    def all_done(self) -> Iterator[Done]:
        """Yield each submission when its report is written."""
        yield from self._missing()
        by_key = {one.key: one for one in self.planned.found}
        batch = self.batch
        with Workers[Task, Judged](batch.jobs, batch.limits, batch.judge, self.scratch) as workers:
            for task, future, note in workers.done(self._tasks()):
                found = by_key[task.key]
                error = future.exception()
                if error is None:
                    yield self._judged(found, future.result())
                    continue
                unchecked = unchecked_by(error, self.batch.limits)
                # One whose process died is made again, and one for which the protocol's file was
                # away or another: nothing of the submission tells that this is mended.
                known = "" if unchecked.is_death or unchecked.is_of_protocol else note
                whose = self.planned.whose(found)
                yield self._unchecked(found.key, whose, unchecked, found, known)
        for found in self.planned.found:
            if trouble := self._trouble(found):
                whose = self.planned.whose(found)
                yield self._unchecked(found.key, whose, unchecked_register(trouble), found)

    def _missing(self) -> Iterator[Done]:
        """Yield each register without submission; a report of before stays where it is.

        Its folder may be away for a moment: what was found in it is not to be lost by that.
        """
        before: dict[str, list[Entry]] = defaultdict(list)
        if self.planned.missing:
            for one in self.names.left.values():
                before[one.subject].append(one)
        for key, listed in self.planned.missing.items():
            whose = Whose(listed.subject, listed.site, listed.arm)
            of_site = [one for one in before[listed.subject] if self._may_be_of(listed, one)]
            if entry := next(iter(of_site), None):
                verdict = min(entry.verdict, Grade.NOT_EVALUABLE, key=VERDICT_ORDER.index)
                yield Done(entry.subject, verdict, is_reused=True, trouble=_AWAY)
            else:
                yield self._unchecked(key, whose, never_submitted(listed.trouble))

    def _may_be_of(self, listed: Listed, entry: Entry) -> bool:
        """Whether a report may be of the site of a register: two sites may use one subject id."""
        return listed.is_of_site(self.output.site_of(entry))

    def _tasks(self) -> Iterator[Task]:
        for found in self.planned.found:
            if self._trouble(found):
                continue
            task = replace(
                self.planned.task(found),
                has_page=self.batch.has_pages,
                cross_check=self.batch.cross_check,
            )
            entry = None if self.batch.is_fresh else self.output.entry(found.key)
            if entry and entry.limits in {"", str(self.batch.limits)} and self.output.holds(entry):
                task = replace(task, known=entry.fingerprint)
            yield task

    def _trouble(self, found: Found) -> str:
        """Return why the register of a submission cannot be used, or ""."""
        listed = self.planned.matches.get(found.key)
        return listed.trouble if listed else ""

    def _judged(self, found: Found, answer: Judged) -> Done:
        entry = self.output.entry(found.key)
        if answer.verdict is None:
            assert entry is not None
            name = self.names.of(found.key, entry.subject, entry.files[".json"], found)
            if name != entry.name or entry.former:
                named = msgspec.structs.replace(entry, name=name)
                self._keep(found.key, named, self.output.files_of(entry))
            self.names.give(found.key, name)
            return Done(entry.subject, entry.verdict, is_reused=True, is_bug=entry.is_bug)
        is_of_limits = any(OUT_OF_MEMORY in content for content in answer.files.values())
        trouble = answer.page_trouble and _without_pictures(answer.page_trouble)
        digests = _digests(answer.files)
        entry = Entry(
            fingerprint=answer.fingerprint,
            limits=str(self.batch.limits) if is_of_limits or trouble else "",
            name=self.names.of(found.key, answer.subject, digests[".json"], found),
            files=digests,
            subject=answer.subject,
            verdict=answer.verdict,
            is_bug=bool(answer.log),
            lay=lay_in(found),
        )
        self._keep(found.key, entry, answer.files)
        return Done(
            answer.subject, answer.verdict, is_bug=entry.is_bug, trouble=trouble, log=answer.log
        )

    def _unchecked(
        self,
        key: str,
        whose: Whose,
        unchecked: Unchecked,
        found: Found | None = None,
        fingerprint: str = "",
    ) -> Done:
        if not whose.subject:
            whose = replace(whose, subject=f"submission-{key[:SUFFIX_DIGITS]}")
        report = report_of(unchecked, whose, self.planned.rules)
        files = documents(report, None, has_page=self.batch.has_pages)
        digests = _digests(files)
        before = None if self.batch.is_fresh else self.output.entry(key)
        entry = Entry(
            fingerprint=fingerprint,
            limits=str(self.batch.limits) if unchecked.is_of_limits else "",
            name=self.names.of(key, whose.subject, digests[".json"], found),
            files=digests,
            subject=whose.subject,
            verdict=report.verdict,
            is_bug=unchecked.is_bug,
            lay=lay_in(found) if found else "",
        )
        # What no worker is asked about is known before it is made anew.
        is_reused = unchecked.is_of_register and before == entry and self.output.holds(entry)
        self._keep(key, entry, files)
        return Done(
            whose.subject,
            report.verdict,
            is_reused=is_reused,
            is_bug=unchecked.is_bug,
            trouble=unchecked.told or unchecked.finding.message,
            log=unchecked.log,
        )

    def _keep(self, key: str, entry: Entry, files: Mapping[str, bytes]) -> None:
        self.output.keep(key, entry, files, partial(self.names.is_of_another, key))
        self.names.give(key, entry.name)


def _without_pictures(why: str) -> str:
    return f"checked, and its report holds; its page has no pictures, because: {why}"


_AWAY = (
    "expected its submission, found none; its report is of a run before and stays. See whether its "
    "folder can be reached; where it was withdrawn, remove the report"
)


def _together(output: Output) -> Cohort:
    """Write what the reports say together: two tables and a page."""
    with (
        output.table(output.folder / SUBMISSIONS_CSV) as submissions,
        output.table(output.folder / FINDINGS_CSV) as findings,
    ):
        cohort = cohort_of(output.folder / REPORTS, tables=CohortTables(submissions, findings))
    page = cohort_page(cohort, reports=f"./{REPORTS}")
    output.write(output.folder / COHORT_PAGE, page.encode())
    return cohort


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {suffix: hashlib.sha256(content).hexdigest() for suffix, content in files.items()}
