"""A register that names nobody: what repeats the patient's identity is masked, as in DICOM."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from oligort.clinical.register import Register, RegisterLesion
from oligort.objects import Masker, Plan
from oligort.selection import fitting


def naming_nobody(
    register: Register | None, masker: Masker | None, plans: Sequence[Plan] = ()
) -> Register | None:
    """Return a register whose names of lesions, ROIs, stations, plans and site name no patient.

    ROI names are masked like those that are drawn, so that they are still found; a plan that is
    there (`plans`) is called by its UID instead. What is of the trial's subject id names nobody;
    where no identity is known, or none is there, nothing changes.
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

    def plan_name(name: str) -> str:
        shown = masker.beside(name, subject)
        if shown == name:
            return name
        uids = {plan.sop_instance_uid for plan in fitting(plans, name)}
        # Another plan's label may be masked to the same: what is not there must not be that one.
        return uids.pop() if len(uids) == 1 else f"{shown} (masked)"

    changed: dict[str, Any] = {
        "lesions": tuple(map(masked, register.lesions)),
        "site": masker.beside(register.site, subject),
    }
    for keys in PLAN_LISTS:
        names = _Distinct()
        for key in keys:
            changed[key] = tuple(names.of(plan_name(name)) for name in getattr(register, key))
    if all(value == getattr(register, key) for key, value in changed.items()):
        return register
    return msgspec.structs.replace(register, **changed)


PLAN_LISTS = (("courses",), ("screening_plans", "delivered_plans"))
"""Keys of a register that list plans by label or UID; among those of each no plan stands twice."""


class _Distinct:
    """Texts that stay apart: the later ones of equal ones get a number."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, text: str) -> str:
        """Return a text, with a number where it was there before."""
        self._seen[text] += 1
        return text if self._seen[text] == 1 else f"{text} {self._seen[text]}"
