"""oligort: planning checks for oligometastatic radiotherapy trials, from DICOM RT.

Importing the package costs next to nothing: each name below is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oligort.batch.each import check_all
    from oligort.checks.engine import check
    from oligort.clinical.register import Register
    from oligort.conventions import Conventions
    from oligort.dicom.read import read
    from oligort.document import Report
    from oligort.dose.dvh import Dvh
    from oligort.finding import Finding, Grade
    from oligort.measure import Measure
    from oligort.protocol.model import Protocol
    from oligort.submission import Submission

__version__ = "0.1.0"

__all__ = [
    "Conventions",
    "Dvh",
    "Finding",
    "Grade",
    "Measure",
    "Protocol",
    "Register",
    "Report",
    "Submission",
    "check",
    "check_all",
    "read",
]

_HOMES = {
    "Conventions": "oligort.conventions",
    "Dvh": "oligort.dose.dvh",
    "Finding": "oligort.finding",
    "Grade": "oligort.finding",
    "Measure": "oligort.measure",
    "Protocol": "oligort.protocol.model",
    "Register": "oligort.clinical.register",
    "Report": "oligort.document",
    "Submission": "oligort.submission",
    "check": "oligort.checks.engine",
    "check_all": "oligort.batch.each",
    "read": "oligort.dicom.read",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'oligort' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
