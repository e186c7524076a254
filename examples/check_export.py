"""Check a planning system's export folder: one submission a subfolder, one line a patient.

    python examples/check_export.py EXPORT_FOLDER REGISTER_FOLDER REPORT_FOLDER

A subfolder EXPORT_FOLDER/PT-017 goes with the register REGISTER_FOLDER/PT-017.toml, where there
is one. The JSON report is written to REPORT_FOLDER/PT-017.json. One line a patient is printed:
verdict, lung V20 with the interval that it lies in, lesions, and the codes that deviate.
"""

import sys
from pathlib import Path

import oligort
from oligort.display import safe_text
from oligort.errors import NotEvaluable, OligortError

LUNGS = "Lungs-GTV"
V20 = "V20Gy[%]"


def lung_v20(submission: oligort.Submission) -> str:
    """Return lung V20 as text, or why there is none."""
    try:
        v20 = submission.dvh(LUNGS)[V20]
    except OligortError as error:
        return f"no V20: {error}"
    return f"V20 {v20:.2f} % ({v20.low:.2f} to {v20.high:.2f})"


def lesion_sizes(submission: oligort.Submission) -> str:
    """Return the lesions with their longest axial diameters, or why there are none."""
    try:
        lesions = submission.lesions()
    except NotEvaluable as error:
        return f"no lesions: {error}"
    return ", ".join(
        f"{safe_text(lesion.label)} {lesion.longest_axial_mm:.1f} mm" for lesion in lesions
    )


def check_folder(export: Path, registers: Path, reports: Path) -> None:
    """Check every submission of an export folder, one after the other."""
    reports.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path for path in export.iterdir() if path.is_dir()):
        register = registers / f"{folder.name}.toml"
        try:
            submission = oligort.read(folder)
            report = oligort.check(
                submission,
                protocol="nct06190782",
                register=register if register.exists() else None,
                subject=folder.name,
            )
        except OligortError as error:
            print(f"{folder.name}: could not be checked: {error}")
            continue
        report.to_json(reports / f"{folder.name}.json")
        deviating = report.graded(oligort.Grade.MAJOR) + report.graded(oligort.Grade.MINOR)
        codes = ", ".join(finding.code for finding in deviating) or "nothing deviates"
        print(f"{folder.name}: {report.verdict}: {codes}")
        print(f"  {lung_v20(submission)}")
        print(f"  {lesion_sizes(submission)}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: check_export.py EXPORT_FOLDER REGISTER_FOLDER REPORT_FOLDER")
    check_folder(*map(Path, sys.argv[1:]))
