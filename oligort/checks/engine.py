"""The engine: a submission, a protocol and a register in, a report out."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from numbers import Real
from pathlib import Path

import msgspec

from oligort.checks.case import Case
from oligort.checks.failure import failed
from oligort.checks.measurements import measurements_of
from oligort.checks.plan_kind import kind_of
from oligort.checks.registry import CONVENTION, ENTRY_POINTS, Check, checks_of, packages_of
from oligort.checks.site_checks import load_checks
from oligort.checks.what_to_do import what_to_do
from oligort.clinical.register import PlanKind, Register
from oligort.crosscheck import require_installed
from oligort.display import quoted, safe_text
from oligort.document import LONGEST_FAULT, FileRecord, Report, Setting
from oligort.errors import NotEvaluable, SelectionError
from oligort.finding import Finding, Grade, verdict_of
from oligort.protocol.model import Protocol
from oligort.submission import Submission
from oligort.versions import versions_of

LIBRARIES = ("oligort", "pydicom", "numpy", "msgspec")
"""Distributions whose versions a report names: those that its numbers pass through."""

INTAKE_CODES = "OL0*"
"""The codes of the checks that ask of the files alone."""


def check(
    submission: Submission,
    protocol: str | Path | Protocol = "nct06190782",
    register: str | Path | Register | None = None,
    subject: str | None = None,
    *,
    cross_check: bool = False,
    plan_kind: str | PlanKind | None = None,
    only: Sequence[str] = (),
    checks: Sequence[str | Path] = (),
) -> Report:
    """Check one submission against one protocol.

    Parameters
    ----------
    submission : Submission
        From `oligort.read`, with plan and dose selected where there are several.
    protocol : str, Path or Protocol
        A shipped protocol's id, a protocol file, or a protocol.
    register : str, Path, Register or None
        The clinical register of the patient. What only it knows is NOT EVALUABLE without it.
    subject : str or None
        The trial's subject id; else the register's, else the Clinical Trial Subject ID, else a
        name made from the digests of the files.
    cross_check : bool
        Whether dicompyler-core computes the structures of the dose limits as well.
    plan_kind : str, PlanKind or None
        "screening" or "delivered": what the plan is for; else what the register says.
    only : sequence of str
        Codes of checks, or patterns of codes ("OL3*"), that are asked; none for all. The report
        says so, for its verdict is of these alone.
    checks : sequence of str or Path
        Python files with checks of the site's own, which are asked after ours.

    Raises
    ------
    ValueError
        If the kind of plan is neither.
    SelectionError
        If a pattern names no check, or a file's checks cannot be loaded or give no findings of
        their own codes.
    ProtocolError, RegisterError
        If one of them cannot be read.
    MissingExtraError
        If a cross-check is asked for and dicompyler-core is not installed.
    """
    case = case_of(submission, protocol, register, subject, cross_check, plan_kind=plan_kind)
    return report_on(case, only, checks)


def case_of(
    submission: Submission,
    protocol: str | Path | Protocol = "nct06190782",
    register: str | Path | Register | None = None,
    subject: str | None = None,
    cross_check: bool = False,
    *,
    plan_kind: str | PlanKind | None = None,
) -> Case:
    """Return what `check` looks at, from its arguments; whoever draws a page looks at it too."""
    if cross_check:
        require_installed()
    rules = protocol if isinstance(protocol, Protocol) else Protocol.load(protocol)
    answers = register if isinstance(register, Register | None) else Register.load(register)
    kind = PlanKind(plan_kind) if plan_kind else None
    return Case(submission, rules, answers, subject, cross_check, kind)


def report_on(case: Case, only: Sequence[str] = (), checks: Sequence[str | Path] = ()) -> Report:
    """Return the report of `check` on a case: every check that is asked has run on it."""
    submission, rules, answers = case.submission, case.protocol, case.register
    of_site = tuple(map(load_checks, checks))
    asked = checks_of(only, [one.module for one in of_site])
    findings = tuple(finding for one in asked for finding in findings_of(one, case))
    plan = _chosen_plan_facts(submission)
    return Report(
        subject=case.subject or _subject(submission, answers),
        site=(answers.site if answers else "") or submission.trial_site_id,
        arm=str(answers.arm or "") if answers else "",
        plan_kind=str(kind_of(case).kind or ""),
        plan_label=plan[0],
        plan_date=plan[1],
        dose_sop_instance_uids=submission.dose_sop_instance_uids,
        only=tuple(only),
        verdict=verdict_of(findings),
        findings=findings,
        measurements=tuple(measurements_of(case)),
        settings=(
            *rules.setting_records(),
            *_conventions(submission),
            *_census_thresholds(case),
            *_site_map(submission),
            *_register(answers),
            *(one.record for one in of_site),
            *_packages(asked),
        ),
        provenance=tuple(
            FileRecord(
                kind=record.kind,
                sop_instance_uid=record.sop_instance_uid,
                file=record.file,
                sha256=record.sha256,
            )
            for export in (submission, *submission.earlier)
            for record in export.provenance
        ),
        protocol=rules.record(),
        versions=versions_of(LIBRARIES),
    )


def intake_findings(
    submission: Submission,
    protocol: str | Path | Protocol = "nct06190782",
    subject: str | None = None,
) -> tuple[Finding, ...]:
    """Return what the checks of intake say: those that ask of the files alone, by no limit.

    Parameters
    ----------
    submission : Submission
        From `oligort.read`, with plan and dose selected where there are several.
    protocol : str, Path or Protocol
        Whose grades and settings hold.
    subject : str or None
        The trial's subject id: a Patient ID that equals it identifies nobody.

    Raises
    ------
    ProtocolError
        If the protocol cannot be read.
    """
    rules = protocol if isinstance(protocol, Protocol) else Protocol.load(protocol)
    case = Case(submission, rules, None, subject)
    asked = checks_of([INTAKE_CODES])
    return tuple(finding for one in asked for finding in findings_of(one, case))


def findings_of(one: Check, case: Case) -> Iterator[Finding]:
    """Yield the findings of a check; NotEvaluable becomes one, any other error is a bug.

    A check that does not come with oligort and says nothing is NOT EVALUABLE.

    Raises
    ------
    SelectionError
        If it gives anything but findings of its own code: they would be of a check that never ran;
        if one that does not come with oligort fails, or says what a finding cannot.
    """
    count = 0
    try:
        found = one.run(case)
        if not isinstance(found, Iterable):
            raise _no_finding(one, found)
        for finding in found:
            if not isinstance(finding, Finding):
                raise _no_finding(one, finding)
            if finding.code != one.code:
                raise SelectionError(
                    f"{one.file}: {one.code}: expected findings of this code, found one of "
                    f"{quoted(finding.code)}"
                )
            count += 1
            yield _advised(finding if one.is_ours else _as_typed(one, finding))
        if not count and not one.is_ours:
            raise NotEvaluable("the check yielded no finding")
    except SelectionError:
        raise
    except NotEvaluable as error:
        rule = one.rule(case.protocol) if one.rule else None
        what = rule.description if rule else one.title
        yield _advised(
            Finding(
                code=one.code,
                criterion=rule.criterion if rule else "",
                grade=Grade.NOT_EVALUABLE,
                message=f"{what}: not evaluable, because {error}",
                source=rule.source if rule else CONVENTION,
                hint=error.hint,
            )
        )
    except (Exception, SystemExit) as error:
        # A check of a site that leaves the program would end it, with success and without a report.
        if one.is_ours:
            raise
        raise failed(one, error) from error


def _advised(finding: Finding) -> Finding:
    """Return a finding that says what to do, where it is not evaluable."""
    if finding.hint or finding.grade is not Grade.NOT_EVALUABLE:
        return finding
    return msgspec.structs.replace(finding, hint=what_to_do(finding.code))


def _as_typed(one: Check, finding: Finding) -> Finding:
    """Return the finding of a check of others with every part of the type that it has to be.

    Nothing looked at them when it was built; one of a grade that is none would count nowhere, and
    the verdict be a pass.

    Raises
    ------
    SelectionError
        If a part is of no such type, or a word none of those that it may be.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(finding, enc_hook=_plain_number), Finding)
    except (msgspec.ValidationError, TypeError) as failure:
        raise SelectionError(
            f"{one.file}: {one.code}: expected a finding whose parts are what they have to be, "
            f"found: {safe_text(failure, LONGEST_FAULT)}; say the grade as Grade.MAJOR, the source "
            f"as Source(document=...), numbers as numbers"
        ) from failure


def _plain_number(value: object) -> float:
    """Return a number of any kind, such as a Measure, as one that JSON has."""
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no part of a finding")


def _no_finding(one: Check, found: object) -> SelectionError:
    return SelectionError(
        f"{one.file}: {one.code}: expected a function that yields findings, found "
        f"{quoted(type(found).__name__)}; nothing may be passed in silence"
    )


def _subject(submission: Submission, register: Register | None) -> str:
    if register is not None:
        return register.subject
    if submission.trial_subject_id:
        return submission.trial_subject_id
    digests = "".join(sorted(record.sha256 for record in submission.provenance))
    return f"submission-{hashlib.sha256(digests.encode()).hexdigest()[:8]}"


def _chosen_plan_facts(submission: Submission) -> tuple[str, str]:
    """Return the labels of all plans that are judged, by their dates, and that of the latest.

    Plans of earlier courses are among the labels; the date is of the submission's own.
    """
    try:
        chosen = submission.chosen
    except NotEvaluable:
        return "", ""
    labels = [label for _, label in sorted((one.date, one.label) for one in chosen.plans)]
    own = [plan for course in chosen.courses if not course.is_prior for plan in course.plans]
    return " + ".join(filter(None, labels)), max((one.date for one in own), default="")


def _packages(asked: Iterable[Check]) -> Iterator[Setting]:
    """Yield which installed packages bring which of the checks that are asked."""
    for package, codes in packages_of(asked).items():
        value = f"{package}: {', '.join(codes)}"
        yield Setting(name="installed_checks", value=value, source=f"entry point {ENTRY_POINTS}")


def _site_map(submission: Submission) -> Iterator[Setting]:
    """Yield what the site map is, and the entries that say nothing of this patient."""
    site_map = submission.site_map
    if not site_map.entries:
        return
    try:
        notes = site_map.notes_on(submission.structure_set)
    except NotEvaluable:
        notes = ()
    number = f"{len(site_map.entries)} entries"
    value = "; ".join((number, *notes, f"SHA-256 {site_map.sha256}"))
    yield Setting(name="names", value=value, source="site map")


def _register(register: Register | None) -> Iterator[Setting]:
    """Yield the digest of what the register says, however its file is written."""
    if register is not None:
        digest = hashlib.sha256(register.to_json().encode()).hexdigest()
        yield Setting(name="register", value=f"SHA-256 {digest}", source="register")


def _census_thresholds(case: Case) -> Iterator[Setting]:
    """Yield where the census draws its lines, but for what the protocol's own settings say."""
    for name, value in asdict(case.census_thresholds).items():
        if name not in {"duplicate_dice", "maybe_duplicate_dice"}:
            yield Setting(name=f"census_{name}", value=f"{value:.3g}", source="oligort convention")


def _conventions(submission: Submission) -> Iterator[Setting]:
    for name, value in submission.dvh_settings().items():
        yield Setting(name=name, value=value, source="oligort convention")
