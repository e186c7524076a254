"""Kinds: whether a lesion is what the register calls it, or its ROIs or its organ say otherwise.

The register's word stands where nothing contradicts it. Where something does, the lesion may or may
not be a distant metastasis, and counts and proves nothing for certain.
"""

from collections.abc import Sequence

from oligort.clinical.answer import Answer
from oligort.clinical.register import LesionKind, Register, RegisterLesion
from oligort.display import listed, quoted, safe_text
from oligort.lesions.beyond import pair_too_far_apart, too_far_for_one_organ
from oligort.lesions.lesion import Lesion
from oligort.lesions.stations import is_regional_station, never_regional_words, regional_words
from oligort.lesions.vocabulary import Organ, Role
from oligort.lesions.whereabouts import distant_organs
from oligort.protocol.settings import PrimaryOrgans

PRIMARY_ORGANS = {
    PrimaryOrgans.ESOPHAGUS: frozenset({Organ.ESOPHAGUS}),
    PrimaryOrgans.ESOPHAGUS_OR_STOMACH: frozenset({Organ.ESOPHAGUS, Organ.STOMACH}),
}
"""Where a primary of the oesophagus lies, by each reading of the protocol's `primary_organs`."""


def contradicts(kind: LesionKind, role: Role) -> bool:
    """Whether an ROI's name says of a lesion that the register is wrong, one way or the other."""
    is_distant = kind is LesionKind.DISTANT
    says_distant = role is Role.GTV_METASTASIS
    # A node may be either, so its name contradicts nothing.
    return says_distant is not is_distant and role in {Role.GTV_METASTASIS, Role.GTV_PRIMARY}


def doubt_of_kind(
    entry: RegisterLesion,
    contours: Sequence[Lesion],
    register: Register,
    primary_organs: PrimaryOrgans,
) -> str:
    """Return what contradicts the register on whether a lesion is a distant metastasis, or "".

    Of an unknown kind nothing is said that could be contradicted.
    """
    match entry.kind:
        case None:
            return ""
        case LesionKind.DISTANT:
            return _doubt_of_distant(entry, contours, register)
        case _:
            doubt = _doubt_of_other(entry, contours, register, primary_organs)
            return doubt or _doubt_of_place(entry, contours, register)


def doubt_of_proof(
    entry: RegisterLesion,
    contours: Sequence[Lesion],
    register: Register,
    primary_organs: PrimaryOrgans,
) -> str:
    """Return why the proof of a lesion that is called distant may be one of the primary, or "".

    That is what contradicts its kind; and where nobody says its organ, that it may be the
    oesophagus: a missing answer must not prove what the answer would not.
    """
    if doubt := doubt_of_kind(entry, contours, register, primary_organs):
        return doubt
    if not _may_be_oesophageal(register):
        return ""
    organs = {entry.organ}.union(*((it.organ, it.said.organ, it.lies_in) for it in contours))
    where = sorted(one for one in organs if one in PRIMARY_ORGANS[primary_organs])
    if where and not register.lesions_of(LesionKind.PRIMARY):
        return (
            f"{safe_text(entry.id)} is called a distant metastasis and lies in {where[0]}, where "
            f"the primary may lie, and the register lists no primary"
        )
    is_said = entry.organ is not None or any(
        one.organ is not None or one.said.role is Role.GTV_METASTASIS for one in contours
    )
    if is_said:
        return ""
    return f"the organ of {safe_text(entry.id)} is not known, and may be the oesophagus"


def doubt_of_unlisted_primary(
    contour: Lesion,
    listed_ones: Sequence[Lesion],
    register: Register,
    primary_organs: PrimaryOrgans,
) -> str:
    """Return why what is named the primary, and not listed, may be a metastasis, or "".

    `listed_ones` are the contours of the primaries that are.
    """
    if not _may_be_oesophageal(register):
        return ""
    called = f"{quoted(contour.label)} is named the primary and not listed"
    if place := _beside(contour, None, primary_organs):
        return f"{called}, and {place}"
    is_far = Organ.ESOPHAGUS not in contour.beyond and listed_ones
    if is_far and all(too_far_for_one_organ(contour, one) for one in listed_ones):
        return f"{called}, and lies too far from {quoted(listed_ones[0].label)} to be of it"
    return ""


def doubt_of_second_primary(
    entry: RegisterLesion, contours: Sequence[Lesion], others: Sequence[Lesion], register: Register
) -> str:
    """Return that a primary lies too far from all contours of `others` to be one as well, or ""."""
    pairs = [(one, other) for one in contours for other in others]
    is_asked = _may_be_oesophageal(register) and not any(
        Organ.ESOPHAGUS in it.beyond for it in contours
    )
    if not pairs or not is_asked or not all(too_far_for_one_organ(*pair) for pair in pairs):
        return ""
    return (
        f"{safe_text(entry.id)} is called the primary of the oesophagus and lies too far from "
        f"{quoted(others[0].label)}, another one: it may be a distant metastasis"
    )


def _may_be_oesophageal(register: Register) -> bool:
    return register.disease.oesophageal_squamous_cell_carcinoma is not Answer.NO


def _doubt_of_distant(entry: RegisterLesion, contours: Sequence[Lesion], register: Register) -> str:
    called = f"{safe_text(entry.id)} is called a distant metastasis"
    primaries = [one.roi_name for one in contours if one.said.role is Role.GTV_PRIMARY]
    if primaries:
        return f"{called} and {listed(dict.fromkeys(primaries))} is named the primary"
    organs = {entry.organ}.union(*((it.organ, it.said.organ, it.lies_in) for it in contours))
    # Of what only most lies in it the place is told where it contradicts the organ that is said.
    organs |= {it.held_by for it in contours if it.organ_conflict}
    if Organ.ESOPHAGUS in organs and _may_be_oesophageal(register):
        return f"{called} and lies in the oesophagus, as the primary does"
    said = {entry.organ, *(one.said.organ for one in contours)} - {None}
    if not _may_be_oesophageal(register) or (said and Organ.LYMPH_NODES not in said):
        return ""
    if is_regional_station(entry.station):
        return f"{called} and its station, {quoted(entry.station)}, is a regional one"
    # What is named a metastasis says itself that it is none of the regional nodes.
    named = [
        one.roi_name
        for one in contours
        if one.said.role is not Role.GTV_METASTASIS and regional_words(one.roi_name)
    ]
    return f"{called} and {quoted(named[0])} is named after regional nodes" if named else ""


def _doubt_of_other(
    entry: RegisterLesion,
    contours: Sequence[Lesion],
    register: Register,
    primary_organs: PrimaryOrgans,
) -> str:
    """Return why what is called the primary or a regional node may be a metastasis, or ""."""
    if any(one.said.role is Role.GTV_METASTASIS for one in contours):
        return f"{safe_text(entry.id)} is named a metastasis and the register says another kind"
    is_primary = entry.kind is LesionKind.PRIMARY
    if is_primary and not _may_be_oesophageal(register):
        return ""  # of another disease it may lie anywhere
    called = f"{safe_text(entry.id)} is called " + (
        "the primary of the oesophagus" if is_primary else "a regional node"
    )
    if is_primary and entry.organ is not None and entry.organ not in PRIMARY_ORGANS[primary_organs]:
        return f"{called} and lies in {entry.organ}"
    for one in contours:
        if one.lies_in in distant_organs():
            return f"{called} and nearly all of it lies in an ROI of {one.lies_in}"
        if is_primary and (place := _beside(one, entry.organ, primary_organs)):
            return f"{called} and {place}: it may be a distant metastasis"
    place = _apart(contours) or _open_place(entry, contours, register, primary_organs)
    return f"{called} and {place}" if is_primary and place else ""


def _apart(contours: Sequence[Lesion]) -> str:
    """Return which two contours of a primary lie too far apart for both to be of it, or "".

    Where the oesophagus is drawn that tells of each by itself (`_beside`).
    """
    if any(Organ.ESOPHAGUS in one.beyond for one in contours):
        return ""
    pair = pair_too_far_apart(contours)
    if pair is None:
        return ""
    labels = " and ".join(quoted(one.label) for one in pair)
    return f"{labels} lie too far apart for that: one may be a distant metastasis"


def _doubt_of_place(entry: RegisterLesion, contours: Sequence[Lesion], register: Register) -> str:
    """Return that a regional node's station or name says a place where none is one, or ""."""
    if entry.kind is not LesionKind.REGIONAL_NODE or not _may_be_oesophageal(register):
        return ""
    written = [entry.station, *(one.roi_name for one in contours)]
    found = [(text, word) for text in written if (word := never_regional_words(text))]
    if not found:
        return ""
    text, word = found[0]
    return (
        f"{safe_text(entry.id)} is called a regional node and {quoted(text)} says {quoted(word)}, "
        f"where no node is regional of the oesophagus"
    )


def _beside(contour: Lesion, organ: Organ | None, primary_organs: PrimaryOrgans) -> str:
    """Return where a part of a primary lies instead of the oesophagus, or "".

    What lies in or at the oesophagus or, where that may hold a primary, the stomach, is not asked.
    """
    label = quoted(contour.label)
    # Where the oesophagus holds as much of it the two ROIs overlap, and nothing contradicts.
    is_told = bool(contour.organ_conflict) or contour.organ is contour.held_by
    if contour.held_by in distant_organs() and is_told:
        return f"most of {label} lies in an ROI of {contour.held_by}"
    where = PRIMARY_ORGANS[primary_organs]
    told = {one: is_beyond for one, is_beyond in contour.beyond.items() if one in where}
    # Of a primary of the stomach only that says where it is not.
    asked = organ if organ in where else Organ.ESOPHAGUS
    if not told.get(asked) or not all(told.values()):
        return ""
    return f"{label} lies wholly outside of the drawn {' and '.join(sorted(told))}"


def _open_place(
    entry: RegisterLesion,
    contours: Sequence[Lesion],
    register: Register,
    primary_organs: PrimaryOrgans,
) -> str:
    """Return why a primary of no stated organ may lie outside the oesophagus, or ""."""
    if entry.organ is not None or entry.kind is not LesionKind.PRIMARY:
        return ""
    primaries = register.lesions_of(LesionKind.PRIMARY)
    if entry is not next(one for one in primaries if one.organ is None):
        return "is not the only one without an organ"
    where = PRIMARY_ORGANS[primary_organs]
    is_said = [one.said.role is Role.GTV_PRIMARY or one.organ in where for one in contours]
    return "" if contours and all(is_said) else "its organ is not known"
