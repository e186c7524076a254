"""A trial office's batch: all submissions of all sites, and what to ask which site.

    python examples/trial_office.py SUBMISSIONS REGISTERS OUT

Checks with one worker a core and writes what `oligort batch` writes, then prints for each site how
many deviate and, the most urgent first, what somebody must look at. Started again it goes on where
it was.
"""

import os
import sys
from pathlib import Path

from oligort.batch.limits import Limits
from oligort.batch.registers import RegisterList
from oligort.batch.run import Batch
from oligort.display import safe_text
from oligort.errors import OligortError


def check_office(submissions: Path, registers: Path, out: Path) -> None:
    """Check all submissions and print what to ask the sites."""
    batch = Batch(jobs=os.cpu_count() or 1, limits=Limits(seconds=600))
    planned = batch.plan(submissions, "nct06190782", RegisterList.load(registers))
    print(f"{len(planned.found)} submissions, {len(planned.missing)} expected and not there")
    cohort = batch.run(planned, out, tell=lambda done: None).cohort
    for site in cohort.by_site:
        tell(f"{site.of}: {site.deviating} of {site.evaluated} deviate, {site.not_evaluable} open")
    for row in cohort.eyes_first():
        reasons = "; ".join(
            f"{reason} ({', '.join(codes)})" if codes else reason
            for reason, codes in row.eyes.items()
        )
        tell(f"  look at {row.subject} of {row.site}: {reasons}")
    for shared in cohort.shared:
        tell(f"  the same objects: {' and '.join(shared.files)}")


def tell(line: str) -> None:
    """Print a line; what files say may hold codes for the terminal."""
    print(safe_text(line, max_length=2000))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: trial_office.py SUBMISSIONS REGISTERS OUT")
    try:
        check_office(*map(Path, sys.argv[1:]))
    except OligortError as error:
        sys.exit(str(error))
