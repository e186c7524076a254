"""Cohort: the reports in a folder, read one after the other and counted; never DICOM."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from oligort.batch.left_over import NOTE, names_in
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
        report whose submission the batch that wrote it no longer finds.
    expected : mapping of str to str, or None
        Subjects of a list of registers with their sites, where they are stated, else "": of each
        there should be a submission.
    tables : CohortTables or None
        Where a row is written for each report and each finding, as they are read.

    Raises
    ------
    DicomError
        If there is no report.
    """
    gathering = Gathering()
    left_over = cache(_left_over_in)
    for file in _json_files(folder, unlisted := list[OSError]()):
        name = file.relative_to(folder).as_posix()
        report = _report_of(file)
        if isinstance(report, str):
            gathering.no_reports.append(NoReport(file=safe_text(name), reason=report))
            continue
        row = gathering.add(
            name,
            report,
            has_page=file.with_suffix(".html").exists(),
            left_over=file.stem in left_over(file.parent),
        )
        if tables is not None:
            tables.add(row, report)
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
    return gathering.cohort(expected or {})


def _json_files(folder: Path, unlisted: list[OSError]) -> Iterator[Path]:
    """Yield the files, each folder once; add to `unlisted` why a folder cannot be listed."""
    root = folder.resolve()
    entered = {root, *root.parents}  # no link leads back up
    for place, folders, files in os.walk(folder, onerror=unlisted.append, followlinks=True):
        inner: list[str] = []
        for name in sorted(name for name in folders if not name.startswith(".")):
            resolved = Path(place, name).resolve()
            if resolved not in entered:
                entered.add(resolved)
                inner.append(name)
        folders[:] = inner
        for name in sorted(files):
            if name.casefold().endswith(".json") and not name.startswith("."):
                yield Path(place, name)


def _left_over_in(folder: Path) -> frozenset[str]:
    """Return the names of the reports of a folder whose submissions their batch no longer found."""
    return names_in(folder.parent / LEDGER / NOTE) if folder.name == REPORTS else frozenset()


def _report_of(file: Path) -> Report | str:
    """Return the report in a file, or why there is none."""
    try:
        if file.stat().st_size > MAX_REPORT_BYTES:
            return f"larger than {MAX_REPORT_BYTES // 1024**2} MiB, the most that is read"
        return Report.from_json(file.read_bytes())
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    except ReportError as error:
        return str(error)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return f"no report: {safe_text(error, max_length=160)}"
