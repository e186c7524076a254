"""Histograms of common cells: they add up to rounding, and are as right as those computed alone."""

from functools import partial

import numpy as np
import pytest
from draws import pairs
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from oligort.conventions import DEFAULT, Conventions
from oligort.dose.composite import composite_of
from oligort.dose.grid import DoseGrid
from oligort.dose.histogram import TOLERANCE, compute_dvh
from oligort.dose.jointly import Asked, compute_dvhs
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import parse, resolve
from oligort.geometry.grid import Grid
from oligort.geometry.region import Region
from oligort.geometry.structure import Structure
from oligort.phantoms import Box, LinearGradient, Sphere

pytestmark = pytest.mark.figures

ROUNDING = 1e-9
"""Share of the volume: the same numbers of the same cells, summed up in another order."""

SPACING_MM = 3.0

SAME_GY = 1e-6
"""Doses of one point, by the formula and from the grid."""

IDENTITIES = (
    # Each: a sum of curves that is nothing.
    {"A": 1, "A-B": -1, "A&B": -1},
    {"A|B": 1, "A": -1, "B": -1, "A&B": 1},
    {"A|B": 1, "A-B": -1, "B-A": -1, "A&B": -1},
    {"A-(B|C)": 1, "(A&B)-C": 1, "A&B&C": 1, "(A&C)-B": 1, "A": -1},
    {"(A|B)&C": 1, "C": -1, "C-(A|B)": 1},
    {"(A-B)|B": 1, "A|B": -1},
)
TEXTS = tuple(dict.fromkeys(text for identity in IDENTITIES for text in identity))


def shape_of(text, structures):
    return resolve(parse(text), lambda name: (structures[name],))


def jointly(texts, structures, dose, conventions=DEFAULT):
    asked = [Asked.of(shape_of(text, structures), text) for text in texts]
    found = compute_dvhs(asked, dose, SPACING_MM, conventions)
    return dict(zip(texts, found, strict=True))


def alone(text, structures, dose, conventions=DEFAULT):
    return compute_dvh(Region(shape_of(text, structures), SPACING_MM, conventions), dose, text)


def drawn(name, solid, low_mm, high_mm, offset_mm=0.0):
    planes = np.arange(np.floor(low_mm / 3) * 3 + offset_mm, high_mm, SPACING_MM)
    return solid.structure(name, 1, planes, 80)


def balls(rng):
    """Three balls of which each reaches into the others, on planes of their own or shared."""
    made = {}
    for name in "ABC":
        centre, radius = rng.uniform(-7, 7, 3), rng.uniform(6, 12)
        offset = rng.choice([0.0, 1.1])
        ends = centre[2] - radius, centre[2] + radius
        made[name] = drawn(name, Sphere(tuple(centre), radius), *ends, offset)
    return made


def rough(rng, half_mm=30.0, spacing_mm=2.5, turn=None):
    """Doses of 5 to 60 Gy that differ from voxel to voxel, on a grid around the origin."""
    count = int(2 * half_mm / spacing_mm)
    axes = np.eye(3) if turn is None else turn
    origin = rng.uniform(-1, 1, 3) - half_mm * axes.sum(axis=0)
    frames = np.arange(count) * spacing_mm
    grid = Grid(origin, axes[0], axes[1], spacing_mm, spacing_mm, count, count, frames)
    smooth = np.linspace(5, 50, count)
    return DoseGrid(grid, smooth[:, None] + rng.uniform(0, 10, grid.shape))


TURN = np.array([[0.8, 0.48, 0.36], [-0.6, 0.64, 0.48], [0.0, -0.6, 0.8]])

DOSES = {
    "whole": rough,
    "clipped": partial(rough, half_mm=8.0),
    "oblique": partial(rough, turn=TURN),
    "composite": lambda rng: composite_of([rough(rng), rough(rng, 12.0, 4.0)]),
}

MODELS = {
    "slab": DEFAULT,
    "no caps": Conventions(end_caps="none"),
    "interpolated": Conventions(between_planes="interpolated"),
}


def assert_nothing(identity, dvhs):
    """A sum of histograms, each as often as it is named, is none in all that adds up."""
    volume = max(dvhs[text].volume_cc for text in identity)

    def total(of):
        return sum(often * of(dvhs[text]) for text, often in identity.items())

    assert abs(total(lambda dvh: dvh.volume_cc)) <= ROUNDING * volume
    assert abs(total(lambda dvh: dvh.uncovered_cc)) <= ROUNDING * volume
    assert np.abs(total(lambda dvh: dvh.cumulative_cc)).max() <= ROUNDING * volume
    dose_volume = total(lambda dvh: (dvh.mean_gy or 0.0) * dvh.covered_cc)
    assert abs(dose_volume) <= ROUNDING * volume * max(dvhs[t].max_gy or 0.0 for t in identity)
    if any(dvh.partly_covered_cc is not None for dvh in dvhs.values()):
        none = np.zeros(1)
        partly = total(lambda dvh: none if (p := dvh.partly_covered_cc) is None else p)
        assert np.abs(partly).max() <= ROUNDING * volume


NEAR_AN_END_GY = 5.0
"""As far as the interval of doses of one of 500 sub-voxels reaches beyond its own corners."""


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@pytest.mark.parametrize(("dose", "model"), pairs(DOSES, MODELS))
@given(seed=st.integers(0, 10**6))
@example(seed=20829)  # a cell in which nothing is linear
@example(seed=928)  # a part whose lowest dose is 0.2 Gy above an edge that is read
def test_what_holds_of_the_expressions_holds_of_their_histograms(dose, model, seed):
    rng = np.random.default_rng(seed)
    structures = balls(rng)
    with pytest.MonkeyPatch.context() as patch:
        # What adds up does so in sub-voxels of any size.
        patch.setattr("oligort.dose.histogram.SUB_VOXELS", 500)
        patch.setattr("oligort.dose.histogram.MOST_SUB_VOXELS", 4500)
        found = jointly(TEXTS, structures, DOSES[dose](rng), MODELS[model])
    dvhs = {text: dvh for text, dvh in found.items() if not isinstance(dvh, NotEvaluable)}
    assert "A" in dvhs
    for identity in IDENTITIES:
        # What is empty adds nothing.
        assert_nothing({text: often for text, often in identity.items() if text in dvhs}, dvhs)
        # So it is of what is read at any edge, but near the lowest and the highest dose of a part:
        # beyond what was found there all or nothing is read, and intervals of doses reach further.
        parts = [dvhs[text] for text in identity if text in dvhs and dvhs[text].max_gy is not None]
        ends_gy = [end for one in parts for end in (one.min_gy, one.max_gy)]
        for at_gy in (5, 20, 33.33):
            if np.abs(np.subtract(ends_gy, at_gy)).min() < NEAR_AN_END_GY:
                continue
            read = sum(
                often * float(dvhs[text][f"V{at_gy}Gy[cc]"])
                for text, often in identity.items()
                if text in dvhs and dvhs[text].max_gy is not None
            )
            assert abs(read) <= ROUNDING * dvhs["A"].volume_cc * 10


@pytest.mark.parametrize(("case", "dose"), pairs(range(2), DOSES))
def test_each_is_what_it_is_alone_within_what_both_may_be_off_by(case, dose, monkeypatch):
    # What is in doubt when halving ends is told as well, and to halve on takes seconds.
    monkeypatch.setattr("oligort.dose.histogram.SUB_VOXELS", 3_000)
    monkeypatch.setattr("oligort.dose.histogram.MOST_SUB_VOXELS", 30_000)
    rng = np.random.default_rng([7, case])
    structures, made = balls(rng), DOSES[dose](rng)
    for text, found in jointly(TEXTS, structures, made).items():
        if isinstance(found, NotEvaluable):
            continue
        single = alone(text, structures, made)
        assert found.volume_cc == pytest.approx(single.volume_cc, rel=ROUNDING)
        assert found.uncovered_cc == pytest.approx(
            single.uncovered_cc, abs=TOLERANCE * single.volume_cc
        )
        assert found.notes == single.notes
        assert found.settings == single.settings
        # Beyond the highest dose that either found, only the interval of the maximum says anything.
        edges = np.arange(0, min(found.max_gy, single.max_gy), 0.25)
        ours, our_doubt, theirs, their_doubt = (
            np.interp(edges, one.edges_gy, curve)
            for one in (found, single)
            for curve in (one.cumulative_cc, one.numerical.curve_cc)
        )
        off = np.abs(ours - theirs) - abs(found.uncovered_cc - single.uncovered_cc)
        # White noise in sub-voxels that the cap keeps large is off by two fifths more than told
        # (`test_refinement`).
        assert (off <= 1.5 * (our_doubt + their_doubt)).all()
        ends = [one.numerical.mean_gy for one in (found, single)]
        assert max(one.low for one in ends) <= min(one.high for one in ends)


def test_loops_that_cross_are_told_of_structures_that_no_cell_needs():
    crossing = [
        Box((x, 0, 0), (16, 16, 30)).structure("A", 1, np.arange(-13.5, 15, 3.0)) for x in (-5, 5)
    ]
    cross = Structure(1, "A", tuple(c for one in crossing for c in one.contours))
    rng = np.random.default_rng(3)
    structures = balls(rng) | {"A": cross, "B": drawn("B", Sphere((0, 0, 0), 12), -12, 12)}
    dose = rough(rng)
    for conventions in (DEFAULT, Conventions(overlapping_loops="xor")):
        found = jointly(("B|(A&B)", "B-A", "A&B", "A"), structures, dose, conventions)
        for text, dvh in found.items():
            assert dvh.loops_overlap
            assert dvh.notes == alone(text, structures, dose, conventions).notes
            assert any("loops cross in 10 planes" in note for note in dvh.notes)
        assert_nothing({"B|(A&B)": 1, "B-A": -1, "A&B": -1}, found)


def test_a_thin_rest_is_as_sure_as_alone():
    """Of two balls that all but agree, the rest is a shell of a hundredth of them."""
    structures = {
        "A": drawn("A", Sphere((0, 0, 0), 24.0), -24, 24),
        "B": drawn("B", Sphere((0.25, 0, 0), 23.9), -24, 24),
    }
    dose = rough(np.random.default_rng(5), 40.0)
    found = jointly(("A", "A-B", "A&B"), structures, dose)
    rest, single = found["A-B"], alone("A-B", structures, dose)
    assert rest.volume_cc < 0.02 * found["A"].volume_cc
    assert rest.volume_cc == pytest.approx(single.volume_cc, rel=ROUNDING)
    edges = np.arange(5, 60, 0.25)
    ours, theirs = (
        np.interp(edges, one.edges_gy, one.numerical.curve_cc, right=0) for one in (rest, single)
    )
    # Cut as finely, or more so where the whole asks for it.
    assert ours.max() <= theirs.max() * (1 + ROUNDING)
    assert_nothing({"A": 1, "A-B": -1, "A&B": -1}, found)


def test_a_whole_is_settled_though_it_has_many_cells(monkeypatch):
    """From far too few sub-voxels on, as far as a structure by itself is refined."""
    rng = np.random.default_rng(11)
    structures, dose = balls(rng), rough(rng)
    monkeypatch.setattr("oligort.dose.histogram.SUB_VOXELS", 500)
    texts = ("A", "A-B", "A-C", "A&B&C")
    found, few = jointly(texts, structures, dose), {}
    monkeypatch.setattr("oligort.dose.histogram.MOST_SUB_VOXELS", 500)
    few = jointly(texts, structures, dose)
    for text in texts:
        doubt = [
            float(dvh.numerical.curve_cc[dvh.edges_gy >= 5].max() / dvh.volume_cc)
            for dvh in (found[text], few[text])
        ]
        # Beside what halving is for, the doubt holds bends and the least that is ever told.
        assert doubt[0] <= 3 * TOLERANCE
        assert doubt[1] > 2 * doubt[0]


@pytest.mark.parametrize("text", ["A", "A-B", "A&B", "B-A", "A|B"])
def test_extremes_are_those_of_the_result(text):
    """Boxes whose borders cross inside pixels, in a linear dose: the ends are at corners.

    An outline goes on beside the result, in the very pixel where it leaves it.
    """
    spans = {"A": ((-10, 10), (-10, 10)), "B": ((-3.9, 21.3), (3.3, 19.7))}
    corners = {
        "A": [(-10, -10), (10, 10)],
        "B": [(-3.9, 3.3), (21.3, 19.7)],
        "A-B": [(-10, -10), (10, 3.3), (-3.9, 10)],
        "A&B": [(-3.9, 3.3), (10, 10)],
        "B-A": [(10, 3.3), (21.3, 19.7), (-3.9, 10)],
        "A|B": [(-10, -10), (21.3, 19.7)],
    }
    structures = {
        name: Box((sum(u) / 2, sum(v) / 2, 0), (u[1] - u[0], v[1] - v[0], 30)).structure(
            name, 1, np.arange(-13.5, 15, 3.0)
        )
        for name, (u, v) in spans.items()
    }
    count = 40
    grid = Grid(
        (-48.3, -48.9, -48), (1, 0, 0), (0, 1, 0), 2.5, 2.5, count, count, np.arange(count) * 2.5
    )
    dose = DoseGrid(grid, LinearGradient(40, (0.3, 0.4, 0)).on(grid))
    at = [40 + 0.3 * u + 0.4 * v for u, v in corners[text]]
    found = jointly(("A", "A-B", "A&B", "B-A", "A|B"), structures, dose)[text]
    for dvh in (found, alone(text, structures, dose)):
        # The very corner may be no drawn point: it lies in the interval, and nothing beyond it.
        assert dvh.numerical.min_gy.low - SAME_GY <= min(at) <= dvh.min_gy + SAME_GY
        assert dvh.max_gy - SAME_GY <= max(at) <= dvh.numerical.max_gy.high + SAME_GY


def test_what_is_empty_is_refused_and_the_rest_is_not():
    rng = np.random.default_rng(2)
    structures, dose = balls(rng), rough(rng)
    copy = Structure(2, "B", structures["A"].contours)
    found = jointly(("A", "A-B", "A&B", "A|B"), structures | {"B": copy}, dose)
    assert isinstance(found["A-B"], NotEvaluable)
    assert str(found["A-B"]) == "A-B is empty: nothing is left to compute a dose of"
    assert found["A"].volume_cc == found["A&B"].volume_cc == found["A|B"].volume_cc


def test_what_lies_outside_the_grid_adds_up_too():
    rng = np.random.default_rng(4)
    structures = balls(rng)
    away = Grid((200, 200, 200), (1, 0, 0), (0, 1, 0), 2.5, 2.5, 4, 4, np.arange(4) * 2.5)
    found = jointly(("A", "A-B", "A&B"), structures, DoseGrid(away, np.full(away.shape, 10.0)))
    assert_nothing({"A": 1, "A-B": -1, "A&B": -1}, found)
    for dvh in found.values():
        assert dvh.mean_gy is None
        assert dvh.uncovered_cc == dvh.volume_cc > 0
