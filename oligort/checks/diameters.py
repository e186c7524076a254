"""Diameters: those of a lesion, as contours measure them and as the register states them."""

import math
from dataclasses import dataclass
from enum import StrEnum

from oligort.checks.accounting import AccountedLesion
from oligort.checks.case import Case
from oligort.clinical.answer import Answer
from oligort.clinical.dates import more_than_months_after
from oligort.clinical.register import RegisterLesion
from oligort.display import exact_number
from oligort.lesions.extent import Extent
from oligort.lesions.lesion import Lesion
from oligort.measure import MM_PER_CM, Measure
from oligort.protocol.limits import LENGTH_ROUNDING_MM, Limit


class Diameter(StrEnum):
    """One of the diameters of a lesion."""

    AXIAL = "longest axial diameter"
    SHORT = "short axis"
    IN_3D = "3D diameter"

    def drawn_mm(self, part: Lesion | Extent) -> Measure:
        """Return what the contours of a part measure."""
        return {
            Diameter.AXIAL: part.longest_axial_mm,
            Diameter.SHORT: part.short_axis_mm,
            Diameter.IN_3D: part.maximum_3d_mm,
        }[self]

    @property
    def key(self) -> str:
        """Where the register gives it."""
        return {
            Diameter.AXIAL: "size_mm",
            Diameter.SHORT: "short_axis_mm",
            Diameter.IN_3D: "maximum_3d_mm",
        }[self]

    def stated_mm(self, entry: RegisterLesion | None) -> float | None:
        """Return what the register says of it."""
        size: float | None = getattr(entry, self.key, None)
        return size


@dataclass(frozen=True)
class Stated:
    """What the register says of a diameter: its bounds, which are one where it gives it."""

    low_mm: float
    high_mm: float

    @classmethod
    def of(cls, diameter: Diameter, entry: RegisterLesion | None) -> "Stated | None":
        """Return the diameter itself, else what the others leave of it: short <= axial <= 3D."""
        if entry is None:
            return None
        own = diameter.stated_mm(entry)
        if own is not None:
            return cls(own, own)
        order = [Diameter.SHORT, Diameter.AXIAL, Diameter.IN_3D]
        place = order.index(diameter)
        below = [mm for one in order[:place] if (mm := one.stated_mm(entry)) is not None]
        above = [mm for one in order[place + 1 :] if (mm := one.stated_mm(entry)) is not None]
        if not below and not above:
            return None
        return cls(max(below, default=0.0), min(above, default=math.inf))

    def allowed(self, rule: Limit) -> bool | None:
        """Return whether the rule allows it, or None where it may be either."""
        verdicts = {rule.allows(self.low_mm), rule.allows(self.high_mm)}
        return verdicts.pop() if len(verdicts) == 1 else None

    def __str__(self) -> str:
        if self.low_mm == self.high_mm:
            return f"{exact_number(self.low_mm)} mm"
        if math.isinf(self.high_mm):
            return f"at least {exact_number(self.low_mm)} mm"
        return f"{exact_number(self.low_mm)} to {exact_number(self.high_mm)} mm"


def size_disagreements(case: Case, lesion: AccountedLesion) -> list[str]:
    """Return the diameters in which register and contours of a lesion differ by too much."""
    tolerance_mm = case.protocol.settings.register_size_difference_mm.value
    told = []
    for diameter in Diameter:
        stated_mm = diameter.stated_mm(lesion.entry)
        if stated_mm is None or not lesion.contours:
            continue
        drawn = max((diameter.drawn_mm(part) for part in lesion.contours), key=float)
        low_mm, high_mm = drawn.intervals.get("planes", (drawn, drawn))
        if max(low_mm - stated_mm, stated_mm - high_mm) > tolerance_mm + LENGTH_ROUNDING_MM:
            said = exact_number(stated_mm)
            told.append(f"the register says {said} mm ({diameter}), drawn {drawn:.1f} mm")
    return told


def size_perhaps_in_cm(case: Case, rule: Limit, stated: Stated, bound_mm: float | None) -> str:
    """Return that a size within the limit would be above it if it was meant in cm, or "".

    A small one is asked about by itself, but where what is drawn around the lesion (`bound_mm`) is
    too small for that; any is where that is as large as so many centimetres.
    """
    mm = stated.high_mm
    if math.isinf(mm) or rule.allows(mm * MM_PER_CM):
        return ""
    below_mm = case.protocol.settings.register_size_perhaps_in_cm_mm.value
    is_asked = mm < below_mm if bound_mm is None else bound_mm >= mm * MM_PER_CM
    if not is_asked:
        return ""
    drawn = "" if bound_mm is None else f", and {bound_mm:.1f} mm is drawn around it"
    return (
        f"its size would be above the limit if it was meant in cm ({exact_number(mm)} cm)"
        f"{drawn}: see which unit it is in"
    )


def size_of_another_time(case: Case, entry: RegisterLesion | None) -> str:
    """Return that a size was measured at another time than the metastases were found, or "".

    Both dates hold for all days that they may mean. What the protocol takes for one time, between
    the primary and metastases, is one time here too.
    """
    found = case.register.disease.oligometastasis_date if case.register else None
    at = entry.size_date if entry else None
    if at is None or found is None:
        return ""
    months = case.protocol.criteria.synchronous_months.limit
    is_before = more_than_months_after(at, found, months) is Answer.YES
    if not is_before and more_than_months_after(found, at, months) is not Answer.YES:
        return ""
    return (
        f"the size is of {at} (size_date), more than {months} months "
        f"{'before' if is_before else 'after'} oligometastasis_date ({found}): it may be no "
        f"baseline size"
    )
