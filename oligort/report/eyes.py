"""Eyes: why somebody should look at a submission, by its report and by the others beside it."""

from collections import defaultdict
from enum import StrEnum

from oligort.document import Report
from oligort.finding import Flag, Grade

_NOT_CHECKED, _INTERNAL_ERROR, _NOT_SUBMITTED = "OL090", "OL091", "OL092"
_SECOND_ENGINE = "OL305"


class Eyes(StrEnum):
    """Why somebody should look at a submission, the most urgent reason first."""

    INTERNAL_ERROR = "internal error"
    NOT_SUBMITTED = "expected, not there"
    LEFT_OVER = "submission no longer there"
    NOT_CHECKED = "could not be checked"
    NOT_ALL_ASKED = "not all checks asked"
    SHARED = "same objects as another submission"
    JUDGED_APART = "several submissions, each judged alone"
    SECOND_ENGINE = "second engine disagrees"
    NOT_EVALUABLE = "not evaluable"
    BORDERLINE = "borderline"
    DEFINITION_SENSITIVE = "definition-sensitive"
    QUERY = "query"


_OF_CODE = {
    _INTERNAL_ERROR: Eyes.INTERNAL_ERROR,
    _NOT_SUBMITTED: Eyes.NOT_SUBMITTED,
    _NOT_CHECKED: Eyes.NOT_CHECKED,
}
_OF_FLAG = {
    Flag.BORDERLINE: Eyes.BORDERLINE,
    Flag.DEFINITION_SENSITIVE: Eyes.DEFINITION_SENSITIVE,
    Flag.QUERY: Eyes.QUERY,
}


def eyes_of(report: Report) -> dict[Eyes, tuple[str, ...]]:
    """Return why somebody should look at a submission, with the codes of its report that say so."""
    said: dict[Eyes, dict[str, None]] = defaultdict(dict)
    if report.only:
        said[Eyes.NOT_ALL_ASKED] = dict.fromkeys(report.only)
    for finding in report.findings:
        reasons = {_OF_FLAG[flag] for flag in finding.flags}
        if finding.code in _OF_CODE:
            reasons.add(_OF_CODE[finding.code])
        elif finding.grade is Grade.NOT_EVALUABLE:
            reasons.add(Eyes.NOT_EVALUABLE)
        if finding.code == _SECOND_ENGINE and Eyes.QUERY in reasons:
            reasons.add(Eyes.SECOND_ENGINE)
        for reason in reasons:
            said[reason][finding.code] = None
    return {reason: tuple(said[reason]) for reason in Eyes if reason in said}


def with_reason(reason: Eyes, eyes: dict[Eyes, tuple[str, ...]]) -> dict[Eyes, tuple[str, ...]]:
    """Return the reasons in their order, with one that is of no code."""
    said: dict[Eyes, tuple[str, ...]] = {**eyes, reason: ()}
    return {reason: said[reason] for reason in Eyes if reason in said}
