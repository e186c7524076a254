"""Pairing: which entries without ROI names are which contours, by organ and size, for certain.

A pair takes one from the number of metastases. So it needs each answer by which an entry could be
another lesion: one that is missing must never bring together what the answer would keep apart.
"""

from collections.abc import Sequence

from oligort.checks.claims import NEVER_CONTOURED, Claims
from oligort.clinical.register import RegisterLesion, Therapy
from oligort.display import listed, quoted
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import Organ, Role
from oligort.protocol.limits import LENGTH_ROUNDING_MM


def pairs_by_organ(
    entries: Sequence[RegisterLesion],
    drawn: Sequence[Lesion],
    size_tolerance_mm: float,
    claims: Claims,
    others: Sequence[RegisterLesion] = (),
) -> list[tuple[RegisterLesion, Lesion]]:
    """Pair entries and contours of an organ where both sides have equally many, by size.

    All entries that may be of the organ must say what a pair rests on. A pair whose sizes differ
    by more than the tolerance may be two lesions, and stays apart. Nothing is paired where what
    nobody claims, measured or not, may lie in the organ; nor where primaries or nodes are open,
    `others`, and a contour may be theirs: one whose name does not say that it is a metastasis.
    """
    pairs: list[tuple[RegisterLesion, Lesion]] = []
    for organ in dict.fromkeys(entry.organ for entry in entries if entry.organ is not None):
        here = [entry for entry in entries if _may_be_drawn_in(entry, organ)]
        contours = [lesion for lesion in drawn if lesion.organ is organ]
        if len(here) != len(contours) or any(map(unsaid, here)):
            continue
        if claims.may_hide_in(organ):
            continue
        if others and any(one.said.role is not Role.GTV_METASTASIS for one in contours):
            continue
        here.sort(key=lambda entry: entry.size_mm or 0.0)
        contours.sort(key=lambda lesion: float(lesion.longest_axial_mm))
        for entry, contour in zip(here, contours, strict=True):
            assert entry.size_mm is not None
            difference_mm = abs(entry.size_mm - contour.longest_axial_mm)
            if difference_mm <= size_tolerance_mm + LENGTH_ROUNDING_MM:
                pairs.append((entry, contour))
    return pairs


def possible_contours(entry: RegisterLesion, drawn: Sequence[Lesion]) -> tuple[Lesion, ...]:
    """Return the contours without an entry that may be drawn for an entry without contours."""
    if entry.drawn_as == () and entry.therapy in NEVER_CONTOURED:
        return ()
    return tuple(
        one for one in drawn if None in (one.organ, entry.organ) or one.organ is entry.organ
    )


def why_open(entry: RegisterLesion, contours: Sequence[Lesion]) -> str:
    """Return why nobody can tell if some contours are drawn for an entry, or "" without any."""
    if not contours:
        return ""
    names = listed(dict.fromkeys(one.label for one in contours))
    told = f"{quoted(entry.id)} may be what {names} draws (roi_names would tell)"
    if keys := unsaid(entry):
        told += f", and the register does not say its {' and '.join(keys)}"
    return told


def _may_be_drawn_in(entry: RegisterLesion, organ: Organ) -> bool:
    return entry.therapy not in NEVER_CONTOURED and entry.organ in (organ, None)


def unsaid(entry: RegisterLesion) -> list[str]:
    """Return the keys whose answers a pair by organ and size rests on, and that are missing.

    What is not irradiated need not be drawn, and what names ROIs is drawn as these: there only
    roi_names that are drawn would tell.
    """
    needs_name = entry.therapy is Therapy.NONE or bool(entry.roi_names)
    given = {
        "organ": entry.organ is not None,
        "kind": entry.kind is not None,
        "therapy": entry.therapy is not Therapy.UNKNOWN,
        "size_mm": entry.size_mm is not None,
        "roi_names (of what is drawn)": not needs_name,
    }
    return [key for key, is_given in given.items() if not is_given]
