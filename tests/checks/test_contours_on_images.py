"""Contours against image planes, and organs against the first and the last image."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import oligort.protocol
from oligort.checks.case import Case
from oligort.checks.registry import all_checks
from oligort.errors import NotEvaluable
from oligort.finding import Flag, Grade
from oligort.geometry.structure import Contour, Structure
from oligort.objects import ImageSeries
from oligort.phantoms import Box, Ellipsoid
from oligort.protocol.model import Protocol

PROTOCOL = Protocol.load("nct06190782")
CHECKS = {one.code: one for one in all_checks()}

FRAME = "1.2.840.1"
PLANES_MM = np.arange(-97.5, 100, 5.0)
"""As the thorax is drawn: its lungs on the 20 planes from -47.5 to 47.5 mm."""

HEAD_FIRST, FEET_FIRST = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)


def series(positions_mm, *, normal=HEAD_FIRST, frame=FRAME, name="7"):
    positions = np.sort(np.asarray(positions_mm) * normal[2])
    return ImageSeries(
        f"1.2.{name}",
        "CT",
        frame,
        normal,
        tuple(positions.tolist()),
        frozenset(f"1.2.{name}.{number}" for number in range(len(positions))),
        "patient",
    )


def findings_of(code, submission, protocol=PROTOCOL):
    return list(CHECKS[code].run(Case(submission, protocol, None)))


def with_structures(submission, *structures, **altered):
    (drawn,) = submission.structure_sets
    added = replace(drawn, structures=(*drawn.structures, *structures), **altered)
    return replace(submission, structure_sets=(added,))


def moved(submission, roi_name, by_mm, count=None):
    """Return the submission with the first contours of an ROI moved along z."""
    (drawn,) = submission.structure_sets

    def move(structure):
        if structure.roi_name != roi_name:
            return structure
        contours = [
            Contour(np.add(one.points_mm, (0.0, 0.0, by_mm)))
            if count is None or number < count
            else one
            for number, one in enumerate(structure.contours)
        ]
        return replace(structure, contours=tuple(contours))

    structures = tuple(map(move, drawn.structures))
    return replace(submission, structure_sets=(replace(drawn, structures=structures),))


@pytest.mark.parametrize("normal", [HEAD_FIRST, FEET_FIRST])
def test_contours_on_the_images_pass(build, normal):
    (finding,) = findings_of("OL012", build(images=(series(PLANES_MM, normal=normal),)))
    assert finding.grade is Grade.PASS
    # 20 planes of each lung, 4 of the metastasis, 2 of the primary and 4 of the target
    assert finding.message == "50 contours lie on the planes of the images"


def test_without_images_it_is_said_that_nobody_looked(build):
    (finding,) = findings_of("OL012", build())
    assert (finding.grade, finding.flags) == (Grade.INFO, ())
    assert "no images are in the submission" in finding.message
    (finding,) = findings_of("OL012", build(images=(series(PLANES_MM[:1]),)))
    assert "one image alone" in finding.message
    (finding,) = findings_of("OL012", build(images=(series(PLANES_MM, frame="9.9"),)))
    assert "of its frame of reference" in finding.message


def test_where_nothing_is_drawn_nothing_passes(build):
    names = ["Lung_L", "Lung_R", "GTVm01_Lung_L", "GTVp", "PTVm01"]
    with pytest.raises(NotEvaluable, match="encloses an area"):
        findings_of("OL012", build(without=names, images=(series(PLANES_MM),)))


@pytest.mark.parametrize(("by_mm", "grade"), [(0.4, Grade.PASS), (0.6, Grade.MINOR)])
def test_a_tenth_of_the_spacing_off_the_image_is_minor(build, by_mm, grade):
    whole = build(images=(series(PLANES_MM),))
    (finding,) = findings_of("OL012", moved(whole, "GTVm01_Lung_L", by_mm, count=2))
    assert finding.grade is grade
    if grade is Grade.MINOR:
        assert '"GTVm01_Lung_L" (2 of 4)' in finding.message
        (evidence,) = finding.evidence
        assert evidence.measured == pytest.approx(0.6)
        assert evidence.limit == pytest.approx(0.5)


def test_another_spacing_is_one_finding_for_all(build):
    """Contours every 5 mm, images every 3 mm from another place."""
    finding, *others = findings_of("OL012", build(images=(series(np.arange(-120, 121, 3.0)),)))
    assert not others
    assert finding.grade is Grade.MINOR
    assert '"Lung_L"' in finding.message
    assert '"PTVm01"' in finding.message


def test_what_is_not_judged_is_told_and_not_graded(build):
    helper = Box((0.0, 0.0, 0.0), (30.0, 30.0, 30.0)).structure("Heart", 9, PLANES_MM)
    whole = with_structures(build(images=(series(PLANES_MM),)), helper)
    (finding,) = [f for f in findings_of("OL012", moved(whole, "Heart", 2.0)) if f.evidence]
    assert finding.grade is Grade.INFO
    assert '"Heart" (6 of 6)' in finding.message


def test_contours_beyond_the_images_are_minor(build):
    short = series(PLANES_MM[PLANES_MM < 45])
    (finding,) = findings_of("OL012", build(images=(short,)))
    assert finding.grade is Grade.MINOR
    # one plane of each lung, three of the target and both of the primary lie above 42.5 mm
    for told in (
        '"Lung_L" (1 of 20)',
        '"Lung_R" (1 of 20)',
        '"PTVm01" (3 of 4)',
        '"GTVp" (2 of 2)',
    ):
        assert told in finding.message
    assert "beyond the first or the last image" in finding.message


def test_images_that_are_not_here_accuse_nothing(build):
    """The structure set refers to 40 images, of which 29 are here, and two of these lie apart."""
    every = series(PLANES_MM)
    kept = (PLANES_MM < 45) & ~((PLANES_MM > -10) & (PLANES_MM < 0))
    here = replace(
        series(PLANES_MM[kept]),
        sop_instance_uids=frozenset(f"1.2.7.{number}" for number in np.flatnonzero(kept)),
    )
    whole = with_structures(build(images=(here,)), referenced_image_uids=every.sop_instance_uids)
    unknown, passed = findings_of("OL012", whole)
    assert (unknown.grade, passed.grade) == (Grade.INFO, Grade.PASS)
    assert f"refers to are not here ({40 - kept.sum()}): " in unknown.message
    assert '"Lung_L" (3 of 20)' in unknown.message
    # Between two images that are here, and next to each other, a contour is off all the same.
    told = findings_of("OL012", moved(whole, "Lung_R", 2.0, count=1))
    assert {finding.grade for finding in told} == {Grade.INFO, Grade.MINOR}
    (organs, *_) = findings_of("OL016", whole)
    assert organs.grade is Grade.INFO


def test_contours_across_the_images_are_one_query(build):
    points = [(x, 0.0, z) for x, z in ((-20, -20), (20, -20), (20, 20), (-20, 20))]
    coronal = [
        Structure(
            n, f"Heart{n}", tuple(Contour(np.add(points, (0, y, 0))) for y in (0.0, 3.0, 6.0))
        )
        for n in (11, 12)
    ]
    whole = with_structures(build(images=(series(PLANES_MM),)), *coronal)
    across, passed = findings_of("OL012", whole)
    assert (across.grade, across.flags) == (Grade.INFO, (Flag.QUERY,))
    assert '"Heart11" (3 of 3), "Heart12" (3 of 3)' in across.message
    assert passed.message.startswith("50 contours")


def test_of_several_series_the_one_that_was_drawn_on_is_taken(build):
    """A PET in the same frame of reference, every 4 mm, beside the CT: by reference or by fit."""
    pet, ct = series(np.arange(-120, 121, 4.0), name="6"), series(PLANES_MM)
    for whole in (
        build(images=(pet, ct)),
        with_structures(build(images=(pet, ct)), referenced_image_uids=ct.sop_instance_uids),
    ):
        (finding,) = findings_of("OL012", whole)
        assert finding.grade is Grade.PASS
    to_pet = with_structures(build(images=(pet, ct)), referenced_image_uids=pet.sop_instance_uids)
    (finding,) = findings_of("OL012", to_pet)
    assert finding.grade is Grade.MINOR


def test_a_pet_that_was_not_drawn_on_accuses_nothing(build):
    """The CT is not here; without references nobody says that the PET was drawn on."""
    pet = replace(series(np.arange(-120, 121, 4.0), name="6"), modality="PT")
    for whole in (
        build(images=(pet,)),
        with_structures(build(images=(pet,)), referenced_image_uids=frozenset({"1.2.7.1"})),
    ):
        found = findings_of("OL012", whole)
        assert {finding.grade for finding in found} <= {Grade.INFO, Grade.PASS}
        assert "were not judged" in found[0].message
        assert Grade.MINOR not in {finding.grade for finding in findings_of("OL016", whole)}
    told = with_structures(build(images=(pet,)), referenced_image_uids=pet.sop_instance_uids)
    assert findings_of("OL012", told)[0].grade is Grade.MINOR


def test_an_roi_of_another_frame_is_not_held_against_these_images(build):
    other = replace(
        Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)).structure("GTVmr", 9, np.arange(-49, 50, 2.0)),
        frame_of_reference_uid="9.9",
    )
    whole = with_structures(build(images=(series(PLANES_MM),)), other)
    told = {finding.grade: finding.message for finding in findings_of("OL012", whole)}
    assert set(told) == {Grade.INFO, Grade.PASS}
    assert '"GTVmr"' in told[Grade.INFO]


# ------------------------------------------------------------------------------------- OL016


@pytest.fixture
def tapering(build):
    """Return what builds the thorax with lungs that taper, as lungs do."""

    def submission(**altered):
        lungs = [
            replace(
                Ellipsoid((x, 0.0, 0.0), (30.0, 30.0, 80.0)).structure(name, n, PLANES_MM),
                frame_of_reference_uid=FRAME,
            )
            for n, (name, x) in enumerate((("Lung_L", 50.0), ("Lung_R", -50.0)), 11)
        ]
        return with_structures(build(without=["Lung_L", "Lung_R"], **altered), *lungs)

    return submission


@pytest.mark.parametrize("normal", [HEAD_FIRST, FEET_FIRST])
@pytest.mark.parametrize(
    ("first_mm", "last_mm", "cut"),
    [(-97.5, 97.5, 0), (-82.5, 82.5, 0), (-97.5, 77.5, 2), (-77.5, 77.5, 4), (-97.5, 42.5, 2)],
)
def test_organs_that_reach_the_outermost_image_are_cut(tapering, normal, first_mm, last_mm, cut):
    positions = np.arange(first_mm, last_mm + 1, 5.0)
    submission = tapering(images=(series(positions, normal=normal),))
    found = findings_of("OL016", submission)
    assert [finding.grade for finding in found] == ([Grade.MINOR] * cut or [Grade.PASS])
    (v20,) = findings_of("OL301", submission)
    assert v20.grade in {Grade.PASS, Grade.MAJOR}
    assert (Flag.QUERY in v20.flags) is bool(cut)
    assert ("reaches the outermost image" in v20.message) is bool(cut)


def test_without_images_only_the_shape_is_looked_at(tapering, build):
    (finding,) = findings_of("OL016", tapering())
    assert (finding.grade, finding.flags) == (Grade.INFO, ())
    assert "no images are in the submission" in finding.message
    # Boxes end as large as they are: drawn around the target only, or a phantom.
    flat, unseen = findings_of("OL016", build())
    assert (flat.grade, flat.flags) == (Grade.INFO, (Flag.QUERY,))
    assert '"Lung_L" ends with 100% of its largest area at -47.5 mm' in flat.message
    assert unseen.flags == ()


def test_flat_ends_within_the_images_are_a_query_and_v20_stands(build):
    submission = build(images=(series(PLANES_MM),))
    (finding,) = findings_of("OL016", submission)
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    (v20,) = findings_of("OL301", submission)
    assert (v20.grade, v20.flags) == (Grade.PASS, ())


def test_a_loop_drawn_twice_is_as_large_as_once(build):
    whole = build()
    (lung,) = (s for s in whole.structure_sets[0] if s.roi_name == "Lung_L")
    again = replace(lung.contours[8], points_mm=np.add(lung.contours[8].points_mm, (0.05, 0.05, 0)))
    twice = replace(lung, contours=(*lung.contours, again))
    submission = with_structures(build(without=["Lung_L"]), twice)
    flat, _ = findings_of("OL016", submission)
    assert '"Lung_L" ends with 100% of its largest area' in flat.message


def test_missing_lungs_are_told_once_by_the_limit(build):
    (finding,) = findings_of("OL016", build(without=["Lung_L"]))
    assert finding.grade is Grade.INFO
    assert "only one side" in finding.message


def limited(tmp_path, structure, metric, unit):
    shipped = Path(oligort.protocol.__file__).parent / "trials" / "nct06190782.toml"
    text = shipped.read_text(encoding="utf-8")
    old = 'structure = "Lungs-GTV"\nmetric = "V20Gy[%]"\nrelation = "<="\nlimit = 25\nunit = "%"'
    assert old in text
    new = f'structure = "{structure}"\nmetric = "{metric}"\n'
    new += f'relation = "<="\nlimit = 45\nunit = "{unit}"'
    file = tmp_path / "limited.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return Protocol.load(file)


def test_targets_are_no_organs_whatever_they_are_named_after(build, tmp_path):
    """No pass of a role, of which no organ was looked at; no taper asked of a target in a liver."""
    target = Box((0.0, 0.0, 0.0), (20.0, 20.0, 40.0)).structure("PTVm01_Liver", 9, PLANES_MM)
    whole = with_structures(build(images=(series(PLANES_MM),)), target)
    (finding,) = findings_of("OL016", whole, limited(tmp_path, "PTV", "V20Gy[%]", "%"))
    assert finding.grade is Grade.INFO
    assert "it is of targets, and no organ is in it" in finding.message
    (finding,) = findings_of("OL016", whole, limited(tmp_path, "PTVm01_Liver", "V20Gy[%]", "%"))
    assert (finding.grade, finding.flags) == (Grade.PASS, ())
    assert '"PTVm01_Liver"' in finding.message


def test_organs_that_do_not_taper_or_need_no_volume_are_not_asked(build, tmp_path):
    cord = Box((0.0, 40.0, 0.0), (10.0, 10.0, 200.0)).structure("SpinalCord", 9, PLANES_MM)
    whole = with_structures(build(images=(series(PLANES_MM),)), cord)
    (finding,) = findings_of("OL016", whole, limited(tmp_path, "SpinalCord", "D0.03cc[Gy]", "Gy"))
    assert (finding.grade, finding.flags) == (Grade.INFO, ())
    assert "does not depend on it" in finding.message
    mean = limited(tmp_path, "SpinalCord", "gEUD(1)[Gy]", "Gy")
    assert [one.grade for one in findings_of("OL016", whole, mean)] == [Grade.MINOR] * 2
    longer = build(images=(series(np.arange(-102.5, 105, 5.0)),))
    (finding,) = findings_of("OL016", with_structures(longer, cord), mean)
    assert finding.grade is Grade.PASS
