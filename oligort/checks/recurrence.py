"""In-field recurrence (X4): what the register says, and the doses of earlier courses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from oligort.checks.answers import answer_finding, required_answer
from oligort.checks.case import Case
from oligort.checks.earlier_field import EarlierField, PartInside, together
from oligort.checks.elsewhere import told_elsewhere
from oligort.checks.lesions import why_incomplete, why_unplaced
from oligort.checks.registry import check
from oligort.clinical.answer import Answer
from oligort.courses import Course, courses_before
from oligort.display import listed, safe_text
from oligort.errors import NotEvaluable, SelectionError
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.lesions.lesion import Lesion
from oligort.lesions.vocabulary import GTV_ROLES, Role
from oligort.selection import title
from oligort.submission import Submission

KEY = "history.in_field_recurrence"
"""Where the register answers."""


@check(
    "OL114",
    "In-field recurrence",
    rule=lambda protocol: protocol.criteria.in_field_recurrence,
)
def recurrence(case: Case) -> Iterator[Finding]:
    """What it checks: no recurrence inside an earlier radiotherapy field.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.in_field_recurrence, and where the export of an
    earlier course is given (--prior), its dose: the part of each lesion's volume that lies inside
    an isodose of what that course prescribed. The isodose, and how large a part makes a lesion
    in-field, are settings of the protocol. Where a course prescribes several doses, the part is
    told for the lowest and the highest of them, and both must agree. Where register and dose
    contradict each other both are told, with QUERY: a "yes" of the register stands. QUERY as well:
    several courses together reach in a lesion the highest isodose of one, and none does alone.

    Not evaluable when: neither answers; the register says no and the dose says yes; an earlier
    dose was given and is of another patient id, has no prescription, does not fit it, or cannot be
    placed on the structures;
    a part lies between the settings, or outside a dose grid that the isodose leaves; the register
    does not answer and a lesion is not drawn, or only in a structure set that is not judged, so
    that no dose can tell; an ROI that no lesion of
    the register claims is not outside, and may be drawn for one of no known contour; a target is
    not outside, and is drawn around no known lesion; the register does not answer, and an ROI is
    not outside that neither name, type nor register explains (beside its "no": QUERY); gross
    tumour is drawn and cannot be measured.

    Source: NCT06190782, exclusion criteria, X4; the isodose is an assumption.
    """
    rule = case.protocol.criteria.in_field_recurrence
    register = case.register
    said = register.history.in_field_recurrence if register else Answer.UNKNOWN
    if not case.submission.earlier:
        said = case.require_register().history.in_field_recurrence
        yield required_answer("OL114", rule, said, KEY)
        return
    by_dose = _ByDose(case)
    dosed, told = by_dose.answer
    spoken = f"the register says {said} ({KEY})"
    if said is Answer.UNKNOWN:
        spoken = f"the register does not answer {KEY}" if register else "no register was given"
    if Answer.UNKNOWN in (said, dosed) and Answer.YES not in (said, dosed):
        if dosed is Answer.UNKNOWN:
            raise NotEvaluable(f"{spoken}; {told}")
        if unseen := _unseen(case):
            raise NotEvaluable(f"{spoken}; {told}; {unseen}")
    queries: tuple[str, ...] = ()
    if Answer.YES not in (said, dosed):
        unexplained = by_dose.unexplained_inside
        queries = tuple(filter(None, (unexplained, by_dose.together_inside)))
        # A clear "no" is an answer by itself; without one the pass rests on what is drawn.
        unsaid = unexplained if said is Answer.UNKNOWN else ""
        if perhaps := "; ".join(
            filter(None, (by_dose.perhaps_inside, by_dose.lost_inside, unsaid))
        ):
            raise NotEvaluable(f"{spoken}; {told}; {perhaps}")
    if (said, dosed) == (Answer.NO, Answer.YES):
        yield Finding(
            code="OL114",
            criterion=rule.criterion,
            grade=Grade.NOT_EVALUABLE,
            flags=(Flag.QUERY,),
            message=f"{rule.description}: not evaluable, because {spoken} and the dose says yes: "
            f"{told}",
            evidence=by_dose.evidence,
            source=rule.source,
            hint="correct the register, or confirm that what is drawn there is no recurrence",
        )
        return
    answer = Answer.YES if Answer.YES in (said, dosed) else Answer.NO
    yield answer_finding(
        "OL114",
        rule,
        answer,
        message="; ".join((spoken, told, *queries)),
        flags=(Flag.QUERY,) if said is not dosed or queries else (),
        evidence=by_dose.evidence,
    )


def _unseen(case: Case) -> str:
    """Return which lesions no dose can tell of, as they are not drawn, or ""."""
    incomplete = why_incomplete(case)
    if case.register is None:
        return incomplete
    drawn = {lesion.roi_name for lesion in case.census}
    matched = {one.entry.id for one in case.accounted if one.contours and one.entry}
    undrawn = [
        entry.id
        for entry in case.register.lesions
        if (entry.id not in matched and drawn.isdisjoint(entry.roi_names))
        or case.claims.not_found(entry)
    ]
    told = f"no contour is drawn for {listed(undrawn)}" if undrawn else ""
    return "; ".join(filter(None, (incomplete, told, told_elsewhere(case.elsewhere))))


@dataclass(frozen=True, eq=False)
class _ByDose:
    """What the doses of the earlier courses say of the lesions that are drawn."""

    case: Case

    @cached_property
    def answer(self) -> tuple[Answer, str]:
        """Whether a lesion lies in-field, and the sentence about it."""
        limits = self.case.protocol.settings.in_field_part
        parts, reasons = self._parts
        for answer, word in ((Answer.YES, "inside"), (Answer.UNKNOWN, "partly inside")):
            here = [part for part in parts if part.lies(limits) is answer]
            if here:
                told = "; ".join(
                    f"{word} {isodose} of {course}: "
                    + ", ".join(p.told for p in here if (p.isodose, p.course) == (isodose, course))
                    for isodose, course in dict.fromkeys((p.isodose, p.course) for p in here)
                )
                return answer, told
        if reasons:
            return Answer.UNKNOWN, "; ".join(reasons)
        fields = dict.fromkeys(f"{part.isodose} of {part.course}" for part in parts)
        return Answer.NO, f"no lesion that is drawn lies inside {' or '.join(fields)}"

    @cached_property
    def perhaps_inside(self) -> str:
        """What is not outside of a field and may be a lesion of the register, or ""."""
        perhaps = self.case.perhaps_tumour
        entries = listed(entry.id for entry in self.case.open_entries)
        found: list[str] = []
        unmeasured = self.case.unmeasured if self.case.open_entries else ()
        if unmeasured:
            found.append(
                f"{listed(unmeasured)} cannot be measured and may be what is drawn for {entries} "
                f"(roi_names would tell)"
            )
        if unseen := [name for name in self._unseen_tumour if name not in unmeasured]:
            found.append(
                f"{listed(unseen)} cannot be measured, so that no dose tells whether it lies inside"
            )
        if inside := self._not_outside(perhaps):
            found.append(f"{inside} may be what is drawn for {entries} (roi_names would tell)")
        if any(one.role is Role.ORGAN for one in self.case.submission.roi_names.values()):
            found.append(why_unplaced(self.case))
        return "; ".join(filter(None, found))

    @cached_property
    def lost_inside(self) -> str:
        """What is drawn for a tumour, around none that is known, and not outside a field, or "".

        Whatever entries the register has, it is a lesion that lost its GTV.
        """
        told = {one.roi_name for one in self.case.perhaps_tumour}.union(
            self.case.unmeasured if self.case.open_entries else (), self._unseen_tumour
        )
        lost = [one for one in self.case.lost_lesions if one.roi_name not in told]
        census = self.case.as_perhaps_tumour(dict.fromkeys(one.roi_name for one in lost))
        found = []
        for one in lost:
            own = [lesion for lesion in census.lesions if lesion.roi_name == one.roi_name]
            if not own:
                found.append(f"{one} cannot be measured, and is drawn around no known lesion")
            elif inside := self._not_outside(one.parts_among(own)):
                found.append(f"{inside}, and is drawn around no known lesion")
        return "; ".join(found)

    @cached_property
    def unexplained_inside(self) -> str:
        """What neither name, type nor register explains, and is not outside of a field, or ""."""
        told = {one.roi_name for one in self.case.perhaps_tumour}
        inside = self._not_outside(
            [one for one in self.case.unexplained if one.roi_name not in told]
        )
        return (
            f"{inside}, which neither name, type nor register explains, and which would be a "
            f"recurrence if it is a lesion"
            if inside
            else ""
        )

    def _not_outside(self, lesions: Sequence[Lesion]) -> str:
        """Return which of some lesions do not lie outside of a field, with their parts, or ""."""
        limits = self.case.protocol.settings.in_field_part
        parts = self._parts_of(list(lesions), []) if lesions else []
        inside = [part for part in parts if part.lies(limits) is not Answer.NO]
        if not inside:
            return ""
        return f"{', '.join(part.told for part in inside)} inside {inside[0].isodose}"

    @property
    def _unseen_tumour(self) -> list[str]:
        """Gross tumour, of any kind, that is drawn or may be, and cannot be measured.

        What has no contours at all is a line of a template, and no lesion lies there.
        """
        submission = self.case.submission
        if not submission.structure_sets:
            return []
        drawn = {one.roi_name for one in submission.structure_set if one.contours}
        excluded = self.case.census.excluded
        unmeasured = [one.roi_name for one in excluded if one.is_unmeasured]
        unread = [
            name
            for name in submission.structure_set.left_out
            if submission.role_of(name) in GTV_ROLES
        ]
        return [*(name for name in unmeasured if name in drawn), *unread]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The part of each lesion in each course."""
        limits = self.case.protocol.settings.in_field_part
        return tuple(
            Evidence(
                name=f"{safe_text(part.lesion)} inside {part.isodose}",
                measured=part.most,
                unit="%",
                relation="<",
                limit=limits.least,
                low=part.least,
                high=part.most,
            )
            for part in self._parts[0]
        )

    @property
    def together_inside(self) -> str:
        """What the courses reach together, and none of them alone, or ""."""
        lesions = [lesion for lesion in self.case.census if _may_recur(lesion)]
        return together(self.case, self._fields[0], lesions)

    @cached_property
    def _parts(self) -> tuple[tuple[PartInside, ...], tuple[str, ...]]:
        """The part of each lesion in each course, and why some cannot be told."""
        reasons: list[str] = []
        try:
            lesions = [lesion for lesion in self.case.census if _may_recur(lesion)]
        except NotEvaluable as error:
            return (), (str(error),)
        if not lesions:
            return (), ("no lesion is drawn to look for in the dose of an earlier course",)
        parts = self._parts_of(lesions, reasons)
        return tuple(parts), tuple(dict.fromkeys(reasons))

    def _parts_of(self, lesions: list[Lesion], reasons: list[str]) -> list[PartInside]:
        """Return the part of some lesions in each course; add why some cannot be told."""
        parts: list[PartInside] = []
        fields, refused = self._fields
        reasons += refused
        for field in fields:
            try:
                parts += field.parts(lesions)
            except NotEvaluable as error:
                reasons.append(str(error))
        return parts

    @cached_property
    def _fields(self) -> tuple[tuple[EarlierField, ...], tuple[str, ...]]:
        """The field of each earlier course, and why some have none."""
        reasons: list[str] = []
        fields: list[EarlierField] = []
        for course in self._courses(reasons):
            try:
                fields.append(EarlierField.of(self.case, course))
            except NotEvaluable as error:
                reasons.append(str(error))
        return tuple(fields), tuple(reasons)

    def _courses(self, reasons: list[str]) -> Iterator[Course]:
        """Yield the earlier courses, none that is the judged one; say why where one has none."""
        submission = self.case.submission
        own = _own_uids(self.case)
        registrations = [
            one for export in (submission, *submission.earlier) for one in export.registrations
        ]
        for export in submission.earlier:
            if not _is_of_one_patient(submission, export):
                reasons.append("an earlier course carries another patient id, and answers nothing")
                continue
            try:
                courses = courses_before(export, submission.structure_set, registrations)
            except (NotEvaluable, SelectionError) as error:
                reasons.append(str(error))
                continue
            for course in courses:
                if course.dose.sop_instance_uid in own:
                    reasons.append(f"{title(course.dose)} is the dose that is judged itself")
                else:
                    yield course


def _is_of_one_patient(submission: Submission, export: Submission) -> bool:
    """Whether an earlier export carries the patient id of the structures, as far as is known."""
    own = {one.patient_key for one in submission.structure_sets} - {""}
    theirs = {one.patient_key for one in export.doses} - {""}
    return not own or theirs <= own


def _own_uids(case: Case) -> set[str]:
    """Return the UIDs of the doses that are judged; of all in the submission where none is chosen.

    An earlier course may have been exported together with the plan that is judged.
    """
    try:
        courses = case.submission.chosen.courses
    except NotEvaluable:
        return {dose.sop_instance_uid for dose in case.submission.doses} - {""}
    return {course.dose.sop_instance_uid for course in courses if not course.is_prior} - {""}


def _may_recur(lesion: Lesion) -> bool:
    """Whether a lesion is gross tumour of its own: a duplicate or an outdated outline is not."""
    return lesion.counted.most > 0 or lesion.role in {Role.GTV_PRIMARY, Role.GTV_NODE}
