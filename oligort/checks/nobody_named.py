"""A register that names nobody: what repeats the patient's identity is masked, as in DICOM."""

from collections import Counter

import msgspec

from oligort.clinical.register import Register, RegisterLesion
from oligort.objects import Masker


def naming_nobody(register: Register | None, masker: Masker | None) -> Register | None:
    """Return a register whose names of lesions, ROIs, stations and site name no patient.

    ROI names are masked like those that are drawn, so that they are still found. What is of the
    trial's subject id names nobody; where no identity is known, or none is there, nothing changes.
    """
    if register is None or masker is None:
        return register
    subject = register.subject
    ids, roi_names = _Distinct(), _Distinct()

    def masked(lesion: RegisterLesion) -> RegisterLesion:
        drawn_as = lesion.drawn_as
        if drawn_as is not None:
            drawn_as = tuple(roi_names.of(masker.roi_name(name)) for name in drawn_as)
        return msgspec.structs.replace(
            lesion,
            id=ids.of(masker.beside(lesion.id, subject)),
            drawn_as=drawn_as,
            station=masker.beside(lesion.station, subject),
        )

    lesions = tuple(map(masked, register.lesions))
    site = masker.beside(register.site, subject)
    if lesions == register.lesions and site == register.site:
        return register
    return msgspec.structs.replace(register, lesions=lesions, site=site)


class _Distinct:
    """Texts that stay apart: the later ones of equal ones get a number."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, text: str) -> str:
        """Return a text, with a number where it was there before."""
        self._seen[text] += 1
        return text if self._seen[text] == 1 else f"{text} {self._seen[text]}"
