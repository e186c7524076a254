"""Cases drawn from a seed: a solid as drawn on planes, a dose on a grid, and both truths.

The table that commissions the DVH engine. None of its numbers was chosen for what the engine makes
of it; offsets of planes and dose grid are independent of each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice

import numpy as np
import numpy.typing as npt

from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure
from oligort.phantoms.axes import Axis
from oligort.phantoms.fields import Exponential, Field, Gaussian, LinearGradient
from oligort.phantoms.round import Ellipsoid, HollowSphere, Sphere
from oligort.phantoms.solid import Solid, Vector
from oligort.phantoms.stack import SlabStack
from oligort.phantoms.straight import Box, Cone, Cylinder
from oligort.phantoms.torus import Torus
from oligort.phantoms.whole import WholeSolid

Floats = npt.NDArray[np.float64]

RADII_MM = (2.5, 60.0)
"""Smallest and largest drawn: half the longest side of the box about a solid."""

PLANE_SPACINGS_MM = (1.0, 2.0, 3.0, 5.0)
DOSE_SPACINGS_MM = (1.0, 2.0, 2.5, 3.0)
GRADIENTS_GY_PER_MM = (0.2, 3.0)

MARGIN_VOXELS = 2
"""Dose voxels around the slabs, so that a cubic interpolation has its neighbours too."""

BORDER_TOLERANCE_MM = 1e-6
"""How far a flat end may lie from a slab's border and still fall on it: 1e-7 of the volume."""


@dataclass(frozen=True, eq=False)
class Case:
    """A solid on planes in a dose on a grid.

    Parameters
    ----------
    name : str
        Number, solid, sizes and field, for a table.
    kind : str
        Of the solid.
    field_kind : str
        "linear", "exponential" or "gaussian".
    solid : Solid
        What is drawn.
    field : Field
        The dose.
    planes_mm : (Z,) array
        The planes that meet the solid, ascending.
    spacing_mm : float
        Their distance.
    grid : Grid
        Of the dose; covers the slabs.
    points : int
        Of each round loop.
    """

    name: str
    kind: str
    field_kind: str
    solid: Solid
    field: Field
    planes_mm: Floats
    spacing_mm: float
    grid: Grid
    points: int

    @property
    def structure(self) -> Structure:
        """The solid as drawn."""
        return self.solid.structure(self.kind, 1, self.planes_mm, self.points)

    @property
    def dose_gy(self) -> Floats:
        """(i, j, k) dose at the voxel centres, computed anew."""
        return self.field.on(self.grid)

    @cached_property
    def slabs(self) -> SlabStack:
        """The truth of the slabs."""
        return SlabStack.half_way(self.solid, self.planes_mm)

    @property
    def whole(self) -> WholeSolid:
        """The truth of the solid itself."""
        return WholeSolid(self.solid)

    def slab_fraction(self, dose_gy: npt.ArrayLike) -> Floats:
        """Return the fractions (D,) of the slabs' volume that get at least the doses (D,)."""
        return self.slabs.fraction(self.field, dose_gy)

    def solid_fraction(self, dose_gy: npt.ArrayLike) -> Floats:
        """Return the fractions (D,) of the solid's volume that get at least the doses (D,)."""
        return self.whole.fraction(self.field, dose_gy)

    @property
    def slab_volume_cc(self) -> float:
        """Exact volume of the slabs."""
        return self.slabs.volume_cc

    @property
    def solid_volume_cc(self) -> float:
        """Exact volume of the solid."""
        return self.solid.volume_cc

    @property
    def crossing_planes(self) -> int:
        """How many planes cross the solid."""
        return len(self.planes_mm)

    @property
    def has_flat_ends(self) -> bool:
        """Whether the solid ends along z with a face, which slabs meet by chance only."""
        return self.kind in FLAT_ENDED

    @property
    def ends_on_borders(self) -> bool:
        """Whether the slabs end where the solid does."""
        ends = self.solid.extent_mm(np.array([0.0, 0.0, 1.0]))
        borders = (self.slabs.lower_mm[0], self.slabs.upper_mm[-1])
        return bool(np.allclose(ends, borders, rtol=0, atol=BORDER_TOLERANCE_MM))


Draw = Callable[[np.random.Generator, Vector, float], Solid]


def _ellipsoid(generator: np.random.Generator, centre_mm: Vector, radius: float) -> Solid:
    a, b, c = np.maximum(radius * generator.uniform(0.5, 1, 3), RADII_MM[0])
    return Ellipsoid(centre_mm, (float(a), float(b), float(c)))


def _cylinder_across(generator: np.random.Generator, centre_mm: Vector, radius: float) -> Solid:
    axis: Axis = "x" if generator.random() < 0.5 else "y"
    return Cylinder(centre_mm, radius, radius * generator.uniform(1, 2), axis)


def _torus(generator: np.random.Generator, centre_mm: Vector, radius: float) -> Solid:
    minor = radius * generator.uniform(0.2, 0.45)
    return Torus(centre_mm, radius - minor, minor)


def _box(generator: np.random.Generator, centre_mm: Vector, radius: float) -> Solid:
    a, b, c = 2 * radius * generator.uniform(0.5, 1, 3)
    return Box(centre_mm, (float(a), float(b), float(c)))


SOLIDS: dict[str, Draw] = {
    "sphere": lambda _, centre_mm, radius: Sphere(centre_mm, radius),
    "ellipsoid": _ellipsoid,
    "cylinder along": lambda g, c, radius: Cylinder(c, radius, radius * g.uniform(1, 2)),
    "cylinder across": _cylinder_across,
    "cone": lambda g, c, radius: Cone(c, radius, radius * g.uniform(1, 2)),
    "hollow sphere": lambda g, c, r: HollowSphere(c, r, r * g.uniform(0.3, 0.8)),
    "box": _box,
    "torus": _torus,
}
"""How each kind is drawn: of a generator, a centre and a radius."""

OF_DISCS = ("sphere", "cylinder along", "cone", "hollow sphere", "torus")
FLAT_ENDED = ("cylinder along", "cone", "box")


def seeded_cases(seed: int, count: int) -> tuple[Case, ...]:
    """Return cases of all kinds of solids in turn, the same ones for the same seed.

    About 70 % of the fields are linear, 15 % exponential and 15 % Gaussian; half of the flat ends
    fall on the borders of slabs.
    """
    generator = np.random.default_rng(seed)
    return tuple(
        _case(generator, number, kind)
        for number, kind in enumerate(islice(cycle(SOLIDS), count), start=1)
    )


def gaussian_peaks(seed: int, count: int) -> tuple[Case, ...]:
    """Return spheres under a Gaussian of about their size, for D95, D50 and D5.

    Radius from 5 mm, sigma 0.8 to 1.3 radii, planes every 1 to 3 mm, dose grid 2.5 mm.
    """
    generator = np.random.default_rng(seed)
    cases = []
    for number in range(1, count + 1):
        radius = _log_uniform(generator, 5.0, RADII_MM[1])
        centre = _vector(generator.uniform(-50, 50, 3))
        solid = Sphere(centre, radius)
        spacing = float(generator.uniform(1, 3))
        planes = _planes(solid, spacing, generator.uniform(0, spacing))
        grid = _grid(SlabStack.half_way(solid, planes), 2.5, generator.uniform(-0.5, 0.5, 3))
        field = Gaussian(
            float(generator.uniform(1, 60)), centre, radius * float(generator.uniform(0.8, 1.3))
        )
        name = f"{number:03} peak {radius:.1f} mm, sigma {field.sigma_mm / radius:.2f} radii"
        points = int(generator.integers(200, 401))
        cases.append(Case(name, "sphere", "gaussian", solid, field, planes, spacing, grid, points))
    return tuple(cases)


def _case(generator: np.random.Generator, number: int, kind: str) -> Case:
    """Return the first case drawn of a kind that two planes cross."""
    while True:
        radius = _log_uniform(generator, *RADII_MM)
        centre = _vector(generator.uniform(-50, 50, 3))
        solid = SOLIDS[kind](generator, centre, radius)
        spacing = float(generator.choice(PLANE_SPACINGS_MM))
        offset = generator.uniform(0, spacing)
        if kind in FLAT_ENDED and generator.random() < 0.5:
            solid, offset = _whole_slabs(solid, spacing), spacing / 2
        planes = _planes(solid, spacing, offset)
        if len(planes) >= 2:
            break
    dose_spacing = float(generator.choice(DOSE_SPACINGS_MM))
    grid = _grid(SlabStack.half_way(solid, planes), dose_spacing, generator.uniform(-0.5, 0.5, 3))
    # of eight kinds five take a Gaussian: 24 % of theirs are 15 % of all
    shares = (0.61, 0.15, 0.24) if kind in OF_DISCS else (0.85, 0.15, 0.0)
    field_kind = str(generator.choice(["linear", "exponential", "gaussian"], p=shares))
    field: Field
    if field_kind == "gaussian":
        sigma = radius * float(generator.uniform(0.7, 1.5))
        field, course = Gaussian(float(generator.uniform(1, 60)), centre, sigma), "gaussian"
    else:
        direction, where = _direction(generator)
        draw = _linear if field_kind == "linear" else _exponential
        field, course = draw(generator, direction, grid), f"{field_kind} {where}"
    name = (
        f"{number:03} {kind} {radius:.1f} mm, planes {spacing:g} mm, dose {dose_spacing:g} mm, "
        f"{course}"
    )
    points = int(generator.integers(200, 401))
    return Case(name, kind, field_kind, solid, field, planes, spacing, grid, points)


def _log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def _vector(values: Floats) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _planes(solid: Solid, spacing_mm: float, offset_mm: float) -> Floats:
    """Return the planes that cross a solid, the first one an offset above its lowest point."""
    low, high = solid.extent_mm(np.array([0.0, 0.0, 1.0]))
    planes = np.arange(low + offset_mm, high, spacing_mm)
    return planes[(low < planes) & (planes < high)]


def _whole_slabs(solid: Solid, spacing_mm: float) -> Solid:
    """Return a flat-ended solid with a whole number of slabs, the nearest to its length."""

    def rounded(length: float) -> float:
        return max(1, round(length / spacing_mm)) * spacing_mm

    if isinstance(solid, Box):
        a, b, c = solid.sizes_mm
        return Box(solid.centre_mm, (a, b, rounded(c)))
    if isinstance(solid, Cylinder):
        return Cylinder(solid.centre_mm, solid.radius_mm, rounded(solid.length_mm))
    if isinstance(solid, Cone):
        return Cone(solid.centre_mm, solid.base_radius_mm, rounded(solid.height_mm))
    raise ValueError(f"expected a box, a cylinder or a cone, found {solid}")


def _grid(slabs: SlabStack, spacing_mm: float, offset: Floats) -> Grid:
    """Return a grid about slabs, its centre an offset (3,), in voxels, off the solid's."""
    low, high = np.array([slabs.extent_mm(axis) for axis in np.eye(3)]).T
    half = (high - low) / 2 + MARGIN_VOXELS * spacing_mm
    counts = (np.ceil(2 * half / spacing_mm) + 1).astype(int)
    origin = (low + high) / 2 - (counts - 1) / 2 * spacing_mm + offset * spacing_mm
    i_count, j_count, k_count = (int(count) for count in counts)
    frames = np.arange(k_count, dtype=np.float64) * spacing_mm
    i, j, _ = np.eye(3)
    return Grid(origin, i, j, spacing_mm, spacing_mm, i_count, j_count, frames)


def _direction(generator: np.random.Generator) -> tuple[Floats, str]:
    """Return a unit vector along +-x, +-y, +-z or, as often as along one of them, oblique."""
    where = str(generator.choice(["x", "y", "z", "oblique"]))
    if where == "oblique":
        direction = generator.normal(size=3)
        return np.asarray(direction / np.linalg.norm(direction)), where
    sign = float(generator.choice([-1.0, 1.0]))
    return sign * np.eye(3)["xyz".index(where)], f"{'+' if sign > 0 else '-'}{where}"


def _along(direction: Floats, grid: Grid) -> tuple[float, float]:
    """Return the lowest and the highest position of a grid's voxel centres along a unit vector."""
    corners = np.stack(np.meshgrid(*((0, n - 1) for n in grid.shape)), axis=-1).reshape(-1, 3)
    position = grid.to_patient(corners.astype(np.float64)) @ direction
    return float(position.min()), float(position.max())


def _linear(generator: np.random.Generator, direction: Floats, grid: Grid) -> Field:
    """Return a gradient of a lowest dose of 0.5 to 5 Gy on a grid."""
    low, _ = _along(direction, grid)
    steepness = _log_uniform(generator, *GRADIENTS_GY_PER_MM)
    lowest = generator.uniform(0.5, 5)
    return LinearGradient(float(lowest - steepness * low), _vector(steepness * direction))


def _exponential(generator: np.random.Generator, direction: Floats, grid: Grid) -> Field:
    """Return a falloff by a factor of e to e^7 over a grid, the lowest dose 0.5 to 0.8 Gy."""
    low, high = _along(direction, grid)
    falls = generator.uniform(1, 7)
    highest = float(generator.uniform(0.5, 0.8) * np.exp(falls))
    return Exponential(
        highest, _vector(high * direction), _vector(direction), float((high - low) / falls)
    )
