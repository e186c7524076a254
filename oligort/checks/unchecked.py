"""Pages and findings of what no check can ask: whether the checks could run at all.

A batch gives each submission a report; of one that cannot be checked it holds one finding of these.
"""

from collections.abc import Iterator

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, Check
from oligort.finding import Finding, Grade


def _could_be_checked(case: Case) -> Iterator[Finding]:
    """What it checks: a submission of a batch could be read and checked.

    Why it matters: a submission that nobody could check has not passed.

    How it is measured: each submission is checked in a process of its own, with limits on time and
    memory. A process that is killed or crashes is tried once more.

    Not evaluable when: nothing of it can be read, a limit is reached, the process dies twice, or
    its register cannot be read; the finding says which.

    Source: oligort convention.
    """
    yield from ()


def _no_internal_error(case: Case) -> Iterator[Finding]:
    """What it checks: the checks of a submission of a batch ran without an internal error.

    Why it matters: an internal error is a bug in oligort; what it would have found is not known.

    How it is measured: any error that oligort does not raise on purpose is one.

    Not evaluable when: there is one; the finding names its kind and place, the log all of it.

    Source: oligort convention.
    """
    yield from ()


def _was_submitted(case: Case) -> Iterator[Finding]:
    """What it checks: of each subject that the registers list, a submission was found.

    Why it matters: what was never submitted is not seen among what was checked.

    How it is measured: submissions are matched to registers by Clinical Trial Subject ID; where
    the files state none, by the name of a folder or by a Patient ID that is the subject id.

    Not evaluable when: a register is there, and no submission.

    Source: oligort convention.
    """
    yield from ()


COULD_BE_CHECKED = Check("OL090", "The submission could be checked", _could_be_checked)
NO_INTERNAL_ERROR = Check("OL091", "No internal error", _no_internal_error)
WAS_SUBMITTED = Check("OL092", "The expected submission is there", _was_submitted)

UNCHECKED = (COULD_BE_CHECKED, NO_INTERNAL_ERROR, WAS_SUBMITTED)
"""What a report of a batch may hold beside the findings of the checks."""


def not_checked(reason: str, hint: str) -> Finding:
    """Return the finding of a submission that could not be checked."""
    return _finding(COULD_BE_CHECKED, f"could not be checked, because {reason}", hint)


def internal_error(what: str) -> Finding:
    """Return the finding of a submission on which oligort itself failed."""
    return _finding(
        NO_INTERNAL_ERROR,
        f"could not be checked, because of an internal error: {what}. This is a bug in oligort, "
        "not in the data",
        "report it with the lines that the log says about this submission, after a look that they "
        "name no patient",
    )


def not_submitted(trouble: str = "") -> Finding:
    """Return the finding of a register without a submission, with why it cannot be used or ""."""
    found = "expected a submission of this subject, because there is a register of it, found none"
    compare = "compare the subject id of the register with those of the files"
    if trouble:
        return _finding(
            WAS_SUBMITTED,
            f"{found}; the register cannot be used either: {trouble}",
            f"mend the register, or take what is none from among the registers; {compare}",
        )
    return _finding(WAS_SUBMITTED, found, f"ask the site for it, or {compare}")


def _finding(check: Check, message: str, hint: str) -> Finding:
    return Finding(
        code=check.code,
        grade=Grade.NOT_EVALUABLE,
        message=message,
        source=CONVENTION,
        hint=hint,
    )
