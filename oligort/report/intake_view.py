"""The answer of `oligort intake` for the terminal: a tree of what refers to what, and findings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from oligort.display import quoted, safe_text
from oligort.finding import Finding
from oligort.report.intake_document import (
    DoseRecord,
    ImagesRecord,
    IntakeDocument,
    PlanRecord,
    StructureSetRecord,
)
from oligort.report.tables import GRADE_STYLES, SECTIONS
from oligort.report.text import columns, sentence
from oligort.rounding import shown

Record = ImagesRecord | StructureSetRecord | PlanRecord | DoseRecord

INDENT = 2
"""Columns by which what refers to something stands below it."""

MARK = "! "
"""Before what a reference leads nowhere, or somewhere else than expected."""


@dataclass
class _Node:
    """One object of the tree: its record, what it is, what is odd about it, what refers to it."""

    record: Record
    text: str
    odd: list[str] = field(default_factory=list)
    below: list["_Node"] = field(default_factory=list)
    is_placed: bool = False

    @property
    def frame(self) -> str:
        """Its frame of reference, else that of what refers to it: many plans name none."""
        own = self.record.frame_of_reference_uid
        return own or next((one.frame for one in self.below if one.frame), "")

    def refers_to(self, other: "_Node") -> None:
        """Place it below what it refers to, and say where it names another study or frame."""
        other.below.append(self)
        self.is_placed = True
        mine, theirs = self.record, other.record
        if _differ(mine.study_instance_uid, theirs.study_instance_uid):
            self.odd.append("of another study than what it refers to")
        if _differ(mine.frame_of_reference_uid, theirs.frame_of_reference_uid):
            self.odd.append("in another frame of reference than what it refers to")


def intake_view(document: IntakeDocument) -> RenderableType:
    """Return studies and frames of reference with what lies in them, the rest, and the findings."""
    parts: list[RenderableType] = [*_tree(document), *map(sentence, beside_lines(document))]
    for grade, heading in SECTIONS.items():
        found = [finding for finding in document.findings if finding.grade is grade]
        if found:
            parts += [Text(), Text(f"{heading} ({len(found)})", style=GRADE_STYLES[grade])]
            parts.append(_table(found))
    return Group(*parts)


def _table(findings: Sequence[Finding]) -> RenderableType:
    table = columns("code", "what")
    for finding in findings:
        table.add_row(finding.code, sentence(finding.message))
        if finding.flags:
            table.add_row("", sentence(f"Flags: {', '.join(finding.flags)}"))
        if finding.hint:
            table.add_row("", sentence(f"To do: {finding.hint}"))
    return table


@dataclass(frozen=True)
class TreeLine:
    """A line of the tree: how deep it stands, its text, and whether it is odd or a study's."""

    depth: int
    text: str
    is_odd: bool = False

    @property
    def is_study(self) -> bool:
        """Whether it names a study, under which all else stands."""
        return self.depth == 0


def tree_lines(document: IntakeDocument) -> Iterator[TreeLine]:
    """Yield studies, frames of reference, and in each what refers to what."""
    roots = _placed(document)
    by_study: dict[str, dict[str, list[_Node]]] = {}
    for root in roots:
        frames = by_study.setdefault(root.record.study_instance_uid, {})
        frames.setdefault(root.frame, []).append(root)
    for study, frames in by_study.items():
        yield TreeLine(0, f"Study {study}" if study else "Of no study that is named, or of several")
        for frame, nodes in frames.items():
            yield TreeLine(
                1, f"Frame of reference {frame}" if frame else "No frame of reference that is named"
            )
            for node in nodes:
                yield from _lines(node, 2)


def _lines(node: _Node, depth: int) -> Iterator[TreeLine]:
    yield TreeLine(depth, node.text)
    for text in node.odd:
        yield TreeLine(depth + 1, f"{MARK}{text}", is_odd=True)
    for below in node.below:
        yield from _lines(below, depth + 1)


def _tree(document: IntakeDocument) -> Iterator[RenderableType]:
    for line in tree_lines(document):
        style = "bold" if line.is_study else "yellow" if line.is_odd else ""
        yield Padding(sentence(line.text, style), (0, 0, 0, INDENT * line.depth))


def _placed(document: IntakeDocument) -> list[_Node]:
    """Return the objects that refer to nothing that is there, each with what refers to it below."""
    images = [_Node(one, _images_text(one)) for one in document.images]
    sets = [_Node(one, _structures_text(one), _dangling(one)) for one in document.structure_sets]
    plans = [_Node(one, _plan_text(one)) for one in document.plans]
    doses = [_Node(one, _dose_text(one)) for one in document.doses]
    for node, structure_set in zip(sets, document.structure_sets, strict=True):
        if structure_set.images:
            node.refers_to(images[structure_set.images[0]])
        if structure_set.is_by_reference and (others := structure_set.images[1:]):
            named = ", ".join(safe_text(document.images[place].modality) for place in others)
            node.text += f"; refers to other series as well: {named}"
    for node, plan in zip(plans, document.plans, strict=True):
        _place(node, [plan.structure_set_uid], sets, "structure set")
    for node, dose in zip(doses, document.doses, strict=True):
        _place_dose(node, dose, plans, sets)
    return [node for node in (*images, *sets, *plans, *doses) if not node.is_placed]


def _place(node: _Node, uids: Sequence[str], others: Sequence[_Node], kind: str) -> None:
    """Place an object below the one that it refers to, or say why it stands alone."""
    wanted = {uid for uid in uids if uid}
    found = [one for one in others if _uid(one) in wanted]
    if not wanted:
        node.odd.append(f"refers to no {kind}")
    elif not found:
        node.odd.append(f"refers to a {kind} that is not there: {', '.join(sorted(wanted))}")
    elif len(found) > 1:
        node.odd.append(f"refers to one UID that {len(found)} {kind}s share: {', '.join(wanted)}")
    else:
        node.refers_to(found[0])


def _place_dose(
    node: _Node, dose: DoseRecord, plans: Sequence[_Node], sets: Sequence[_Node]
) -> None:
    """Place a dose below its plan; a sum of several below the structure set that all refer to."""
    wanted = list(dict.fromkeys(uid for uid in dose.plan_uids if uid))
    if len(wanted) < 2:
        _place(node, wanted, plans, "plan")
    else:
        there = [one for one in plans if _uid(one) in wanted]
        missing = len(set(wanted) - {_uid(one) for one in there})
        labels = ", ".join(
            quoted(r.label) for one in there if isinstance(r := one.record, PlanRecord)
        )
        node.text += f"; of the plans {labels}" if there else ""
        if missing:
            node.odd.append(f"refers to {missing} plans that are not there")
        uids = {r.structure_set_uid for one in there if isinstance(r := one.record, PlanRecord)}
        common = [one for one in sets if uids == {_uid(one)}]
        if len(common) == 1:
            node.refers_to(common[0])
    if not node.is_placed and dose.structure_set_uid:
        found = [one for one in sets if _uid(one) == dose.structure_set_uid]
        if len(found) == 1:
            node.refers_to(found[0])


def _uid(node: _Node) -> str:
    return "" if isinstance(node.record, ImagesRecord) else node.record.sop_instance_uid


def _differ(one: str, other: str) -> bool:
    return bool(one) and bool(other) and one != other


def _images_text(images: ImagesRecord) -> str:
    axis = "z" if images.axis == "z" else "position along the normal"
    spaced = "" if images.spacing_mm is None else f" every {images.spacing_mm:.4g} mm"
    where = shown(images.first_mm, "mm")
    if images.image_count > 1:
        where += f" to {shown(images.last_mm, 'mm')}"
    count = f"{images.image_count} image{'s' if images.image_count > 1 else ''}"
    named = f"{safe_text(images.modality)} series"
    named += f" {quoted(images.description)}" if images.description else ""
    more = [images.phase] if images.phase else []
    more += list(images.faults)
    more += [] if images.is_drawn_on else ["left alone: no structure set refers to it"]
    return "; ".join([f"{named}: {count}{spaced}, {axis} {where} mm", *more])


def _structures_text(structures: StructureSetRecord) -> str:
    drawn = f"{structures.drawn_roi_count} drawn"
    rois = f"{structures.roi_count} ROI{'' if structures.roi_count == 1 else 's'}, {drawn}"
    left_out = f"{len(structures.left_out)} left out" if structures.left_out else ""
    return _joined("RTSTRUCT", structures, rois, left_out)


def _plan_text(plan: PlanRecord) -> str:
    doses = ", ".join(f"{dose_gy:g}" for dose_gy in plan.prescriptions_gy)
    prescribed = f"{doses} Gy" if doses else "no prescription"
    planned = plan.fractions_planned
    fractions = "" if planned is None else f" in {planned} fraction{'' if planned == 1 else 's'}"
    intent = safe_text(plan.intent)
    brachytherapy = "brachytherapy, which is not judged" if plan.is_brachytherapy else ""
    return _joined(plan.modality, plan, f"{prescribed}{fractions}", intent, brachytherapy)


def _joined(kind: str, record: StructureSetRecord | PlanRecord, *facts: str) -> str:
    approval = safe_text(record.approval_status) or "approval not stated"
    dated = f"date {safe_text(record.date)}" if record.date else ""
    judged = "judged" if record.is_judged else ""
    label = f" {quoted(record.label)}" if record.label else ""
    said = "; ".join(filter(None, (*facts, approval, dated, judged)))
    return f"{kind} {quoted(record.file)}{label}: {said}"


def _dose_text(dose: DoseRecord) -> str:
    says = ", ".join(
        safe_text(one) or "-" for one in (dose.summation_type, dose.dose_type, dose.units)
    )
    if dose.shape and dose.spacing_mm:
        counts = " x ".join(map(str, dose.shape))
        steps = " x ".join(shown(step_mm, "mm") for step_mm in dose.spacing_mm)
        uneven = "" if dose.is_uniform else " and more between frames"
        held = f"{counts} voxels of {steps} mm{uneven}, maximum {shown(dose.maximum_gy, 'Gy')} Gy"
    else:
        held = f"cannot be used: {dose.refusal}"
    judged = "judged" if dose.is_judged else ""
    return f"RTDOSE {quoted(dose.file)}: {'; '.join(filter(None, (says, held, judged)))}"


def _dangling(structures: StructureSetRecord) -> list[str]:
    named, missing = structures.referenced_image_count, structures.missing_image_count
    odd = []
    if missing:
        odd.append(f"refers to {named} images, of which {missing} are not there")
    elif not named and not structures.is_by_reference:
        odd.append("refers to no image")
    if structures.images and not structures.is_by_reference:
        odd.append("stands below these images by its frame of reference alone")
    return odd


def beside_lines(document: IntakeDocument) -> Iterator[str]:
    """Yield what has no place in the tree: registrations, records, what is left alone or broken."""
    for one in document.registrations:
        frames = ", ".join(one.registered_frame_uids) or "no other frame"
        said = f"cannot be used: {one.refusal}" if one.refusal else f"places {frames}"
        own = f" in {one.frame_of_reference_uid}" if one.frame_of_reference_uid else ""
        yield f"Registration {quoted(one.file)}: {said}{'' if one.refusal else own}"
    for file in document.treatment_records:
        yield f"Treatment record {quoted(file)}: it is there, and not read"
    by_kind: dict[str, list[str]] = {}
    for alone in document.left_alone:
        by_kind.setdefault(alone.kind, []).append(alone.file)
    for kind, files in by_kind.items():
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        yield f"Left alone: {safe_text(kind)} {quoted(files[0])}{more}"
