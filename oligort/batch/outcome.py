"""Outcome: what became of one submission, and of all of a batch."""

from collections import Counter
from dataclasses import dataclass, field

from oligort.finding import Grade
from oligort.report.cohort_document import Cohort


@dataclass(frozen=True)
class Done:
    """One submission that is dealt with: its verdict, and whether its report was there already."""

    subject: str
    verdict: Grade
    is_reused: bool = False
    is_bug: bool = False
    trouble: str = ""
    log: str = ""


@dataclass
class Summary:
    """What a batch came to.

    Parameters
    ----------
    verdicts : Counter of Grade
        How many there are of each.
    reused, bugs : int
        Reports that were there already; internal errors.
    left_over : list of str
        Reports in the folder that are of no submission of this batch.
    cohort : Cohort or None
        What all reports in the folder say together.
    """

    verdicts: Counter[Grade] = field(default_factory=Counter)
    reused: int = 0
    bugs: int = 0
    left_over: list[str] = field(default_factory=list)
    cohort: Cohort | None = None

    def add(self, done: Done) -> None:
        """Count one."""
        self.verdicts[done.verdict] += 1
        self.reused += done.is_reused
        self.bugs += done.is_bug
