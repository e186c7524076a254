"""Comparison: what a resubmission corrected, what is new, and which numbers moved."""

import msgspec

from oligort.display import harmless_json, indented_json, quoted
from oligort.document import Decision, Report
from oligort.errors import ReportError
from oligort.finding import Finding, Grade

DEVIANT = (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE)
"""Grades that somebody asked the site to do something about."""

SAME = 1e-9
"""Share by which a number that did not move may differ: what rounding to decimals takes away."""


OF_EACH_LESION = "OL203"
"""The check whose findings are about one lesion each, also about one that could not be measured."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A number of both reports that is not the same; None where one report has none."""

    about: str
    metric: str
    unit: str
    before: float | None
    after: float | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a check asked about by one rule, and its grades.

    A grade is "" where a report does not say of it. `accepted` is what a reviewer decided on all
    that the later report has against it, or "".
    """

    code: str
    criterion: str = ""
    about: str
    before: str
    after: str
    message: str
    accepted: str = ""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two reports on one subject, the earlier one and the later one.

    Parameters
    ----------
    subject : str
        The subject of both.
    before, after : Grade
        The verdicts.
    corrected, new, standing : tuple of Change
        What deviated or was open before and passes now; what does now and did not; what still does,
        or is not told any more though nothing shows that it was corrected: its check says nothing
        in the later report, or could not be evaluated there.
    accepted : tuple of Change
        What still does, and a reviewer accepted as it stands, in either report: nothing is asked.
    no_longer_drawn : tuple of Change
        What deviated or was open before, of a lesion or structure of which the later report says
        nothing at all: it may have been deleted to be rid of the deviation, or drawn by mistake,
        and somebody has to look.
    not_shown : tuple of Change
        What deviated or was open before, and is not shown to be corrected: its rule is not asked of
        it now, or passes because something else is asked: another plan or dose of those that were
        there before, another limit, or the same files and register by other rules. Somebody has to
        look.
    moved : tuple of Moved
        Numbers that are not the same.
    differences : tuple of str
        What else differs and explains it: plan, doses, arm, protocol, settings, versions.
    """

    schema_version: int = 1
    subject: str
    before: Grade
    after: Grade
    corrected: tuple[Change, ...]
    new: tuple[Change, ...]
    standing: tuple[Change, ...]
    moved: tuple[Moved, ...]
    differences: tuple[str, ...]
    no_longer_drawn: tuple[Change, ...] = ()
    not_shown: tuple[Change, ...] = ()
    accepted: tuple[Change, ...] = ()

    def to_json(self) -> str:
        """Return the comparison as JSON text."""
        return harmless_json(indented_json(self))


def compare(before: Report, after: Report) -> Comparison:
    """Return what became of the findings and numbers of a report in the next one.

    Raises
    ------
    ReportError
        If the reports are of two subjects, or of checks that were not all asked in both.
    """
    if before.subject != after.subject:
        raise ReportError(
            f"expected two reports on one subject, found {before.subject} and {after.subject}"
        )
    if before.only != after.only:
        raise ReportError("expected two reports of the same checks, found another selection")
    apart = _held_apart(before) | _held_apart(after)
    earlier, later = _worst(before, apart), _worst(after, apart)
    silent = _silent_codes(before, after)
    # What is asked of a thing under another name now may be what was asked before.
    anew = {key[0] for key in later if key not in earlier and later[key].grade in DEVIANT}
    gone = _drawn_in(before) - _told_of(after)
    # Under one protocol, limits that differ are made of what the submission holds.
    has_other_rules = before.protocol.sha256 != after.protocol.sha256
    # The same files and register under other rules: nobody corrected anything.
    is_unchanged = bool(has_other_rules and after.provenance and _sent(before) == _sent(after))
    passed = _shown_to_pass(before, after)
    decided = _decided(before, after, apart)
    corrected, new, standing, no_longer_drawn, not_shown, accepted = [], [], [], [], [], []
    for key in dict.fromkeys((*earlier, *later)):
        change = _change(earlier.get(key), later.get(key), decided.get(key, ""))
        was, now = change.before in DEVIANT, change.after in DEVIANT
        is_silent = not change.after and (change.code in silent or key[0] in anew)
        if was and change.accepted:
            accepted.append(change)
        elif was and (now or is_silent):
            standing.append(change)
        elif was and not change.after and change.about in gone:
            no_longer_drawn.append(change)
        elif was and (
            is_unchanged
            or (has_other_rules and _has_other_limits(earlier.get(key), later.get(key)))
        ):
            not_shown.append(change)
        elif was and _is_corrected(change, passed, earlier.get(key), later.get(key)):
            corrected.append(change)
        elif was:
            not_shown.append(change)
        elif now:
            new.append(change)
    return Comparison(
        subject=after.subject,
        before=before.verdict,
        after=after.verdict,
        corrected=tuple(corrected),
        new=tuple(new),
        standing=tuple(standing),
        moved=_moved(before, after),
        differences=tuple(_differences(before, after)),
        no_longer_drawn=tuple(no_longer_drawn),
        not_shown=tuple(not_shown),
        accepted=tuple(accepted),
    )


_Thing = tuple[str, str, str]
"""Code, criterion, and what a finding is about."""

_Key = tuple[_Thing, str]
"""A thing, and by which number or answer where one criterion asks several of it."""


def _thing(finding: Finding) -> _Thing:
    return finding.code, finding.criterion, finding.about


def _asked(finding: Finding) -> str:
    """Return the name of what a finding holds against a rule, a number before an answer, or ""."""
    limited = [one.name for one in finding.evidence if one.limit is not None]
    return next(iter((*limited, *(one.name for one in finding.evidence))), "")


def _held_apart(report: Report) -> frozenset[_Thing]:
    """Return the things of which one criterion asks several in a report."""
    limits: dict[_Thing, set[str]] = {}
    for finding in report.findings:
        limits.setdefault(_thing(finding), set()).add(_asked(finding))
    return frozenset(thing for thing, names in limits.items() if len(names - {""}) > 1)


def _key(finding: Finding, apart: frozenset[_Thing]) -> _Key:
    thing = _thing(finding)
    return thing, _asked(finding) if thing in apart else ""


def _worst(report: Report, apart: frozenset[_Thing]) -> dict[_Key, Finding]:
    """Return the gravest finding by each rule on each thing."""
    order = {grade: rank for rank, grade in enumerate((*DEVIANT, Grade.PASS, Grade.INFO))}
    found: dict[_Key, Finding] = {}
    for finding in report.findings:
        key = _key(finding, apart)
        if key not in found or order[finding.grade] < order[found[key].grade]:
            found[key] = finding
    return found


def _drawn_in(report: Report) -> frozenset[str]:
    """Return the lesions and structures that a report measures, or asks a size of."""
    lesions = {one.about for one in report.findings if one.code == OF_EACH_LESION}
    return frozenset({*lesions, *(one.about for one in report.measurements)} - {""})


def _told_of(report: Report) -> frozenset[str]:
    said = {one.about for one in report.findings}
    return frozenset(said | {one.about for one in report.measurements})


def _silent_codes(before: Report, after: Report) -> frozenset[str]:
    """Return the codes whose checks do not show in the later report that something is corrected."""
    told = {finding.code for finding in after.findings}
    is_open = {finding.code for finding in after.graded(Grade.NOT_EVALUABLE)}
    return frozenset({finding.code for finding in before.findings} - told | is_open)


def _shown_to_pass(before: Report, after: Report) -> frozenset[tuple[str, str]] | None:
    """Return code and criterion of the rules that a check now passes as a whole, or on new things.

    None where another plan or dose is judged that was there before: nothing was corrected then.
    """
    there = {one.sop_instance_uid for one in before.provenance}
    doses = set(after.dose_sop_instance_uids)
    if doses and doses != set(before.dose_sop_instance_uids) and doses <= there:
        return None
    told = _told_of(before)
    return frozenset(
        (one.code, one.criterion)
        for one in after.graded(Grade.PASS)
        if not one.about or one.about not in told
    )


def _is_corrected(
    change: Change,
    passed: frozenset[tuple[str, str]] | None,
    before: Finding | None,
    after: Finding | None,
) -> bool:
    """Whether the later report shows a pass of what deviated."""
    if passed is None:
        return False
    if before is None or after is None:
        return (change.code, change.criterion) in passed
    return after.grade is Grade.PASS


SENT = frozenset({"register", "names"})
"""Settings that are digests of what a site sends beside its files."""


def _sent(report: Report) -> tuple[frozenset[str], dict[str, str]]:
    """Return the digests of all that a report rests on and a site can correct."""
    digests = frozenset(one.sha256 for one in report.provenance)
    return digests, {one.name: one.value for one in report.settings if one.name in SENT}


def _has_other_limits(before: Finding | None, after: Finding | None) -> bool:
    """Whether two findings are held against limits, and none of them is the same."""
    if before is None or after is None:
        return False
    own, other = (
        {(one.relation, one.limit) for one in finding.evidence if one.limit is not None}
        for finding in (before, after)
    )
    return bool(own and other) and own.isdisjoint(other)


def _decided(before: Report, after: Report, apart: frozenset[_Thing]) -> dict[_Key, str]:
    """Return what a reviewer decided on things of which every finding to decide on is accepted."""
    made = {one.finding: one for report in (before, after) for one in report.decisions}
    found: dict[_Key, list[Decision | None]] = {}
    for finding in after.findings:
        if finding.grade in DEVIANT:
            found.setdefault(_key(finding, apart), []).append(made.get(finding.mark))
    return {
        key: f"accepted by {first.by} on {first.date}: {first.reason}"
        for key, (first, *others) in found.items()
        if first is not None and None not in others
    }


def _change(before: Finding | None, after: Finding | None, accepted: str) -> Change:
    told = after or before
    assert told is not None
    return Change(
        code=told.code,
        criterion=told.criterion,
        about=told.about,
        before=str(before.grade) if before else "",
        after=str(after.grade) if after else "",
        message=told.message,
        accepted=accepted,
    )


def _moved(before: Report, after: Report) -> tuple[Moved, ...]:
    earlier, later = _numbers(before), _numbers(after)
    return tuple(
        Moved(
            about=key[0],
            metric=key[1],
            unit=key[2],
            before=earlier.get(key),
            after=later.get(key),
        )
        for key in dict.fromkeys((*earlier, *later))
        if not _is_same(earlier.get(key), later.get(key))
    )


def _numbers(report: Report) -> dict[tuple[str, str, str], float]:
    return {
        (one.about, one.metric, one.unit): one.value
        for one in report.measurements
        if one.value is not None
    }


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def _plan_of(report: Report) -> str:
    dated = f" of {report.plan_date}" if report.plan_date else ""
    return (quoted(report.plan_label) if report.plan_label else "none named") + dated


def _doses_of(report: Report) -> str:
    return ", ".join(sorted(report.dose_sop_instance_uids)) or "none"


def _differences(before: Report, after: Report) -> list[str]:
    """Return what differs beside the submission itself: the same files may then tell otherwise."""
    told = [
        f"{what} {one} -> {other}"
        for what, one, other in (
            ("plan", _plan_of(before), _plan_of(after)),
            ("plan kind", before.plan_kind or "none", after.plan_kind or "none"),
            ("arm", before.arm or "none", after.arm or "none"),
            ("dose", _doses_of(before), _doses_of(after)),
        )
        if one != other
    ]
    if before.protocol.sha256 != after.protocol.sha256:
        told.append(
            f"protocol {before.protocol.id} version {before.protocol.version} "
            f"({before.protocol.sha256[:8]}) -> {after.protocol.id} version "
            f"{after.protocol.version} ({after.protocol.sha256[:8]})"
        )
    for name in dict.fromkeys((*before.versions, *after.versions)):
        one, other = before.versions.get(name, "none"), after.versions.get(name, "none")
        if one != other:
            told.append(f"{name} {one} -> {other}")
    earlier = {setting.name: setting.value for setting in before.settings}
    later = {setting.name: setting.value for setting in after.settings}
    told += [
        f"setting {name}: {earlier.get(name)} -> {later.get(name)}"
        for name in dict.fromkeys((*earlier, *later))
        if earlier.get(name) != later.get(name)
    ]
    if not {one.sha256 for one in before.provenance} ^ {one.sha256 for one in after.provenance}:
        told.append("both are of the same files")
    return told
