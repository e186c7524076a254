"""Whose an object is: an opaque key to compare patients by, and texts without their identity."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from oligort.dicom.elements import items, text
from oligort.dicom.nobody import is_placeholder
from oligort.display import safe_text
from oligort.lesions.aliases import is_foreign
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.lesions.words import words_of
from oligort.objects import PLACEHOLDER

MASK = "***"
"""What stands in a text for the part that repeats an identity."""

MIN_IDENTITY_LENGTH = 3
"""Shorter names and ids are not masked: they would blank every second path and identify nobody."""

MIN_SHORT_IDENTITY_LENGTH = 2
"""Least length of a name in Chinese, Japanese or Korean and of an id that holds a digit."""

MIN_IDENTITY_LENGTH_IN_ROI_NAMES = 4
"""Shorter Latin names and ids stand by chance in too many ROI names ("GTV_LN", "D2cm")."""

MAX_PATH_TEXT = 512
"""Longest path that is shown whole; a submission's folders nest a few levels deep."""

KEY_LENGTH = 16
"""Hex digits of a patient key: 64 bits, so that two patients of a trial never share one."""

_ID_KEYWORDS = ("PatientID", "OtherPatientIDs", "MedicalRecordLocator")

_NAME_KEYWORDS = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "ResponsiblePerson",
    "ReferringPhysicianName",
)

_BIRTH_DATE, _OTHER_IDS = "PatientBirthDate", "OtherPatientIDsSequence"

_CJK = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Kana, Han and Hangul, in which two characters are a whole name."""


def patient_key(dataset: Dataset) -> str:
    """Return an opaque digest of the Patient ID, else of the Patient's Name, else "".

    Equal keys mean the same patient, except those that begin with `PLACEHOLDER`: what is digested
    in them is nobody's. Nothing else may be read from a key.
    """
    patient_id = text(dataset, "PatientID")
    patient_name = " ".join(_words(text(dataset, "PatientName")))
    if not patient_id and not patient_name:
        return ""
    key = key_of_patient_id(patient_id) if patient_id else _key(f"name\0{patient_name}")
    return f"{PLACEHOLDER}{key}" if is_placeholder(patient_id or patient_name) else key


def key_of_patient_id(patient_id: str) -> str:
    """Return the patient key of all objects that carry a Patient ID."""
    return _key(f"id\0{patient_id}")


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:KEY_LENGTH]


def identities(dataset: Dataset) -> frozenset[str]:
    """Return what names the patient, as written: ids, names with their parts, dates of birth."""
    found = {text(dataset, "AccessionNumber")}
    for holder in (dataset, *items(dataset, _OTHER_IDS)):
        for keyword in _ID_KEYWORDS:
            found.update(text(holder, keyword).split("\\"))
    for keyword in (*_NAME_KEYWORDS, _BIRTH_DATE):
        for value in text(dataset, keyword).split("\\"):
            found |= spellings_of(keyword, value)
    return frozenset(found) - {""}


def spellings_of(keyword: str, value: str) -> frozenset[str]:
    """Return how a text may repeat one value of an element; nothing where that names nobody."""
    if keyword in _NAME_KEYWORDS:
        return frozenset(_spellings_of_name(value))
    if keyword == _BIRTH_DATE:
        return frozenset(_spellings_of_date(value))
    return frozenset({value} if keyword in _ID_KEYWORDS or keyword == _OTHER_IDS else ())


def _spellings_of_name(name: str) -> set[str]:
    """Return a name, its groups (alphabetic, ideographic, phonetic) and their components.

    A group whose components are too short to be found by themselves also stands with the given
    name first: "Li^Na" is "Na Li" as well.
    """
    spellings = {name}
    for group in name.split("="):
        components = [part for part in group.split("^") if part]
        spellings |= {group, *components, " ".join(components[:2])}
        if any(len(component) < MIN_IDENTITY_LENGTH for component in components[:2]):
            spellings.add(" ".join(components[1::-1]))
    return spellings


def _spellings_of_date(date: str) -> set[str]:
    """Return a date of eight digits in the orders in which dates are written."""
    digits = "".join(re.findall(r"\d", date))
    if len(digits) != 8:
        return {date}
    year, month, day = digits[:4], digits[4:6], digits[6:]
    return {digits, day + month + year, month + day + year}


@dataclass(frozen=True)
class Masking:
    """What repeats an identity, to be masked in paths, labels and ROI names.

    Letters are compared without case, and whatever separates words may differ: the id "PT-0 17"
    is found in "pt_017".

    Parameters
    ----------
    anywhere : Pattern or None
        What is masked in paths and labels.
    in_roi_names : Pattern or None
        What is masked in ROI names; no words for a role or an organ.
    """

    anywhere: re.Pattern[str] | None = None
    in_roi_names: re.Pattern[str] | None = None

    def path(self, name: str) -> str:
        """Return a relative POSIX path masked, each part by itself, and safe to show."""
        parts = unicodedata.normalize("NFC", name).split("/")
        return safe_text("/".join(self.label(part) for part in parts), MAX_PATH_TEXT)

    def label(self, label: str) -> str:
        """Return a label or description masked; one without an identity stays as written."""
        composed = unicodedata.normalize("NFC", label)
        if self.anywhere is None or not self.anywhere.search(composed):
            return label
        return self.anywhere.sub(MASK, composed)

    def roi_name(self, roi_name: str) -> str:
        """Return an ROI name masked, except where that would cost its role or organ.

        A patient called Stern does not make an unknown of the "Sternum"; one called Costa does of
        the "Costa", an Italian rib, because in most exports that word is nothing but the name.
        """
        return self.beside(roi_name, "")

    def beside(self, written: str, subject: str) -> str:
        """Return a name or an id masked like an ROI name, but for what is of the subject id."""
        if self.in_roi_names is None:
            return written
        name, own = unicodedata.normalize("NFC", written), "".join(_words(subject))
        matches = self.in_roi_names.finditer(name)
        found = [it for it in matches if not own or "".join(_words(it[0])) not in own]
        for match in reversed(found):  # from the end, so that positions before it stay
            masked = name[: match.start()] + MASK + name[match.end() :]
            before, after = _reading(name), _reading(masked)
            beside = name[: match.start()][-1:] + name[match.end() :][:1]
            is_no_word = not any(map(str.isalpha, beside)) and _is_foreign(match[0])
            if before[0] is Role.UNKNOWN or before == after or is_no_word:
                name = masked
        return name if found else written


UNMASKED = Masking()
"""The masking that leaves every text as it is written."""


def masking(identity_texts: Iterable[str]) -> Masking:
    """Return the masking of these identities."""
    spellings = {
        "".join(words)
        for identity in identity_texts
        for words in (_words(identity), _words_as_written(identity))
    }
    roi_spellings = {
        spelling
        for spelling in spellings
        if (_reading(spelling)[0] is Role.UNKNOWN or _is_foreign(spelling))
        and (len(spelling) >= MIN_IDENTITY_LENGTH_IN_ROI_NAMES or _CJK.search(spelling))
    }
    return Masking(_searched(spellings), _searched(roi_spellings))


def _searched(spellings: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
    patterns = [pattern for spelling in longest_first if (pattern := _pattern(spelling))]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def _pattern(spelling: str) -> str:
    """Return the pattern of an identity, or "" where it is too short to identify anybody."""
    spaced = r"[\W_]*".join(re.escape(character) for character in spelling)
    if len(spelling) >= MIN_IDENTITY_LENGTH:
        return spaced
    if len(spelling) < MIN_SHORT_IDENTITY_LENGTH:
        return ""
    if _CJK.search(spelling):
        return spaced
    if any(character.isdigit() for character in spelling):
        return _edge("<!", spelling[0]) + spaced + _edge("!", spelling[-1])
    return ""


def _edge(look: str, character: str) -> str:
    """Return the condition that a short id is no part of a longer number or word."""
    alike = r"\d" if character.isdigit() else r"[^\W\d_]"
    return f"(?{look}{alike})"


def _reading(roi_name: str) -> tuple[Role, Organ | None, Side | None]:
    read = read_roi_name(roi_name)
    return read.role, read.organ, read.side


def _is_foreign(spelling: str) -> bool:
    words = words_of(spelling)
    return len(words) == 1 and is_foreign(words[0])


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())


def _words_as_written(name: str) -> list[str]:
    """Return the words without folding, by which the sharp s would no longer be found."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).lower())
