"""Submission: everything that one patient's export holds, and the numbers that follow from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from oligort.anatomy import Anatomy
from oligort.conventions import DEFAULT, Conventions
from oligort.courses import CHOOSE, Chosen, choose, choose_structure_set
from oligort.dose.composite import CompositeDose, composite_of
from oligort.dose.counted import settings_of
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import compute_dvh
from oligort.dose.isodose import Isodose, isodose_of
from oligort.dose.jointly import Asked
from oligort.dose_doubts import doubts_on_dose
from oligort.errors import NotEvaluable, SelectionError, answered
from oligort.geometry.algebra import Expression, Shape, resolve
from oligort.geometry.region import Region
from oligort.geometry.slabs import SlabModel, slabs_of
from oligort.geometry.structure import Structure, StructureSet
from oligort.lesions.candidates import with_site_map
from oligort.lesions.census import CensusThresholds, LesionHint
from oligort.lesions.lesion import LesionCensus
from oligort.lesions.naming import RoiName
from oligort.lesions.several_frames import census_by_frame
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import Role
from oligort.meant import Meant
from oligort.objects import (
    Dose,
    Fault,
    FileDigest,
    IdentityLeft,
    ImageSeries,
    LeftAlone,
    Masker,
    Plan,
    Registration,
)
from oligort.selection import Given, Selection, named, only_named_plan
from oligort.spacing import usual_spacing_mm
from oligort.together import Together

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, eq=False)
class Submission:
    """One patient's export, and the numbers that follow from it.

    Built by `oligort.read`. Histograms and census are computed once, also for its copies.

    Parameters
    ----------
    structure_sets, doses, plans, images, registrations
        What was read, in a fixed order.
    faults, provenance : tuples of Fault, of FileDigest
        Files, or parts of them, that could not be used; what was read, with digests.
    identity_left : tuple of IdentityLeft
        Which elements of which files say who the patient is.
    trial_subject_id, trial_site_id : str
        Clinical Trial Subject ID (0012,0040) and Site ID (0012,0030), or "".
    stated_subjects : tuple of (str, str)
        Each Clinical Trial Subject ID that objects state, with the first file that does.
    patient_age_years, oldest_age_years : int or None
        Patient's Age (0010,1010), the lowest; and the highest where the objects do not agree.
    treatment_records, left_alone : tuples of str, of LeftAlone
        Files that say that a treatment was delivered, not read; objects of kinds that are not used.
    selection, earlier : Selection, tuple of Submission
        Plans and doses that the user asked for; exports of earlier courses, whose doses are added.
    roles : mapping of ROI name to Role
        From the clinical register; each goes before the name and the site map.
    site_map : SiteMap
        What the site's ROI names stand for, before what they say.
    masker : Masker or None
        Masks in other texts, as in what was read, what repeats the patient's identity.
    """

    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[Dose, ...] = ()
    plans: tuple[Plan, ...] = ()
    images: tuple[ImageSeries, ...] = ()
    faults: tuple[Fault, ...] = ()
    provenance: tuple[FileDigest, ...] = ()
    registrations: tuple[Registration, ...] = ()
    trial_subject_id: str = ""
    trial_site_id: str = ""
    stated_subjects: tuple[tuple[str, str], ...] = ()
    patient_age_years: int | None = None
    oldest_age_years: int | None = None
    treatment_records: tuple[str, ...] = ()
    identity_left: tuple[IdentityLeft, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    selection: Selection = field(default_factory=Selection)
    earlier: tuple["Submission", ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    site_map: SiteMap = field(default_factory=SiteMap)
    masker: Masker | None = field(default=None, repr=False)
    # Each under the structures and the dose that it rests on (no id of theirs): copies share them.
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)
    _no_other: object = field(default_factory=object, init=False, repr=False)

    def selected(self, plan: Given = None, dose: Given = None) -> "Submission":
        """Return the submission with plans and doses chosen by label, UID or file.

        Several plans, or several doses, are courses: their doses are added up, each once.

        Raises
        ------
        SelectionError
            If a name fits none or several, or a dose is that of another plan.
        """
        selection = Selection.of(plan, dose)
        named(self.plans, self.doses, selection)
        return replace(self, selection=selection)

    def after(self, *earlier: "Submission") -> "Submission":
        """Return the submission with the exports of earlier courses, whose doses are added.

        Each keeps its own selection; what it comes after, this one does too.
        """
        before = tuple(one for export in earlier for one in (export, *export.earlier))
        return replace(self, earlier=(*self.earlier, *(replace(one, earlier=()) for one in before)))

    def with_names(self, names: str | Path | SiteMap) -> "Submission":
        """Return the submission with a site map in force; refused as `SiteMap.load` does."""
        return replace(self, site_map=SiteMap.of(names))

    @cached_property
    def chosen(self) -> Chosen:
        """The structure set and the courses that are judged together.

        Raises
        ------
        NotEvaluable
            If the choice is open, doses must not be added, or cannot be placed on the structures.
        """
        registrations = [one for export in (self, *self.earlier) for one in export.registrations]
        objects = self.structure_sets, self.plans, self.doses, self.selection
        try:
            return choose(*objects, registrations=registrations, earlier=self.earlier)
        except SelectionError as error:
            # What the user asks for is refused at once; this is what the register names.
            raise NotEvaluable(str(error), CHOOSE) from error

    @cached_property
    def structure_set(self) -> StructureSet:
        """The structure set that is judged: the chosen plan's, else the only one.

        Raises
        ------
        NotEvaluable
            If there is none, or the choice is open.
        """
        try:
            return self.chosen.structure_set
        except NotEvaluable:
            plan = only_named_plan(self.plans, self.selection)
            return choose_structure_set(self.structure_sets, plan, self.plans)

    @cached_property
    def dose_grid(self) -> DoseGrid | CompositeDose:
        """The dose that is judged: of one course, or the sum of several.

        Raises
        ------
        NotEvaluable
            As `chosen`.
        """
        return composite_of([course.grid for course in self.chosen.courses])

    @cached_property
    def dose_doubts(self) -> tuple[str, ...]:
        """Why a check would grade nothing on the judged dose; refused as `chosen` is."""
        return doubts_on_dose(self)

    @property
    def dose_sop_instance_uids(self) -> tuple[str, ...]:
        """The doses that the histograms are of; empty where none can be chosen."""
        try:
            return tuple(dose.sop_instance_uid for dose in self.chosen.doses)
        except NotEvaluable:
            return ()

    @property
    def prescription_gy(self) -> float:
        """What all plans of the judged dose prescribe; refused as `Chosen.prescription_gy` does."""
        return self.chosen.prescription_gy

    @cached_property
    def usual_spacing_mm(self) -> float | None:
        """Plane spacing of the images that the structures are drawn on, else of all structures."""
        return usual_spacing_mm(self.structure_set, self.images)

    @cached_property
    def roi_names(self) -> Mapping[Structure, RoiName]:
        """What the name of each structure says."""
        read = {s: self.site_map.read(s.roi_name, s.interpreted_type) for s in self.structure_set}
        return {
            # What the register names is meant, even where the name says that it is old.
            s: replace(name, role=self.roles[s.roi_name], superseded="")
            if s.roi_name in self.roles
            else name
            for s, name in read.items()
        }

    @cached_property
    def anatomy(self) -> Anatomy:
        """What names stand for in the structure set."""
        return Anatomy(self.structure_set, self.roi_names, self.usual_spacing_mm, self.site_map)

    def role_of(self, roi_name: str) -> Role:
        """Return the role that an ROI's name stands for, drawn or not."""
        drawn = self.structure_set.named(roi_name)
        return (self.roi_names[drawn[0]] if drawn else self.site_map.read(roi_name)).role

    def slabs_of(self, structure: Structure) -> SlabModel:
        """Return the slabs of a structure, thick as the planes that it is drawn on.

        Raises
        ------
        NotEvaluable
            If it is empty, or its contours do not lie in parallel planes.
        """
        return slabs_of(structure, self.usual_spacing_mm)

    def structures_of(self, name: str) -> tuple[Structure, ...]:
        """Return the structures that a name stands for; refused as `Anatomy.structures_of` does."""
        return self.anatomy.structures_of(name)

    def dvh(self, roi: str, conventions: Conventions = DEFAULT) -> Dvh:
        """Return the histogram of an ROI as drawn, or of an expression such as "Lungs-GTV".

        An ROI of an expression's very name is compared in the notes; '"Lungs-GTV"', in double
        quotes, is that ROI. They tell why nothing would be graded on the dose, too.

        Raises
        ------
        NotEvaluable
            If a structure or the dose is missing, or the choice is open.
        ExpressionError
            If `roi` is no ROI's name and no expression.
        """
        meant = self.anatomy.meant_by(roi)
        dvh = self.dvh_of_shape(meant.shape, meant.name, conventions)
        return self._told(meant, dvh, conventions)

    def dvhs(
        self, *rois: str, conventions: Conventions = DEFAULT
    ) -> Mapping[str, Dvh | NotEvaluable]:
        """Return the histograms of several, by what was asked for; where there is none, the reason.

        Of expressions that share structures A is the sum of A-B and A&B, at each edge of the curve
        and in its volume, to rounding. Any other is that of `dvh`.

        Raises
        ------
        ExpressionError
            If one of `rois` is no ROI's name and no expression.
        """
        together = Together(
            anatomy=lambda: self.anatomy,
            dose=lambda: self.dose_grid,
            alone=lambda one: self.dvh_of_shape(one.shape, one.roi_name, conventions),
            told=lambda meant, dvh: self._told(meant, dvh, conventions),
            conventions=conventions,
        )
        key = "dvhs", rois, conventions, self._no_other
        return self._once(key, lambda: together.answers(rois))

    def dvh_of(self, structure: Structure, conventions: Conventions = DEFAULT) -> Dvh:
        """Return the histogram of a structure of this submission as drawn.

        Raises
        ------
        NotEvaluable
            If the structure is empty, or the dose is missing or open.
        """
        return self.dvh_of_shape(Shape((structure,)), structure.roi_name, conventions)

    def computed_dvh(self, expression: Expression, conventions: Conventions = DEFAULT) -> Dvh:
        """Return the histogram of an expression, from its parts even where it is drawn too.

        Raises
        ------
        NotEvaluable
            As `dvh`; an operand that is missing is named.
        """
        shape = resolve(expression, self.structures_of)
        dvh = self.dvh_of_shape(shape, str(expression), conventions)
        return self._noted(dvh, self.anatomy.notes_on(expression))

    def dvh_with_alternatives(self, roi: str, conventions: Conventions = DEFAULT) -> Dvh:
        """Return the histogram of an ROI or expression beside those that other conventions give.

        Its metrics have the interval ``convention``, in which those of the alternatives lie: other
        end caps, shapes between planes and dose interpolation, and where loops overlap what
        becomes of them.

        Raises
        ------
        NotEvaluable, ExpressionError
            As `dvh`.
        """
        return self.beside_alternatives(roi, self.dvh(roi, conventions), conventions)

    def beside_alternatives(self, roi: str, dvh: Dvh, conventions: Conventions = DEFAULT) -> Dvh:
        """Return a histogram of `dvhs` as `dvh_with_alternatives` returns that of `dvh`."""
        others = conventions.alternatives(loops_overlap=dvh.loops_overlap)
        return replace(dvh, alternatives=tuple(self.dvh(roi, other) for other in others))

    def isodose(self, roi: str, at_gy: float) -> Isodose:
        """Return what receives at least a dose; where another PTV is drawn, its parts at the ROI.

        `dvh(roi).relative_to(at_gy, isodose(roi, at_gy).volume)["CI"]` is Paddick's conformity
        index.

        Raises
        ------
        NotEvaluable, ExpressionError
            As `dvh`; or if the dose is a sum of doses on different grids.
        """
        return self.isodose_of_shape(self.anatomy.meant_by(roi).shape, at_gy)

    def isodose_of_shape(self, shape: Shape, at_gy: float) -> Isodose:
        """Return the same of a shape of this submission's structures."""
        targets = [s for s, name in self.roi_names.items() if name.role is Role.PTV]
        return isodose_of(self.dose_grid, at_gy, shape, targets, self.usual_spacing_mm)

    def dvh_settings(self, conventions: Conventions = DEFAULT) -> dict[str, str]:
        """Return the conventions that the histograms follow, by name."""
        return dict(settings_of(conventions))

    def lesions(
        self,
        roi_names: Sequence[str] | None = None,
        hints: Mapping[str, LesionHint] | None = None,
        thresholds: CensusThresholds | None = None,
    ) -> LesionCensus:
        """Return the census of the lesions: all ROIs of gross tumour, or the ROIs asked for.

        Parameters
        ----------
        roi_names : sequence of str, optional
            ROIs to measure, whatever their role.
        hints, thresholds : mapping of ROI name to LesionHint, and CensusThresholds, optional

        Raises
        ------
        NotEvaluable
            If there is no structure set, or the choice is open.
        """
        said = with_site_map(hints or {}, self.structure_set, self.site_map)
        asked = None if roi_names is None else tuple(roi_names)
        drawn, spacing_mm = self.structure_set.structures, self.usual_spacing_mm

        def count() -> LesionCensus:
            return census_by_frame(
                drawn,
                hints=said,
                roi_names=asked,
                usual_spacing_mm=spacing_mm,
                thresholds=thresholds,
            )

        return self._once(("census", drawn, spacing_mm, asked, *said.items(), thresholds), count)

    def dvh_of_shape(self, shape: Shape, roi_name: str, conventions: Conventions = DEFAULT) -> Dvh:
        """Return the histogram of a shape of this submission's structures, under its own name."""
        key = "dvh", roi_name, shape.key, conventions, self.dose_grid, self.usual_spacing_mm

        def compute() -> Dvh:
            region = Region(shape, self.usual_spacing_mm, conventions)
            number = Asked.of(shape, roi_name).roi_number
            return compute_dvh(region, self.dose_grid, roi_name, number)

        return self._once(key, compute)

    def _told(self, meant: Meant, dvh: Dvh, conventions: Conventions) -> Dvh:
        notes = meant.notes_on(dvh, lambda one: self.dvh_of(one, conventions))
        return self._noted(dvh, (*notes, *self.dose_doubts))

    def _noted(self, dvh: Dvh, notes: tuple[str, ...]) -> Dvh:
        key = "noted", dvh, notes
        return self._once(key, lambda: replace(dvh, notes=(*dvh.notes, *notes))) if notes else dvh

    def _once(self, key: object, compute: Callable[[], _Answer]) -> _Answer:
        if key not in self._kept:
            self._kept[key] = answered(compute)
        answer: _Answer = self._kept[key]()
        return answer
