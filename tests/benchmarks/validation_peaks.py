"""D95, D50 and D5 of spheres under a Gaussian of about their size."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from validation_cases import histogram

from oligort.conventions import Conventions
from oligort.phantoms import Case, gaussian_peaks

SEED, COUNT = 2015, 40
VOLUMES_PERCENT = (95, 50, 5)

PLANES_A_RADIUS = 8
"""From here on the slabs follow the sphere well enough to be held against it."""


@dataclass(frozen=True)
class Peak:
    """One dose of one sphere; differences in percent of the highest dose of the field.

    Parameters
    ----------
    volume_percent : int
        95 of D95.
    has_many_planes : bool
        Whether planes are at most an eighth of the radius apart.
    linear_to_slab, cubic_to_slab, cubic_to_solid : float
        Differences, without sign.
    is_contained : bool
        Whether the convention interval of the linear value holds the slabs' truth.
    width : float
        Of that interval.
    """

    volume_percent: int
    has_many_planes: bool
    linear_to_slab: float
    cubic_to_slab: float
    cubic_to_solid: float
    is_contained: bool
    width: float


def peaks() -> list[Peak]:
    """Return D95, D50 and D5 of all spheres under a Gaussian."""
    with ProcessPoolExecutor() as pool:
        found = pool.map(_peaks_of, gaussian_peaks(SEED, COUNT))
        return [peak for of_case in found for peak in of_case]


def _peaks_of(case: Case) -> list[Peak]:
    linear = histogram(case, Conventions())
    cubic = histogram(case, Conventions(dose_interpolation="cubic"))
    others = Conventions().alternatives(loops_overlap=False)
    linear = replace(linear, alternatives=tuple(histogram(case, other) for other in others))
    low, high = case.solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    to_percent = 100 / case.field.maximum_gy
    found = []
    for volume_percent in VOLUMES_PERCENT:
        fraction = np.array([volume_percent / 100])
        slab_gy = float(case.slabs.dose_at(case.field, fraction)[0])
        solid_gy = float(case.whole.dose_at(case.field, fraction)[0])
        metric = f"D{volume_percent}%"
        interval = linear[metric].intervals["convention"]
        found.append(
            Peak(
                volume_percent,
                case.spacing_mm <= (high - low) / 2 / PLANES_A_RADIUS,
                to_percent * abs(linear[metric] - slab_gy),
                to_percent * abs(cubic[metric] - slab_gy),
                to_percent * abs(cubic[metric] - solid_gy),
                interval.low <= slab_gy <= interval.high,
                to_percent * (interval.high - interval.low),
            )
        )
    return found
