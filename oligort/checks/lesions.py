"""Lesions: how many metastases, and how many in one organ (I4i, I4ii)."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from oligort.checks.accounting import DISTANT_OR_UNKNOWN, AccountedLesion
from oligort.checks.answers import held_against, not_evaluable
from oligort.checks.case import Case
from oligort.checks.counting import Place
from oligort.checks.elsewhere import told_elsewhere
from oligort.checks.lost_lesions import LostLesion
from oligort.checks.pairing import unsaid
from oligort.checks.registry import check
from oligort.checks.unclaimed import MARGIN_ROLES, may_be_lesion
from oligort.clinical.register import Register
from oligort.display import listed, quoted, safe_text
from oligort.finding import Evidence, Finding, Flag
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.protocol.limits import Limit


@check(
    "OL201",
    "Number of distant metastases",
    rule=lambda protocol: protocol.criteria.distant_metastases,
)
def number_of_metastases(case: Case) -> Iterator[Finding]:
    """What it checks: the number of distant metastases is within the trial's limit.

    Why it matters: it defines oligometastatic disease, an inclusion criterion.

    How it is measured: distant lesions of the register and metastases among the contours, each
    once, matched by ROI name, else by organ and size. What cannot be matched or told apart (a GTV
    that may be the primary, contours that may be one lesion) makes the number a range. Settings of
    the protocol say whether regional nodes count (regional_nodes), and whether a node or a station
    of nodes is one (non_regional_nodes); a node without a station may be of any. QUERY: ROIs that
    neither name nor type nor register explain are not counted, and would be too many; so is gross
    tumour of a structure set that is not judged, or a PTV, CTV or ITV there around none, where
    neither its place in one frame of reference, its name nor the register says that it is a lesion
    which is known.

    Not evaluable when: the limit lies inside the range, or what structure sets draw that are not
    judged would be too many; an entry of the register says neither which
    ROIs are drawn for it (roi_names) nor that none is; or no register lists the lesions, because
    those treated by surgery or ablation, or not drawn at all, are known to it only.

    Source: NCT06190782, inclusion criteria, I4i.
    """
    rule = case.protocol.criteria.distant_metastases
    lesions = case.accounted
    yield _count_finding(
        case,
        "OL201",
        rule,
        case.counting.total(lesions),
        lesions=lesions,
        elsewhere=sum(one.most for one in case.elsewhere),
        also=case.counting.unsaid(lesions, in_one_organ=False),
    )


@check(
    "OL202",
    "Metastases in one organ",
    rule=lambda protocol: protocol.criteria.metastases_per_organ,
)
def metastases_per_organ(case: Case) -> Iterator[Finding]:
    """What it checks: no organ holds more metastases than the trial allows.

    Why it matters: an inclusion criterion.

    How it is measured: as the number of metastases, by organ group: the skeleton is one organ, and
    by default paired organs and all lymph nodes are one each (settings paired_organs,
    nodes_per_organ). A metastasis of unknown organ, side or station may be in any that fits.

    Not evaluable when: the limit lies inside the range of an organ, or what structure sets draw
    that are not judged would be too many; an entry of the register says
    neither which ROIs are drawn for it (roi_names) nor that none is; or no register lists the
    lesions.

    Source: NCT06190782, inclusion criteria, I4ii.
    """
    rule = case.protocol.criteria.metastases_per_organ
    lesions = case.accounted
    counting = case.counting
    counts = case.lesions_per_organ
    if not counts:
        most = _fullest_elsewhere(case, {})
        yield _count_finding(case, "OL202", rule, Count(0, 0), lesions=lesions, elsewhere=most)
        return
    # The organ that decides: the one with most certain lesions, then with most possible ones.
    place = max(counts, key=lambda place: (counts[place].least, counts[place].most))
    fullest = Count(counts[place].least, max(count.most for count in counts.values()))
    here = tuple(lesion for lesion in lesions if counting.place_of(lesion).may_be(place))
    disputed = [text for lesion in here for text in lesion.organ_conflicts]
    disputed += counting.unsaid(here, in_one_organ=True)
    yield _count_finding(
        case,
        "OL202",
        rule,
        fullest,
        lesions=here,
        about=safe_text(place),
        also=disputed,
        elsewhere=_fullest_elsewhere(case, counts) - fullest.most,
    )


def _fullest_elsewhere(case: Case, counts: Mapping[Place, Count]) -> int:
    """Return how many metastases one organ holds at most, with what is drawn elsewhere."""
    found = [(case.counting.whole(one.organ), one.most) for one in case.elsewhere]
    organs = dict.fromkeys([*counts, *(place for place, _ in found)])
    return max(
        (
            (counts[organ].most if organ in counts else 0)
            + sum(most for place, most in found if organ.may_be(place))
            for organ in organs
        ),
        default=0,
    )


def why_incomplete(case: Case) -> str:
    """Return why there may be lesions that nobody told of, or ""."""
    if case.register is None or not case.register.lesions:
        return (
            "no register lists the lesions: those not drawn, or treated by surgery or ablation, "
            "are not known"
        )
    return "; ".join(filter(None, _reasons_to_miss(case, case.register)))


def why_unplaced(case: Case) -> str:
    """Return which lesions of the register no answer brings to a contour, or to none, or "".

    What is drawn for them may have the name of an organ ("BWK 7"): only an entry that names it says
    that it is a lesion.
    """
    unplaced = case.unplaced_entries
    if not unplaced:
        return ""
    told = (
        f"nothing says what is drawn for {listed(entry.id for entry in unplaced)}, which may be an "
        f"ROI with the name of an organ (roi_names would tell; [] where nothing is drawn)"
    )
    # Each of these answers may be what a match by organ and size lacks.
    metastases = [one for one in case.open_entries if one.kind in DISTANT_OR_UNKNOWN]
    lacking = [
        f"{' and '.join(keys)} of {quoted(one.id)}" for one in metastases if (keys := unsaid(one))
    ]
    return f"{told}; the register does not say {', '.join(lacking)}" if lacking else told


def why_undecided(case: Case) -> str:
    """Return why neither a number nor sizes can pass, whatever is known of them, or ""."""
    return "; ".join(filter(None, (why_incomplete(case), why_unplaced(case))))


def _reasons_to_miss(case: Case, register: Register) -> Iterator[str]:
    """Yield why lesions may be there that are not known, a sentence each, some of them ""."""
    left_out = [
        name
        for name in case.submission.structure_set.left_out
        if case.submission.role_of(name) in GTV_ROLES | {Role.UNION, Role.UNKNOWN}
        or (case.open_entries and may_be_lesion(case.submission.site_map.read(name)))
    ]
    if left_out:
        yield f"the contours of {listed(left_out)} cannot be read and may be lesions"
    read = case.submission.site_map.read
    around = [
        name
        for name in case.submission.structure_set.left_out
        if name not in left_out and not MARGIN_ROLES.isdisjoint({read(name).role, read(name).base})
    ]
    if around:
        yield f"the contours of {listed(around)} cannot be read and may lie around a lesion"
    if case.open_entries and case.unmeasured:
        entries = listed(entry.id for entry in case.open_entries)
        yield (
            f"{listed(case.unmeasured)} cannot be measured and may be what is drawn for {entries} "
            f"(roi_names would tell)"
        )
    listed_rois = {name for entry in register.lesions for name in entry.roi_names}
    known = () if not case.open_entries else case.unmeasured
    perhaps = [
        exclusion
        for exclusion in case.census.excluded
        if exclusion.may_be_metastasis and exclusion.roi_name not in known
    ]
    for exclusion in perhaps:
        if not exclusion.is_unmeasured:
            yield f"{quoted(exclusion.roi_name)} is {exclusion.reason}"
    unmeasured = [exclusion.roi_name for exclusion in perhaps if exclusion.is_unmeasured]
    # A node that the register does not list need not be regional, whatever its name says.
    unmeasured += [
        exclusion.roi_name
        for exclusion in case.census.excluded
        if exclusion.is_unmeasured
        and Role.GTV_NODE in _roles_of(case, exclusion.roi_name)
        and exclusion.roi_name not in {*unmeasured, *known, *listed_rois}
    ]
    if unmeasured:
        by = "a lesion" if listed_rois.issuperset(unmeasured) else "no lesion"
        yield f"{listed(unmeasured)} cannot be measured and {by} of the register names it"
    unexplained = [lost for lost in case.lost_lesions if not _is_explained(case, register, lost)]
    if unexplained:
        yield f"{', '.join(map(str, unexplained))} is drawn around no known lesion"


def _roles_of(case: Case, roi_name: str) -> frozenset[Role]:
    """Return the roles that an ROI's name, or the register, says of it and of what it is made."""
    return frozenset(
        role
        for structure, name in case.submission.roi_names.items()
        if structure.roi_name == roi_name
        for role in (name.role, name.base)
    )


def _is_explained(case: Case, register: Register, lost: LostLesion) -> bool:
    """Say whether entries without a lesion of their own name the target, one for each part."""
    measured = {lesion.roi_name for lesion in case.census.lesions}
    naming = [entry for entry in register.lesions if lost.roi_name in entry.roi_names]
    return lost.part_count <= sum(measured.isdisjoint(entry.roi_names) for entry in naming)


_TOO_MANY = (
    "see whether each of these is a metastasis, in the organ named, and drawn and listed once; "
    "where that is so, ask the trial office whether the patient can be in the trial"
)


def _count_finding(
    case: Case,
    code: str,
    rule: Limit,
    count: Count,
    *,
    lesions: tuple[AccountedLesion, ...],
    about: str = "",
    also: Sequence[str] = (),
    elsewhere: int = 0,
) -> Finding:
    """Return the finding on a number of lesions that may be a range, or only a lower bound.

    `elsewhere` are further ones that structure sets draw which are not judged.
    """
    told = [doubt for lesion in lesions for doubt in (*lesion.doubts, lesion.open_match) if doubt]
    doubts = "; ".join(dict.fromkeys([*told, *also]))
    incomplete = why_undecided(case)
    aside = told_elsewhere(case.elsewhere)
    names = listed((lesion.name for lesion in lesions), 6) if lesions else "none"
    evidence = Evidence(
        name=rule.description,
        measured=str(count),
        relation=rule.relation,
        limit=float(rule.limit),
        low=float(count.least),
        high=None if incomplete else float(count.most),
    )
    if not rule.allows(count.least):
        message = f"{count} metastases: {names}" + (f"; {doubts}" if doubts else "")
        broken = held_against(code, rule, count.least, message=message, about=about, hint=_TOO_MANY)
        if count.least != count.most:
            return replace(broken, evidence=(evidence,))
        if not incomplete:
            return broken
        return replace(broken, evidence=(replace(evidence, measured=float(count.least)),))
    if incomplete or not rule.allows(count.most + elsewhere):
        number = f"the number is {count}"
        if not rule.allows(count.most):
            number += " and the limit lies inside the range"
            doubts = doubts or "register and contours cannot be matched"
        number += f": {doubts}" if doubts else ""
        if elsewhere and not rule.allows(count.most + elsewhere):
            number += f"; up to {count.most + elsewhere} with what is not counted: {aside}"
            evidence = replace(evidence, high=None)
        reason = "; ".join(filter(None, (incomplete, number)))
        return not_evaluable(
            code,
            rule,
            reason,
            about=about,
            evidence=(evidence,),
            hint="list every lesion with its ROI names in the register",
        )
    finding = held_against(code, rule, count.most, message=f"{count}: {names}", about=about)
    unlisted = [lesion.name for lesion in case.accounted if lesion.entry is None]
    forgotten = f"the register does not list {listed(unlisted)}" if unlisted else ""
    uncounted = f"not counted: {aside}" if aside else ""
    forgotten = "; ".join(filter(None, [forgotten, uncounted, _not_counted(case, rule, count)]))
    if count.least == count.most and not forgotten:
        return finding
    number = f"{count}" if count.least == count.most else f"{count} metastases"
    either = "" if count.least == count.most else ", within the limit either way"
    return Finding(
        code=code,
        criterion=rule.criterion,
        grade=finding.grade,
        flags=(Flag.QUERY,),
        about=about,
        message="; ".join(filter(None, [f"{number}{either}: {names}", forgotten, doubts])),
        evidence=(evidence,),
        source=rule.source,
    )


def _not_counted(case: Case, rule: Limit, count: Count) -> str:
    """Return which ROIs of unknown names would be too many if they were metastases, or ""."""
    unknown = case.unexplained_rois
    if rule.allows(count.most + len(unknown)):
        return ""
    is_one = len(unknown) == 1
    return (
        f"not counted: {listed(unknown)}, whose {'name is' if is_one else 'names are'} not known "
        f"and which would be too many if {'it is a lesion' if is_one else 'they are lesions'}"
    )
