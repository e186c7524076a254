"""Whose an object is: an opaque key to compare patients by, and paths without their identity."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable

from pydicom.dataset import Dataset

from oligort.dicom.elements import text
from oligort.display import safe_text

MASK = "***"
"""What stands in a path for the part that repeats an identity."""

MIN_IDENTITY_LENGTH = 3
"""Shorter names and ids are not masked: they would blank every second path and identify nobody."""

MAX_PATH_TEXT = 512
"""Longest path that is shown whole; a submission's folders nest a few levels deep."""

KEY_LENGTH = 16
"""Hex digits of a patient key: 64 bits, so that two patients of a trial never share one."""


def patient_key(dataset: Dataset) -> str:
    """Return an opaque digest of the Patient ID, else of the Patient's Name, else "".

    Equal keys mean the same patient; nothing else may be read from a key.
    """
    patient_id = text(dataset, "PatientID")
    patient_name = " ".join(_words(text(dataset, "PatientName")))
    if not patient_id and not patient_name:
        return ""
    identity = f"id\0{patient_id}" if patient_id else f"name\0{patient_name}"
    return hashlib.sha256(identity.encode()).hexdigest()[:KEY_LENGTH]


def identities(dataset: Dataset) -> frozenset[str]:
    """Return what names the patient: id, whole name and each component of the name."""
    name = text(dataset, "PatientName")
    return frozenset({text(dataset, "PatientID"), name, *re.split(r"[\^=]", name)})


def masking(identity_texts: Iterable[str]) -> Callable[[str], str]:
    """Return the function that makes a relative POSIX path safe and free of these identities.

    Letters are compared without case, and whatever separates words may differ: the id "PT-0 17"
    is found in "pt_017".
    """
    patterns = set()
    for identity in identity_texts:
        words = _words(identity)
        if len("".join(words)) >= MIN_IDENTITY_LENGTH:
            patterns.add(r"[\W_]*".join(re.escape(letter) for letter in "".join(words)))
    longest_first = sorted(patterns, key=lambda pattern: (-len(pattern), pattern))
    searched = re.compile("|".join(longest_first), re.IGNORECASE) if patterns else None

    def masked(path: str) -> str:
        parts = unicodedata.normalize("NFC", path).split("/")
        if searched is not None:
            parts = [searched.sub(MASK, part) for part in parts]
        return safe_text("/".join(parts), MAX_PATH_TEXT)

    return masked


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())
