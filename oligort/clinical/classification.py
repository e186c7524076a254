"""The ESTRO-EORTC decision tree: genuine or induced, and which of nine leaves.

Source: Guckenberger et al., Lancet Oncol 2020; 21: e18-28.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from oligort.clinical.answer import Answer
from oligort.clinical.dates import more_than_months_after
from oligort.clinical.register import Disease, Register


class Leaf(StrEnum):
    """The nine states of oligometastatic disease, and what the tree has no name for."""

    SYNCHRONOUS = "synchronous oligometastatic disease"
    METACHRONOUS_OLIGORECURRENCE = "metachronous oligorecurrence"
    METACHRONOUS_OLIGOPROGRESSION = "metachronous oligoprogression"
    REPEAT_OLIGORECURRENCE = "repeat oligorecurrence"
    REPEAT_OLIGOPROGRESSION = "repeat oligoprogression"
    REPEAT_OLIGOPERSISTENCE = "repeat oligopersistence"
    INDUCED_OLIGORECURRENCE = "induced oligorecurrence"
    INDUCED_OLIGOPROGRESSION = "induced oligoprogression"
    INDUCED_OLIGOPERSISTENCE = "induced oligopersistence"
    UNCLASSIFIED = "unclassified"


class Step(NamedTuple):
    """A question of the tree and the register's answer to it."""

    question: str
    answer: Answer


@dataclass(frozen=True)
class Classification:
    """Where the tree leads.

    Parameters
    ----------
    leaf : Leaf or None
        None where a question on the way has no answer.
    genuine : Answer
        Genuine rather than induced; known as soon as the first question is answered.
    path : tuple of Step
        The questions asked, in order, each with its answer.
    unanswered : str
        The question that stopped the way, with the register's key for it, or "".
    """

    leaf: Leaf | None
    genuine: Answer
    path: tuple[Step, ...]
    unanswered: str = ""


@dataclass(frozen=True)
class _Question:
    """A fork of the tree: where its answer stands, and where yes and no lead."""

    text: str
    keys: str
    answer: Callable[[Disease, int], Answer]
    yes: "_Question | Leaf"
    no: "_Question | Leaf"


def _metachronous(disease: Disease, synchronous_months: int) -> Answer:
    """Compare the two dates; a missing one leaves the question open."""
    primary, metastasis = disease.primary_diagnosis_date, disease.oligometastasis_date
    if primary is None or metastasis is None:
        return Answer.UNKNOWN
    return more_than_months_after(primary, metastasis, synchronous_months)


def _under_therapy(recurrence: Leaf, progression: Leaf, persistence: Leaf) -> _Question:
    """Return the two questions that every branch but the synchronous one ends in."""
    return _Question(
        "under active systemic therapy at diagnosis?",
        "disease.under_systemic_therapy",
        lambda disease, _: disease.under_systemic_therapy,
        no=recurrence,
        yes=_Question(
            "any lesion progressive?",
            "disease.any_lesion_progressive",
            lambda disease, _: disease.any_lesion_progressive,
            yes=progression,
            no=persistence,
        ),
    )


_TREE = _Question(
    "polymetastatic disease before?",
    "disease.polymetastatic_before",
    lambda disease, _: disease.polymetastatic_before,
    yes=_under_therapy(
        Leaf.INDUCED_OLIGORECURRENCE,
        Leaf.INDUCED_OLIGOPROGRESSION,
        Leaf.INDUCED_OLIGOPERSISTENCE,
    ),
    no=_Question(
        "oligometastatic disease before?",
        "disease.oligometastatic_before",
        lambda disease, _: disease.oligometastatic_before,
        yes=_under_therapy(
            Leaf.REPEAT_OLIGORECURRENCE,
            Leaf.REPEAT_OLIGOPROGRESSION,
            Leaf.REPEAT_OLIGOPERSISTENCE,
        ),
        no=_Question(
            "found more than {months} months after the primary?",
            "disease.primary_diagnosis_date and disease.oligometastasis_date",
            _metachronous,
            no=Leaf.SYNCHRONOUS,
            yes=_under_therapy(
                Leaf.METACHRONOUS_OLIGORECURRENCE,
                Leaf.METACHRONOUS_OLIGOPROGRESSION,
                # Persistence needs lesions that were known before: here the tree has no leaf.
                Leaf.UNCLASSIFIED,
            ),
        ),
    ),
)

_OPPOSITE = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNKNOWN: Answer.UNKNOWN}


def classify(register: Register, synchronous_months: int) -> Classification:
    """Return the leaf of the decision tree that a register's answers lead to.

    Parameters
    ----------
    register : Register
        The answers; an unknown one on the way ends it.
    synchronous_months : int
        Metastases found at most this many calendar months after the primary are synchronous.
    """
    genuine = _OPPOSITE[register.disease.polymetastatic_before]
    path: list[Step] = []
    place: _Question | Leaf = _TREE
    while isinstance(place, _Question):
        step = Step(
            place.text.format(months=synchronous_months),
            place.answer(register.disease, synchronous_months),
        )
        path.append(step)
        if step.answer is Answer.UNKNOWN:
            unanswered = f"{step.question} (register: {place.keys})"
            return Classification(None, genuine, tuple(path), unanswered)
        place = place.yes if step.answer is Answer.YES else place.no
    return Classification(place, genuine, tuple(path))
