"""Conventions: how contours become a volume and a grid of numbers becomes a dose.

None of them is a fact of the patient; two systems that choose differently print different numbers
and are both right. So each has a name, a default and a line in every result.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Literal, get_args

EndCaps = Literal["half", "none"]
BetweenPlanes = Literal["slab", "interpolated"]
Gaps = Literal["report", "fill"]
OverlappingLoops = Literal["union", "xor"]
DoseInterpolation = Literal["linear", "cubic"]


@dataclass(frozen=True)
class Conventions:
    """The conventions that a histogram follows.

    Parameters
    ----------
    end_caps : "half" or "none"
        Whether the end planes reach half a spacing outwards, as in the reference values of Nelms
        et al., Med. Phys. 42 (2015) 4435, or stop at themselves.
    between_planes : "slab" or "interpolated"
        Whether a contour fills half the way to its neighbours as it is, or the shape passes
        steadily from one contour to the next and rounds off beyond the last.
    gaps : "report" or "fill"
        Whether the place of missing planes stays empty, or is filled as between any two planes.
        Either way it is reported.
    overlapping_loops : "union" or "xor"
        Whether what two partly overlapping loops of a plane share is inside or outside.
    dose_interpolation : "linear" or "cubic"
        Between voxel centres: trilinear, or a tricubic B-spline through the voxel values.

    Raises
    ------
    ValueError
        If a convention is none of those.
    """

    end_caps: EndCaps = "half"
    between_planes: BetweenPlanes = "slab"
    gaps: Gaps = "report"
    overlapping_loops: OverlappingLoops = "union"
    dose_interpolation: DoseInterpolation = "linear"

    def __post_init__(self) -> None:
        for field in fields(self):
            value, known = getattr(self, field.name), get_args(field.type)
            if value not in known:
                raise ValueError(
                    f"{field.name}: expected {' or '.join(map(repr, known))}, found {value!r}"
                )

    def alternatives(self, *, loops_overlap: bool) -> Iterator["Conventions"]:
        """Yield the other conventions that a system may well follow for the same structure.

        Every combination of end caps, shape between planes and dose interpolation and, where loops
        of a plane overlap, of what becomes of them. Whether a gap is filled is no such choice: a
        missing plane is a defect of the export.
        """
        overlaps = get_args(OverlappingLoops) if loops_overlap else (self.overlapping_loops,)
        choices = product(
            get_args(EndCaps), get_args(BetweenPlanes), overlaps, get_args(DoseInterpolation)
        )
        for end_caps, between_planes, overlapping_loops, dose_interpolation in choices:
            other = replace(
                self,
                end_caps=end_caps,
                between_planes=between_planes,
                overlapping_loops=overlapping_loops,
                dose_interpolation=dose_interpolation,
            )
            if other != self:
                yield other


DEFAULT = Conventions()
"""What holds where nothing else is asked for."""
