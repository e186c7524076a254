"""Meant: what a text that a user writes stands for in a structure set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from oligort.display import listed, quoted
from oligort.dose.comparison import beside_drawn
from oligort.dose.dvh import Dvh
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Shape
from oligort.geometry.structure import Structure

DRAW_OR_NAME = (
    "draw it, or name the ROI that is meant as TG-263 does, and delete what is not meant; what a "
    "department names otherwise it can say in a site map (--names)"
)
"""What to do where a structure is missing, or several could be meant."""

NO_TUMOUR = "; where there is no gross tumour, say so in the register (anatomy.gtv_absent)"

ONE_SIDE = (
    "draw the other lung too; where it was removed, say so in the register (anatomy.pneumonectomy)"
)


@dataclass(frozen=True, eq=False)
class Meant:
    """What a text that a user writes stands for.

    Parameters
    ----------
    shape : Shape
        An ROI as drawn, or what an expression gives.
    name : str
        The ROI's name, or the expression.
    notes : tuple of str
        What should be said of the choice.
    drawn_too : tuple of Structure
        For an expression: the ROIs that are drawn under its very name.
    """

    shape: Shape
    name: str
    notes: tuple[str, ...] = ()
    drawn_too: tuple[Structure, ...] = ()

    def notes_on(self, dvh: Dvh, dvh_of: Callable[[Structure], Dvh]) -> tuple[str, ...]:
        """Return what should be said of its histogram: of the choice, and what else it could be.

        Parameters
        ----------
        dvh : Dvh
            What it gives in a dose.
        dvh_of : callable
            The histogram of a structure as drawn in the same dose; may raise `NotEvaluable`.
        """
        return (*self.notes, *(_beside(dvh, drawn, dvh_of) for drawn in self.drawn_too))


def _beside(dvh: Dvh, drawn: Structure, dvh_of: Callable[[Structure], Dvh]) -> str:
    try:
        return beside_drawn(dvh, dvh_of(drawn))
    except NotEvaluable as error:
        return f"an ROI of this name is drawn, and not compared: {error}"


def one_drawn(named: Sequence[Structure], name: str) -> Structure:
    """Return the one of some ROIs that answer to a name which encloses an area.

    Raises
    ------
    NotEvaluable
        If none does, or several do.
    """
    drawn = [one for one in named if not one.is_empty]
    if not drawn:
        raise NotEvaluable(f"ROI {quoted(name)} has no contour that encloses an area")
    if len({one.roi_name for one in drawn}) > 1:
        names = listed(one.roi_name for one in drawn)
        raise NotEvaluable(f"several ROIs could be {quoted(name)}: {names}")
    if len(drawn) > 1:
        raise NotEvaluable(f"{len(drawn)} ROIs are named {quoted(drawn[0].roi_name)}")
    return drawn[0]
