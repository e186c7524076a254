"""Expressions of overlapping spheres and boxes: volume and V20 against exact polygon geometry.

The truth cuts the very polygons that are drawn: in each layer the polygons of both structures are
combined by shapely and clipped at the straight line where a linear dose passes 20 Gy. Along the
normal the line moves within a layer; Gauss's rule of 8 points follows it, exact but for the corners
that it passes: below 1e-4 of a layer's area.
"""

from itertools import pairwise

import numpy as np
import pytest
from draws import first, pairs
from shapely.geometry import Polygon
from shapely.ops import unary_union

from oligort.conventions import DEFAULT
from oligort.dose.jointly import Asked, compute_dvhs
from oligort.geometry.algebra import parse, resolve
from oligort.geometry.region import Region
from oligort.phantoms import Box, LinearGradient, Sphere

CASES = 12
"""Pairs, each with three expressions."""

ROUNDING = 1e-9
"""Relative: the same polygons, cut by another engine, in sums of some million numbers."""

V20_PP = 0.01
"""The dose is linear, so that what is left is the sub-voxels' own error."""

FAR_MM = 500.0


def planes_within(low_mm, high_mm, start_mm, spacing_mm=3.0):
    first = np.ceil((low_mm - start_mm) / spacing_mm)
    return np.arange(first * spacing_mm + start_mm, high_mm, spacing_mm)


def drawn_pair(rng):
    """A sphere and another solid that reaches into it, drawn on planes of their own or shared."""
    radius, other = rng.uniform(8, 40), rng.uniform(6, 25)
    away = rng.normal(size=3)
    # On the rim of the sphere: some of the other solid is inside and some is not.
    centre = away / np.linalg.norm(away) * rng.uniform(0.8, 1.1) * radius
    start = rng.uniform(0, 3, 2) if rng.random() < 0.5 else np.repeat(rng.uniform(0, 3), 2)
    sphere = Sphere((0, 0, 0), radius)
    if rng.random() < 0.5:
        solid, half_mm = Sphere(tuple(centre), other), other
    else:
        solid, half_mm = Box(tuple(centre), (2 * other, 1.5 * other, 1.2 * other)), 0.6 * other
    return {
        "A": sphere.structure("A", 1, planes_within(-radius, radius, start[0])),
        "B": solid.structure(
            "B", 2, planes_within(centre[2] - half_mm, centre[2] + half_mm, start[1])
        ),
    }


def pair_of(case):
    return drawn_pair(np.random.default_rng([4, case]))


def region_of(text, structures):
    return Region(resolve(parse(text), lambda name: (structures[name],)), 3.0)


def polygons_at(model, height_mm):
    loops = [
        loop
        for slab in model.slabs
        if slab.lower_mm < height_mm < slab.upper_mm
        for loop in slab.loops
    ]
    return unary_union([Polygon(loop) for loop in loops])


COMBINED = {
    "A-B": lambda a, b: a.difference(b),
    "A&B": lambda a, b: a.intersection(b),
    "A|B": lambda a, b: a.union(b),
}


def hot_half_plane(gradient, dose_gy, height_mm, at_gy):
    """The half plane of a height where a linear dose is at least `at_gy`."""
    along = np.asarray(gradient[:2]) / np.hypot(*gradient[:2])
    reach = (at_gy - dose_gy - gradient[2] * height_mm) / np.hypot(*gradient[:2])
    across = np.array([-along[1], along[0]]) * FAR_MM
    edge = along * reach
    far = edge + along * 2 * FAR_MM
    return Polygon([edge - across, far - across, far + across, edge + across])


def truth_of(text, structures, gradient, dose_gy):
    """Volume in mm3, and the part of it that receives 20 Gy."""
    models = {name: region_of(name, structures).models[0] for name in structures}
    borders = np.unique(
        [edge for m in models.values() for s in m.slabs for edge in (s.lower_mm, s.upper_mm)]
    )
    nodes, weights = np.polynomial.legendre.leggauss(8)
    whole, hot = 0.0, 0.0
    for lower, upper in pairwise(borders):
        if upper - lower < 1e-6:
            continue
        middle, half = (lower + upper) / 2, (upper - lower) / 2
        area = COMBINED[text](*(polygons_at(models[name], middle) for name in ("A", "B")))
        whole += 2 * half * area.area
        for node, weight in zip(nodes, weights, strict=True):
            clip = hot_half_plane(gradient, dose_gy, middle + half * node, 20.0)
            hot += half * weight * area.intersection(clip).area
    return whole, hot


@pytest.mark.parametrize(("case", "text"), pairs(range(CASES), COMBINED))
def test_an_expression_has_the_volume_and_v20_of_exact_geometry(case, text, dose_of, dvh_of_region):
    structures = pair_of(case)
    rng = np.random.default_rng([5, case])
    gradient = rng.uniform(0.2, 0.8, 3) * rng.choice([-1, 1], 3)
    points = np.concatenate([c.points_mm for s in structures.values() for c in s.contours])
    # 20 Gy in the middle of both; far below it the dose ends at 0 Gy, where nothing is asked.
    dose_gy = 20.0 - float(gradient @ points.mean(axis=0))
    field = LinearGradient(dose_gy, tuple(gradient))
    dose = dose_of(field, (0.3, -0.7, 0.4), np.abs(points).max(axis=0) + 3.0)
    whole_mm3, hot_mm3 = truth_of(text, structures, gradient, dose_gy)
    dvh = dvh_of_region(region_of(text, structures), dose)
    assert dvh.volume_cc * 1000 == pytest.approx(whole_mm3, rel=ROUNDING)
    assert dvh["V20Gy[%]"] == pytest.approx(100 * hot_mm3 / whole_mm3, abs=V20_PP)


@pytest.mark.parametrize("case", first(6, CASES))
def test_jointly_they_have_the_volume_and_v20_of_exact_geometry_and_add_up(case, dose_of):
    structures = pair_of(case)
    rng = np.random.default_rng([6, case])
    gradient = rng.uniform(0.2, 0.8, 3) * rng.choice([-1, 1], 3)
    points = np.concatenate([c.points_mm for s in structures.values() for c in s.contours])
    dose_gy = 20.0 - float(gradient @ points.mean(axis=0))
    field = LinearGradient(dose_gy, tuple(gradient))
    dose = dose_of(field, (0.3, -0.7, 0.4), np.abs(points).max(axis=0) + 3.0)
    texts = ("A", "B", *COMBINED)
    asked = [Asked.of(region_of(text, structures).shape, text) for text in texts]
    found = dict(zip(texts, compute_dvhs(asked, dose, 3.0, DEFAULT), strict=True))
    truths = {text: truth_of(text, structures, gradient, dose_gy) for text in COMBINED}
    truths["A"] = tuple(map(sum, zip(truths["A-B"], truths["A&B"], strict=True)))
    for text, (whole_mm3, hot_mm3) in truths.items():
        v20 = found[text]["V20Gy[%]"]
        assert found[text].volume_cc * 1000 == pytest.approx(whole_mm3, rel=ROUNDING)
        assert v20 == pytest.approx(100 * hot_mm3 / whole_mm3, abs=V20_PP)
        low, high = v20.intervals["numerical"]
        assert low * (1 - ROUNDING) <= 100 * hot_mm3 / whole_mm3 <= high * (1 + ROUNDING)
    whole, rest, common = (found[text]["V20Gy[cc]"] for text in ("A", "A-B", "A&B"))
    assert rest + common == pytest.approx(whole, abs=ROUNDING * found["A"].volume_cc)


@pytest.mark.parametrize("case", first(4, CASES))
def test_what_is_in_b_and_what_is_not_make_up_a(case, dose_of, dvh_of_region):
    """Volumes to rounding, however each is cut; of a dose both sides are known to their doubt."""
    structures = pair_of(case)
    dose = dose_of(LinearGradient(20, (0.1, 0.2, -0.1)), (0, 0, 0), 70.0)
    dvhs = {
        text: dvh_of_region(region_of(text, structures), dose)
        for text in ("A", "B", "A-B", "B-A", "A&B", "A|B")
    }
    volume = {text: dvh.volume_cc for text, dvh in dvhs.items()}
    assert volume["A-B"] + volume["A&B"] == pytest.approx(volume["A"], rel=ROUNDING)
    assert volume["B-A"] + volume["A&B"] == pytest.approx(volume["B"], rel=ROUNDING)
    assert volume["A|B"] + volume["A&B"] == pytest.approx(volume["A"] + volume["B"], rel=ROUNDING)
    for at_gy in (10, 15, 20, 25, 30):
        parts = [dvhs[text][f"V{at_gy}Gy[cc]"] for text in ("A-B", "A&B", "A")]
        low = parts[0].low + parts[1].low, parts[2].low
        high = parts[0].high + parts[1].high, parts[2].high
        assert max(low) <= min(high) * (1 + ROUNDING)
