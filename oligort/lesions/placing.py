"""Placing: what the organs say of a lesion, or that drawings which cannot be told say nothing."""

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.components import Part
from oligort.geometry.structure import Structure
from oligort.lesions.candidates import Candidate
from oligort.lesions.naming import RoiName
from oligort.lesions.whereabouts import OrganFinder, Whereabouts


def why_an_organ(candidate: Candidate, organs: OrganFinder) -> str:
    """Return why a candidate is an organ; "" also where that cannot be told, with a note."""
    try:
        return organs.why_an_organ(candidate)
    except NotEvaluable as reason:
        told = f"{quoted(candidate.roi_name)} is not compared with the organs: {reason}"
        organs.notes.append(told)
        return ""


def why_too_small(structure: Structure, name: RoiName, organs: OrganFinder) -> str | None:
    """Return why an organ is too small to be one; that it cannot be told is a reason as well."""
    try:
        return organs.why_too_small(structure, name)
    except NotEvaluable as reason:
        return f"cannot be compared with its organ ({reason})"


def place_of(candidate: Candidate, part: Part, label: str, organs: OrganFinder) -> Whereabouts:
    """Return organ and evidence; where the place cannot be told those of register or name."""
    try:
        return organs.organ_of(candidate, part, label)
    except NotEvaluable as reason:
        organs.notes.append(f"not asked where {quoted(label)} lies: {reason}")
        return Whereabouts(candidate.organ, candidate.organ_evidence)
