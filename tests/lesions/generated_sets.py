"""Four hundred structure sets whose number of metastases is known, because they were drawn from it.

A set begins with true lesions of true organs and draws them as departments do; then come the
complications: unions, repetitions, rings, margins, parts, gaps, contacts, specks. Written from
what a trial counts, and from nothing of the census: only contours, names and numbers leave here.

Truth is a number per organ, or the few numbers that a careful radiation oncologist could defend
from the drawing where the drawing leaves it open: one outline around two bulges, a superseded ROI
that nothing replaces, an ROI that was named and never drawn.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from complications import ALL
from sketch import STYLE_WEIGHTS, WEIGHTS, Sketch, add_lesion, draw_anatomy

from oligort.geometry.structure import Contour, Structure

SETS = 400
SEED = 20260301

NUMBERS = {0: 2, 1: 22, 2: 20, 3: 16, 4: 16, 5: 10, 6: 6, 7: 5, 8: 3}
"""How often, in percent, a set has so many lesions before anything complicates it."""

COMPLICATIONS = {0: 10, 1: 40, 2: 35, 3: 15}
"""How often, in percent, a set has so many complications."""


@dataclass(frozen=True, eq=False)
class GeneratedSet:
    """Structures, and what is true of them.

    Parameters
    ----------
    number : int
        Of the set, from 0.
    structures : tuple of Structure
        In the order of the file.
    least, most : mapping of organ to int
        The numbers of metastases that are true or can be defended; the same in most sets.
    complications : tuple of str
        What makes the set hard.
    rois : tuple of (organ, ROI name)
        A pair for every true metastasis.
    """

    number: int
    structures: tuple[Structure, ...]
    least: dict[str, int]
    most: dict[str, int]
    complications: tuple[str, ...]
    rois: tuple[tuple[str, str], ...]

    @property
    def truth(self) -> tuple[int, int]:
        """The least and the most metastases in all."""
        return sum(self.least.values()), sum(self.most.values())


def generate(number: int, seed: int = SEED) -> GeneratedSet:
    """Return one of the sets; the same number and seed give the same set."""
    from_seed = np.random.default_rng((seed, number))
    spacing = float(_at_random(from_seed, {3.0: 80, 2.0: 8, 2.5: 6, 5.0: 6}))
    sketch = Sketch(from_seed, spacing)
    sketch.style = str(_at_random(from_seed, STYLE_WEIGHTS))
    draw_anatomy(sketch)
    for _ in range(int(_at_random(from_seed, NUMBERS))):
        organ = str(_at_random(from_seed, WEIGHTS))
        solid = sketch.place(organ)
        if solid is not None:
            add_lesion(sketch, solid, organ)
    done = []
    wanted = int(_at_random(from_seed, COMPLICATIONS))
    for index in from_seed.permutation(len(ALL)):
        if len(done) == wanted:
            break
        complication = ALL[int(index)]
        if complication(sketch):
            done.append(complication.__name__)
    return _finished(number, sketch, done)


def _at_random(chance: np.random.Generator, weights: dict) -> object:
    shares = np.array(list(weights.values()), float)
    return list(weights)[int(chance.choice(len(shares), p=shares / shares.sum()))]


def _finished(number: int, sketch: Sketch, done: list[str]) -> GeneratedSet:
    least = Counter(lesion.organ for lesion in sketch.lesions)
    most = least + sketch.perhaps
    order = sketch.chance.permutation(len(sketch.rois))
    structures = []
    for roi_number, index in enumerate(order, 1):
        roi = sketch.rois[int(index)]
        contours = tuple(Contour(loop, roi.geometric_type) for loop in roi.loops)
        structures.append(Structure(roi_number, roi.name, contours, roi.interpreted_type))
    rois = tuple((lesion.organ, lesion.roi.name) for lesion in sketch.lesions)
    return GeneratedSet(number, tuple(structures), dict(least), dict(most), tuple(done), rois)
