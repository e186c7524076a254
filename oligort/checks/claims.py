"""Claims: which entries of the register are settled, and which may be drawn as something else.

An entry is *settled* by one of three answers, and then no other contour is its own:

- all ROIs that it names are drawn with contours that can be measured, at least one of them as gross
  tumour that repeats no other, and the others as that too or as margins around it (CTV, ITV, PTV);
- it says that nothing is drawn for it (``roi_names = []``), and its therapy needs no contour;
- it is matched to contours without names: by organ and size (`pairing.py`), or a primary by kind.

Every other entry is *open*. It may be any ROI that no settled entry claims and that a register may
name as a lesion, and each ROI that it names itself and that was not taken for gross tumour: nothing
passes that such a contour would deny.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from oligort.clinical.register import LesionKind, RegisterLesion, Therapy
from oligort.lesions.lesion import Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ

NEVER_CONTOURED = frozenset({Therapy.SURGERY, Therapy.ABLATION})
"""Local therapies that need no contour: their lesions may be in the register only."""

NEEDS_CONTOUR = frozenset({Therapy.RADIOTHERAPY, Therapy.UNKNOWN})
"""Therapies of which ``roi_names = []`` is no whole answer: something is to be irradiated, or may
be."""


@dataclass(frozen=True, eq=False)
class Claims:
    """What the names of a register can stand for, and what is drawn beside.

    Parameters
    ----------
    tumour : frozenset of str
        The ROIs that were measured as gross tumour, also those that only repeat others.
    margins : frozenset of str
        The ROIs that are drawn around a lesion (CTV, ITV, PTV), with contours that can be measured.
    others : frozenset of str
        What else is named in the register and drawn with contours that can be measured: an organ by
        its name.
    unclaimed : tuple of Lesion
        What else is drawn and may be a lesion, and no entry names.
    named : tuple of Lesion
        What entries name and is neither gross tumour nor a margin by its name: `others`, measured.
    unmeasured : mapping of str to Organ or None
        The ROIs among those that cannot be measured, each with the organ that its name says.
    """

    tumour: frozenset[str] = frozenset()
    margins: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    unclaimed: tuple[Lesion, ...] = ()
    named: tuple[Lesion, ...] = ()
    unmeasured: Mapping[str, Organ | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        census: LesionCensus,
        margins: Collection[str] = (),
        others: Collection[str] = (),
        unclaimed: tuple[Lesion, ...] = (),
    ) -> "Claims":
        """Return what names stand for, with the census of gross tumour."""
        repeated = {one.roi_name for one in census.excluded if one.is_repetition}
        tumour = frozenset(repeated.union(one.roi_name for one in census.lesions))
        return cls(tumour, frozenset(margins) - tumour, frozenset(others) - tumour, unclaimed)

    @property
    def drawn(self) -> frozenset[str]:
        """The names that have contours which can be measured, as far as anybody asked for them."""
        return self.tumour | self.margins | self.others

    def may_hide_in(self, organ: Organ) -> bool:
        """Say whether what nobody claims may lie in an organ, measured or not."""
        places = (*(one.organ for one in self.unclaimed), *self.unmeasured.values())
        return any(place in (organ, None) for place in places)

    def not_found(self, entry: RegisterLesion) -> list[str]:
        """Return the ROIs that an entry names and that are neither gross tumour nor margins."""
        return [name for name in entry.roi_names if name not in self.tumour | self.margins]

    def settle(self, entry: RegisterLesion, contours: Sequence[Lesion]) -> bool:
        """Say whether no other contour can be that of an entry that is matched to some contours."""
        if entry.roi_names:
            return not self.not_found(entry) and bool(contours)
        return bool(contours) or is_drawn_nowhere(entry)


def is_drawn_nowhere(entry: RegisterLesion) -> bool:
    """Say whether the register says that nothing is drawn for an entry, which needs no contour."""
    return entry.drawn_as == () and entry.therapy not in NEEDS_CONTOUR


def claims_primaries(entry: RegisterLesion) -> bool:
    """Say whether an entry is a primary that may be drawn under a name that the register omits.

    ``roi_names = []`` omits none: it claims nothing.
    """
    is_primary = entry.kind is LesionKind.PRIMARY
    return is_primary and entry.drawn_as is None and entry.therapy not in NEVER_CONTOURED
