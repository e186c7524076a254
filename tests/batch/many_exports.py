"""Many small exports at the cost of writing their bytes: one is built, its UIDs are replaced.

Each is the export of `small_export`, of a patient and with UIDs of its own: reading and checking
one takes 0.2 s.
"""

from functools import cache
from io import BytesIO
from pathlib import Path

import small_export
from msgspec.structs import replace
from pydicom.dataset import Dataset

from oligort.clinical.register import Register

NUMBER = "10000000"
"""Stands in the UIDs, the Patient ID and the subject id of the template, and nowhere else."""

FRAME, STUDY = f"1.2.826.{NUMBER}.1", f"1.2.826.{NUMBER}.2"
UIDS = {
    small_export.FRAME: FRAME,
    small_export.STUDY: STUDY,
    **{f"1.2.{n}": f"1.2.826.{NUMBER}.3.{n}" for n in (1, 2, 3)},
}


def subject_of(number: int) -> str:
    """Return the subject id of an export."""
    return f"S-{int(NUMBER) + number}"


@cache
def template() -> dict[str, bytes]:
    """Return the files of the export whose number is 0."""
    return {file: as_bytes(built()) for file, built in small_export.OBJECTS.items()}


def as_bytes(dataset: Dataset, *, states_subject: bool = True) -> bytes:
    """Return an object of the small export as a file, with the UIDs of the template."""
    dataset.walk(_with_uid)
    dataset.PatientID = dataset.PatientName = f"P-{NUMBER}"
    if states_subject:
        dataset.ClinicalTrialSubjectID, dataset.ClinicalTrialSiteID = f"S-{NUMBER}", "SITE"
    stream = BytesIO()
    small_export.write(dataset, stream)
    return stream.getvalue()


def _with_uid(dataset: Dataset, element: object) -> None:
    if element.VR == "UI" and element.value in UIDS:
        element.value = UIDS[element.value]


def numbered(content: bytes, number: int) -> bytes:
    """Return a file of the template with another number."""
    return content.replace(NUMBER.encode(), str(int(NUMBER) + number).encode())


def write_exports(root: Path, numbers: range) -> list[Path]:
    """Write exports, each in a folder of its own below a root; return the folders."""
    folders = []
    for number in numbers:
        folder = root / f"patient{number:05d}"
        folder.mkdir(parents=True)
        for file, content in template().items():
            (folder / file).write_bytes(numbered(content, number))
        folders.append(folder)
    return folders


def register_of(number: int) -> Register:
    """Return the register of an export."""
    return replace(small_export.register(), subject=subject_of(number), site="SITE")
