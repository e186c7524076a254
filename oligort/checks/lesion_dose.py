"""Lesion dose: what is prescribed to each lesion, what it receives, and how its isodose lies.

Information: nothing is held against it. What cannot be told has its reason, value by value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from oligort.checks.case import Case
from oligort.checks.effect import fractions_of
from oligort.checks.targets import plans_of_targets, require_whole_dose
from oligort.display import quoted
from oligort.dose.biology import TUMOUR_ALPHA_BETA_GY, bed_gy
from oligort.dose.composite import grids_of
from oligort.dose.dvh import Dvh
from oligort.dose.frame import require_frame_of_dose
from oligort.dose.histogram import compute_dvh
from oligort.dose.margin import margin
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.fit import MEDIAN
from oligort.geometry.algebra import Shape
from oligort.geometry.contact import shared_volume_cc
from oligort.geometry.region import Region
from oligort.lesions.census import CensusThresholds
from oligort.lesions.drawn import DrawnPart, drawn_part
from oligort.lesions.lesion import Lesion, LesionCensus
from oligort.measure import Measure
from oligort.objects import Plan
from oligort.prescribed import doses_by_roi

D95, MINIMUM = Metric.parse("D95%[Gy]"), Metric.parse("Min[Gy]")

HELD_SHARE = CensusThresholds().organ_fraction
"""Share of its volume by which a lesion lies in a target that is drawn for it: as in an organ."""

SAME_VOLUME = 1e-6
"""Share by which the volume of a part may change when it stands alone: rounding."""

Told = Measure | str
"""A value, or why there is none."""


@dataclass(frozen=True)
class LesionDose:
    """The dose of one lesion; where a value cannot be told, the reason stands in its place.

    Parameters
    ----------
    prescription : Measure or str
        Gy that all plans of the dose together prescribe: each plan the highest dose that it
        prescribes to a target that holds the lesion (or to the lesion's own ROI). Where the one
        plan refers to no ROI at all, what it prescribes, if the lesion's median dose fits that.
    prescription_from : str
        Which target or plan that is, or "".
    d95, minimum : Measure or str
        Gy, of the part that the lesion is and not of its ROI.
    prescription_bed10, d95_bed10 : Measure or str
        Gy of biologically effective dose, alpha/beta 10 Gy, by the fractions of each plan.
    isodose_margin : Measure or str
        mm from the lesion to the isodose of the prescription, as `oligort.dose.margin.margin`
        tells it: the least margin within it or, below 0, how far the lesion lies outside.
    """

    prescription: Told
    prescription_from: str
    d95: Told
    minimum: Told
    prescription_bed10: Told
    d95_bed10: Told
    isodose_margin: Told


def lesion_doses(case: Case, census: LesionCensus) -> tuple[LesionDose, ...]:
    """Return the dose of each lesion of a census of the case's structures."""
    gate = _told(lambda: _gate(case))
    if isinstance(gate, str):
        return tuple(_nothing_told(gate) for _ in census)
    return tuple(_Dosed(case, lesion).told() for lesion in census)


def _told(ask: Callable[[], Measure]) -> Told:
    try:
        return ask()
    except NotEvaluable as error:
        return str(error)


def _gate(case: Case) -> Measure:
    """Return the dose maximum, where anything may be told of the dose."""
    require_whole_dose(case)
    return Measure(case.submission.dose_grid.maximum_gy, "Gy")


def _nothing_told(reason: str) -> LesionDose:
    return LesionDose(
        prescription=reason,
        prescription_from="",
        d95=reason,
        minimum=reason,
        prescription_bed10=reason,
        d95_bed10=reason,
        isodose_margin=reason,
    )


@dataclass(frozen=True)
class _Prescribed:
    """What is prescribed to a lesion, by plan, and from where that is known."""

    by_plan: tuple[tuple[Plan, float], ...]
    source: str

    @property
    def total_gy(self) -> float:
        return sum(dose_gy for _, dose_gy in self.by_plan)


@dataclass(frozen=True, eq=False)
class _Dosed:
    """One lesion in the judged dose."""

    case: Case
    lesion: Lesion

    def told(self) -> LesionDose:
        """Return every value, or why there is none."""
        return LesionDose(
            prescription=_told(lambda: Measure(self.prescribed.total_gy, "Gy")),
            prescription_from=self._source(),
            d95=_told(lambda: self.dvh[D95]),
            minimum=_told(lambda: self.dvh[MINIMUM]),
            prescription_bed10=_told(self._prescription_bed),
            d95_bed10=_told(self._d95_bed),
            isodose_margin=_told(self._margin),
        )

    @cached_property
    def drawn(self) -> DrawnPart:
        """What was drawn for it."""
        submission = self.case.submission
        structures = submission.structure_set.structures
        return drawn_part(structures, self.lesion, submission.usual_spacing_mm)

    @cached_property
    def dvh(self) -> Dvh:
        """The histogram of the part.

        Raises
        ------
        NotEvaluable
            If its planes are cut otherwise when it stands alone than in its ROI.
        """
        submission = self.case.submission
        alone = self.drawn.alone(self.lesion.label)
        region = Region(Shape((alone,)), submission.usual_spacing_mm)
        dvh = compute_dvh(region, submission.dose_grid, self.lesion.label)
        if abs(dvh.volume_cc - self.lesion.volume_cc) > SAME_VOLUME * self.lesion.volume_cc:
            raise NotEvaluable(
                f"its planes lie unevenly among those of its ROI: alone it has "
                f"{dvh.volume_cc:.3g} cc instead of {self.lesion.volume_cc:.3g} cc"
            )
        return dvh

    @cached_property
    def prescribed(self) -> _Prescribed:
        """What its plans prescribe to it.

        Raises
        ------
        NotEvaluable
            If that cannot be told.
        """
        plans = plans_of_targets(self.case)
        if len(plans) == 1 and not doses_by_roi(plans[0]):
            return self._of_only_plan(plans[0])
        found = []
        for plan in plans:
            if not doses_by_roi(plan):
                raise NotEvaluable(f"the prescriptions of plan {quoted(plan.label)} name no ROI")
            if held := self._targets_in(plan):
                found.append((plan, *max(held)))
        if not found:
            raise NotEvaluable("no drawn ROI that a prescription refers to holds it")
        return _Prescribed(
            tuple((plan, dose_gy) for plan, dose_gy, _ in found),
            "; ".join(dict.fromkeys(source for _, _, source in found)),
        )

    def _targets_in(self, plan: Plan) -> list[tuple[float, str]]:
        """Return dose and source of each target of a plan that holds the lesion."""
        held = []
        for (_, number), dose_gy in doses_by_roi(plan).items():
            for target in self.case.submission.structure_set:
                if target.roi_number != number or target.is_empty:
                    continue
                if target is self.drawn.structure:
                    held.append((dose_gy, "to its own ROI"))
                    continue
                if not target.lies_in(self.drawn.structure.frame_of_reference_uid):
                    raise NotEvaluable(
                        f"target {quoted(target.roi_name)} is drawn in another frame of reference: "
                        f"whether it holds the lesion is not known"
                    )
                model = self.case.submission.slabs_of(target)
                if not model.frame.is_parallel_to(self.drawn.part.model.frame):
                    raise NotEvaluable(
                        f"target {quoted(target.roi_name)} is drawn in planes of another "
                        f"orientation: whether it holds the lesion is not computed"
                    )
                share = shared_volume_cc(self.drawn.part.model, model) / self.lesion.volume_cc
                if share >= HELD_SHARE:
                    held.append((dose_gy, f"{quoted(target.roi_name)} holds {share:.0%} of it"))
        return held

    def _of_only_plan(self, plan: Plan) -> _Prescribed:
        """Return what a plan prescribes that names no target, if the lesion receives it."""
        doses = sorted({one.dose_gy for one in plan.prescriptions})
        if len(doses) > 1:
            told = ", ".join(f"{dose_gy:g} Gy" for dose_gy in doses)
            raise NotEvaluable(f"the prescriptions ({told}) refer to no ROI")
        median, ratio = self.dvh[MEDIAN], self.case.protocol.settings.target_median_dose_ratio
        told = f"plan {quoted(plan.label)} names no target, and the median {median:.2f} Gy in it"
        if median.low < ratio.least * doses[0] or median.high > ratio.most * doses[0]:
            raise NotEvaluable(f"{told} does not fit the {doses[0]:g} Gy that it prescribes")
        return _Prescribed(((plan, doses[0]),), f"{told} fits")

    def _source(self) -> str:
        try:
            source = self.prescribed.source
        except NotEvaluable:
            return ""
        if any(course.is_prior for course in self.case.submission.chosen.courses):
            source += "; the dose holds that of an earlier course too"
        return source

    def _prescription_bed(self) -> Measure:
        self._require_physical()
        return Measure(
            sum(
                _bed10_gy(dose_gy, fractions_of(plan)) for plan, dose_gy in self.prescribed.by_plan
            ),
            "Gy",
        )

    def _d95_bed(self) -> Measure:
        """Return the BED of D95%, which is D95% of the BED: BED rises with the dose."""
        self._require_physical()
        d95, courses = self.dvh[D95], self.case.submission.chosen.courses
        plans = {plan.sop_instance_uid: plan for course in courses for plan in course.plans}
        if len(courses) > 1 or len({*plans, *courses[0].dose.plan_uids}) > 1:
            raise NotEvaluable("the dose sums several plans, each with fractions of its own")
        if not plans:
            raise NotEvaluable("the dose's plan is not there, so its fractions are not known")
        fractions = fractions_of(next(iter(plans.values())))
        return Measure(
            _bed10_gy(d95, fractions),
            "Gy",
            **{
                cause: (_bed10_gy(low, fractions), _bed10_gy(high, fractions))
                for cause, (low, high) in d95.intervals.items()
            },
        )

    def _require_physical(self) -> None:
        dose_type = self.case.submission.dose_grid.dose_type
        if dose_type != "PHYSICAL":
            raise NotEvaluable(f"BED is of a physical dose, and the Dose Type is {dose_type}")

    def _margin(self) -> Measure:
        grid, *others = grids_of(self.case.submission.dose_grid)
        if others:
            raise NotEvaluable("an isodose of courses on different grids is not told")
        require_frame_of_dose(Shape((self.drawn.structure,)), grid)
        part = self.drawn.part
        return margin(grid, self.prescribed.total_gy, part.slabs, part.model.frame)


def _bed10_gy(dose_gy: float, fractions: int) -> float:
    return float(bed_gy(np.asarray(dose_gy, np.float64), fractions, TUMOUR_ALPHA_BETA_GY))
