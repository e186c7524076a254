"""What of an identity stands in the files: told by element, never by value.

The elements are those of PS3.15 Annex E (Basic Application Level Confidentiality Profile) that say
who the patient is, who treated him and where. The profile lets most of them stand with a dummy
value instead of none, so that values which are nobody's are told from those that may be somebody's.
Of nested sequences Other Patient IDs, those that identify physicians and operators, Request
Attributes, beams, ROI names and the descriptions of dose references are looked at; no private
element, no record of a DICOMDIR, no other sequence (Referenced Patient, Content of structured
reports), and nothing burnt into pixels.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from oligort.dicom.elements import MAX_TEXT_BYTES, as_written, items, text
from oligort.dicom.identity import MASK, Masking, identities, masking, spellings_of
from oligort.dicom.instance import LAST_OF_PATIENT
from oligort.dicom.nobody import NOTHING, is_nobodys
from oligort.errors import DicomError
from oligort.objects import IdentityLeft, key_of_id, key_of_name

NAMES = (
    *("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"),
    *("ResponsiblePerson", "ReferringPhysicianName", "ConsultingPhysicianName"),
    *("PhysiciansOfRecord", "PerformingPhysicianName", "NameOfPhysiciansReadingStudy"),
    *("OperatorsName", "RequestingPhysician", "ScheduledPerformingPhysicianName"),
    *("HumanPerformerName", "ContentCreatorName"),
    *("ReviewerName", "PhysicianApprovingInterpretation"),
)
"""Names of the patient, of relatives, of physicians and of those who operated or approved."""

PLACES = (
    *("PatientAddress", "PatientTelephoneNumbers", "PatientTelecomInformation"),
    *("ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers"),
    *("InstitutionName", "InstitutionAddress", "ResponsibleOrganization"),
    *("PersonAddress", "PersonTelephoneNumbers", "PersonTelecomInformation"),
)
"""Where the patient lives or is treated, and how to call there."""

IDS = ("PatientID", "OtherPatientIDs", "MedicalRecordLocator", "InsurancePlanIdentification")
"""Ids of the patient."""

BIRTH_DATES = ("PatientBirthDate", "PatientBirthDateInAlternativeCalendar")

BIRTH_TIME = "PatientBirthTime"

IDS_OF_VISITS = ("AccessionNumber", "AdmissionID")
"""Ids that de-identification replaces by numbers of the same look, so that they prove nothing."""

HOLDING = (
    *("ReferringPhysicianIdentificationSequence", "ConsultingPhysicianIdentificationSequence"),
    *("PhysiciansOfRecordIdentificationSequence", "PerformingPhysicianIdentificationSequence"),
    *("PhysiciansReadingStudyIdentificationSequence", "OperatorIdentificationSequence"),
    *("RequestingPhysicianIdentificationSequence", "ContentCreatorIdentificationCodeSequence"),
    *("ScheduledPerformingPhysicianIdentificationSequence", "ActualHumanPerformersSequence"),
    *("IntendedRecipientsOfResultsIdentificationSequence", "ScheduledHumanPerformersSequence"),
    *("RequestAttributesSequence", "BeamSequence", "IonBeamSequence"),
)
"""Sequences whose items say who treated the patient, and where."""

TEXTS = (
    *("StudyDescription", "SeriesDescription", "ProtocolName", "PatientComments", "ImageComments"),
    *("AdditionalPatientHistory", "RequestedProcedureDescription", "ContentDescription"),
    *("StructureSetLabel", "StructureSetName", "StructureSetDescription", "DoseComment"),
    *("RTPlanLabel", "RTPlanName", "RTPlanDescription"),
)
"""Free texts, which may repeat what names the patient."""

MAX_TOLD_APART = 64
"""Most names, ids and dates of which it is told which one a text repeats.

One patient has a few. Of many patients in one folder it is enough to say that somebody is named.
"""

FILE_NAME = "file name"
"""What stands for an element where the name of a file or folder repeats an identity."""

FIRST_BIRTH = "19000102"
"""The earliest birth date that is believed: whoever was born before is dead, and 19000101 is what
systems write for none."""

_NEVER = "9999"
_YEAR_ALONE = "0101"
_YEAR_DIGITS, _DATE_DIGITS = 4, 8
_ESCAPE = b"\x1b"
_OTHER_IDS = "OtherPatientIDsSequence"
_PERSON = "PersonIdentificationCodeSequence"
_ITEM_BYTES = b"\xfe\xff\xe0"
_NESTED = (
    ("StructureSetROISequence", "ROIName"),
    ("DoseReferenceSequence", "DoseReferenceDescription"),
)


def _tags(keywords: Iterable[str]) -> dict[int, str]:
    tags = {tag_for_keyword(keyword): keyword for keyword in keywords}
    assert None not in tags, "expected keywords of the DICOM dictionary"
    return {tag: keyword for tag, keyword in tags.items() if tag is not None}


_STATING = _tags((*NAMES, *PLACES, *IDS, *BIRTH_DATES, BIRTH_TIME, *IDS_OF_VISITS))
_HELD_IN = _tags(HOLDING)
_TEXT_TAGS = _tags(TEXTS)
_STATING_TAGS, _REPEATING_TAGS = frozenset(_STATING), frozenset(_TEXT_TAGS)


class Stated(NamedTuple):
    """One value of an element that is somebody's, its digests, and whether it may be a dummy."""

    keyword: str
    value: str
    keys: frozenset[str]
    may_be_dummy: bool = False


class Said(NamedTuple):
    """What a header says: values that are somebody's, and all that is masked in texts."""

    stated: tuple[Stated, ...]
    identities: frozenset[str]


Signature = tuple[tuple[int, str | None, bytes | None], ...]


@dataclass
class IdentitiesLeft:
    """What was found in the files so far.

    Files of one series repeat the same elements, byte for byte; each is judged once.
    """

    _said: dict[Signature, Said] = field(default_factory=dict)
    _texts: dict[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    _maskings: dict[frozenset[str], Masking] = field(default_factory=dict)
    _files: dict[tuple[str, frozenset[str], bool], list[str]] = field(default_factory=dict)

    def said_in(self, header: Dataset) -> Said:
        """Return what a header says.

        Raises
        ------
        DicomError
            If an element that is masked elsewhere cannot be read.
        """
        tags = sorted(_STATING_TAGS.intersection(header.keys()))
        holding = [tag for tag in _HELD_IN if tag in header.keys()]  # noqa: SIM118 - a view
        signature = None if _OTHER_IDS in header else _signature(header, (*tags, *holding))
        if signature is not None and signature in self._said:
            return self._said[signature]
        stated = (*_judged(header, tags), *_other_ids(header), *_held(header, holding))
        said = Said(stated, identities(header))
        if signature is not None:
            self._said[signature] = said
        return said

    def said_late(self, header: Dataset, dataset: Dataset) -> Said | None:
        """Return what a whole object says of the patient and its header does not, or None.

        Elements out of their order stand behind the header, and may say another name than it.

        Raises
        ------
        DicomError
            If an element that is masked elsewhere cannot be read.
        """
        tags = sorted(
            tag
            for tag in _STATING_TAGS.intersection(dataset.keys())
            if tag <= LAST_OF_PATIENT
            and (tag not in header or _of_tag(header, tag) != _of_tag(dataset, tag))
        )
        has_other_ids = _OTHER_IDS in dataset and _OTHER_IDS not in header
        of_patient = [tag for tag in _HELD_IN if tag <= LAST_OF_PATIENT and tag in dataset]
        held = [one for one in _held(dataset, of_patient) if one not in [*_held(header, _HELD_IN)]]
        if not tags and not has_other_ids and not held:
            return None
        others = _other_ids(dataset) if has_other_ids else ()
        return Said((*_judged(dataset, tags), *others, *held), identities(dataset))

    def note_behind_patient(self, dataset: Dataset, file: str, known: Iterable[int] = ()) -> None:
        """Keep what a whole object says behind the elements of its header, but what is known."""
        tags = [tag for tag in dataset.keys() if tag > LAST_OF_PATIENT and tag not in known]  # noqa: SIM118 - a view
        self.note(_judged(dataset, sorted(_STATING_TAGS.intersection(tags))), file)
        self.note(_held(dataset, [tag for tag in _HELD_IN if tag in tags]), file)

    def note(self, stated: Iterable[Stated], file: str) -> None:
        """Keep what one file says; `file` is its place, masked."""
        for one in stated:
            self._found(one.keyword, one.keys, file, one.may_be_dummy)
            is_told_apart = not one.may_be_dummy and len(self._maskings) <= MAX_TOLD_APART
            if not is_told_apart or one.keys in self._maskings:
                continue
            if spellings := spellings_of(one.keyword, one.value):
                self._maskings[one.keys] = masking(spellings)
                self._texts.clear()

    def note_texts(self, dataset: Dataset, file: str, masked: Masking) -> None:
        """Keep which texts of a file repeat what was noted of all files, which `masked` masks.

        Raises
        ------
        DicomError
            If ROIs or dose references cannot be read.
        """
        for tag in sorted(_REPEATING_TAGS.intersection(dataset.keys())):
            value = _value(dataset, tag, _TEXT_TAGS[tag])
            if _hides(masked, _TEXT_TAGS[tag], value):
                self._note_text(_TEXT_TAGS[tag], value, file)
        for sequence, keyword in _NESTED:
            for item in items(dataset, sequence):
                value = _readable(item, keyword)
                if _hides(masked, keyword, value):
                    self._note_text(keyword, value, file)

    def note_path(self, path: str, file: str) -> None:
        """Keep whether a path repeats what was noted of all files; `file` is the path, masked."""
        if MASK in file:
            self._note_text(FILE_NAME, path, file)

    def _note_text(self, keyword: str, value: str, file: str) -> None:
        if len(self._maskings) > MAX_TOLD_APART:
            self._found(keyword, frozenset(), file, may_be_dummy=False)
            return
        if (repeated := self._texts.get(value)) is None:
            repeated = self._texts[value] = tuple(
                keys for keys, masked in self._maskings.items() if _hides(masked, keyword, value)
            )
        for keys in repeated:
            self._found(keyword, keys, file, may_be_dummy=False)

    def _found(self, keyword: str, keys: frozenset[str], file: str, may_be_dummy: bool) -> None:
        files = self._files.setdefault((keyword, keys, may_be_dummy), [])
        if file not in files[-1:]:
            files.append(file)

    def found(self) -> tuple[IdentityLeft, ...]:
        """Return what was noted, in the order of the tags."""
        return tuple(
            IdentityLeft(keyword, _shown_tag(keyword), keys, tuple(sorted(files)), may_be_dummy)
            for (keyword, keys, may_be_dummy), files in sorted(
                self._files.items(),
                key=lambda one: (_shown_tag(one[0][0]) or "~", one[0][0], sorted(one[0][1])),
            )
        )


def _signature(header: Dataset, tags: Iterable[int]) -> Signature | None:
    """Return elements as they stand in the file; None where reading them may warn of their text."""
    encoded: list[tuple[int, str | None, bytes | None]] = []
    for tag in tags:
        element = as_written(header, tag)
        if not isinstance(element, RawDataElement):
            return None
        value = element.value
        if value and tag in _HELD_IN:
            value = value.translate(None, _ITEM_BYTES)  # the tags of items are no text
        if not _is_plain(value):
            return None
        encoded.append((tag, element.VR, element.value))
    return tuple(encoded)


def _is_plain(value: bytes | None) -> bool:
    if value is None:
        return True
    return len(value) <= MAX_TEXT_BYTES and value.isascii() and _ESCAPE not in value


def _judged(dataset: Dataset, tags: Iterable[int]) -> Iterator[Stated]:
    stated = {_STATING[tag]: _value(dataset, tag, _STATING[tag]) for tag in tags}
    patient_id = stated.get("PatientID", "")
    for keyword, values in stated.items():
        for value in values.split("\\"):
            if (one := _of(keyword, value.strip())) is not None:
                is_id = one.keys == {key_of_name(patient_id)}
                # A name that repeats the Patient ID says no more than that does.
                yield one._replace(keys=one.keys | {key_of_id(patient_id)}) if is_id else one


def _other_ids(dataset: Dataset) -> Iterator[Stated]:
    for item in items(dataset, _OTHER_IDS):
        one = _of("PatientID", _readable(item, "PatientID"))
        if one is not None:
            yield one._replace(keyword=_OTHER_IDS)


def _held(dataset: Dataset, tags: Iterable[int]) -> Iterator[Stated]:
    """Yield what the items of sequences state; one that cannot be read states something."""
    for tag in tags:
        try:
            for item in items(dataset, _HELD_IN[tag]):
                yield from _judged(item, sorted(_STATING_TAGS.intersection(item.keys())))
                for person in items(item, _PERSON):
                    if (one := _of(_PERSON, _readable(person, "CodeMeaning"))) is not None:
                        yield one
        except DicomError:
            yield Stated(_HELD_IN[tag], "unreadable", frozenset({key_of_name("unreadable")}))


def _value(dataset: Dataset, tag: int, keyword: str) -> str:
    """Return a value as text; plain ASCII without the objects that pydicom would build for it."""
    element = as_written(dataset, tag)
    encoded = element.value if isinstance(element, RawDataElement) else None
    if isinstance(encoded, bytes) and _is_plain(encoded):
        return encoded.decode("ascii").strip(" \0")
    return _readable(dataset, keyword)


def _of_tag(dataset: Dataset, tag: int) -> str:
    return _value(dataset, tag, _STATING[tag])


def _readable(dataset: Dataset, keyword: str) -> str:
    """Return a value as text; what cannot be read is something, and not known to be nobody's."""
    try:
        return text(dataset, keyword)
    except DicomError:
        return "unreadable"


def _of(keyword: str, value: str) -> Stated | None:
    """Return what a value states, or None where it is nobody's."""
    if NOTHING.fullmatch(value):
        return None
    if keyword in BIRTH_DATES:
        return _birth(keyword, value)
    if keyword in IDS or keyword in IDS_OF_VISITS:
        if is_nobodys(value, with_number=False):
            return None
        return Stated(keyword, value, frozenset({key_of_id(value)}), keyword in IDS_OF_VISITS)
    if is_nobodys(value, with_number=True):
        return None
    return Stated(keyword, value, frozenset({key_of_name(value)}))


def _birth(keyword: str, value: str) -> Stated | None:
    """Return what a birth date states; the first of January may stand for the year alone."""
    digits = "".join(re.findall(r"\d", value))
    is_date = len(digits) == _DATE_DIGITS
    if is_date and (digits < FIRST_BIRTH or digits.startswith(_NEVER)):
        return None
    may_be_year = len(digits) == _YEAR_DIGITS or (is_date and digits.endswith(_YEAR_ALONE))
    return Stated(keyword, value, frozenset({key_of_id(value)}), may_be_year)


def _hides(masked: Masking, keyword: str, value: str) -> bool:
    if keyword == "ROIName":
        return masked.roi_name(value) != value
    return any(masked.label(part) != part for part in value.split("/"))


def _shown_tag(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    return "" if tag is None else f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
