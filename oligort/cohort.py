"""Cohort: the reports in a folder, read one after the other and counted; never DICOM."""

import stat
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import msgspec

from oligort.batch.left_over import NOTE, name_of, names_in, report_files
from oligort.batch.output import LEDGER, REPORTS
from oligort.display import quoted, safe_text
from oligort.document import Report
from oligort.errors import DicomError, ReportError
from oligort.report.cohort_csv import CohortTables
from oligort.report.cohort_document import Cohort, Gathering, NoReport

MAX_REPORT_BYTES = 64 * 1024**2
"""Largest file that is read: a thousand times an ordinary report."""


def cohort_of(
    folder: Path,
    *,
    expected: Mapping[str, str] | None = None,
    tables: CohortTables | None = None,
) -> Cohort:
    """Return what the reports below a folder say together.

    Parameters
    ----------
    folder : Path
        Searched at any depth for JSON files, also through links; hidden folders are left out. A
        file that is no report, or a folder that cannot be listed, is told in the cohort; so is a
        report in the folder of a batch that is of no submission of its last run.
    expected : mapping of str to str, or None
        Subjects of a list of registers with their sites, where they are stated, else "": of each
        there should be a submission.
    tables : CohortTables or None
        Where a row is written for each finding, as the reports are read, and for each report.

    Raises
    ------
    DicomError
        If there is no report.
    """
    gathering = Gathering()
    is_left_over = _left_over()
    for file in report_files(folder, unlisted := list[OSError]()):
        name = file.relative_to(folder).as_posix()
        report = _report_of(file)
        if isinstance(report, str):
            gathering.no_reports.append(NoReport(file=safe_text(name), reason=report))
            continue
        row = gathering.add(
            name,
            report,
            has_page=file.with_suffix(".html").exists(),
            left_over=is_left_over(file),
        )
        if tables is not None:
            tables.add_findings(row, report)
    for error in unlisted:
        name = Path(error.filename).relative_to(folder).as_posix()
        reason = f"the folder cannot be listed: {error.strerror}; its reports are missing here"
        gathering.no_reports.append(NoReport(file=safe_text(name), reason=reason))
    if not gathering.rows:
        closed = f", and {len(unlisted)} folders that cannot be listed" if unlisted else ""
        raise DicomError(
            f"expected reports of oligort check or batch (.json) in {quoted(folder.name)}, found "
            f"none among {len(gathering.no_reports) - len(unlisted)} JSON files{closed}"
        )
    cohort = gathering.cohort(expected or {})
    if tables is not None:
        tables.add_submissions(cohort.rows)
    return cohort


def _left_over() -> Callable[[Path], bool]:
    """Return what tells whether a report is left over in the folder of the batch that wrote it.

    That is the folder where the file is, whatever links lead there and however it is spelled.
    """
    noted = cache(names_in)
    resolved = cache(Path.resolve)

    def is_left_over(file: Path) -> bool:
        places = {resolved(file.parent) / file.name}
        if file.is_symlink():
            places.add(file.resolve())
        return any(
            name_of(place, folder) in noted(folder.parent / LEDGER / NOTE)
            for place in places
            for folder in place.parents
            if folder.name == REPORTS
        )

    return is_left_over


def _report_of(file: Path) -> Report | str:
    """Return the report in a file, or why there is none."""
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file"
        if status.st_size > MAX_REPORT_BYTES:
            return f"larger than {MAX_REPORT_BYTES // 1024**2} MiB, the most that is read"
        return Report.from_json(file.read_bytes())
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except ReportError as error:
        return str(error)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return f"no report: {safe_text(error, max_length=160)}"
