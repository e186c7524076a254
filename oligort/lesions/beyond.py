"""Beyond: whether a lesion lies wholly outside of an organ, or too far from another for one."""

from collections.abc import Sequence

import numpy as np

from oligort.geometry.components import Part
from oligort.geometry.contact import comes_within
from oligort.geometry.slabs import SlabModel
from oligort.lesions.aliases import least_organ_cc
from oligort.lesions.lesion import Lesion
from oligort.lesions.naming import RoiName
from oligort.lesions.vocabulary import Organ, Side

BEYOND_ORGAN_MM = 10.0
"""How far from an organ, beside what is drawn of it, a lesion surely lies outside of it.

More than contours of organ and lesion differ by between readers, and than a cropped organ stays
away from a lesion in it.
"""

BEYOND_END_MM = 40.0
"""The same of a lesion that reaches beyond the planes of the organ, which may end too early there:
an oesophagus is often drawn no further than the lungs, or than the planned target."""

FAR_NODE_MM = 60.0
"""How far from oesophagus and stomach a node is asked about that is called regional.

Those above the clavicle and at the coeliac trunk lie nearer. It is only a query: the oesophagus may
be drawn in part.
"""

FARTHEST_ACROSS_MM = 100.0
"""How far apart across the patient two parts of one primary may lie: from the oesophagus to the far
side of the stomach."""

FARTHEST_ALONG_MM = 350.0
"""The same along the patient: the oesophagus is some 250 mm long, and the stomach goes on below."""

DRAWN_WHOLE = frozenset(
    {
        Organ.LUNGS,
        Organ.LIVER,
        Organ.BRAIN,
        Organ.ADRENALS,
        Organ.KIDNEYS,
        Organ.SPLEEN,
        Organ.PANCREAS,
        Organ.OVARIES,
        Organ.ESOPHAGUS,
        Organ.STOMACH,
    }
)
"""Organs of one piece, or two, that are drawn whole if at all. Of the skeleton one vertebra may be
drawn and a rib be the lesion; nobody draws all nodes, soft tissue or skin."""

_PAIRS = frozenset({Organ.LUNGS, Organ.ADRENALS, Organ.KIDNEYS, Organ.OVARIES})


def is_drawn_whole(
    organ: Organ, drawn: Sequence[tuple[RoiName, SlabModel]], side: Side | None
) -> bool:
    """Whether some ROIs of an organ are all of it, or all of the side of it that is asked for."""
    whole = [(name, model) for name, model in drawn if not name.subtracted]
    sides = {name.side for name, _ in whole}
    if organ not in DRAWN_WHOLE or not whole:
        return False
    if organ in _PAIRS:
        has_both = not sides.isdisjoint({None, Side.BOTH}) or {Side.LEFT, Side.RIGHT} <= sides
        if not has_both and (side is None or side not in sides):
            return False
    least_cc = least_organ_cc().get(organ, 0.0)
    return not least_cc or sum(it.volume_cc for _, it in whole) >= least_cc


def lies_beyond(part: Part, model: SlabModel, *, least_mm: float = 0.0) -> bool:
    """Whether a part lies wholly outside of an ROI, by its margin or by `least_mm` if that is more.

    Raises
    ------
    ValueError
        If their planes are not parallel.
    """
    is_within_planes = (
        model.slabs[0].lower_mm <= part.slabs[0].lower_mm
        and part.slabs[-1].upper_mm <= model.slabs[-1].upper_mm
    )
    reach_mm = BEYOND_ORGAN_MM if is_within_planes else BEYOND_END_MM
    return not comes_within(part.model, model, max(reach_mm, least_mm))


def pair_too_far_apart(lesions: Sequence[Lesion]) -> tuple[Lesion, Lesion] | None:
    """Return two lesions that cannot both lie in the oesophagus, or it and the stomach, or None.

    From their centres and largest diameters: between them lies at least as much.
    """
    if len(lesions) <= 1:
        return None
    centres_mm = np.array([one.centroid_mm for one in lesions])
    radii_mm = np.array([float(one.maximum_3d_mm) for one in lesions]) / 2
    for number in range(1, len(lesions)):
        off_mm = np.abs(centres_mm[:number] - centres_mm[number])
        reach_mm = radii_mm[:number] + radii_mm[number]
        across_mm = np.hypot(off_mm[:, 0], off_mm[:, 1]) - reach_mm
        is_far = (across_mm > FARTHEST_ACROSS_MM) | (off_mm[:, 2] - reach_mm > FARTHEST_ALONG_MM)
        if is_far.any():
            return lesions[int(is_far.argmax())], lesions[number]
    return None


def too_far_for_one_organ(first: Lesion, second: Lesion) -> bool:
    """Whether two lesions cannot both lie in the oesophagus, or it and the stomach."""
    return pair_too_far_apart((first, second)) is not None
