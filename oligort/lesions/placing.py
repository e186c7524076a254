"""Placing: what the organs say of a lesion, or that drawings which cannot be told say nothing."""

from oligort.display import quoted
from oligort.errors import NotEvaluable
from oligort.geometry.components import Part
from oligort.lesions.candidates import Candidate
from oligort.lesions.whereabouts import OrganFinder, Whereabouts


def place_of(candidate: Candidate, part: Part, label: str, organs: OrganFinder) -> Whereabouts:
    """Return organ and evidence; where the place cannot be told those of register or name."""
    try:
        return organs.organ_of(candidate, part, label)
    except NotEvaluable as reason:
        organs.notes.append(f"not asked where {quoted(label)} lies: {reason}")
        return Whereabouts(candidate.organ, candidate.organ_evidence)
