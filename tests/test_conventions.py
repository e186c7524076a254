"""Conventions: what may be chosen, what each choice makes of a volume, and that results tell."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from oligort.conventions import DEFAULT, Conventions
from oligort.dose.grid import DoseGrid
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour, Structure, StructureSet
from oligort.objects import Dose
from oligort.phantoms import Gaussian, Sphere
from oligort.submission import Submission

FRAME = "1.2.9"
EXACT = 1e-9
"""Sums of some thousand coverages that are exact to rounding."""


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("end_caps", "'half' or 'none'"),
        ("between_planes", "'slab' or 'interpolated'"),
        ("gaps", "'report' or 'fill'"),
        ("overlapping_loops", "'union' or 'xor'"),
        ("dose_interpolation", "'linear' or 'cubic'"),
    ],
)
def test_an_unknown_convention_is_refused_with_those_that_are_known(name, known):
    with pytest.raises(ValueError, match=f"^{name}: expected {known}, found 'nearest'$"):
        Conventions(**{name: "nearest"})


@pytest.mark.parametrize("start", [DEFAULT, Conventions(end_caps="none", gaps="fill")])
@pytest.mark.parametrize(("loops_overlap", "count"), [(False, 7), (True, 15)])
def test_alternatives_are_all_other_combinations_each_once(start, loops_overlap, count):
    others = list(start.alternatives(loops_overlap=loops_overlap))
    assert len({start, *others}) == len(others) + 1 == count + 1
    assert {other.gaps for other in others} == {start.gaps}
    loops = {other.overlapping_loops for other in others}
    assert loops == ({"union", "xor"} if loops_overlap else {"union"})


def square(z_mm, u_mm=0.0, half_mm=5.0):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half_mm + (u_mm, 0)
    return Contour(np.column_stack([corners, np.full(4, z_mm)]))


def region_of(contours, **conventions):
    return Region(Shape((Structure(1, "GTV", tuple(contours)),)), None, Conventions(**conventions))


@pytest.mark.parametrize(
    ("gaps", "between", "expected_mm3", "told"),
    [
        # Slabs of 3 mm around 0, 3, 6 of 100 mm2 and around 18, 21 of 400 mm2, or halfway at 12.
        ("report", "slab", 900 + 2400, "not filled"),
        ("fill", "slab", 100 * 13.5 + 400 * 10.5, "filled from both sides"),
        # Between the planes the area passes steadily; over the gap from 100 to 400 mm2 in 12 mm.
        ("report", "interpolated", 900 + 2400, "not filled"),
        ("fill", "interpolated", 100 * 7.5 + 250 * 12 + 400 * 4.5, "filled from both sides"),
    ],
)
def test_a_gap_is_filled_only_where_that_is_asked_for(gaps, between, expected_mm3, told):
    contours = [square(z) for z in (0, 3, 6)] + [square(z, half_mm=10) for z in (18, 21)]
    region = region_of(contours, gaps=gaps, between_planes=between)
    assert region.volume_mm3(1.0) == pytest.approx(expected_mm3, rel=EXACT)
    assert region.notes == (f'ROI "GTV": no contour between 6 and 18 mm: {told}',)


@pytest.mark.parametrize(("overlapping", "side"), [("union", "inside"), ("xor", "outside")])
@pytest.mark.parametrize("between", ["slab", "interpolated"])
def test_what_overlapping_loops_share_is_inside_or_outside_and_told(overlapping, side, between):
    """Two squares of 10 x 10 mm, 4 mm apart, in four planes 3 mm apart: they share 0.72 cc."""
    contours = [square(z, u) for z in (0, 3, 6, 9) for u in (0, 4)]
    region = region_of(contours, overlapping_loops=overlapping, between_planes=between)
    area_mm2 = 140 if overlapping == "union" else 80
    assert region.volume_mm3(0.7) == pytest.approx(12 * area_mm2, rel=EXACT)
    assert region.loops_overlap
    assert region.notes == (
        f'ROI "GTV": loops cross in 4 planes (0 mm and others): what they share, 0.72 cc, '
        f"counts as {side}",
    )


def submission_of(*structures):
    frames = np.arange(-20.0, 21, 2.5)
    grid = Grid((-20, -20, 0), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 17, 17, frames, FRAME)
    dose_gy = Gaussian(50, (1, 0, 1), 8).on(grid)
    dose = Dose(
        "d",
        "RD.dcm",
        dose_type="PHYSICAL",
        summation_type="PLAN",
        frame_of_reference_uid=FRAME,
        grid=DoseGrid(grid, dose_gy),
    )
    sets = (StructureSet(structures, "1.1", "set", "RS.dcm", FRAME),)
    return Submission(structure_sets=sets, doses=(dose,))


BALL = Sphere((0, 0, 0), 7).structure("GTV", 1, np.arange(-6.2, 7, 3.0))
CROSSING = Structure(2, "PTV", tuple(square(z, u) for z in (-3, 0, 3) for u in (-2, 2)))


@pytest.fixture(scope="module")
def submission():
    """One for all tests: what it has computed it keeps."""
    return submission_of(BALL, CROSSING)


METRICS = ("V20Gy[%]", "V30Gy[cc]", "D95%", "D50%", "D2%", "D0.03cc", "Mean", "Min", "Max")


@pytest.mark.parametrize(("roi", "count"), [("GTV", 7), ("PTV", 15)])
def test_the_convention_interval_holds_every_alternative(roi, count, submission):
    dvh = submission.dvh_with_alternatives(roi)
    assert len(dvh.alternatives) == count
    for metric in METRICS:
        measure = dvh[metric]
        low, high = measure.intervals["convention"]
        others = [
            float(submission.dvh(roi, other)[metric])
            for other in DEFAULT.alternatives(loops_overlap=count == 15)
        ]
        assert low <= min(others) <= max(others) <= high
        assert low <= measure <= high
        # What all of a structure receives it receives by every convention.
        assert max(others) > min(others) or set(others) == {100.0}
        # It reaches beyond them by their own numerical intervals and no more.
        slack = [
            width
            for other in dvh.alternatives
            for width in np.abs(np.array(other[metric].intervals["numerical"]) - other[metric])
        ]
        assert low >= min(*others, measure) - max(slack)
        assert high <= max(*others, measure) + max(slack)


def test_without_alternatives_there_is_no_convention_interval(submission):
    measure = submission.dvh("GTV")["D95%"]
    assert set(measure.intervals) == {"numerical"}


def test_the_conventions_stand_in_every_histogram(submission):
    chosen = Conventions(end_caps="none", dose_interpolation="cubic")
    dvh = submission.dvh_with_alternatives("PTV", chosen)
    expected = [chosen, *chosen.alternatives(loops_overlap=True)]
    for one, conventions in zip([dvh, *dvh.alternatives], expected, strict=True):
        settings = dict(one.settings)
        assert settings == submission.dvh_settings(conventions)
        assert {name: settings[name] for name in asdict(conventions)} == asdict(conventions)
    with pytest.raises(TypeError):
        dvh.settings["end_caps"] = "half"


def test_a_histogram_that_is_taken_as_exact_has_no_interval(submission):
    dvh = replace(submission.dvh("GTV"), numerical=None)
    for metric in METRICS:
        assert dict(dvh[metric].intervals) == {}
