"""OL021: points of contours and voxels of the dose that stand out."""

from dataclasses import replace

import numpy as np
import pytest

from oligort.finding import Grade
from oligort.geometry.structure import Contour


def with_spike(submission, roi_name):
    (whole,) = submission.structure_sets
    (drawn,) = whole.named(roi_name)
    points = drawn.contours[3].points_mm.copy()
    points[1, 0] += 800
    contours = (*drawn.contours[:3], Contour(points), *drawn.contours[4:])
    damaged = replace(drawn, contours=contours)
    structures = tuple(damaged if one is drawn else one for one in whole.structures)
    return replace(submission, structure_sets=(replace(whole, structures=structures),))


def with_dose(submission, damage):
    (dose,) = submission.doses
    values = dose.grid.dose_gy.copy()
    damage(values)
    return replace(submission, doses=(replace(dose, grid=replace(dose.grid, dose_gy=values)),))


def test_nothing_stands_out_of_the_thorax(build, findings_of):
    (finding,) = findings_of("OL021", build())
    assert finding.grade is Grade.PASS


def test_a_point_far_out_of_its_contour_is_minor_with_its_place(build, findings_of):
    (finding,) = findings_of("OL021", with_spike(build(), "Lung_L"))
    assert finding.grade is Grade.MINOR
    assert finding.about == "Lung_L"
    # The corner at 20 mm of a lung from 20 to 80 mm, 800 mm farther left; from that at 80 mm on.
    assert '"Lung_L" has a point 740 mm out of its contour, at (820, 30, ' in finding.message
    assert finding.evidence[0].measured == pytest.approx(740)


def test_a_voxel_that_stands_alone_leaves_the_dose_open(build, findings_of):
    def lone(values):
        values[10, 6, 18] = 500

    (finding,) = findings_of("OL021", with_dose(build(), lone))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "a voxel of 500.00 Gy that stands alone, at (0, 0, 0) mm" in finding.message


def test_a_frame_of_noise_leaves_the_dose_open(build, findings_of):
    def noise(values):
        values[:, :, 20] = np.random.default_rng(1).uniform(0, 40, values.shape[:2])

    (finding,) = findings_of("OL021", with_dose(build(), noise))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "a frame unlike those beside it, with a corner at (-100, -60, 10) mm" in finding.message


def test_frames_without_dose_leave_it_open_where_something_is_drawn(build, findings_of):
    def lost(values):
        values[:, :, 25:] = 0

    (finding,) = findings_of("OL021", with_dose(build(), lost))
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "holds 0.00 Gy in every voxel of 12 frames, beside one with 17.50 Gy" in finding.message
    assert "with a corner at (-100, -60, 35) mm" in finding.message

    def beyond(values):
        values[:, :, 31:] = 0

    # The target ends at 60 mm, in frame 30: the patient may end there too.
    (finding,) = findings_of("OL021", with_dose(build(), beyond))
    assert finding.grade is Grade.PASS


def test_frames_without_dose_between_two_planes_are_told(build, findings_of):
    whole = build()
    (structures,) = whole.structure_sets

    def every_third(structure):
        planes = {float(c.points_mm[0, 2]) for c in structure.contours}
        kept = sorted(planes)[::3]
        contours = tuple(c for c in structure.contours if c.points_mm[0, 2] in kept)
        return replace(structure, contours=contours)

    sparse = replace(structures, structures=tuple(every_third(s) for s in structures))
    heights = np.unique([c.points_mm[0, 2] for s in sparse for c in s.contours])
    (dose,) = whole.doses
    positions = dose.grid.grid.to_patient(np.array([[0.0, 0, k] for k in range(37)]))[:, 2]
    is_between = [
        not ((heights > positions[k] - 0.1) & (heights < positions[k + 1] + 0.1)).any()
        for k in range(20, 29)
    ]
    between = 20 + is_between.index(True)

    def lost(values):
        values[:, :, between : between + 2] = 0

    damaged = with_dose(replace(whole, structure_sets=(sparse,)), lost)
    (finding,) = findings_of("OL021", damaged)
    assert finding.grade is Grade.NOT_EVALUABLE
    assert "holds 0.00 Gy in every voxel of 2 frames" in finding.message


def test_without_a_dose_only_the_contours_are_told(build, findings_of):
    lone = replace(with_spike(build(), "Lung_L"), doses=())
    assert [f.grade for f in findings_of("OL021", lone)] == [Grade.MINOR, Grade.NOT_EVALUABLE]
