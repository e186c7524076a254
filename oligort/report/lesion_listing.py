"""The answer of `oligort lesions` as tables for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from oligort.report.lesion_document import DoseRecord, LesionDocument, LesionRecord
from oligort.report.text import columns, sentence
from oligort.rounding import shown, shown_interval

DOSE_COLUMNS = {
    "prescription_gy": ("prescribed Gy", "Gy"),
    "d95_gy": ("D95% Gy", "Gy"),
    "minimum_gy": ("min Gy", "Gy"),
    "prescription_bed10_gy": ("BED10 of prescribed", "Gy"),
    "d95_bed10_gy": ("BED10 of D95%", "Gy"),
    "isodose_margin_mm": ("margin mm", "mm"),
}
"""Head and unit of each value of a lesion's dose."""

ABOUT_THE_MARGIN = (
    "Margin: the least distance from the lesion to the isodose of its prescription around it; "
    "below 0, how far the lesion lies outside that isodose."
)


def lesion_view(document: LesionDocument) -> RenderableType:
    """Return every lesion with its sizes, its dose, the counts, and what was left out and why."""
    parts: list[RenderableType] = [_sizes(document)]
    if any(lesion.dose is not None for lesion in document.lesions):
        parts += [Text(), *_doses(document)]
    parts += [Text(), *_counts(document)]
    unmapped = {one.roi_name for one in document.unmapped}
    excluded = [one for one in document.excluded if one.roi_name not in unmapped]
    if excluded:
        left_out = columns("not a lesion", "because")
        for exclusion in excluded:
            left_out.add_row(sentence(exclusion.roi_name), sentence(exclusion.reason))
        parts += [Text(), left_out]
    if document.unmapped:
        unknown = columns("name not known", "looks like")
        for one in document.unmapped:
            unknown.add_row(sentence(one.roi_name), sentence(one.nearest or "-"))
        parts += [Text(), unknown]
    parts += [sentence(f"Note: {note}") for note in document.notes]
    return Group(*parts)


def _sizes(document: LesionDocument) -> Table:
    numbers = ("axial x short mm", "3D mm", "cc")
    table = columns("lesion", "organ", *numbers, "counted", "because", right=numbers)
    for lesion in document.lesions:
        axial, short = (shown(mm, "mm") for mm in (lesion.longest_axial_mm, lesion.short_axis_mm))
        table.add_row(
            sentence(lesion.label),
            sentence(lesion.organ or "unknown"),
            f"{axial} x {short}",
            shown(lesion.maximum_3d_mm, "mm"),
            shown(lesion.volume_cc, "cc"),
            str(lesion.counted),
            sentence(_because(lesion)),
        )
    return table


def _because(lesion: LesionRecord) -> str:
    """Return what role and organ rest on."""
    if not lesion.organ:
        return f"{lesion.role} {lesion.role_evidence}".strip()
    if lesion.role_evidence in {"", lesion.organ_evidence}:
        return f"{lesion.role}, {lesion.organ} {lesion.organ_evidence}".strip()
    return f"{lesion.role} {lesion.role_evidence}; {lesion.organ} {lesion.organ_evidence}"


def _doses(document: LesionDocument) -> list[RenderableType]:
    """Return a column a value, then why some have none."""
    heads = tuple(head for head, _ in DOSE_COLUMNS.values())
    table = columns("lesion", *heads, right=heads)
    missing: dict[str, dict[str, list[str]]] = {}
    for lesion in document.lesions:
        if lesion.dose is None:
            continue
        table.add_row(sentence(lesion.label), *(_value(lesion.dose, key) for key in DOSE_COLUMNS))
        for key, reason in lesion.dose.reasons.items():
            labels = missing.setdefault(reason, {}).setdefault(lesion.label, [])
            labels.append(DOSE_COLUMNS[key][0])
    parts: list[RenderableType] = [table, sentence(ABOUT_THE_MARGIN)]
    for reason, by_label in missing.items():
        every = len(by_label) == len(document.lesions) > 1
        what = list(dict.fromkeys(head for heads in by_label.values() for head in heads))
        whose = "all lesions" if every else ", ".join(by_label)
        parts.append(sentence(f"Not told of {whose}: {', '.join(what)}, because {reason}"))
    return parts


def _value(dose: DoseRecord, key: str) -> str:
    """Return a value and, below it, the interval that its convention leaves."""
    unit = DOSE_COLUMNS[key][1]
    value = shown(getattr(dose, key), unit)
    interval = shown_interval(*dose.intervals.get(key, (0.0, 0.0)), unit)
    return f"{value}\n{interval}" if interval else value


def _counts(document: LesionDocument) -> list[Text]:
    if document.count is None:
        return [Text("Distant metastases: not counted")]
    organs = ", ".join(f"{organ} {count}" for organ, count in document.per_organ.items())
    return [
        sentence(f"Distant metastases: {document.count}"),
        sentence(f"Per organ: {organs or 'none'}"),
    ]
