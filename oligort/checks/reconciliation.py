"""Reconciliation: register and contours held against each other, and the therapy of each lesion."""

from collections.abc import Iterator

import numpy as np

from oligort.checks.accounting import contradicts
from oligort.checks.case import MARGIN_ROLES, Case
from oligort.checks.registry import CONVENTION, check
from oligort.clinical.register import LesionKind, Therapy
from oligort.display import listed, quoted, safe_text
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.lesions.vocabulary import GTV_ROLES, Role, Side

TARGET_ROLES = MARGIN_ROLES | GTV_ROLES
"""Roles of volumes that are drawn for a tumour."""


@check("OL204", "Register and contours agree")
def reconciliation(case: Case) -> Iterator[Finding]:
    """What it checks: lesions of the register and lesions among the contours are the same.

    Why it matters: a lesion that only one side knows is miscounted, or not treated.

    How it is measured: entries of the register are matched to contours by ROI name, else by organ
    where both sides have equally many. Queries are: ROI names of the register that are not drawn,
    lesions that the register does not list, kinds and organs in which register, name and place of
    an ROI contradict each other (with the fraction in each organ), and targets that are drawn
    around no known lesion.

    Not evaluable when: no register lists lesions (a name that the place contradicts is told even
    so), or no structure set can be read.

    Source: oligort convention.
    """
    has_register = case.register is not None and case.register.lesions
    conflicts = (one.organ_conflict for one in case.census.lesions if one.organ_conflict)
    queries = tuple(_queries(case) if has_register else conflicts)
    pairs = ", ".join(
        f"{lesion.name} by {lesion.matched_by}" for lesion in case.accounted if lesion.matched_by
    )
    for query in queries:
        yield Finding(
            code="OL204",
            grade=Grade.INFO,
            flags=(Flag.QUERY,),
            message=query,
            source=CONVENTION,
            hint="correct the register or the structure names",
        )
    if not has_register:
        raise NotEvaluable("no register lists the lesions")
    if not queries:
        yield Finding(
            code="OL204",
            grade=Grade.PASS,
            message=f"matched: {safe_text(pairs, 300) or 'nothing to match'}",
            source=CONVENTION,
        )


@check("OL205", "Every lesion has its local therapy")
def lesion_therapy(case: Case) -> Iterator[Finding]:
    """What it checks: every distant metastasis gets a local therapy, or a reason why not.

    Why it matters: all lesions should be included in local treatment "in principle".

    How it is measured: the register's therapy and no_therapy_reason; not asked in the arm without
    local therapy.

    Not evaluable when: no register lists lesions, or a therapy is unknown.

    Source: NCT06190782, interventions; the grade is the protocol's setting.
    """
    register = case.require_register()
    if register.arm == "no_local_therapy":
        yield Finding(
            code="OL205",
            grade=Grade.INFO,
            message="not asked: the arm without local therapy",
            source=case.protocol.grades.source,
        )
        return
    entries = register.lesions_of(LesionKind.DISTANT)
    if not entries:
        raise NotEvaluable("the register lists no distant lesion")
    without = [
        entry.id
        for entry in entries
        if entry.therapy is Therapy.NONE and not entry.no_therapy_reason
    ]
    unknown = [entry.id for entry in entries if entry.therapy is Therapy.UNKNOWN]
    if without or not unknown:
        yield Finding(
            code="OL205",
            grade=case.protocol.grades.lesion_without_therapy if without else Grade.PASS,
            message=f"no local therapy and no reason: {listed(without)}"
            if without
            else f"{len(entries)} distant lesions have a local therapy or a reason",
            source=case.protocol.grades.source,
        )
    if unknown:
        raise NotEvaluable(f"the register does not say the therapy of {listed(unknown)}")


def targets_without_lesion(case: Case) -> tuple[str, ...]:
    """Return the ROIs drawn for a tumour whose box holds no lesion that the census knows.

    A PTV beside GTVs of other lesions is a lesion that lost its GTV, or was never given one.
    """
    centroids = np.array([lesion.centroid_mm for lesion in case.census.lesions]).reshape(-1, 3)
    measured = {lesion.roi_name for lesion in case.census.lesions}
    unexplained = []
    for structure, name in case.submission.roi_names.items():
        is_target = not TARGET_ROLES.isdisjoint({name.role, name.base})
        if not is_target or structure.is_empty or structure.roi_name in measured:
            continue
        points = np.concatenate([contour.points_mm for contour in structure.areas])
        inside = (centroids >= points.min(axis=0)) & (centroids <= points.max(axis=0))
        if not inside.all(axis=1).any():
            unexplained.append(structure.roi_name)
    return tuple(unexplained)


def _queries(case: Case) -> Iterator[str]:
    """Yield what register and contours do not agree on, a sentence each."""
    assert case.register is not None
    drawn = {structure.roi_name for structure in case.submission.structure_set}
    missing = [n for entry in case.register.lesions for n in entry.roi_names if n not in drawn]
    if missing:
        yield f"the register names ROIs that are not drawn: {listed(missing)}"
    unlisted = [lesion.name for lesion in case.accounted if lesion.entry is None]
    if unlisted:
        yield f"the register does not list {listed(unlisted)}"
    undrawn = [
        lesion.name
        for lesion in case.accounted
        if not lesion.contours and lesion.entry and lesion.entry.therapy is Therapy.RADIOTHERAPY
    ]
    if undrawn:
        yield f"no contour is drawn for {listed(undrawn)}, to be irradiated"
    targets = targets_without_lesion(case)
    if targets:
        yield f"{listed(targets)} is drawn around no known lesion"
    yield from _contradictions(case)
    yield from case.census.notes


def _contradictions(case: Case) -> Iterator[str]:
    """Yield where the register says another kind or organ of an ROI than its name does."""
    assert case.register is not None
    for entry in case.register.lesions:
        for roi_name in entry.roi_names:
            name = case.submission.site_map.read(roi_name)
            if name.role is Role.ORGAN:
                yield f"the register names the organ {quoted(roi_name)} as lesion {entry.id}"
            elif entry.organ and name.organ and entry.organ is not name.organ:
                yield (
                    f"the register says {entry.organ} of {quoted(roi_name)}, its name says "
                    f"{name.organ}"
                )
            if entry.side and name.side not in {None, Side.BOTH, Side(entry.side)}:
                yield (
                    f"the register says side {entry.side} of {quoted(roi_name)}, its name says "
                    f"{name.side}"
                )
            if entry.kind is not None and contradicts(entry.kind, name.role):
                yield (
                    f"the register says {entry.kind.replace('_', ' ')} of {quoted(roi_name)}, its "
                    f"name says {name.role.replace('_', ' ')}"
                )
