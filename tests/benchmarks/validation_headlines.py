"""The figures that the engine has to reach, each beside what was found."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from validation_cases import Measured
from validation_lungs import STEEPEST, LungV20
from validation_nelms import BEST, DEFAULT, MUCH_PERCENT, count_off
from validation_peaks import Peak
from validation_tables import MANY_PLANES, doubt_to_error, linear, on_many_planes

ROUND = ("sphere", "ellipsoid", "hollow sphere")
ACROSS = ("cylinder across", "torus")

ADDED_SHARE, ADDED_PP = 0.10, 0.15
"""Of the slabs' own error, or in points, whichever is larger, the engine may add."""


class Headline(NamedTuple):
    """One figure: at most, or exactly, its limit."""

    what: str
    found: float
    limit: float
    unit: str
    digits: int

    @property
    def row(self) -> list[str]:
        """As a row of a table."""
        shown = f"{self.found:.{self.digits}f}"
        return [self.what, f"{shown} {self.unit}".strip(), f"{self.limit:g} {self.unit}".strip()]


def headlines(
    table: list[Measured],
    peaks: list[Peak],
    lungs: list[LungV20],
    nelms: dict[str, list[dict[str, Any]]],
) -> list[Headline]:
    """Return all figures."""
    return [
        *_of_the_table(table),
        *_of_peaks(peaks),
        *_of_lungs(lungs),
        Headline(
            f"Nelms values off by more than {MUCH_PERCENT:g} %, default",
            count_off(nelms[DEFAULT], MUCH_PERCENT),
            6,
            "",
            0,
        ),
        Headline(
            f"Nelms values off by more than {MUCH_PERCENT:g} %, {BEST}",
            count_off(nelms[BEST], MUCH_PERCENT),
            5,
            "",
            0,
        ),
    ]


def _of_the_table(table: list[Measured]) -> list[Headline]:
    found = [m.default for m in linear(table)]
    worst = [c.worst_to_slab_pp for c in found]
    known = [m.default for m in linear(table) if m.has_solid_truth]
    over = [c.added_pp - max(ADDED_SHARE * c.slabs_own_pp, ADDED_PP) for c in known]
    lines = [
        Headline(
            "linear dose, curve to the exact slabs, median", float(np.median(worst)), 0.03, "pp", 4
        ),
        Headline("linear dose, curve to the exact slabs, worst", max(worst), 0.15, "pp", 4),
        Headline(
            "volume to the exact slabs, worst, all doses",
            max(m.default.volume_to_slab_percent for m in table),
            0.01,
            "%",
            5,
        ),
        Headline(
            "linear dose, cases whose truth leaves the numerical interval",
            sum(not c.is_contained for c in found),
            0,
            "",
            0,
        ),
        Headline("half-width over error, median", doubt_to_error(found), 3, "", 2),
    ]
    for kinds, curve_pp, volume_percent in ((ROUND, 0.3, 0.25), (ACROSS, 0.6, 0.9)):
        on_planes = [m.default for m in on_many_planes(table) if m.case.kind in kinds]
        names = f"{', '.join(kinds)} on {MANY_PLANES} planes or more"
        lines += [
            Headline(
                f"{names}: curve to the solid, worst",
                max(c.worst_to_solid_pp for c in on_planes),
                curve_pp,
                "pp",
                3,
            ),
            Headline(
                f"{names}: volume to the solid, worst",
                max(c.volume_to_solid_percent for c in on_planes),
                volume_percent,
                "%",
                3,
            ),
        ]
    lines.append(
        Headline(
            "linear dose, cases where the engine adds more than "
            f"{ADDED_SHARE:.0%} and {ADDED_PP:g} pp to the slabs' own error",
            sum(excess > 0 for excess in over),
            0,
            "",
            0,
        )
    )
    return lines


def _of_peaks(peaks: Sequence[Peak]) -> list[Headline]:
    fine = [peak.cubic_to_solid for peak in peaks if peak.has_many_planes]
    return [
        Headline(
            "Gaussian peaks, cubic, D95, D50, D5 to the exact slabs, worst",
            max(peak.cubic_to_slab for peak in peaks),
            1,
            "% of the maximum",
            3,
        ),
        Headline(
            "Gaussian peaks, cubic, D95, D50, D5 to the solid, fine planes, worst",
            max(fine),
            1,
            "% of the maximum",
            3,
        ),
        Headline(
            "Gaussian peaks, linear, values whose truth leaves the convention interval",
            sum(not peak.is_contained for peak in peaks),
            0,
            "",
            0,
        ),
    ]


def _of_lungs(lungs: Sequence[LungV20]) -> list[Headline]:
    default = [lung for lung in lungs if lung.dose_interpolation == "linear"]
    usual = [lung for lung in default if lung.dose != STEEPEST]
    cubic = [lung for lung in lungs if lung.dose_interpolation == "cubic"]
    return [
        Headline(
            "lung V20 to the exact slabs, worst, all doses but the steepest edge",
            max(abs(lung.percent - lung.slab_percent) for lung in usual),
            0.01,
            "pp",
            4,
        ),
        Headline(
            "lung V20 to the exact slabs, worst, cubic, all doses",
            max(abs(lung.percent - lung.slab_percent) for lung in cubic),
            0.01,
            "pp",
            4,
        ),
        Headline(
            "lung V20 to the solids, worst, all doses",
            max(abs(lung.percent - lung.solid_percent) for lung in lungs),
            0.05,
            "pp",
            4,
        ),
        Headline(
            "lung V20, width of the numerical interval, widest",
            max(lung.width_pp for lung in lungs),
            0.04,
            "pp",
            4,
        ),
    ]
