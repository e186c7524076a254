"""Reconciliation: register and contours held against each other, and the therapy of each lesion."""

import re
from collections.abc import Iterator

from oligort.checks.accounting import AccountedLesion
from oligort.checks.case import Case
from oligort.checks.claims import NEVER_CONTOURED, claims_primaries
from oligort.checks.diameters import size_disagreements
from oligort.checks.elsewhere import BY_NAME, KnownBy, seen_elsewhere, told_by_name, told_elsewhere
from oligort.checks.kinds import contradicts
from oligort.checks.registry import CONVENTION, check
from oligort.clinical.answer import Answer
from oligort.clinical.free_text import says_anything
from oligort.clinical.register import Arm, LesionKind, RegisterLesion, Therapy
from oligort.display import listed, quoted, safe_text
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Flag, Grade
from oligort.lesions.beyond import too_far_for_one_organ
from oligort.lesions.lesion import Count, Lesion
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side
from oligort.spelling import nearest


@check("OL204", "Register and contours agree")
def reconciliation(case: Case) -> Iterator[Finding]:
    """What it checks: lesions of the register and lesions among the contours are the same.

    Why it matters: a lesion that only one side knows is miscounted, or not treated.

    How it is measured: entries of the register are matched to contours by ROI name, else by organ
    and size where both sides have equally many, no entry that may be of the organ leaves its
    organ, kind, therapy or size unsaid, and neither sides, stations nor any size contradict each
    other, and the primary by its kind; the message says which. An entry without
    contours is explained by surgery or ablation, or by a reason for no therapy.
    Queries are: entries that nothing explains, ROI names of the register that are not drawn,
    lesions that the register does not list, the primary among them, kinds, organs, sides, sizes
    and numbers in which register and contours contradict each other (with the fraction in each
    organ), lesions wholly outside of the organ that register or name say, where that is drawn
    whole, a primary away from the oesophagus, regional nodes far from it (or from the primary where
    it is not drawn), lesions that are drawn and were removed, targets that are drawn around no
    known lesion, in whole or in one of their separate parts, gross tumour, and targets around
    none, of structure sets that are not judged which lie where no lesion is known, or are taken
    for a known one by nothing but their name, and lungs or
    GTVs that are drawn though the register's anatomy says that one lung was removed or that there
    is no GTV.

    Not evaluable when: no register lists lesions (a name that the place contradicts is told even
    so), or no structure set can be read.

    Source: oligort convention.
    """
    has_register = case.register is not None and case.register.lesions
    conflicts = (one.organ_conflict for one in case.census.lesions if one.organ_conflict)
    matches = matched_lesions(case) if has_register else ()
    queries = tuple(_queries(case, matches) if has_register else conflicts)
    queries += tuple(_drawn_though_absent(case))
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
    yield Finding(
        code="OL204",
        grade=Grade.INFO if queries else Grade.PASS,
        message=safe_text("; ".join(_told(case, matches)), MOST_TOLD),
        source=CONVENTION,
    )


MOST_TOLD = 2000
"""Longest list of matches: some fifty lesions, more than any register of this kind has."""


def _told(case: Case, matches: tuple[AccountedLesion, ...]) -> Iterator[str]:
    """Yield what became of each lesion of either side."""
    pairs = [
        f"{one.name} = {one.entry.id} by {one.matched_by}"
        for one in matches
        if one.contours and one.entry
    ]
    yield f"matched: {', '.join(pairs) or 'none'}"
    elsewhere = [
        f"{one.entry.id} ({one.entry.therapy})"
        for one in matches
        if one.entry and not one.contours and one.entry.therapy in NEVER_CONTOURED
    ]
    if elsewhere:
        yield f"by another therapy: {', '.join(elsewhere)}"
    untreated = [
        one.entry.id
        for one in matches
        if one.entry and not one.contours and one.entry.therapy is Therapy.NONE
    ]
    if untreated:
        yield f"not drawn, without local therapy: {', '.join(untreated)}"
    if by_name := told_by_name([one for one in case.drawn_elsewhere if one.known_by in BY_NAME]):
        yield by_name
    unlisted = [lesion.label for lesion in _unmatched(case, matches)]
    if unlisted:
        yield f"drawn, not in the register and not counted: {', '.join(unlisted)}"


def _unmatched(case: Case, matches: tuple[AccountedLesion, ...]) -> list[Lesion]:
    """Return what is drawn as gross tumour, and neither listed nor counted."""
    return [
        lesion
        for lesion in case.census
        if not any(lesion is one for match in matches for one in match.contours)
    ]


@check("OL205", "Every lesion has its local therapy")
def lesion_therapy(case: Case) -> Iterator[Finding]:
    """What it checks: every distant metastasis gets a local therapy, or a reason why not.

    Why it matters: all lesions should be included in local treatment "in principle".

    How it is measured: the register's therapy and no_therapy_reason of each distant lesion; not
    asked in the arm without local therapy.

    Not evaluable when: no register lists lesions; a therapy is unknown; a lesion without one, or
    every lesion, may be a metastasis or not (kind); a metastasis is drawn that
    the register does not list, also in a structure set that is not judged.

    Source: NCT06190782, interventions; the grade is the protocol's setting.
    """
    register = case.require_register()
    if register.arm is Arm.NO_LOCAL_THERAPY:
        yield Finding(
            code="OL205",
            grade=Grade.INFO,
            message="not asked: the arm without local therapy",
            source=case.protocol.grades.source_of("lesion_without_therapy"),
        )
        return
    distant, unsaid = (register.lesions_of(kind) for kind in (LesionKind.DISTANT, None))
    if not distant and not unsaid:
        raise NotEvaluable("the register lists no distant lesion")
    without = [entry.id for entry in distant if _is_untreated(entry)]
    unknown = [entry.id for entry in (*distant, *unsaid) if entry.therapy is Therapy.UNKNOWN]
    perhaps = [entry.id for entry in unsaid if _is_untreated(entry)]
    if without:
        yield Finding(
            code="OL205",
            grade=case.protocol.grades.lesion_without_therapy,
            message=f"no local therapy and no reason: {listed(without)}",
            source=case.protocol.grades.source_of("lesion_without_therapy"),
            hint="give therapy, or no_therapy_reason, in the register",
        )
    reasons = []
    if unknown:
        reasons.append(f"the register does not say the therapy of {listed(unknown)}")
    if perhaps:
        reasons.append(
            f"{listed(perhaps)} gets no local therapy, and the register does not say its kind"
        )
    if not distant:
        # Else a register that says no kinds would be told to have a therapy for each of none.
        reasons.append(
            f"it lists no distant lesion, and does not say the kind of "
            f"{listed(entry.id for entry in unsaid)}"
        )
    unlisted = [lesion.name for lesion in case.accounted if lesion.entry is None]
    if unlisted:
        reasons.append(f"the register does not list {listed(unlisted)}, nor so its therapy")
        reasons += (one.open_match for one in case.accounted if one.open_match)
    if aside := told_elsewhere(case.elsewhere):
        reasons.append(aside)
    if reasons:
        raise NotEvaluable("; ".join(reasons))
    if not without:
        yield Finding(
            code="OL205",
            grade=Grade.PASS,
            message=f"{len(distant)} distant lesions have a local therapy or a reason",
            source=case.protocol.grades.source_of("lesion_without_therapy"),
        )


def _is_untreated(entry: RegisterLesion) -> bool:
    return entry.therapy is Therapy.NONE and not says_anything(entry.no_therapy_reason)


def _queries(case: Case, matches: tuple[AccountedLesion, ...]) -> Iterator[str]:
    """Yield what register and contours do not agree on, a sentence each."""
    assert case.register is not None
    drawn = case.drawn_names
    missing = [n for entry in case.register.lesions for n in entry.roi_names if n not in drawn]
    if missing:
        told = [f"the register names ROIs that are not drawn: {listed(missing)}"]
        told += _meant(case, missing)
        yield "; ".join(filter(None, [*told, seen_elsewhere(case.submission, missing)]))
    if aside := told_elsewhere(case.elsewhere):
        yield aside
    by_name = [one for one in case.drawn_elsewhere if one.known_by is KnownBy.NAME]
    if assumed := told_by_name(by_name):
        yield f"{assumed}: nothing but its name says so"
    unlisted = [lesion.name for lesion in case.accounted if lesion.entry is None]
    if unlisted:
        may_be = [one.open_match for one in case.accounted if one.open_match]
        yield "; ".join([f"the register does not list {listed(unlisted)}", *may_be])
    primaries = [one for one in _unmatched(case, matches) if one.role is Role.GTV_PRIMARY]
    # An outdated outline beside the listed one is no further lesion.
    if current := [one.label for one in primaries if not one.said.superseded]:
        is_one = len(current) == 1
        yield (
            f"the register lists no primary that {listed(current)} {'is' if is_one else 'are'} "
            f"drawn for"
        )
    undrawn = [one.entry for one in matches if one.entry and not one.contours]
    if irradiated := [e.id for e in undrawn if e.therapy is Therapy.RADIOTHERAPY]:
        yield f"no contour is drawn for {listed(irradiated)}, to be irradiated"
    if unexplained := [e.id for e in undrawn if e.therapy is Therapy.UNKNOWN]:
        yield f"no contour is drawn for {listed(unexplained)}, and its therapy is not known"
    for one in matches:
        if one.entry and one.contours:
            yield from _disagreements(case, one, one.entry)
    yield from (one.doubt for one in matches if one.entry and one.doubt)
    if lost := case.lost_lesions:
        yield f"{', '.join(map(str, lost))} is drawn around no known lesion"
    yield from _contradictions(case)
    yield from _far_nodes(case, matches)
    yield from case.census.notes


def _meant(case: Case, missing: list[str]) -> Iterator[str]:
    """Yield which gross tumour of no entry is spelt most like an ROI that an entry names.

    Another number is another lesion, and is not offered.
    """
    assert case.register is not None
    named = {name for entry in case.register.lesions for name in entry.roi_names}
    free = dict.fromkeys(one.roi_name for one in case.census if one.roi_name not in named)
    for name in missing:
        alike = [one for one in free if _numbers(one) == _numbers(name)]
        if offer := nearest(name, alike):
            yield f"{quoted(name)} is none{offer}"


def _numbers(roi_name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"[0-9]+", roi_name)]


def _far_nodes(case: Case, matches: tuple[AccountedLesion, ...]) -> Iterator[str]:
    """Yield regional nodes too far from every contour of the primary for one organ of it.

    Where the oesophagus is drawn the census tells of nodes that are far from it.
    """
    drawn = (name for one, name in case.submission.roi_names.items() if not one.is_empty)
    if any(name.role is Role.ORGAN and name.organ is Organ.ESOPHAGUS for name in drawn):
        return
    contours = {
        kind: [it for one in matches if one.entry and one.entry.kind is kind for it in one.contours]
        for kind in (LesionKind.PRIMARY, LesionKind.REGIONAL_NODE)
    }
    primaries = contours[LesionKind.PRIMARY]
    for node in contours[LesionKind.REGIONAL_NODE]:
        if primaries and all(too_far_for_one_organ(node, one) for one in primaries):
            yield (
                f"{quoted(node.label)} is a regional node by the register, and lies too far from "
                f"{listed(one.label for one in primaries)} for one: it may be a distant metastasis"
            )


def _drawn_though_absent(case: Case) -> Iterator[str]:
    """Yield what is drawn though the register's anatomy says that it is not there."""
    if case.register is None:
        return
    drawn = [(s.roi_name, name) for s, name in case.submission.roi_names.items() if not s.is_empty]
    lungs = {
        name.side: roi_name
        for roi_name, name in drawn
        if name.role is Role.ORGAN and name.organ is Organ.LUNGS and not name.subtracted
    }
    if case.register.anatomy.pneumonectomy is Answer.YES and {Side.LEFT, Side.RIGHT} <= set(lungs):
        both = listed([lungs[Side.LEFT], lungs[Side.RIGHT]])
        yield f'the register says anatomy.pneumonectomy = "yes", and {both} are drawn'
    gtvs = [roi_name for roi_name, name in drawn if name.role in GTV_ROLES]
    if case.register.anatomy.gtv_absent is Answer.YES and gtvs:
        yield f'the register says anatomy.gtv_absent = "yes", and {listed(gtvs)} is drawn'


def _disagreements(case: Case, one: AccountedLesion, entry: RegisterLesion) -> Iterator[str]:
    """Yield in what an entry and its own contours differ."""
    if entry.therapy in NEVER_CONTOURED:
        yield (
            f"the register says {entry.therapy} of {quoted(entry.id)}, and {quoted(one.name)} is "
            f"drawn"
        )
    if one.counted.most > 1:
        yield (
            f"{quoted(entry.id)} is one lesion in the register and {one.counted} among the contours"
        )
    for told in size_disagreements(case, one):
        yield f"{quoted(entry.id)}: {told}"


def matched_lesions(case: Case) -> tuple[AccountedLesion, ...]:
    """Return every lesion of the register, and the metastases that it does not list, as matched.

    The primary and regional nodes are matched by ROI name, and the primary by its kind as well.
    """
    assert case.register is not None
    accounted = list(case.accounted)
    known = {one.entry.id for one in accounted if one.entry}
    named = {name for entry in case.register.lesions for name in entry.roi_names}
    primaries = tuple(
        lesion
        for lesion in case.census
        if lesion.role is Role.GTV_PRIMARY and lesion.roi_name not in named
    )
    for entry in case.register.lesions:
        if entry.id in known:
            continue
        contours = tuple(one for one in case.census if one.roi_name in entry.roi_names)
        matched_by = "ROI name" if contours else ""
        if not contours and claims_primaries(entry):
            contours, primaries = primaries, ()
            matched_by = "kind" if contours else ""
        accounted.append(AccountedLesion(contours, entry, Count(0, 0), matched_by))
    return tuple(accounted)


def _contradictions(case: Case) -> Iterator[str]:
    """Yield where the register says another kind or organ of an ROI than its name does."""
    assert case.register is not None
    for entry in case.register.lesions:
        for roi_name in entry.roi_names:
            name = case.submission.site_map.read(roi_name)
            if name.role is Role.ORGAN:
                yield f"the register names the organ {quoted(roi_name)} as lesion {entry.id}"
            elif _are_apart(entry.organ, name.organ):
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


def _are_apart(organ: Organ | None, other: Organ | None) -> bool:
    """Whether two organs are said, and what lies in one counts not in the other."""
    if organ is None or other is None:
        return False
    return not organ.counts_with(other)
