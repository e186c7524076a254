"""Where results go: standard output or a file; notes go to standard error."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, TextIO, cast

from oligort.display import quoted, safe_text
from oligort.errors import DicomError, NotDicomError, NotEvaluable, OutputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from oligort.objects import Fault
    from oligort.report.unanswered import Unanswered
    from oligort.submission import Submission

STANDARD_OUTPUT = Path("-")
"""The file name that stands for standard output; nothing but that result then goes there."""

MAX_NOTE = 2000
"""Longest note that is printed."""


def refuse_overwriting(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Refuse a result that would go where something is read from, or where another one goes.

    An earlier result may be written over, wherever it lies; a DICOM object never is, whatever read
    it. None stands for a path that was not given.

    Raises
    ------
    OutputError
        Before anything is written.
    """
    taken: list[Path] = []
    read = [path for path in inputs if path is not None]
    for path in outputs:
        if path is None or path == STANDARD_OUTPUT:
            continue
        if any(_is_same(path, other) for other in taken):
            raise OutputError(
                f"expected a file of its own for each result, found {quoted(path)} twice"
            )
        taken.append(path)
        if any(_is_same(path, other) for other in read) or _is_dicom(path):
            raise OutputError(
                "expected a new file, or an earlier result, to write to, found an input or a DICOM "
                f"object at {quoted(path.name)}; such a file is never overwritten"
            )


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, by links as well; it need not exist yet."""
    with suppress(OSError):
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _is_dicom(path: Path) -> bool:
    """Whether a DICOM object lies there, readable or not."""
    try:
        status = path.stat()
    except OSError:
        return False  # nothing there, or nothing that can be written either
    if not stat.S_ISREG(status.st_mode) or not status.st_size:
        return False
    from oligort.dicom.instance import recognise

    try:
        recognise(path)
    except NotDicomError:
        return False
    except DicomError:
        return True  # a damaged one is not ours to lose
    return True


def write_json(text: str, file: Path) -> None:
    """Write JSON, which is UTF-8 whatever the terminal speaks, to a file or standard output."""
    try:
        if file == STANDARD_OUTPUT:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()
        else:
            file.write_text(text, encoding="utf-8")
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"expected to write JSON to {quoted(file)}, found: {error.strerror}; "
            "name a file in a folder that exists and may be written to"
        ) from error


def refuse_standard_output(page: Path | None) -> None:
    """Refuse a page on standard output, where the report goes.

    Raises
    ------
    OutputError
        Before anything is written.
    """
    if page == STANDARD_OUTPUT:
        raise OutputError('expected the name of a file for the page, found "-"')


def write_page(text: str, file: Path) -> None:
    """Write a page to a file, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    with written_whole(file, "the page") as stream:
        stream.write(text)


@contextmanager
def written_whole(file: Path, what: str) -> Iterator[TextIO]:
    """Yield a stream to a file that is there when all is written, and else is as it was before.

    A page or a table that ends early would look like a whole one.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe, a terminal: nothing takes its place
            with file.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        with _beside(file.resolve()) as stream:  # what a link leads to, not the link
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"expected to write {what} to {quoted(file)}, found: {error.strerror}; "
            "name a file in a folder that exists and may be written to"
        ) from error


@contextmanager
def _beside(file: Path) -> Iterator[TextIO]:
    scratch = None
    try:
        with NamedTemporaryFile(
            *("w", -1, "utf-8", ""), dir=file.parent, prefix=".oligort-", delete=False
        ) as stream:
            scratch = Path(stream.name)
            yield cast(TextIO, stream)
            stream.flush()
            os.fsync(stream.fileno())
        # As any other file of the user's: a temporary one is for its maker alone.
        mask = os.umask(0)
        os.umask(mask)
        scratch.chmod(0o666 & ~mask)
        scratch.replace(file)
    except BaseException:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
        raise


def show(view: "RenderableType") -> None:
    """Print a view: in colour on a terminal, as plain text elsewhere."""
    from rich.console import Console

    from oligort.report.text import WIDTH, plain_text

    if sys.stdout.isatty():
        Console(width=WIDTH, highlight=False, markup=False, emoji=False).print(view)
        return
    try:
        sys.stdout.write(plain_text(view))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"the result cannot be written: {error.strerror}") from error


def note(text: str) -> None:
    """Print a note on standard error, made harmless."""
    print(safe_text(text, MAX_NOTE), file=sys.stderr)


def note_all(about: str, notes: "Iterable[str]") -> None:
    """Print the notes about one thing."""
    for text in notes:
        note(f"{safe_text(about)}: {text}")


def note_faults(faults: "Iterable[Fault]") -> None:
    """Say which files, or parts of them, could not be used, or are used with a doubt."""
    for fault in faults:
        what = "used, in doubt" if fault.kind == "doubt" else "not used"
        note(f"{what}: {quoted(fault.file)}: {fault.reason}")


def note_other_patient(submission: "Submission", number: int) -> None:
    """Say that an earlier course, by its number, is of another patient id; which is never shown."""
    earlier = submission.earlier[number - 1]
    own, theirs = (
        {one.patient_key for one in export.structure_sets}
        | {one.patient_key for one in export.plans}
        | {one.patient_key for one in export.doses}
        for export in (submission, earlier)
    )
    own, theirs = own - {""}, theirs - {""}
    if own and theirs and not theirs <= own:
        note(
            f"earlier course {number}: carries another patient id than what it is added to; "
            f"confirm that both are of one patient, or leave it out"
        )


def note_names(submission: "Submission") -> None:
    """Say which entries of the site map fit no ROI; a missing structure set is told elsewhere."""
    with suppress(NotEvaluable):
        note_all("site map", submission.site_map.notes_on(submission.structure_set))


def note_unanswered(questions: "Iterable[Unanswered]") -> None:
    """Say what was asked for and has no defensible answer."""
    for question in questions:
        subject = " ".join(filter(None, (question.metric, question.roi_name)))
        note(f"not evaluable: {subject + ': ' if subject else ''}{question.reason}")
