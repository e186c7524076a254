"""The images: whether the structures refer to those that are there, and whether none is missing."""

from collections.abc import Iterable, Iterator, Sequence

from oligort.checks.case import Case
from oligort.checks.registry import CONVENTION, check
from oligort.display import quoted, safe_text
from oligort.errors import NotEvaluable
from oligort.finding import Finding, Grade
from oligort.geometry.stacking import Stacking, Stretch
from oligort.geometry.structure import StructureSet
from oligort.objects import ImageSeries, drawn_on
from oligort.selection import MAX_LISTED, title


@check("OL018", "Structures refer to the images")
def structures_and_images(case: Case) -> Iterator[Finding]:
    """What it checks: the images that the structure set was drawn on are there, in its frame.

    Why it matters: without them nothing shows on what the structures were drawn, and a structure
    set of other images may lie anywhere.

    How it is measured: the Contour Image Sequences (3006,0016) of the structure set and of its
    contours, else the series of its Referenced Frame of Reference Sequence (3006,0010), against the
    images that are there. Images that are named and not there are a deviation; the frame of
    reference then has to agree. An export without any image is INFO. Other series are left alone.

    Not evaluable when: no structure set can be chosen, it names no image and no series, or images
    that are there lie in another frame of reference than the structures.

    Source: oligort convention; PS3.3 C.8.8.5; the grade is the protocol's setting.
    """
    structure_set, images = case.submission.structure_set, case.submission.images
    if not images:
        yield _told(Grade.INFO, f"no image is in the export; {_refers(structure_set)}")
        return
    series, is_by_reference = drawn_on(structure_set, images)
    yield _answer(case, structure_set, series, is_by_reference)
    if others := [one for one in images if one not in series]:
        yield _told(
            Grade.INFO, f"left alone, as no structure is drawn on them: {series_listing(others)}"
        )


def _answer(
    case: Case, structure_set: StructureSet, series: Sequence[ImageSeries], is_by_reference: bool
) -> Finding:
    named = structure_set.referenced_image_uids
    there = {uid for one in case.submission.images for uid in one.sop_instance_uids}
    missing = len(named - there)
    frames = frames_of(structure_set)
    elsewhere = [one for one in series if _lies_elsewhere(one, frames)]
    if is_by_reference and elsewhere:
        return _told(
            Grade.NOT_EVALUABLE,
            f"{title(structure_set)} refers to {series_listing(elsewhere)}, which lies in another "
            f"frame of reference than its structures",
            hint="export structures and images of one frame of reference",
        )
    if is_by_reference and not missing:
        return _told(Grade.PASS, f"{title(structure_set)} is drawn on {series_listing(series)}")
    if not named and not structure_set.referenced_series_uids:
        beside = f"; {series_listing(series)} lies in its frame of reference" if series else ""
        return _told(Grade.NOT_EVALUABLE, f"{title(structure_set)} refers to no image{beside}")
    grade = case.protocol.grades.reference_to_missing_object if series else Grade.NOT_EVALUABLE
    how = "no image lies in its frame of reference"
    if series:
        held = "holds the others" if is_by_reference else "lies in its frame of reference"
        how = f"{series_listing(series)} {held}"
    return _told(
        grade,
        f"{_refers(structure_set)}, of which {missing or 'none'} "
        f"{'are not' if missing else 'is'} there; {how}",
        hint="export the images that the structures were drawn on",
    )


@check("OL019", "Image series whole")
def image_series_whole(case: Case) -> Iterator[Finding]:
    """What it checks: no image is missing or doubled in the series that structures are drawn on.

    Why it matters: on a slice that is missing nothing was drawn, and the volume of what lies there
    is missing too.

    How it is measured: the image positions along the normal of the images. A single step of more
    than 1.5 usual ones is a missing image, several equal ones are another spacing; steps more than
    0.15 mm off the usual one, and images in one plane, are told with their positions.

    Not evaluable when: no structure set can be chosen, no image that its structures are drawn on is
    there, or one alone.

    Source: oligort convention; the grade is the protocol's setting.
    """
    structure_set, images = case.submission.structure_set, case.submission.images
    if not images:
        yield _told(Grade.INFO, "no image is in the export", code="OL019")
        return
    series, is_by_reference = drawn_on(structure_set, images)
    if not series:
        raise NotEvaluable("no image series that the structures are drawn on is there")
    asked = series if is_by_reference else series[:1]
    # A localizer among the images that are named is a stack of one.
    stacks = [one for one in asked if len(one.positions_mm) > 1]
    if not stacks:
        raise NotEvaluable(f"{series_listing(asked)} is one image alone")
    for one in stacks:
        faults = faults_of(one)
        yield Finding(
            code="OL019",
            grade=case.protocol.grades.missing_planes if faults else Grade.PASS,
            about=f"{one.modality} series",
            message=f"{series_title(one)}: {'; '.join(faults) or extent_of(one)}",
            source=CONVENTION,
            hint="export the whole series, each image once" if faults else "",
        )


def faults_of(series: ImageSeries) -> list[str]:
    """Return what is wrong with the order of a series' planes, each with its positions in mm."""
    stacking = Stacking.of(series.patient_positions_mm)
    axis = axis_of(series)
    faults = []
    if stacking.missing:
        faults.append(
            f"no image {_between(stacking.missing, axis)}, where the usual step is "
            f"{stacking.usual_mm:g} mm"
        )
    if stacking.uneven:
        steps = ", ".join(f"{step:.4g}" for step in sorted({s.step_mm for s in stacking.uneven}))
        faults.append(
            f"images {safe_text(steps)} mm apart {_between(stacking.uneven, axis)}, where the "
            f"usual step is {stacking.usual_mm:g} mm"
        )
    if stacking.repeated_mm:
        places = some(f"{position_mm:.1f}" for position_mm in stacking.repeated_mm)
        faults.append(f"several images at {axis} {places} mm")
    return faults


def extent_of(series: ImageSeries) -> str:
    """Return how far apart the planes of a series lie, and from where to where."""
    positions = series.patient_positions_mm
    usual_mm = Stacking.of(positions).usual_mm
    where = f"{axis_of(series)} {positions[0]:.1f}"
    if usual_mm is None:
        return f"at {where} mm"
    return f"every {usual_mm:.4g} mm from {where} to {positions[-1]:.1f} mm"


def axis_of(series: ImageSeries) -> str:
    """Return what positions of images are called: "z", or "position" where they are not axial."""
    return "z" if series.is_axial else "position"


def series_title(series: ImageSeries) -> str:
    """Return what a series is: modality, description, phase, and how many images."""
    named = " ".join(filter(None, (safe_text(series.modality), "series")))
    described = f" {quoted(series.description)}" if series.description else ""
    phase = f" ({series.phase})" if series.phase else ""
    count = len(series.positions_mm)
    return f"{named}{described}{phase} of {count} image{'s' if count > 1 else ''}"


def series_listing(series: Sequence[ImageSeries]) -> str:
    """Return the titles of some series, as many as a message holds."""
    return some(series_title(one) for one in series)


def frames_of(structure_set: StructureSet) -> frozenset[str]:
    """Return the frames of reference that a structure set or its structures name."""
    named = {structure.frame_of_reference_uid for structure in structure_set}
    return frozenset(named | {structure_set.frame_of_reference_uid}) - {""}


def _lies_elsewhere(series: ImageSeries, frames: frozenset[str]) -> bool:
    """Whether a series and the structures name frames of reference, and not the same."""
    frame = series.frame_of_reference_uid
    return bool(frame) and bool(frames) and frame not in frames


def _refers(structure_set: StructureSet) -> str:
    """Return to how many images, or series, a structure set refers."""
    images, series = structure_set.referenced_image_uids, structure_set.referenced_series_uids
    if images:
        return f"{title(structure_set)} refers to {len(images)} images"
    return f"{title(structure_set)} refers to {len(series) or 'no'} image series"


def _between(stretches: Sequence[Stretch], axis: str) -> str:
    return f"between {axis} " + some(f"{s.lower_mm:.1f} and {s.upper_mm:.1f} mm" for s in stretches)


def some(texts: Iterable[str]) -> str:
    """Return some texts joined by commas, as many as a message holds."""
    every = list(texts)
    left_out = len(every) - MAX_LISTED
    return ", ".join(every[:MAX_LISTED]) + (f" and {left_out} more" if left_out > 0 else "")


def _told(grade: Grade, message: str, *, code: str = "OL018", hint: str = "") -> Finding:
    return Finding(code=code, grade=grade, message=message, source=CONVENTION, hint=hint)
