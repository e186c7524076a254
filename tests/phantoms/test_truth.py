"""Both truths, of the slabs and of the solid, against closed forms, quadrature and points."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import quad

from oligort.phantoms import (
    Box,
    Cone,
    Cylinder,
    Ellipsoid,
    Exponential,
    Gaussian,
    HollowSphere,
    LinearGradient,
    Sigmoid,
    SlabStack,
    Sphere,
    Torus,
    WholeSolid,
    fraction_in_gaussian,
    fraction_in_planar_field,
)

CENTRE = (12.0, -7.0, 31.0)
SOLIDS = {
    "sphere": Sphere(CENTRE, 10),
    "ellipsoid": Ellipsoid(CENTRE, (8, 14, 11)),
    "hollow sphere": HollowSphere(CENTRE, 12, 9),
    "box": Box(CENTRE, (10, 22, 16)),
    "cylinder z": Cylinder(CENTRE, 9, 20, "z"),
    "cylinder x": Cylinder(CENTRE, 9, 20, "x"),
    "cylinder y": Cylinder(CENTRE, 9, 20, "y"),
    "cone z": Cone(CENTRE, 11, 24, "z"),
    "torus": Torus(CENTRE, 9, 4),
}
OF_DISCS = ("sphere", "hollow sphere", "cylinder z", "cone z", "torus")
AXES = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
OBLIQUE = [(2 / 3, -1 / 3, 2 / 3), (0.6, -0.8, 0), (0.48, 0.6, -0.64), (0.002, -0.001, 1)]
PLANES = np.array([19.3, 21.2, 23.4, 25.3, 26.8, 28, 29.4, 31.1, 33, 35.2, 36.1, 38, 40.4, 42])
"""Not evenly spaced."""

EXACT = 1e-9
"""Of a volume: what the quadrature over the height keeps to its closed form (found: 1e-11)."""


def along(direction, steepness=1.3):
    return LinearGradient(50, tuple(steepness * np.array(direction, dtype=float)))


def doses_of(body, field, count=61):
    low, high = body.range_gy(field)
    return np.linspace(low - 0.01, high + 0.01, count)


CLOSED = [(name, axis) for name in SOLIDS if name != "torus" for axis in AXES]
CLOSED += [(name, d) for name in ("sphere", "ellipsoid", "hollow sphere") for d in OBLIQUE]
CLOSED += [(name, OBLIQUE[1]) for name in ("cylinder z", "cone z")]
CLOSED += [("torus", axis) for axis in AXES[4:]]


@pytest.mark.parametrize(("name", "direction"), CLOSED)
def test_quadrature_over_the_height_is_the_closed_form(name: str, direction: tuple) -> None:
    solid, field = SOLIDS[name], along(direction)
    doses = doses_of(WholeSolid(solid), field)
    expected = fraction_in_planar_field(solid, field, doses)
    assert WholeSolid(solid).fraction(field, doses) == pytest.approx(expected, abs=EXACT)


FINE = 2e-5
"""Of a volume: what 2000 slabs leave of a solid.

A section that vanishes as a square root over a height H loses 0.2 (h / H)^1.5 of H in the last
slab of each end: with h / H = 1/1000, 1.3e-5 of the volume for both ends together.
"""


@cache
def fine_slabs(solid):
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    borders = np.linspace(low, high, 2001)
    return SlabStack(solid, (borders[:-1] + borders[1:]) / 2, borders[:-1], borders[1:])


@pytest.mark.parametrize("direction", [*OBLIQUE, (0, 1e-7, 1), AXES[0], AXES[3]])
@pytest.mark.parametrize("name", SOLIDS)
def test_the_solid_is_what_its_slabs_become(name: str, direction: tuple) -> None:
    """Two ways that share the closed forms of a section alone: antiderivative and quadrature."""
    whole, slabs, field = WholeSolid(SOLIDS[name]), fine_slabs(SOLIDS[name]), along(direction)
    assert slabs.volume_cc == pytest.approx(whole.volume_cc, rel=2 * FINE)
    doses = doses_of(whole, field)
    assert whole.fraction(field, doses) == pytest.approx(slabs.fraction(field, doses), abs=FINE)


@pytest.mark.parametrize("name", OF_DISCS)
def test_the_solid_in_a_gaussian_is_what_its_slabs_become(name: str) -> None:
    whole, field = WholeSolid(SOLIDS[name]), Gaussian(60, CENTRE, 8)
    doses = np.linspace(0, 61, 62)
    found = whole.fraction(field, doses)
    # the steps of slabs 0.012 mm thick all reach the dose of a sphere's surface: 0.4 % of the
    # volume lies within that of it, and a tenth sticks out
    tolerance = FINE if name in ("cylinder z", "cone z", "torus") else 1e-3
    assert found == pytest.approx(fine_slabs(SOLIDS[name]).fraction(field, doses), abs=tolerance)


def test_spheres_in_a_gaussian_have_their_closed_form() -> None:
    field, doses = Gaussian(60, CENTRE, 8), np.linspace(0, 61, 245)
    sphere, shell = SOLIDS["sphere"], SOLIDS["hollow sphere"]
    expected = fraction_in_gaussian(sphere, field, doses)
    assert WholeSolid(sphere).fraction(field, doses) == pytest.approx(expected, abs=EXACT)
    radius = np.clip(field.radius_mm(doses), 9, 12)
    expected = (radius**3 - 9**3) / (12**3 - 9**3)
    assert WholeSolid(shell).fraction(field, doses) == pytest.approx(expected, abs=EXACT)


CELLS = 80
SHARE_TOLERANCE = 0.006
"""One point is thrown into each of 80^3 cells. Only cells that a surface cuts can be wrong, by a
standard deviation of at most 1/2; surfaces and plane cut fewer than 14 x 80^2 (the steps between
slabs add to the solid's own 10), a count off by 748 at five standard deviations: 0.15 % of the box
and 0.6 % of the cone, which fills the least of it, 26 %."""


def thrown(body, seed=5):
    """Points (N, 3) thrown into the slabs, by what is drawn in each slab's plane."""
    low, high = np.array([body.extent_mm(axis) for axis in np.eye(3)]).T
    corners = np.stack(np.indices((CELLS,) * 3), axis=-1).reshape(-1, 3)
    random = np.random.default_rng(seed).random(corners.shape)
    points = low + (corners + random) / CELLS * (high - low)
    slab = np.searchsorted(body.upper_mm, points[:, 2]).clip(0, len(body.planes_mm) - 1)
    inside = body.solid.contains(points[:, 0], points[:, 1], body.planes_mm[slab])
    share = inside.mean() * np.prod(high - low) / 1000
    return points[inside], share


@pytest.mark.parametrize("name", SOLIDS)
def test_slabs_hold_what_random_points_say(name: str) -> None:
    body = SlabStack.half_way(SOLIDS[name], PLANES)
    points, volume = thrown(body)
    assert body.volume_cc == pytest.approx(volume, rel=SHARE_TOLERANCE)
    fields = [
        *(along(direction) for direction in (*AXES[::3], AXES[4], *OBLIQUE)),
        Exponential(60, (5, 2, 39), (-1, 2, 2), 9),
        Sigmoid(60, CENTRE, (1, -1, -1), 3),
    ]
    if name in OF_DISCS:
        fields.append(Gaussian(60, CENTRE, 8))
    for field in fields:
        dose = np.sort(field.dose_gy(points))
        doses = doses_of(body, field)
        found = 1 - np.searchsorted(dose, doses) / len(dose)
        assert np.abs(body.fraction(field, doses) - found).max() < SHARE_TOLERANCE
        low, high = body.range_gy(field)
        assert low <= dose[0]
        assert dose[-1] <= high
        # a mean of N independent points; the strata only make it better
        standard_error = 5 * dose.std() / np.sqrt(len(dose))
        assert body.mean_gy(field) == pytest.approx(dose.mean(), abs=standard_error)


@pytest.mark.parametrize("sign", [1, -1])
def test_along_z_each_slab_is_linear_between_its_faces(sign: int) -> None:
    body, field = SlabStack.half_way(SOLIDS["torus"], PLANES), along((0, 0, sign))
    doses = doses_of(body, field, 301)
    height = field.position_mm(doses)[:, None] * sign
    share = np.clip((height - body.lower_mm) / (body.upper_mm - body.lower_mm), 0, 1)
    above = 1 - share if sign > 0 else share
    # sections of a torus: 4 pi R sqrt(r^2 - z^2)
    volume = np.sqrt(16 - (body.planes_mm - 31) ** 2) * (body.upper_mm - body.lower_mm)
    expected = above @ volume / volume.sum()
    assert body.fraction(field, doses) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", SOLIDS)
def test_a_tilt_too_small_to_see_changes_nothing(name: str) -> None:
    """1e-8 moves a plane by 1e-7 mm over 10 mm; the box's faces then hold 1e-8 of its volume."""
    body = SlabStack.half_way(SOLIDS[name], PLANES)
    for straight, other in ((AXES[0], AXES[4]), (OBLIQUE[1], AXES[4]), (AXES[4], AXES[2])):
        tilted = along(np.array(straight) + 1e-8 * np.array(other))
        upright = along(straight)
        position = np.linspace(*body.extent_mm(upright.direction), 41)[1:-1] + 1e-3
        middle = float((tilted.direction - upright.direction) @ np.array(CENTRE))
        found = body.beyond_mm3(tilted.direction, position + middle)
        expected = body.beyond_mm3(upright.direction, position)
        assert found / 1000 / body.volume_cc == pytest.approx(
            expected / 1000 / body.volume_cc, abs=1e-7
        )


def test_slabs_reach_half_the_way_to_the_planes_beside_them() -> None:
    body = SlabStack.half_way(Sphere((0, 0, 0), 5), [-6, -4, -1, 1, 4.5, 7])
    assert body.planes_mm.tolist() == [-4, -1, 1, 4.5]
    assert body.lower_mm.tolist() == [-5.5, -2.5, 0, 2.75]
    assert body.upper_mm.tolist() == [-2.5, 0, 2.75, 6.25]
    area = np.pi * (25 - np.array([16, 1, 1, 20.25]))
    assert body.volume_cc == pytest.approx(area @ [3, 2.5, 2.75, 3.5] / 1000, rel=1e-14)


def test_few_doses_at_a_time_give_what_all_at_once_give(monkeypatch) -> None:
    body = SlabStack.half_way(SOLIDS["torus"], PLANES)
    whole = WholeSolid(SOLIDS["torus"])
    fields = (along(OBLIQUE[0]), Gaussian(60, CENTRE, 8))
    doses = [doses_of(body, field) for field in fields]
    at_once = [b.fraction(f, d) for b in (body, whole) for f, d in zip(fields, doses, strict=True)]
    monkeypatch.setattr("oligort.phantoms.stack.LARGEST", 40)
    monkeypatch.setattr("oligort.phantoms.quadrature.LARGEST", 700)
    again = [b.fraction(f, d) for b in (body, whole) for f, d in zip(fields, doses, strict=True)]
    assert np.array(again) == pytest.approx(np.array(at_once), abs=1e-13)


def test_means_have_their_closed_forms() -> None:
    """By symmetry, and of an exponential over a ball 3 (k cosh k - sinh k) / k^3 of its middle."""
    sphere = WholeSolid(SOLIDS["sphere"])
    field = along(OBLIQUE[0])
    middle = float(field.dose_gy(np.array(CENTRE)))
    assert sphere.mean_gy(field) == pytest.approx(middle, rel=1e-9)
    k = 10 / 4
    field = Exponential(60, CENTRE, (-1, 2, 2), 4)
    expected = 60 * 3 * (k * np.cosh(k) - np.sinh(k)) / k**3
    # (20 / 4 / 2000)^2 / 24 of a layer's dose
    assert sphere.mean_gy(field) == pytest.approx(expected, rel=1e-6)
    field = Gaussian(60, CENTRE, 8)
    expected, _ = quad(lambda r: 60 * np.exp(-((r / 8) ** 2) / 2) * 3 * r**2 / 1000, 0, 10)
    assert sphere.mean_gy(field) == pytest.approx(expected, rel=1e-6)
    assert sphere.range_gy(Exponential(60, (12, -7, 41), (0, 0, 1), 20 / np.log(2))) == (
        pytest.approx((30, 60), rel=1e-12)
    )


@pytest.mark.parametrize("field", [along(OBLIQUE[0]), Gaussian(60, CENTRE, 8)])
def test_the_dose_at_a_fraction_is_the_inverse_of_the_curve(field) -> None:
    wanted = np.array([0.95, 0.5, 0.05])
    for body in (SlabStack.half_way(SOLIDS["sphere"], PLANES), WholeSolid(SOLIDS["sphere"])):
        dose = body.dose_at(field, wanted)
        assert (np.diff(dose) > 0).all()
        assert body.fraction(field, dose) == pytest.approx(wanted, abs=1e-9)
    if isinstance(field, Gaussian):
        expected = 60 * np.exp(-((10 * np.cbrt(wanted) / 8) ** 2) / 2)
        assert dose == pytest.approx(expected, rel=1e-9)


def test_what_has_no_truth_is_refused() -> None:
    body = SlabStack.half_way(SOLIDS["box"], PLANES)
    with pytest.raises(ValueError, match="discs"):
        body.fraction(Gaussian(60, CENTRE, 8), [1.0])
    with pytest.raises(ValueError, match="about the centre"):
        body.fraction(Gaussian(60, (0, 0, 0), 8), [1.0])
    with pytest.raises(ValueError, match="two planes"):
        SlabStack.half_way(SOLIDS["box"], [31, 50])
    with pytest.raises(ValueError, match="meets"):
        SlabStack(SOLIDS["box"], [50], [49], [51])
    with pytest.raises(ValueError, match="thickness"):
        SlabStack(SOLIDS["box"], [31], [31], [31])
