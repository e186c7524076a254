"""Finding: one answer of one check, with its grade and the evidence under it."""

import hashlib
from enum import StrEnum
from typing import Literal

import msgspec


class Grade(StrEnum):
    """What a finding amounts to. Nothing missing is ever a pass."""

    PASS = "PASS"
    MINOR = "MINOR"
    MAJOR = "MAJOR"
    NOT_EVALUABLE = "NOT_EVALUABLE"
    INFO = "INFO"


VERDICT_ORDER = (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE, Grade.PASS)
"""The verdict over many findings is the first of these grades that occurs among them."""


class Flag(StrEnum):
    """What a reader should know beside the grade; a flag never changes it."""

    BORDERLINE = "BORDERLINE"
    DEFINITION_SENSITIVE = "DEFINITION_SENSITIVE"
    QUERY = "QUERY"


Relation = Literal["<=", "<", ">=", ">", "=="]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a rule or a number stands: a document and its section.

    ``document`` "assumption" marks what the public record leaves open.
    """

    document: str
    section: str = ""

    def __str__(self) -> str:
        """Document, then section."""
        return f"{self.document}, {self.section}" if self.section else self.document


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One measured or stated value, unrounded, beside the limit that it was held against."""

    name: str
    measured: float | str | None
    unit: str = ""
    relation: Relation | None = None
    limit: float | None = None
    low: float | None = None
    high: float | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one check about one thing.

    Parameters
    ----------
    code : str
        "OL301"; `oligort explain OL301` prints its page.
    criterion : str
        The trial's own number for it ("X6"), or "".
    grade, flags
        What it amounts to, and what to know beside it.
    about : str
        The structure, lesion, file or question it is about.
    message : str
        A sentence.
    evidence : tuple of Evidence
        The numbers under it.
    source : Source
        Where the rule stands.
    hint : str
        What to do about it.
    """

    code: str
    grade: Grade
    message: str
    criterion: str = ""
    about: str = ""
    flags: tuple[Flag, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    source: Source
    hint: str = ""

    @property
    def mark(self) -> str:
        """Eight hex digits of what it says: a decision on it is about this and nothing else.

        Its numbers and limits are among it, whether or not the message tells them.
        """
        texts = (self.code, self.criterion, self.about, self.grade, self.message)
        said = "\0".join((*texts, *map(_as_it_stands, self.evidence)))
        return hashlib.sha256(said.encode()).hexdigest()[:8]


MARKED_DECIMALS = 3
"""Decimals of a number in a mark: as many as a page prints of any; platforms differ in the last."""


def _as_it_stands(evidence: Evidence) -> str:
    """Return all that a piece of evidence says, numbers rounded."""
    values = (evidence.measured, evidence.low, evidence.high, evidence.limit)
    numbers = (
        f"{round(it, MARKED_DECIMALS) + 0.0:.{MARKED_DECIMALS}f}"
        if isinstance(it, float | int)
        else it
        for it in values
    )
    return "\0".join(map(str, (evidence.name, evidence.unit, evidence.relation, *numbers)))


def verdict_of(findings: tuple[Finding, ...]) -> Grade:
    """Return the verdict over findings: MAJOR, else MINOR, else NOT_EVALUABLE, else PASS.

    No finding at all, or nothing but INFO, is NOT_EVALUABLE: nothing was shown.

    Raises
    ------
    ValueError
        If a finding is of a grade that is none: it would count nowhere.
    """
    grades = {Grade(finding.grade) for finding in findings}
    return next((grade for grade in VERDICT_ORDER if grade in grades), Grade.NOT_EVALUABLE)
