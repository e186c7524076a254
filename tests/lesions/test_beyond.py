"""Beyond: a lesion wholly outside of the organ that register or name say."""

import numpy as np
import pytest

from oligort.lesions.candidates import LesionHint
from oligort.lesions.census import census
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.phantoms import Box

PLANES_MM = np.arange(-200.0, 201, 4.0)
LIVER = {"Liver": Box((0.0, 0.0, 0.0), (150.0, 150.0, 150.0))}


def conflict_of(drawn, x, *, z=0.0, organ=Organ.LIVER, side=None, size=20.0):
    """Return what is told of a cube of `size` mm around x whose organ the register says."""
    solids = drawn | {"Lesion 1": Box((x, 0.0, z), (size, size, 20.0))}
    structures = [it.structure(name, n, PLANES_MM) for n, (name, it) in enumerate(solids.items())]
    hints = {"Lesion 1": LesionHint(Role.GTV_METASTASIS, organ, side=side)}
    (lesion,) = census(structures, hints=hints).lesions
    return lesion.organ_conflict


def test_a_lesion_wholly_outside_of_its_organ_contradicts_the_register():
    """A lesion "of the liver" lay in none of it, and nobody asked."""
    # The liver ends at x = 75 mm.
    assert conflict_of(LIVER, 95.5) == (
        '"Lesion 1" is of Liver from the register, but lies wholly outside of ROI "Liver", more '
        "than 10 mm away"
    )
    for x in (94.5, 86.0, 84.0, 0.0):
        assert not conflict_of(LIVER, x)
    # Around the organ, whose outlines are far from its own.
    assert not conflict_of({"Liver": Box((0.0, 0.0, 0.0), (90.0, 90.0, 90.0))}, 0.0, size=180.0)


def test_what_reaches_beyond_the_planes_of_an_organ_is_given_more():
    """The organ may be drawn in part; its planes end at z = 74 mm, half a step beyond at 76."""
    assert not conflict_of(LIVER, 0.0, z=120.0)
    assert conflict_of(LIVER, 0.0, z=130.0)
    assert not conflict_of(LIVER, 120.0, z=70.0)
    assert conflict_of(LIVER, 130.0, z=70.0)


@pytest.mark.parametrize(
    ("drawn", "organ"),
    [
        ({"Bone": (150.0, 150.0, 150.0)}, Organ.BONE),
        ({"Liver": (40.0, 40.0, 40.0)}, Organ.LIVER),  # no whole one
        ({"Liver-PTV": (150.0, 150.0, 150.0)}, Organ.LIVER),
        ({"Kidney_L": (60.0, 60.0, 100.0)}, Organ.KIDNEYS),  # the other one is not drawn
        ({"Spleen": (60.0, 60.0, 100.0)}, Organ.LIVER),
    ],
)
def test_an_organ_that_need_not_be_drawn_whole_contradicts_nothing(drawn, organ):
    boxes = {name: Box((0.0, 0.0, 0.0), size) for name, size in drawn.items()}
    assert not conflict_of(boxes, 180.0, organ=organ)


def test_of_a_pair_the_side_that_is_said_must_be_drawn():
    left = {"Kidney_L": Box((60.0, 0.0, 0.0), (60.0, 60.0, 100.0))}
    assert conflict_of(left, -120.0, organ=Organ.KIDNEYS, side=Side.LEFT)
    assert not conflict_of(left, -120.0, organ=Organ.KIDNEYS, side=Side.RIGHT)
    both = left | {"Kidney_R": Box((-60.0, 0.0, 0.0), (60.0, 60.0, 100.0))}
    assert conflict_of(both, -120.0, organ=Organ.KIDNEYS)
    assert not conflict_of(both, -60.0, organ=Organ.KIDNEYS)
