"""Meant: what a text that a user writes stands for in a structure set."""

from dataclasses import dataclass

from oligort.geometry.algebra import Shape
from oligort.geometry.structure import Structure


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
