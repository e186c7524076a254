"""Between planes: what a structure covers at any height, from the planes that it is drawn on.

Two models. Slabs: a contour fills half the way to its neighbours as it is. Interpolated: between
two planes the pixels that one covers and the other does not change over one by one, at a rate that
rises or falls as it does from interval to interval; beyond an end plane the area goes on as the
last three planes had it, to nothing. Of a ball that reproduces areas and volume to the third order
in the spacing. Where so continued an area would still be there at the next plane, which nobody
drew, the end is flat and reaches half a spacing, as a slab does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt

from oligort.geometry.raster import Coverage, CoverageRaster, Lattice, signed_area_mm2
from oligort.geometry.slabs import Slab, SlabModel
from oligort.geometry.structure import Points

Floats = npt.NDArray[np.float64]

LEAST_CUTS = 4
"""Layers between two planes at least: a parabola's mean over four is right to half a percent."""

STEADY_RATIO = 4.0
"""Rates of change that differ by more between neighbouring intervals do not continue each other.

Down a ball they rise by 3, by 5/3, by 7/5 and so on; where a part of the structure begins or ends
the ratio is tens.
"""

END_POWERS = 1.0, 0.5
"""How the area runs out at a rounded end: of a ball as the distance, of a ridge as its root."""


APEX_SHARE = 1e-6
"""The discriminant of an end, over the square of its fall, that is zero but for rounding.

Contour points rounded to 0.01 mm on a cone of 10 mm change areas by 1e-3 and tips by less than 1e-2
of a step; what is larger is no apex.
"""

ROUND_SHARE = 0.84
"""Area of a loop over that of the circle as long: of an ellipse of 1 : 2, 0.84; a square, 0.79."""


class Sections(Protocol):
    """The cross-sections of a structure along the normal of its planes."""

    @property
    def borders_mm(self) -> Floats:
        """Heights between which the section is taken to be one and the same."""

    @property
    def crossing_mm(self) -> set[float]:
        """Positions of the planes, among those rastered, whose loops cross."""

    def at(self, positions_mm: Floats) -> Coverage:
        """Return the coverage at ascending heights (S,); zero where there is nothing."""


def sections_of(model: SlabModel, lattice: Lattice, step_mm: float) -> Sections:
    """Return the sections of a structure on a lattice, by the model's own convention.

    `step_mm` is how thick a layer of an interpolated shape is at most.
    """
    if model.conventions.between_planes == "slab":
        return _SlabSections(model, lattice)
    return _InterpolatedSections(model, lattice, step_mm)


class _SlabSections:
    def __init__(self, model: SlabModel, lattice: Lattice) -> None:
        self._model = model
        self._raster = CoverageRaster(model.slabs, lattice)
        self._lower = np.array([slab.lower_mm for slab in model.slabs])
        self._upper = np.array([slab.upper_mm for slab in model.slabs])

    @property
    def borders_mm(self) -> Floats:
        return np.concatenate([self._lower, self._upper])

    @property
    def crossing_mm(self) -> set[float]:
        return {self._model.slabs[index].position_mm for index in self._raster.overlapping}

    def at(self, positions_mm: Floats) -> Coverage:
        slab = np.searchsorted(self._lower, positions_mm, side="right") - 1
        is_there = (slab >= 0) & (positions_mm <= self._upper[slab])
        slab = np.clip(slab, 0, None)
        covered = self._raster.coverage(int(slab[0]), int(slab[-1]) + 1)
        if is_there.all() and len(slab) == len(covered.area):
            return covered
        covered = covered.of_planes(slab - slab[0])
        for part in covered:
            part[~is_there] = 0
        return covered


class _InterpolatedSections:
    def __init__(self, model: SlabModel, lattice: Lattice, step_mm: float) -> None:
        self._model = model
        self._raster = CoverageRaster(model.slabs, lattice)
        self._passages = [
            passage
            for stretch in _stretches(model.slabs)
            for passage in _through(stretch, self._raster, len(model.slabs))
        ]
        self._lower = np.array([passage.lower_mm for passage in self._passages])
        self._upper = np.array([passage.upper_mm for passage in self._passages])
        self._step_mm = step_mm

    @property
    def borders_mm(self) -> Floats:
        return np.concatenate(
            [
                np.linspace(passage.lower_mm, passage.upper_mm, self._cuts(passage) + 1)
                for passage in self._passages
            ]
        )

    def _cuts(self, passage: "_Cap | _Passage") -> int:
        return max(LEAST_CUTS, int(np.ceil((passage.upper_mm - passage.lower_mm) / self._step_mm)))

    @property
    def crossing_mm(self) -> set[float]:
        return {self._model.slabs[index].position_mm for index in self._raster.overlapping}

    def at(self, positions_mm: Floats) -> Coverage:
        numbers = np.searchsorted(self._lower, positions_mm, side="right") - 1
        is_there = (numbers >= 0) & (positions_mm <= self._upper[numbers])
        covered = Coverage(*np.zeros((3, len(positions_mm), *self._raster.lattice.shape)))
        for number in np.unique(numbers[is_there]):
            here = np.flatnonzero(is_there & (numbers == number))
            found = self._passages[number].at(positions_mm[here], self._raster)
            for part, part_here in zip(covered, found, strict=True):
                part[here] = part_here
        return covered


@dataclass(frozen=True)
class _Passage:
    """The way from one plane to the next.

    `growth` and `loss` tell by which share of their mean the rates at which pixels come and go
    change from the lower end to the upper.
    """

    lower_mm: float
    upper_mm: float
    plane: int
    growth: float
    loss: float

    def at(self, positions_mm: Floats, raster: CoverageRaster) -> Coverage:
        """Return the coverage at heights (S,) on the way."""
        planes = raster.coverage(self.plane, self.plane + 2)
        way = (positions_mm - self.lower_mm) / (self.upper_mm - self.lower_mm)
        bow = way * (1 - way) / 2
        grown, lost = ((way - bend * bow)[:, None, None] for bend in (self.growth, self.loss))
        share = np.where(planes.area[1] > planes.area[0], grown, lost)
        return Coverage(*(below + share * (above - below) for below, above in planes))


@dataclass(frozen=True)
class _Cap:
    """The way from an end plane to nothing: the area falls to (1 - fall t - bend t^2)^power."""

    slab: Slab
    plane: int
    lower_mm: float
    upper_mm: float
    fall_per_mm: float = 0.0
    bend_per_mm2: float = 0.0
    power: float = 1.0

    def at(self, positions_mm: Floats, raster: CoverageRaster) -> Coverage:
        """Return the coverage at heights (S,) on the way.

        The section of a ball shrinks about its middle. That of a ridge becomes narrow and stays as
        long, and a ring closes on its own middle line: their pixels fade.
        """
        away = np.abs(positions_mm - self.slab.position_mm)
        share = np.clip(1 - self.fall_per_mm * away - self.bend_per_mm2 * away**2, 0, 1)
        if not (self.fall_per_mm and self.power == 1 and _is_round(self.slab)):
            end = raster.coverage(self.plane, self.plane + 1)
            return Coverage(*(share[:, None, None] ** self.power * part for part in end))
        (loop,) = self.slab.loops
        shrunk = [replace(self.slab, loops=(_shrunk(loop, part),)) for part in np.sqrt(share)]
        return CoverageRaster(shrunk, raster.lattice).coverage(0, len(shrunk))


def _is_round(slab: Slab) -> bool:
    """Whether a plane holds one loop, and that as compact as an ellipse of 1 : 2."""
    if len(slab.loops) != 1:
        return False
    (loop,) = slab.loops
    length = float(np.hypot(*(np.roll(loop, -1, axis=0) - loop).T).sum())
    return 4 * np.pi * abs(signed_area_mm2(loop)) >= ROUND_SHARE * length**2


def _shrunk(loop: Points, factor: float) -> Points:
    """Return a loop (N, 2) shrunk about the centroid of its area."""
    away = loop - loop[0]
    following = np.roll(away, -1, axis=0)
    twice = away[:, 0] * following[:, 1] - away[:, 1] * following[:, 0]
    middle = loop[0] + (twice[:, None] * (away + following)).sum(axis=0) / (3 * twice.sum())
    return np.asarray(middle + factor * (loop - middle))


def _stretches(slabs: Sequence[Slab]) -> Iterator[list[tuple[int, Slab]]]:
    """Yield the runs of slabs that touch each other, with their numbers."""
    run: list[tuple[int, Slab]] = []
    for number, slab in enumerate(slabs):
        if run and slab.lower_mm > run[-1][1].upper_mm:
            yield run
            run = []
        run.append((number, slab))
    yield run


def _through(
    stretch: list[tuple[int, Slab]], raster: CoverageRaster, count: int
) -> Iterator[_Cap | _Passage]:
    """Yield the passages of one stretch of `count` planes in all, in ascending order.

    Beside a gap the structure goes on: only its outermost planes are ends that can be rounded.
    """
    numbers = [number for number, _ in stretch]
    positions = np.array([slab.position_mm for _, slab in stretch])
    below = raster.coverage(numbers[0], numbers[0] + 1).area
    areas = [float(below.sum())]
    rates = []
    for number, step in zip(numbers[1:], np.diff(positions), strict=True):
        above = raster.coverage(number, number + 1).area
        change, below = above - below, above
        areas.append(float(above.sum()))
        gained = float(np.maximum(change, 0).sum())
        rates.append((gained / step, (gained - float(change.sum())) / step))
    (first, lowest), (last, highest) = stretch[0], stretch[-1]
    if lowest.lower_mm < lowest.position_mm:
        inwards = len(areas) if first == 0 else 1
        yield _cap(first, lowest, lowest.lower_mm, positions[:inwards], areas[:inwards])
    bends = [_bends(np.array(rate), np.diff(positions)) for rate in zip(*rates, strict=True)]
    for index, (lower_mm, upper_mm) in enumerate(pairwise(positions)):
        growth, loss = (float(bend[index]) for bend in bends)
        yield _Passage(lower_mm, upper_mm, numbers[index], growth, loss)
    if highest.upper_mm > highest.position_mm:
        inwards = len(areas) if last == count - 1 else 1
        yield _cap(
            last, highest, highest.upper_mm, positions[::-1][:inwards], areas[::-1][:inwards]
        )


def _bends(rates: Floats, steps_mm: Floats) -> Floats:
    """Return by which share of itself each rate changes along its interval, -2 to 2."""
    middles = np.cumsum(steps_mm) - steps_mm / 2
    rise = np.diff(rates) / np.diff(middles)
    smaller, larger = np.minimum(rates[:-1], rates[1:]), np.maximum(rates[:-1], rates[1:])
    is_steady = (smaller > 0) & (larger <= STEADY_RATIO * smaller)
    rise = np.where(is_steady, rise, 0.0)
    known = np.append(0, is_steady) + np.append(is_steady, 0)
    slope = (np.append(0, rise) + np.append(rise, 0)) / np.maximum(known, 1)
    share = slope * steps_mm / np.where(rates > 0, rates, 1)
    return np.asarray(np.clip(share, -2, 2))


def _cap(
    number: int, slab: Slab, reach_mm: float, inwards_mm: Floats, areas: Sequence[float]
) -> _Cap:
    """Return what lies beyond an end plane; positions and areas are listed from it inwards.

    Rounded where the last three areas, or their squares, extrapolate to nothing within a step.
    """
    plane_mm = slab.position_mm
    outwards = np.sign(reach_mm - plane_mm)
    away = np.abs(inwards_mm - inwards_mm[0])
    if len(away) > 2 and areas[0] > 0:
        ends = [_End.through(away, np.array(areas) / areas[0], power) for power in END_POWERS]
        # Of a ball the areas themselves follow a parabola, of a ridge their squares: the fourth
        # plane tells which.
        for end in sorted(ends, key=lambda end: end.misses):
            if end.height_mm <= away[1]:
                low, high = sorted((plane_mm, plane_mm + outwards * end.height_mm))
                return _Cap(slab, number, low, high, end.fall_per_mm, end.bend_per_mm2, end.power)
    low, high = sorted((plane_mm, reach_mm))
    return _Cap(slab, number, low, high)


@dataclass(frozen=True)
class _End:
    """How the area runs out beyond an end plane, as a share of that of the plane.

    (1 - fall t - bend t^2)^power at a distance t, down to nothing at `height_mm`; `misses` is by
    how much it misses the area of the fourth plane.
    """

    power: float
    fall_per_mm: float
    bend_per_mm2: float
    misses: float

    @classmethod
    def through(cls, away_mm: Floats, shares: Floats, power: float) -> "_End":
        """Return the end that goes on from the first three of some planes."""
        one, two = (shares[1:3] ** (1 / power) - 1) / away_mm[1:3]
        bend = (one - two) / (away_mm[2] - away_mm[1])
        fall = one + bend * away_mm[1]
        misses = 0.0
        if len(away_mm) > 3:
            there = max(1 + fall * away_mm[3] - bend * away_mm[3] ** 2, 0) ** power
            misses = abs(there - shares[3])
        return cls(power, float(fall), float(bend), float(misses))

    @property
    def height_mm(self) -> float:
        """Distance at which nothing is left; infinity where that is nowhere."""
        inside = self.fall_per_mm**2 + 4 * self.bend_per_mm2
        # Down to the apex of a cone this is zero: rounding must not decide whether it has a tip.
        if abs(inside) <= APEX_SHARE * self.fall_per_mm**2:
            inside = 0.0
        if inside < 0 or self.fall_per_mm + np.sqrt(inside) <= 0:
            return np.inf
        return float(2 / (self.fall_per_mm + np.sqrt(inside)))
