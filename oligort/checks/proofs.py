"""Proofs: how many distant metastases are proven by pathology, for certain and perhaps (I5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from oligort.checks.accounting import AccountedLesion, may_be_drawn, unclaimed_primaries
from oligort.checks.case import Case
from oligort.checks.copies import copy_of_other, margin_of_other
from oligort.checks.elsewhere import told_elsewhere
from oligort.checks.kinds import doubt_of_kind, doubt_of_proof
from oligort.checks.lesions import why_incomplete
from oligort.clinical.answer import Answer
from oligort.clinical.register import LesionKind, Register
from oligort.display import listed, safe_text


@dataclass(frozen=True)
class Proofs:
    """How many distant metastases are proven for certain, and how many at most.

    `told` says what leaves it open, and `is_open` that there may be lesions that nobody told of.
    """

    proven: int
    most: int
    told: tuple[str, ...] = ()
    is_open: bool = False


def proofs_of(case: Case, register: Register) -> Proofs:
    """Return what pathology proves of the lesions that register and contours know together.

    Without a structure set nothing is drawn, and the register alone answers.
    """
    lesions = case.known_lesions
    unlisted = [one for one in lesions if one.entry is None]
    incomplete = why_incomplete(case) if case.submission.structure_sets else ""
    elsewhere = case.elsewhere if case.submission.structure_sets else ()
    proven, perhaps = 0, sum(one.counted.most for one in unlisted)
    perhaps += sum(one.most for one in elsewhere)
    unsaid: dict[str, list[str]] = {"pathology": [], "kind": []}
    doubts = []
    for one in lesions:
        entry = one.entry
        if entry is None or one.is_regional or entry.pathology is Answer.NO:
            continue
        doubt = one.doubt or _doubt(case, register, one)
        if entry.kind is LesionKind.DISTANT and entry.pathology is Answer.YES and not doubt:
            proven += 1
            continue
        perhaps += 1
        if entry.kind is None:
            unsaid["kind"].append(entry.id)
        elif entry.pathology is Answer.UNKNOWN:
            unsaid["pathology"].append(entry.id)
        if doubt:
            doubts.append(doubt)
    told = "; ".join(f"{key} of {listed(ids)}" for key, ids in unsaid.items() if ids)
    reasons = (
        f"the register does not say {told}" if told else "",
        *doubts,
        f"the register does not list {listed(one.name for one in unlisted)}" if unlisted else "",
        told_elsewhere(elsewhere),
        incomplete,
    )
    return Proofs(
        proven,
        proven + perhaps,
        tuple(reason for reason in reasons if reason),
        bool(incomplete),
    )


def _doubt(case: Case, register: Register, lesion: AccountedLesion) -> str:
    """Return why a lesion that is called distant may be the primary or a regional node, or ""."""
    return next(_doubts(case, register, lesion), "")


def _doubts(case: Case, register: Register, lesion: AccountedLesion) -> Iterator[str]:
    entry = lesion.entry
    if entry is None or entry.kind is not LesionKind.DISTANT:
        return
    primary_organs = case.protocol.settings.primary_organs.value
    if doubt := doubt_of_proof(entry, lesion.contours, register, primary_organs):
        yield doubt
    if copy := copy_of_other(case, lesion.contours):
        yield f"{safe_text(entry.id)} is called a distant metastasis, and {copy}"
    if not lesion.contours and (other := margin_of_other(case, case.margins_of(entry))):
        yield f"{safe_text(entry.id)} is called a distant metastasis, and {other}"
    primaries = unclaimed_primaries(case.census_if_drawn, register)
    unclaimed = listed(dict.fromkeys(one.roi_name for one in primaries))
    if unclaimed and may_be_drawn(lesion):
        yield f"{unclaimed} is named the primary, and may be what is drawn for {listed([entry.id])}"
    # What would contradict it must not be lost with the answer that brings the two together.
    for contour in lesion.perhaps:
        if doubt := doubt_of_kind(entry, (contour,), register, primary_organs):
            yield f"{doubt}, if that is drawn for it: {lesion.open_match}"
        if copy := copy_of_other(case, (contour,)):
            yield f"{copy}: {lesion.open_match}"
