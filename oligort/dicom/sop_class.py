"""What kind of object a file holds, by its SOP class, which file meta and Modality repeat."""

import re
from enum import StrEnum

from pydicom.config import IGNORE
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from oligort.dicom.elements import text
from oligort.display import quoted
from oligort.errors import DicomError, NotDicomError

DEFORMABLE_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.3"
"""SOP Class UID of a registration that bends."""

_STANDARD_ROOT = "1.2.840.10008."
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")


class Kind(StrEnum):
    """The kinds of object that are used."""

    RTSTRUCT = "RTSTRUCT"
    RTDOSE = "RTDOSE"
    RTPLAN = "RTPLAN"
    RTIONPLAN = "RTIONPLAN"
    CT = "CT"
    MR = "MR"
    PT = "PT"
    REG = "REG"
    RTRECORD = "RTRECORD"
    UNUSED = ""

    @property
    def is_image(self) -> bool:
        """Whether only its header is read, and it belongs to a series."""
        return self in {Kind.CT, Kind.MR, Kind.PT}


_KIND_OF_SOP_CLASS = {
    "1.2.840.10008.5.1.4.1.1.481.3": Kind.RTSTRUCT,
    "1.2.840.10008.5.1.4.1.1.481.2": Kind.RTDOSE,
    "1.2.840.10008.5.1.4.1.1.481.5": Kind.RTPLAN,
    "1.2.840.10008.5.1.4.1.1.481.8": Kind.RTIONPLAN,
    "1.2.840.10008.5.1.4.1.1.2": Kind.CT,
    "1.2.840.10008.5.1.4.1.1.4": Kind.MR,
    "1.2.840.10008.5.1.4.1.1.128": Kind.PT,
    "1.2.840.10008.5.1.4.1.1.66.1": Kind.REG,
    DEFORMABLE_REGISTRATION: Kind.REG,
    # records of beams, brachytherapy, the summary of both, and of ion beams
    "1.2.840.10008.5.1.4.1.1.481.4": Kind.RTRECORD,
    "1.2.840.10008.5.1.4.1.1.481.6": Kind.RTRECORD,
    "1.2.840.10008.5.1.4.1.1.481.7": Kind.RTRECORD,
    "1.2.840.10008.5.1.4.1.1.481.9": Kind.RTRECORD,
}

IMAGE_CLASSES = tuple(
    # UIDs are padded to an even length with a NUL.
    (uid + "\0" * (len(uid) % 2)).encode()
    for uid, kind in _KIND_OF_SOP_CLASS.items()
    if kind.is_image
)
"""The SOP classes of images that are used, as they stand in a file."""

_DOCUMENTS = ("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.104.")
"""How the classes of screenshots and of encapsulated reports begin.

Planning systems write them with the Modality of what they show.
"""

_RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
"""The class in which systems keep what is theirs alone, with the Modality of what it belongs to."""

MOST_DAMAGED = 4
"""So few characters of a class of the standard may be damaged: a private one differs in more."""

_KIND_OF_MODALITY = {kind.value: kind for kind in Kind if kind not in {Kind.UNUSED, Kind.RTIONPLAN}}
"""What an object without SOP Class UID is taken for."""

_PLANS = frozenset({Kind.RTPLAN, Kind.RTIONPLAN})
"""What one Modality stands for: the file meta tells which."""

_JUDGED = frozenset({Kind.RTSTRUCT, Kind.RTDOSE, Kind.RTPLAN, Kind.RTRECORD})
"""Of these results and choices are made: none may be lost in silence."""


def kind_of(header: FileDataset, has_preamble: bool) -> Kind:
    """Return the kind of an object: by its SOP class, which the rest must not contradict.

    One changed byte makes of a dose an object of another class, which nobody would miss: so
    Modality and the file meta, which repeat what it is, are asked as well.

    Raises
    ------
    DicomError
        If it does not say what it is, or contradicts itself; the message is the reason.
    """
    sop_class = text(header, "SOPClassUID")
    modality = _KIND_OF_MODALITY.get(text(header, "Modality"), Kind.UNUSED)
    kind = _KIND_OF_SOP_CLASS.get(sop_class, Kind.UNUSED)
    if _is_usual(kind, modality) and kind not in _PLANS:
        return kind
    stored_as = text(header.file_meta, "MediaStorageSOPClassUID")
    said = sop_class or stored_as
    if not said and modality is not Kind.UNUSED:
        return modality
    if not _UID.fullmatch(said):
        if not has_preamble and modality is Kind.UNUSED:
            raise NotDicomError("not a DICOM file")
        found = quoted(said) if said else "none"
        raise DicomError(f"expected an object with a SOP Class UID (0008,0016), found {found}")
    kind, stored = (_KIND_OF_SOP_CLASS.get(uid, Kind.UNUSED) for uid in (said, stored_as))
    if _is_usual(kind, modality) and {kind, stored} != _PLANS:
        return kind
    if stored_as not in {"", said} and not kind is stored is Kind.UNUSED:
        raise DicomError(
            f"its SOP Class UID (0008,0016) is that of {_named(said)}, its Media Storage SOP "
            f"Class UID (0002,0002) that of {_named(stored_as)}: what it is cannot be told"
        )
    if not _may_say(modality, kind, said, repeats=stored_as):
        raise DicomError(
            f"its SOP Class UID (0008,0016) is that of {_named(said)}, its Modality (0008,0060) "
            f"{quoted(modality)}: what it is cannot be told"
        )
    return kind


def _is_usual(kind: Kind, modality: Kind) -> bool:
    return kind is modality is not Kind.UNUSED or (kind, modality) == (Kind.RTIONPLAN, Kind.RTPLAN)


def _may_say(modality: Kind, kind: Kind, sop_class: str, *, repeats: str) -> bool:
    """Whether an object may have a Modality that is not that of its kind.

    Images converted from others keep it, and objects that are not used have any. That of what is
    judged is believed only of reports and private objects, whose class the file meta repeats; and
    where there is none, of raw data and of a private class that is no damaged one.
    """
    if kind is not Kind.UNUSED:
        is_converted = kind.is_image and modality.is_image
        return modality is Kind.UNUSED or is_converted or _is_usual(kind, modality)
    if modality not in _JUDGED:
        return True
    if repeats == sop_class:
        return sop_class == _RAW_DATA or is_private(sop_class) or sop_class.startswith(_DOCUMENTS)
    return sop_class == _RAW_DATA or (is_private(sop_class) and not _may_be_damaged(sop_class))


def is_private(sop_class: str) -> bool:
    """Tell whether a SOP class is none of the standard's."""
    return not sop_class.startswith(_STANDARD_ROOT)


def _may_be_damaged(sop_class: str) -> bool:
    """Whether a class of the standard becomes this one where few of its characters are damaged."""
    for uid in _KIND_OF_SOP_CLASS:
        # one that is cut off, or has a tail, is compared as far as it goes
        differing = sum(one != other for one, other in zip(sop_class, uid, strict=False))
        if differing <= MOST_DAMAGED:
            return True
    return False


def told_of(header: FileDataset) -> str:
    """Return why an object that is left alone must be told, though nothing is missing, or "".

    Private objects and raw data beside RT objects may call themselves what is judged.
    """
    sop_class = text(header, "SOPClassUID") or text(header.file_meta, "MediaStorageSOPClassUID")
    modality = text(header, "Modality")
    is_raw = sop_class == _RAW_DATA
    if _KIND_OF_MODALITY.get(modality) not in _JUDGED or not (is_raw or is_private(sop_class)):
        return ""
    what = "a raw data object" if is_raw else f"an object of the private SOP class {sop_class}"
    return (
        f"{what} whose Modality (0008,0060) is {quoted(modality)}: it is left alone; if it is to "
        "be judged, export it as an object of the standard"
    )


def name_of(sop_class: str) -> str:
    """Return the name of a SOP class as the standard lists it, or ""."""
    name = UID(sop_class, validation_mode=IGNORE).name.removesuffix(" Storage")
    return "" if name == sop_class else name


def _named(sop_class: str) -> str:
    return name_of(sop_class) or quoted(sop_class)
