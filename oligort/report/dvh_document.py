"""The JSON of `oligort dvh`: a contract, whose keys are added to and never renamed."""

from typing import TYPE_CHECKING

import msgspec

from oligort.display import harmless_json
from oligort.measure import Measure
from oligort.report.unanswered import Unanswered

if TYPE_CHECKING:
    from oligort.dose.dvh import Dvh


class DvhEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One cumulative DVH and the metrics asked for.

    Parameters
    ----------
    roi_name, roi_number : str, int or None
        The ROI or expression as asked for; an expression has no number.
    volume_cc, uncovered_cc : float
        Of the contours; of the part outside the dose grid.
    min_gy, mean_gy, max_gy : float or None
        None where nothing is covered.
    edges_gy, cumulative_cc : list of float
        ``cumulative_cc[i]`` is the covered volume with a dose of at least ``edges_gy[i]``.
    metrics : mapping of printed name to float or None
        None where the metric is not evaluable; the document then says why.
    metric_units : mapping of printed name to str
        Units of the metrics that have a value.
    metric_intervals : mapping of printed name to cause to (low, high)
        In which the truth lies, per cause of doubt; None in JSON where nothing bounds it.
    notes : tuple of str
        What was assumed or repaired.
    partly_covered_volume_cc : float
        Of a sum of several doses: what lies outside some of their grids, and of which only a part
        of the dose is known.
    partly_covered_cc : list of float or None
        ``partly_covered_cc[i]`` is the part of ``cumulative_cc[i]`` of which that is true; None
        where there is none.
    """

    roi_name: str
    roi_number: int | None
    volume_cc: float
    uncovered_cc: float
    min_gy: float | None
    mean_gy: float | None
    max_gy: float | None
    edges_gy: list[float]
    cumulative_cc: list[float]
    metrics: dict[str, float | None]
    metric_units: dict[str, str]
    metric_intervals: dict[str, dict[str, tuple[float, float]]]
    notes: tuple[str, ...] = ()
    partly_covered_volume_cc: float = 0.0
    partly_covered_cc: list[float] | None = None

    @classmethod
    def of(cls, dvh: "Dvh", measures: dict[str, Measure | None]) -> "DvhEntry":
        """Build the entry of a DVH and its measures, by printed name."""
        known = {name: measure for name, measure in measures.items() if measure is not None}
        return cls(
            roi_name=dvh.roi_name,
            roi_number=dvh.roi_number,
            volume_cc=float(dvh.volume_cc),
            uncovered_cc=float(dvh.uncovered_cc),
            min_gy=_plain(dvh.min_gy),
            mean_gy=_plain(dvh.mean_gy),
            max_gy=_plain(dvh.max_gy),
            edges_gy=dvh.edges_gy.tolist(),
            cumulative_cc=dvh.cumulative_cc.tolist(),
            metrics={name: _plain(measure) for name, measure in measures.items()},
            metric_units={name: measure.unit for name, measure in known.items()},
            metric_intervals={
                name: {cause: (low, high) for cause, (low, high) in measure.intervals.items()}
                for name, measure in known.items()
            },
            notes=tuple(dvh.notes),
            partly_covered_volume_cc=float(dvh.partly_covered_volume_cc),
            partly_covered_cc=(
                None if dvh.partly_covered_cc is None else dvh.partly_covered_cc.tolist()
            ),
        )

    def interval_of(self, metric: str) -> tuple[float, float]:
        """Return the lowest and the highest value that any cause of doubt allows."""
        ends = self.metric_intervals.get(metric, {}).values()
        return min((low for low, _ in ends), default=0.0), max(
            (high for _, high in ends), default=0.0
        )


class DvhDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The DVHs asked for, the doses and conventions under them, and what has no answer.

    `prescription_gy` is what percentages of dose are of; None where no metric asked for needs it
    or none is known. `notes` are of the dose: what is added up, and why a check would grade nothing
    on it.
    """

    schema_version: int = 1
    dose_sop_instance_uids: tuple[str, ...]
    settings: dict[str, str]
    dvhs: tuple[DvhEntry, ...]
    not_evaluable: tuple[Unanswered, ...]
    prescription_gy: float | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the document as JSON on one line: its curves are for machines."""
        return harmless_json(msgspec.json.encode(self).decode()) + "\n"


def _plain(value: float | None) -> float | None:
    return None if value is None else float(value)
