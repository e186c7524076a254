"""Names for the ROIs of a review: "GTVm01_Liver", as TG-263 has it, and no more than is known."""

from collections.abc import Iterator

from oligort.lesions.lesion import Lesion
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side

MAX_LENGTH = 16
"""Longest ROI name that every planning system takes (AAPM TG-263)."""

_SHORT = {Organ.LYMPH_NODES: "LN"}
"""Organs whose own word leaves no room for a number."""


def review_name(lesion: Lesion, number: int) -> str:
    """Return the name of a counted lesion, the organ in it where it fits and is read as it is.

    "GTVm01" is counted as one metastasis for certain, "GTV01" at most as one. The number alone
    makes the name unique.
    """
    role = Role.GTV_METASTASIS if lesion.counted.least else Role.GTV
    stem = f"GTV{'m' if role is Role.GTV_METASTASIS else ''}{number:02d}"
    for organ in _organ_words(lesion):
        name = f"{stem}_{organ}"
        read = read_roi_name(name, "GTV")
        if len(name) <= MAX_LENGTH and (read.role, read.organ) == (role, lesion.organ):
            return name
    return stem


def _organ_words(lesion: Lesion) -> Iterator[str]:
    """Yield words for the organ of a lesion, the most telling first."""
    if lesion.organ is None:
        return
    whole = _SHORT.get(lesion.organ, str(lesion.organ))
    side = lesion.said.side
    if side in {Side.LEFT, Side.RIGHT}:
        yield f"{whole.removesuffix('s')}_{side}"
    yield whole
