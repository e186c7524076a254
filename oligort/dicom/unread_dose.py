"""Unread dose: what an RTDOSE file that cannot be read still says of itself.

A file that a transfer cut off holds the dose of some plan, and it may be the one that is meant:
which dose is judged has to be asked beside it, as beside one whose voxels alone are damaged.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from oligort.dicom.instance import Recognised, linking_header
from oligort.dicom.rtdose import described
from oligort.dicom.sop_class import Kind
from oligort.errors import DicomError
from oligort.objects import Dose, Fault


def unread_dose(recognised: Recognised, fault: Fault, file_keys: frozenset[str]) -> Iterator[Dose]:
    """Yield the dose of a file that could not be read, if it is one: what stands before the cut.

    Parameters
    ----------
    recognised : Recognised
        What the file begins with.
    fault : Fault
        Why it could not be read.
    file_keys : frozenset of str
        By which the user may name it.
    """
    if recognised.kind is not Kind.RTDOSE:
        return
    dose = Dose("", fault.file, refusal=fault.reason)
    with suppress(DicomError, MemoryError):
        dose = described(recognised.header, fault.file, fault.reason)
        # Behind the patient stands what dose it is, and of which plan.
        _, header = linking_header(recognised.path)
        dose = described(header, fault.file, fault.reason)
    yield replace(dose, file_keys=file_keys)


def not_read_whole(unread: Sequence[Dose], doses: Sequence[Dose]) -> tuple[Dose, ...]:
    """Return the doses of files that could not be read, but those that are there whole as well."""
    files = {dose.file for dose in doses}
    uids = {dose.sop_instance_uid for dose in doses} - {""}
    return tuple(
        dose for dose in unread if dose.file not in files and dose.sop_instance_uid not in uids
    )
