"""The answers of `oligort dvh` and `oligort lesions` as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from oligort.report.dvh_document import DvhDocument, DvhEntry
from oligort.report.lesion_document import LesionDocument
from oligort.report.rounding import shown, shown_interval
from oligort.report.text import columns, sentence

METRICS_A_TABLE = 5
"""Columns of metrics that fit beside an ROI name; further ones go into a table below."""


def dvh_view(document: DvhDocument) -> RenderableType:
    """Return the volumes and doses of every ROI, then the metrics, then the conventions."""
    numbers = ("volume cc", "uncovered cc", "min Gy", "mean Gy", "max Gy")
    table = columns("ROI", *numbers, right=numbers)
    for entry in document.dvhs:
        volumes = (shown(entry.volume_cc, "cc"), shown(entry.uncovered_cc, "cc"))
        doses = (shown(dose, "Gy") for dose in (entry.min_gy, entry.mean_gy, entry.max_gy))
        table.add_row(sentence(entry.roi_name), *volumes, *doses)
    parts: list[RenderableType] = [table]
    asked = list(dict.fromkeys(name for entry in document.dvhs for name in entry.metrics))
    for start in range(0, len(asked), METRICS_A_TABLE):
        parts += [Text(), _metrics(document, asked[start : start + METRICS_A_TABLE])]
    settings = ", ".join(f"{name} {value}" for name, value in document.settings.items())
    return Group(*parts, Text(), sentence(f"Conventions: {settings or 'none stated'}"))


def _metrics(document: DvhDocument, names: list[str]) -> Table:
    """Return a column a metric; below a value, the interval in which the truth lies."""
    table = columns("ROI", *names, right=tuple(names))
    for entry in document.dvhs:
        table.add_row(sentence(entry.roi_name), *(_value(entry, name) for name in names))
    return table


def _value(entry: DvhEntry, metric: str) -> str:
    unit = entry.metric_units.get(metric, "")
    value = shown(entry.metrics.get(metric), unit)
    interval = shown_interval(*entry.interval_of(metric), unit)
    return f"{value}\n{interval}" if interval else value


def lesion_view(document: LesionDocument) -> RenderableType:
    """Return every lesion with its sizes, then the counts, then what was left out and why."""
    numbers = ("cc", "axial mm", "short mm", "3D mm", "plane mm")
    table = columns("lesion", "role", "organ", *numbers, "counted", right=numbers)
    for lesion in document.lesions:
        sizes = (lesion.longest_axial_mm, lesion.short_axis_mm, lesion.maximum_3d_mm)
        table.add_row(
            sentence(lesion.label),
            sentence(lesion.role),
            sentence(lesion.organ or "unknown"),
            shown(lesion.volume_cc, "cc"),
            *(shown(size, "mm") for size in sizes),
            shown(lesion.plane_mm, "mm"),
            str(lesion.counted),
        )
    parts: list[RenderableType] = [table, Text(), *_counts(document)]
    if document.excluded:
        left_out = columns("not a lesion", "because")
        for exclusion in document.excluded:
            left_out.add_row(sentence(exclusion.roi_name), sentence(exclusion.reason))
        parts += [Text(), left_out]
    parts += [sentence(f"Note: {note}") for note in document.notes]
    return Group(*parts)


def _counts(document: LesionDocument) -> list[Text]:
    if document.count is None:
        return [Text("Distant metastases: not counted")]
    organs = ", ".join(f"{organ} {count}" for organ, count in document.per_organ.items())
    return [
        sentence(f"Distant metastases: {document.count}"),
        sentence(f"Per organ: {organs or 'none'}"),
    ]
