"""Image planes: whether what is drawn lies on the images, and whether they hold all of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from oligort.checks.answers import information
from oligort.checks.applicability import applicable_limits, told_without_limits
from oligort.checks.case import Case
from oligort.checks.judged import is_tumour_or_target, judged_rois, organs_of
from oligort.checks.registry import CONVENTION, check
from oligort.display import listed, quoted
from oligort.dose.metric import Metric
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade
from oligort.geometry.image_planes import ImagePlanes, Placed, placed
from oligort.geometry.overlay import overlay
from oligort.geometry.slabs import Slab
from oligort.geometry.structure import Structure
from oligort.lesions.vocabulary import Organ
from oligort.objects import ImageSeries, drawn_on
from oligort.protocol.limits import DoseLimit

FLAT_END_SHARE = 0.3
"""An end plane of this share of the largest area is flat, and no end of an organ that tapers.

The first plane of a lung, a cap of 35 mm radius and 5 mm depth, has 7 %; of two real lungs the end
planes had 0 to 12 %.
"""

TAPERING = frozenset({Organ.LUNGS, Organ.LIVER, Organ.KIDNEYS, Organ.SPLEEN})
"""Organs that taper towards head and feet. A heart has half its largest area at the great vessels,
and what is hollow or a cord goes on."""

MOST_NAMED = 6
"""ROIs that one finding names."""


@dataclass(frozen=True, eq=False)
class _Images:
    """The images that an ROI may be drawn on.

    Parameters
    ----------
    planes : ImagePlanes
        Where they lie.
    missing : int
        How many images the structure set refers to that are not here.
    are_known : bool
        Whether it refers to these; where it refers to none, whether they are a CT, on which
        treatments are planned. A PET in the same frame of reference has planes of its own.
    """

    planes: ImagePlanes
    missing: int
    are_known: bool

    @property
    def doubt(self) -> str:
        """Why a contour may lie on an image that is not here, or ""."""
        if self.missing:
            return f"images that the structure set refers to are not here ({self.missing})"
        return "" if self.are_known else "it is not said on which images it is drawn"


def _images_of(case: Case, structure: Structure) -> _Images:
    """Return the images of the series that an ROI is drawn on: of several, the best fitting one.

    Raises
    ------
    NotEvaluable
        If there are none, or one image alone.
    """
    submission = case.submission
    structure_set = submission.structure_set
    if not submission.images:
        raise NotEvaluable("no images are in the submission")
    frame = structure.frame_of_reference_uid or structure_set.frame_of_reference_uid
    series = [
        one
        for one in drawn_on(structure_set, submission.images)[0]
        if not (frame and one.frame_of_reference_uid) or one.frame_of_reference_uid == frame
    ]
    if not series:
        raise NotEvaluable(
            "no images are here that the structure set refers to, or of its frame of reference"
        )
    referenced = structure_set.referenced_image_uids
    here = {uid for one in submission.images for uid in one.sop_instance_uids}
    missing = len(referenced - here)
    found = [
        _Images(planes, missing, _is_known(one, referenced))
        for one in series
        if (planes := ImagePlanes.of(one.normal, one.positions_mm))
    ]
    if not found:
        raise NotEvaluable("one image alone is here of the series that it is drawn on")
    return max(found, key=lambda images: _on_images(placed(structure, images.planes)))


def _is_known(series: ImageSeries, referenced: frozenset[str]) -> bool:
    """Whether a structure set refers to a series, or may only be drawn on it."""
    return bool(series.sop_instance_uids & referenced) if referenced else series.modality == "CT"


def _on_images(places: Placed) -> int:
    is_elsewhere = places.is_across | places.is_between | places.is_beyond
    return int(np.count_nonzero(~is_elsewhere))


@dataclass(frozen=True, eq=False)
class _Roi:
    """An ROI among images."""

    structure: Structure
    images: _Images

    @cached_property
    def places(self) -> Placed:
        """Where its contours lie."""
        return placed(self.structure, self.images.planes)

    @property
    def is_open(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(C,) which contours lie where images may be missing: they say nothing."""
        if not self.images.are_known:
            return self.places.is_between | self.places.is_beyond
        return (self.places.is_in_gap | self.places.is_beyond) & bool(self.images.missing)

    @property
    def is_between(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(C,) which contours lie between images."""
        return self.places.is_between & ~self.is_open

    @property
    def is_beyond(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """(C,) which contours lie beyond the first or the last image."""
        return self.places.is_beyond & ~self.is_open


@check("OL012", "Contours on the planes of the images")
def contours_on_the_images(case: Case) -> Iterator[Finding]:
    """What it checks: contours lie in the planes of the images that they are drawn on.

    Why it matters: a contour between two images, or beyond them, was moved, resampled or drawn on
    another series; its volume and dose are of a place that nobody looked at.

    How it is measured: the distance of each closed contour from the nearest image of the series
    that the structure set refers to, else of its frame of reference; of several series the one that
    fits an ROI best. More than a tenth of the image spacing is off the plane. One finding tells all
    ROIs; it is graded where one of them is judged (gross tumour, a target, an organ with a limit),
    else INFO. ROIs drawn across the images (sagittal, coronal, oblique) are INFO, with QUERY.
    Where images that the structure set refers to are not here, or it refers to none and no CT is
    here, what may lie on others is left open, and told.

    Not evaluable when: no structure set can be chosen, or nothing is drawn. Where no images are,
    that is told as INFO.

    Source: oligort convention; the grade is the protocol's setting.
    """
    rois, reasons = _rois(case)
    between = [(one, one.is_between) for one in rois if one.is_between.any()]
    beyond = [(one, one.is_beyond) for one in rois if one.is_beyond.any()]
    across = [(one, one.places.is_across) for one in rois if one.places.is_across.any()]
    unknown = [(one, one.is_open) for one in rois if one.is_open.any()]
    if between:
        yield _off_the_images(
            case,
            between,
            "contours lie between the planes of the images",
            "send the images that they are drawn on, or draw them on these",
        )
    if beyond:
        yield _off_the_images(
            case,
            beyond,
            "contours lie beyond the first or the last image",
            "send all images of the series, or delete what is drawn outside them",
        )
    if across:
        told = "drawn across the images, and not held against their planes: " + _told(across)
        yield information("OL012", told, Flag.QUERY)
    if unknown:
        doubt = unknown[0][0].images.doubt
        told = f"contours off the images were not judged, because {doubt}: {_told(unknown)}"
        yield information("OL012", told)
    for reason, names in reasons.items():
        told = f"not looked at, because {reason}: {listed(names, MOST_NAMED)}"
        yield information("OL012", told)
    if not rois and not reasons:
        raise NotEvaluable("no ROI has a contour that encloses an area")
    looked_at = sum(_on_images(one.places) for one in rois)
    if looked_at and not between and not beyond:
        yield Finding(
            code="OL012",
            grade=Grade.PASS,
            message=f"{looked_at} contours lie on the planes of the images",
            source=CONVENTION,
        )


def _rois(case: Case) -> tuple[list[_Roi], dict[str, list[str]]]:
    """Return the ROIs that can be looked at, and by reason the names of those that cannot."""
    rois: list[_Roi] = []
    reasons: dict[str, list[str]] = {}
    for structure in case.submission.structure_set:
        if structure.is_empty:
            continue
        try:
            rois.append(_Roi(structure, _images_of(case, structure)))
        except NotEvaluable as error:
            reasons.setdefault(str(error), []).append(structure.roi_name)
    return rois, reasons


_Counted = Sequence[tuple[_Roi, np.ndarray[tuple[int], np.dtype[np.bool_]]]]
"""ROIs, with (C,) which of their contours it is about."""


def _off_the_images(case: Case, counted: _Counted, what: str, hint: str) -> Finding:
    """Return the finding on contours off the images, graded where one of the ROIs is judged."""
    judged = judged_rois(case)
    is_graded = any(one.structure in judged for one, _ in counted)
    farthest_mm = max(float(one.places.away_mm[which].max()) for one, which in counted)
    return Finding(
        code="OL012",
        grade=case.protocol.grades.contours_off_image_planes if is_graded else Grade.INFO,
        message=f"{what}: {_told(counted)}",
        evidence=(
            Evidence(
                name="farthest from an image",
                measured=farthest_mm,
                unit="mm",
                relation="<=",
                limit=max(one.images.planes.tolerance_mm for one, _ in counted),
            ),
        ),
        source=CONVENTION,
        hint=hint,
    )


def _told(counted: _Counted) -> str:
    """Return ROIs with how many of their contours it is about, the most first."""
    counts = [(one.structure.roi_name, int(which.sum()), len(which)) for one, which in counted]
    counts.sort(key=lambda count: -count[1])
    told = ", ".join(f"{quoted(name)} ({count} of {of})" for name, count, of in counts[:MOST_NAMED])
    left_out = len(counts) - MOST_NAMED
    return f"{told} and {left_out} more" if left_out > 0 else told


@check("OL016", "Organs whole")
def whole_organs(case: Case) -> Iterator[Finding]:
    """What it checks: the organs that a dose limit is about end inside the images, and taper there.

    Why it matters: of an organ that the CT or its contours cut off, the volume is larger than what
    is drawn, and a share of it, as V20, another number.

    How it is measured: an end plane of the organ in the first or the last image, or beyond, is
    graded, and the limit is judged with the flag QUERY. Of lungs, liver, kidneys and spleen, which
    taper, an end plane of at least 30 % of the largest area where the images go on, or are not
    here, is a query: what is drawn around a target only ends so. Not asked for a limit on a maximum
    or on cubic centimetres that receive a dose: what lies beyond the images is far from the beams;
    nor for one on targets alone.

    Not evaluable when: never. A missing organ or structure set is told by the limit, here as INFO.

    Source: oligort convention; the grade is the protocol's setting.
    """
    yield from told_without_limits(case, "OL016")
    for limit in applicable_limits(case):
        if not Metric.parse(limit.metric).needs_whole_volume:
            yield _not_looked_at(limit, f"{limit.metric} does not depend on it")
            continue
        try:
            organs = organs_of(case, limit)
            ends = [_ends_of(case, organ) for organ in organs]
        except NotEvaluable as error:
            yield _not_looked_at(limit, str(error))
            continue
        if not organs:
            yield _not_looked_at(limit, "it is of targets, and no organ is in it")
            continue
        for cut in (told for one in ends for told in one.cut):
            yield Finding(
                code="OL016",
                grade=case.protocol.grades.organ_cut_off,
                about=limit.structure,
                message=f"{cut}: its volume may be larger than what is drawn",
                source=CONVENTION,
                hint="confirm that the organ is whole, or scan all of it",
            )
        flat = [told for one in ends for told in one.flat]
        if flat:
            yield Finding(
                code="OL016",
                grade=Grade.INFO,
                flags=(Flag.QUERY,),
                about=limit.structure,
                message=f"{'; '.join(flat)}: it may go on beyond what is drawn",
                source=CONVENTION,
                hint="confirm that the organ is drawn whole",
            )
        if unseen := {one.unseen for one in ends if one.unseen}:
            yield _not_looked_at(limit, "; ".join(sorted(unseen)))
        elif not flat and not any(one.cut for one in ends):
            yield Finding(
                code="OL016",
                grade=Grade.PASS,
                about=limit.structure,
                message=f"the images go on beyond {listed(one.roi_name for one in organs)}",
                source=CONVENTION,
            )


def _not_looked_at(limit: DoseLimit, reason: str) -> Finding:
    told = f"whether the images hold all of it was not looked at, because {reason}"
    return information("OL016", told, about=limit.structure)


def cut_off_by_images(case: Case, limit: DoseLimit) -> list[str]:
    """Return how the first or the last image cuts off the organs of a limit.

    Raises
    ------
    NotEvaluable
        If an organ is missing.
    """
    if not Metric.parse(limit.metric).needs_whole_volume:
        return []
    return [told for organ in organs_of(case, limit) for told in _ends_of(case, organ).cut]


@dataclass(frozen=True)
class _Ends:
    """What was seen of an organ's ends: cut by the images, flat without them, or why not."""

    cut: tuple[str, ...] = ()
    flat: tuple[str, ...] = ()
    unseen: str = ""


def _area_mm2(slab: Slab) -> float:
    """Return what the loops of a plane enclose; what two of them hold counts once."""
    drawn = slab.drawn
    outer = drawn.enclosed_mm2 > 0
    low_mm, high_mm = drawn.low_mm[outer], drawn.high_mm[outer]
    meets = ((low_mm[:, None] < high_mm) & (low_mm < high_mm[:, None])).all(axis=-1)
    if np.count_nonzero(meets) == len(low_mm):  # each with itself alone
        return float(drawn.enclosed_mm2.sum())
    return overlay([slab.loops], [slab.exclusive]).of(0)


def _ends_of(case: Case, organ: Structure) -> _Ends:
    """Return what is seen of an organ's two ends; refused where it is no stack of planes."""
    model = case.submission.slabs_of(organ)
    areas = np.array([_area_mm2(slab) for slab in model.slabs])
    largest_mm2 = float(areas.max())
    if not largest_mm2 > 0:
        raise NotEvaluable(f"ROI {quoted(organ.roi_name)} encloses no area")
    images, unseen = None, ""
    try:
        images = _images_of(case, organ)
    except NotEvaluable as error:
        unseen = str(error)
    if images:
        unseen = images.doubt
    name = case.submission.roi_names[organ]
    # "PTVm01_Liver" lies in a liver, and ends as targets do.
    tapers = name.organ in TAPERING and not is_tumour_or_target(name)
    cut, flat = [], []
    for end in (0, -1):
        share = float(areas[end]) / largest_mm2
        told = f"{share:.0%} of its largest area at {model.slabs[end].position_mm:.1f} mm"
        reaches = images.planes.reaches_outermost(model, end) if images and not unseen else None
        if reaches:
            cut.append(f"{quoted(organ.roi_name)} reaches the outermost image with {told}")
        elif share >= FLAT_END_SHARE and tapers:
            flat.append(f"{quoted(organ.roi_name)} ends with {told}")
        if reaches is None and not unseen:
            unseen = "it is not drawn in planes of the images' direction"
    return _Ends(tuple(cut), tuple(flat), unseen)
