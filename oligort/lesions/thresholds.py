"""Thresholds: where the census draws its lines."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CensusThresholds:
    """Where the census draws its lines; conventions of this library, to be stated in reports.

    Parameters
    ----------
    duplicate_dice : float
        Above this Dice two parts are one volume drawn twice. Two observers who contour one
        tumour of some cm reach 0.8 to 0.92; 0.95 is beyond independent drawing.
    maybe_duplicate_dice : float
        From this Dice to `duplicate_dice` two parts may be one lesion contoured twice.
    superseded_dice : float
        From this Dice on a part whose name says "old", "copy" or "auto" repeats the other one: what
        it has in common is more than what it has not.
    covered_fraction : float
        An ROI is a union when its parts fill at least this share of it, and lie in it by as much.
    speck_cc : float
        Parts below this volume beside larger ones are noted, not counted: 0.01 cc is a ball of
        2.7 mm, below what a CT of 3 mm slices shows.
    organ_fraction : float
        A lesion lies in the organ that holds at least this share of its volume.
    organ_lead : float
        ... and this much more of it than any other organ: half in each is in neither.
    neck_fraction : float
        A part may be several lesions where it narrows to less than this share of the depth of
        both sides. Balls of one size that overlap by a quarter of a diameter narrow to 0.66, and
        the raster that tells makes up to 0.8 of that in a part of three planes.
    even_margin : float
        A part inside another is what a margin is drawn around, or the middle of it, if their
        centres lie apart by no more than this share of the mean margin: at a third the margin is
        nowhere more than twice what it is on the other side.
    """

    duplicate_dice: float = 0.95
    maybe_duplicate_dice: float = 0.85
    superseded_dice: float = 2 / 3
    covered_fraction: float = 0.95
    speck_cc: float = 0.01
    organ_fraction: float = 0.5
    organ_lead: float = 0.2
    neck_fraction: float = 0.8
    even_margin: float = 1 / 3
