"""The answer of `oligort dvh` as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from oligort.report.dvh_document import DvhDocument, DvhEntry
from oligort.report.text import columns, sentence
from oligort.rounding import shown, shown_interval

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
