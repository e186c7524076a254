"""The curve of one ROI from oligort."""

from pathlib import Path

from curve import Curve

import oligort
from oligort.conventions import Conventions

NAMES = {
    "Dmin": "Min[Gy]",
    "Dmax": "Max[Gy]",
    "Dmean": "Mean[Gy]",
    "D99": "D99%[Gy]",
    "D95": "D95%[Gy]",
    "D5": "D5%[Gy]",
    "D1": "D1%[Gy]",
    "D0.03cc": "D0.03cc[Gy]",
}

VERSION = oligort.__version__

SETTINGS = {
    "": Conventions(),
    "interpolated between planes": Conventions(between_planes="interpolated"),
    "no end caps": Conventions(end_caps="none"),
    "cubic dose": Conventions(dose_interpolation="cubic"),
}
"""Each with one convention other than the default; a variant is known by its name here."""

VARIANTS = {"oligort": ""}
"""What stands beside the peers: the default alone."""


def curve(structures: Path, dose: Path, variant: str, _scratch: Path) -> Curve:
    """Return the curve of the one ROI that has contours."""
    submission = oligort.read(structures, dose)
    (name,) = (s.roi_name for s in submission.structure_set if not s.is_empty)
    dvh = submission.dvh(name, SETTINGS[variant])
    values = {key: 100 * float(dvh[metric]) for key, metric in NAMES.items()}
    return Curve(dvh.edges_gy, dvh.cumulative_cc, dvh.volume_cc, values)
