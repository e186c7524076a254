"""Pairing: which entries without ROI names are which contours, by organ and size, for certain.

A pair takes one from the number of metastases. So it needs each answer by which an entry could be
another lesion: one that is missing must never bring together what the answer would keep apart.
"""

from collections.abc import Sequence

from oligort.checks.claims import NEVER_CONTOURED, Claims
from oligort.clinical.register import RegisterLesion, Therapy
from oligort.display import listed, quoted
from oligort.lesions.lesion import Lesion
from oligort.lesions.stations import are_of_one_station, side_of_station
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.protocol.limits import LENGTH_ROUNDING_MM


def pairs_by_organ(
    entries: Sequence[RegisterLesion],
    drawn: Sequence[Lesion],
    size_tolerance_mm: float,
    claims: Claims,
    others: Sequence[RegisterLesion] = (),
) -> list[tuple[RegisterLesion, Lesion]]:
    """Pair entries and contours of an organ where both sides have equally many, by size.

    All entries that may be of the organ must say what a pair rests on. A pair of which any diameter
    differs by more than the tolerance may be two lesions, and stays apart; so does one whose sides
    or nodal stations contradict each other. Nothing is paired where what
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
        pairs += [
            (entry, contour)
            for entry, contour in _in_order(here, contours)
            if _are_of_one_size(entry, contour, size_tolerance_mm)
            and not why_elsewhere(entry, contour)
        ]
    return pairs


def _in_order(
    entries: Sequence[RegisterLesion], contours: Sequence[Lesion]
) -> list[tuple[RegisterLesion, Lesion]]:
    """Return as many entries and contours side by side, by size; by side first where that fits.

    Of two lungs the larger lesion of the register may be the smaller one of the drawing.
    """
    by_size = list(
        zip(
            sorted(entries, key=lambda one: one.size_mm or 0.0),
            sorted(contours, key=lambda one: float(one.longest_axial_mm)),
            strict=True,
        )
    )
    sides = [_sides_stated(one) for one in entries], [_sides_drawn(one) for one in contours]
    are_told = all(len(told) == 1 for of_all in sides for told in of_all)
    if not are_told or not any(why_elsewhere(*pair) for pair in by_size):
        return by_size
    return list(
        zip(
            sorted(entries, key=lambda one: (*_sides_stated(one), one.size_mm or 0.0)),
            sorted(contours, key=lambda one: (*_sides_drawn(one), float(one.longest_axial_mm))),
            strict=True,
        )
    )


def _are_of_one_size(entry: RegisterLesion, contour: Lesion, tolerance_mm: float) -> bool:
    """Whether no diameter that the register gives differs from the drawn one by too much."""
    sizes = (
        (entry.size_mm, contour.longest_axial_mm),
        (entry.short_axis_mm, contour.short_axis_mm),
        (entry.maximum_3d_mm, contour.maximum_3d_mm),
    )
    return all(
        abs(stated_mm - drawn_mm) <= tolerance_mm + LENGTH_ROUNDING_MM
        for stated_mm, drawn_mm in sizes
        if stated_mm is not None
    )


def _sides_stated(entry: RegisterLesion) -> frozenset[Side]:
    """Return the sides that the register says of an entry, by its side and its station."""
    said = {Side(entry.side) if entry.side else None, side_of_station(entry.station)}
    return frozenset(side for side in said if side in (Side.LEFT, Side.RIGHT))


def _sides_drawn(contour: Lesion) -> frozenset[Side]:
    """Return the sides that the name of a contour says, and the organ's ROI that holds it."""
    said = {contour.said.side, contour.held_on}
    return frozenset(side for side in said if side in (Side.LEFT, Side.RIGHT))


def why_elsewhere(entry: RegisterLesion, contour: Lesion) -> str:
    """Return in which side or station a contour contradicts an entry, or ""."""
    stated, drawn = _sides_stated(entry), _sides_drawn(contour)
    if stated and drawn and len(stated | drawn) > 1:
        return (
            f"the register says side {' and '.join(sorted(stated))} of {quoted(entry.id)}, name or "
            f"place of {quoted(contour.label)} say {' and '.join(sorted(drawn))}"
        )
    # Only the name of nodes has words for a station.
    of_nodes = contour.said.organ is Organ.LYMPH_NODES
    if of_nodes and not are_of_one_station(entry.station, contour.roi_name):
        return (
            f"the register says station {quoted(entry.station)} of {quoted(entry.id)}, the name of "
            f"{quoted(contour.label)} another one"
        )
    return ""


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
    elsewhere = [text for one in contours if (text := why_elsewhere(entry, one))]
    return "; ".join([told, *dict.fromkeys(elsewhere)])


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
