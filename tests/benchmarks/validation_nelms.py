"""The Nelms 2015 pairs under several settings, and the slabs' own answer where one is off."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import with_oligort
from peers import Question, answered, nelms_pairs

import oligort

MUCH_PERCENT, LITTLE_PERCENT = 3.0, 1.0

DEFAULT, BEST, CUBIC = "", "interpolated between planes", "cubic dose"


@dataclass(frozen=True)
class Miss:
    """A value off by much by default, in percent of the reference.

    Parameters
    ----------
    pair, value : str
        Which.
    reference_cgy : float
        Of the table.
    default, slabs, best : float
        What the engine, the slabs by arithmetic and the best setting are off.
    """

    pair: str
    value: str
    reference_cgy: float
    default: float
    slabs: float
    best: float


def nelms(data: Path) -> tuple[dict[str, list[dict[str, Any]]], list[Miss]]:
    """Return the answers under every setting, and the misses of the default."""
    questions = list(nelms_pairs(data))
    answers = {
        setting: [answered(question, with_oligort.curve, setting) for question in questions]
        for setting in with_oligort.SETTINGS
    }
    misses = [
        Miss(
            question.name,
            value,
            question.reference[value],
            percent,
            100 * (_slabs_cgy(question, value) / question.reference[value] - 1),
            best["percent"][value],
        )
        for question, default, best in zip(questions, answers[DEFAULT], answers[BEST], strict=True)
        for value, percent in default["percent"].items()
        if abs(percent) > MUCH_PERCENT
    ]
    return answers, misses


def count_off(answers: list[dict[str, Any]], limit_percent: float) -> int:
    """Return how many values are off by more than a limit; what is no number is off."""
    percents = [percent for answer in answers for percent in answer["percent"].values()]
    return sum(not abs(percent) <= limit_percent for percent in percents)


def _slabs_cgy(question: Question, value: str) -> float:
    """Return D99 or D95 of the drawn polygons as slabs, in a dose along z alone, by arithmetic.

    Within a slab the dose is even between those of its two faces; so the cumulative curve is
    straight between the faces, and known there from the areas of the polygons.
    """
    submission = oligort.read(question.structures, question.dose)
    (structure,) = (s for s in submission.structure_set if not s.is_empty)
    loops = sorted((c.points_mm for c in structure.contours), key=lambda points: points[0, 2])
    plane_mm = np.array([points[0, 2] for points in loops])
    x, y = (np.array([points[:, axis].mean() for points in loops]).mean() for axis in (0, 1))
    half = np.diff(plane_mm) / 2
    half = np.concatenate([half[:1], half, half[-1:]])
    faces = np.append(plane_mm - half[:-1], plane_mm[-1] + half[-1])
    volume = np.array([_area(points) for points in loops]) * np.diff(faces)
    ends = np.column_stack([np.full(2, x), np.full(2, y), plane_mm[[0, -1]]])
    low_gy, high_gy = submission.dose_grid.field().at(ends)
    slope = (high_gy - low_gy) / (plane_mm[-1] - plane_mm[0])
    face_gy = low_gy + slope * (faces - plane_mm[0])
    if slope < 0:
        face_gy, volume = face_gy[::-1], volume[::-1]
    colder = np.append(0, np.cumsum(volume)) / volume.sum()
    return float(100 * np.interp(1 - float(value[1:]) / 100, colder, face_gy))


def _area(points_mm: np.ndarray) -> float:
    x, y = points_mm[:, 0], points_mm[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
