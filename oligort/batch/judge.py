"""Judge: what a worker does with one submission, and what it hands back."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from oligort.batch.failure import bug_of, is_of_system, tells_of_system
from oligort.batch.note import leave
from oligort.batch.opening import digest_of, opened_places
from oligort.batch.portion import Place
from oligort.checks.case import Case
from oligort.checks.engine import LIBRARIES, case_of, report_on
from oligort.checks.registry import all_checks, packages_of
from oligort.clinical.register import Register
from oligort.crosscheck import SECOND_ENGINE
from oligort.dicom.files import Found
from oligort.dicom.read import read_found
from oligort.document import Report
from oligort.errors import ProtocolError
from oligort.finding import Grade
from oligort.protocol.model import Protocol
from oligort.versions import versions_of

_ONE_AT_A_TIME = threading.Lock()
"""Reading listens to Python's warnings, which all threads of a process share."""


@dataclass(frozen=True)
class Task:
    """One submission to check, small enough to be sent to another process.

    Parameters
    ----------
    key : str
        Which submission it is.
    root, base : str
        The folder that was searched, and below it the one that names of files are relative to.
    places : tuple of Place
        Where the files lie.
    protocol, protocol_sha256 : str
        A shipped protocol's id or a file, and the digest that it must have.
    register : str
        The register as JSON, or "".
    known : str
        The fingerprint of a report that is there already, or "".
    has_page : bool
        Whether a page is made beside the report.
    cross_check : bool
        Whether a second engine is asked as well.
    """

    key: str
    root: str
    base: str
    places: tuple[Place, ...]
    protocol: str
    protocol_sha256: str
    register: str = ""
    known: str = ""
    has_page: bool = False
    cross_check: bool = False

    def fingerprint(self, found: Found) -> str:
        """Return the digest of all that the report depends on."""
        parts = {
            "files": digest_of(found),
            "register": self.register,
            "protocol": self.protocol_sha256,
            "versions": versions_of((*LIBRARIES, SECOND_ENGINE) if self.cross_check else LIBRARIES),
            "checks": _installed_checks(),
            "page": self.has_page,
            "cross_check": self.cross_check,
        }
        return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()


@dataclass(frozen=True)
class Judged:
    """What a worker hands back.

    Parameters
    ----------
    fingerprint : str
        Of what was judged, or "" where that is not known: a file could not be read that the system
        may give the next time.
    subject, verdict : str, Grade or None
        As in the report; None where the report that is there already holds.
    files : mapping of str to bytes
        What is to be written, by the suffix of its name.
    page_trouble, log : str
        Why the page has no pictures though it was asked for, or ""; what a bug left, for standard
        error alone.
    """

    fingerprint: str
    subject: str = ""
    verdict: Grade | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    page_trouble: str = ""
    log: str = ""


def judged(task: Task) -> Judged:
    """Check a submission, unless the report that is there already is of the same.

    Raises
    ------
    OligortError
        If it cannot be read, or the protocol is no longer the one that the batch began with.
    MemoryError
        If it needs more memory than the process may have.
    """
    with _ONE_AT_A_TIME, opened_places(Path(task.root), task.base, task.places) as found:
        # The digest first: what changes while it is read is of another digest the next time.
        fingerprint = task.fingerprint(found)
        if fingerprint == task.known:
            return Judged(fingerprint)
        leave(fingerprint)
        try:
            submission = read_found(found)
            register = _register(task)
            case = case_of(submission, _protocol(task), register, cross_check=task.cross_check)
            report = report_on(case)
        except Exception as error:
            if is_of_system(error):
                leave("")  # what was read is not what the digest is of
            raise
        if any(map(tells_of_system, _troubles(case, report))):
            fingerprint = ""
        return _documented(fingerprint, report, case, task)


def _documented(fingerprint: str, report: Report, case: Case, task: Task) -> Judged:
    """Return what is written of a report; a page that fails takes nothing from it.

    In its place is the page of the report alone, without pictures, where that can be made.
    """
    answer = Judged(fingerprint, report.subject, report.verdict)
    try:
        return replace(answer, files=documents(report, case, has_page=task.has_page))
    except MemoryError:
        trouble, log = "the process may not have as much memory as that needs", ""
    except Exception as error:  # noqa: BLE001 - whatever fails in a page, the report holds
        bug = bug_of(error)
        trouble, log = bug.what, bug.trace
        if is_of_system(error):
            answer = replace(answer, fingerprint="")
    files = documents(report, None, has_page=False)
    with suppress(Exception):
        files = documents(report, None, has_page=True)
    return replace(answer, files=files, page_trouble=trouble, log=log)


def _troubles(case: Case, report: Report) -> Iterator[str]:
    """Yield why files could not be read, and what could not be evaluated."""
    yield from (fault.reason for fault in case.submission.faults)
    yield from (finding.message for finding in report.graded(Grade.NOT_EVALUABLE))


def documents(report: Report, case: Case | None, *, has_page: bool) -> dict[str, bytes]:
    """Return what is written of a submission, by the suffix of its name.

    Without a case, of what could not be checked, the page has no pictures.
    """
    files = {".json": report.to_json().encode()}
    if has_page:
        from oligort.report.html import page

        files[".html"] = page(report, case).encode()
    return files


@cache  # what is installed does not change while a process runs
def _installed_checks() -> dict[str, tuple[str, ...]]:
    return packages_of(all_checks())


def _register(task: Task) -> Register | None:
    return Register.from_dict(msgspec.json.decode(task.register)) if task.register else None


def _protocol(task: Task) -> Protocol:
    return _loaded(task.protocol, task.protocol_sha256)


@lru_cache(maxsize=2)  # only what is as expected is kept
def _loaded(protocol: str, sha256: str) -> Protocol:
    loaded = Protocol.load(protocol)
    if loaded.sha256 != sha256:
        raise ProtocolError(
            "expected one protocol for all submissions of a batch, found its file changed since "
            "the batch began; start it again"
        )
    return loaded
