"""Too large: ROIs that nothing explains and that would break the size limit if they are lesions."""

from oligort.checks.case import Case
from oligort.checks.diameters import Diameter
from oligort.display import listed
from oligort.errors import NotEvaluable
from oligort.geometry.components import parts
from oligort.geometry.structure import Structure
from oligort.lesions.extent import extent_of
from oligort.protocol.limits import Limit


def too_large_if_a_lesion(case: Case, rule: Limit, diameter: Diameter) -> str:
    """Return which ROIs of unknown names would be too large if they were metastases, or "".

    What may be drawn for an entry of the register is told with that entry.
    """
    asked = {one.roi_name for lesion in case.accounted for one in lesion.perhaps}
    names = set(case.unexplained_rois) - asked
    if not names:
        return ""
    found = {
        structure.roi_name: size_mm
        for structure in case.submission.structure_set
        if structure.roi_name in names
        and (size_mm := _largest_mm(case, structure, rule, diameter)) is not None
    }
    if not found:
        return ""
    is_one = len(found) == 1
    return (
        f"not counted: {listed(found)}, whose {'name is' if is_one else 'names are'} not known and "
        f"which would be too large if {'it is a lesion' if is_one else 'they are lesions'} "
        f"({diameter} {'' if is_one else 'up to '}{max(found.values()):.1f} mm)"
    )


def _largest_mm(case: Case, structure: Structure, rule: Limit, diameter: Diameter) -> float | None:
    """Return the largest diameter of an ROI's parts that a limit does not allow, or None.

    What cannot be measured has none.
    """
    try:
        pieces = parts(structure, case.submission.usual_spacing_mm)
        sizes = [diameter.drawn_mm(extent_of(piece)).high for piece in pieces]
    except NotEvaluable:
        return None
    return max((size for size in sizes if not rule.allows(size)), default=None)
