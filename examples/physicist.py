"""One patient: what the trial's protocol says of the plan, and the numbers under it.

    python examples/physicist.py EXPORT [REGISTER]

EXPORT is the folder, or the zip archive, that the planning system wrote; REGISTER the clinical
register of the patient. Prints the verdict, what deviates or is open, lung V20 with the interval
that it lies in, and the lesions.
"""

import sys
from pathlib import Path

import oligort
from oligort.display import safe_text
from oligort.errors import NotEvaluable, OligortError


def told(export: Path, register: Path | None) -> None:
    """Print what there is to know of one export."""
    submission = oligort.read(export)
    report = oligort.check(submission, register=register)
    print(f"{safe_text(report.subject)}: {report.verdict}")
    for grade in (oligort.Grade.MAJOR, oligort.Grade.MINOR, oligort.Grade.NOT_EVALUABLE):
        for finding in report.graded(grade):
            print(f"  {grade} {finding.code}: {finding.message}")
            if finding.hint:
                print(f"    to do: {finding.hint}")
    try:
        v20 = submission.dvh("Lungs-GTV")["V20Gy[%]"]
        print(f"  lung V20 {v20:.2f} % ({v20.low:.2f} to {v20.high:.2f})")
    except NotEvaluable as error:
        print(f"  no lung V20: {error}")
    try:
        for lesion in submission.lesions():
            print(f"  {safe_text(lesion.label)}: {lesion.longest_axial_mm:.1f} mm")
    except NotEvaluable as error:
        print(f"  no lesions: {error}")


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: physicist.py EXPORT [REGISTER]")
    try:
        told(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None)
    except OligortError as error:
        sys.exit(str(error))
