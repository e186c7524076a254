"""Frame: whether a dose and a structure lie in one frame of reference."""

from oligort.display import quoted
from oligort.dose.composite import CompositeDose, grids_of
from oligort.dose.grid import DoseGrid
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape


def require_frame_of_dose(shape: Shape, dose: DoseGrid | CompositeDose) -> None:
    """Raise NotEvaluable where a structure is not drawn in the dose's frame of reference.

    As far as both name theirs: what names none was placed by its references.
    """
    for structure in shape.leaves:
        for grid in grids_of(dose):
            if not structure.lies_in(grid.grid.frame_of_reference_uid):
                raise NotEvaluable(
                    f"ROI {quoted(structure.roi_name)} is drawn in another frame of reference than "
                    f"the dose, and no registration that can be used leads from one to the other"
                )
