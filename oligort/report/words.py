"""What a report calls its verdict and its grades: in our words, EORTC's or NRG's."""

from collections.abc import Mapping
from types import MappingProxyType

from oligort.document import Report
from oligort.finding import Grade
from oligort.protocol.settings import GradeWords

SETTING = "grade_words"
"""The setting of the protocol that chooses the words."""

_OPEN = {Grade.NOT_EVALUABLE: "NOT EVALUABLE", Grade.INFO: "INFO"}

VERDICTS: Mapping[GradeWords, Mapping[Grade, str]] = MappingProxyType(
    {
        GradeWords.OLIGORT: {
            Grade.MAJOR: "MAJOR DEVIATION",
            Grade.MINOR: "MINOR DEVIATION",
            Grade.PASS: "PASS",
            **_OPEN,
        },
        GradeWords.EORTC: {
            Grade.MAJOR: "UNACCEPTABLE VARIATION",
            Grade.MINOR: "ACCEPTABLE VARIATION",
            Grade.PASS: "PER PROTOCOL",
            **_OPEN,
        },
        GradeWords.NRG: {
            Grade.MAJOR: "DEVIATION UNACCEPTABLE",
            Grade.MINOR: "VARIATION ACCEPTABLE",
            Grade.PASS: "PER PROTOCOL",
            **_OPEN,
        },
    }
)
"""What a submission as a whole is called."""

GRADES: Mapping[GradeWords, Mapping[Grade, str]] = MappingProxyType(
    {
        **VERDICTS,
        GradeWords.OLIGORT: {
            Grade.MAJOR: "MAJOR",
            Grade.MINOR: "MINOR",
            Grade.PASS: "PASS",
            **_OPEN,
        },
    }
)
"""What one finding is called."""


COUNTS: Mapping[GradeWords, Mapping[Grade, str]] = MappingProxyType(
    {
        **{
            spoken: {grade: word.lower() for grade, word in words.items()}
            for spoken, words in GRADES.items()
        },
        GradeWords.OLIGORT: {
            Grade.MAJOR: "major",
            Grade.MINOR: "minor",
            Grade.NOT_EVALUABLE: "not evaluable",
            Grade.PASS: "passed",
            Grade.INFO: "for information",
        },
    }
)
"""What follows the number of findings of a grade."""


def verdict_words(report: Report) -> Mapping[Grade, str]:
    """Return what the report's verdict is called, by grade."""
    return VERDICTS[_words_of(report)]


def grade_words(report: Report) -> Mapping[Grade, str]:
    """Return what a finding of the report is called, by grade."""
    return GRADES[_words_of(report)]


def count_words(report: Report) -> Mapping[Grade, str]:
    """Return what follows the number of findings of the report, by grade."""
    return COUNTS[_words_of(report)]


def _words_of(report: Report) -> GradeWords:
    said = next((one.value for one in report.settings if one.name == SETTING), "")
    # A report of another version may name words that are not known here; its grades are.
    return GradeWords(said) if said in set(GradeWords) else GradeWords.OLIGORT
