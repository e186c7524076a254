"""Cells of expressions: disjoint, together each expression, told by trying every way to lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.geometry.algebra import Shape, parse, resolve
from oligort.geometry.cells import MOST_SETS, cells_of, groups_of, sets_of, small_enough
from oligort.geometry.combined import holds
from oligort.geometry.structure import Structure

NAMES = "ABCDEFGHI"
DRAWN = {name: (Structure(None, name),) for name in NAMES}
UNIONS = {"Lungs": DRAWN["A"] + DRAWN["B"], "GTV": DRAWN["C"] + DRAWN["D"]}


def shapes_of(*texts):
    return [resolve(parse(text), lambda name: (DRAWN | UNIONS)[name]) for text in texts]


def never(_):
    return False


def everywhere(shapes):
    """Every way to lie in some of all structures and not in the others, by structure's id."""
    ways = np.indices((2,) * len(NAMES)).reshape(len(NAMES), -1).astype(bool)
    inside = {id(DRAWN[name][0]): way for name, way in zip(NAMES, ways, strict=True)}
    return np.array([holds(shape, inside) for shape in shapes]).reshape(-1, 2 ** len(NAMES))


def written(shape):
    if shape.left is None or shape.right is None:
        return "+".join(structure.roi_name for structure in shape.structures)
    return f"({written(shape.left)}{shape.operator}{written(shape.right)})"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("A", "A-B", "A&B"), {"(A-B)": (0, 1), "(A&B)": (0, 2)}),
        (("A|B", "A"), {"A": (0, 1), "(B-A)": (0,)}),
        (("(A-B)|B", "A|B"), {"A": (0, 1), "(B-A)": (0, 1)}),
        # Both lungs are one set where neither is asked for by itself.
        (("Lungs", "Lungs-GTV"), {"(A+B-C+D)": (0, 1), "(A+B&C+D)": (0,)}),
    ],
)
def test_expressions_are_cut_into_few_cells(texts, expected):
    cells = cells_of(shapes_of(*texts), never)
    assert {written(shape): members for shape, members in cells} == expected


def test_what_is_known_to_be_empty_is_no_cell_and_needs_no_set():
    def is_empty(pair):
        return written(pair) in {"(A&B)", "(C-D)"}

    cells = cells_of(shapes_of("A|B", "A", "A-C", "A-D"), is_empty)
    assert {written(shape): members for shape, members in cells} == {
        "(A-D)": (0, 1, 2, 3),
        "((A&D)-C)": (0, 1, 2),
        "(A&C)": (0, 1),
        "B": (0,),
    }


def expressions():
    names = st.sampled_from([*"ABCD", "Lungs", "GTV"])
    return st.recursive(
        names,
        lambda inner: st.tuples(inner, st.sampled_from("-|&"), inner).map(joined),
        max_leaves=4,
    )


def joined(parts):
    left, operator, right = parts
    return f"({left}){operator}({right})"


@settings(max_examples=60, deadline=None)
@given(st.lists(expressions(), min_size=1, max_size=5))
def test_cells_are_disjoint_and_make_up_each_expression(texts):
    shapes = shapes_of(*texts)
    cells = cells_of(shapes, never)
    held = everywhere(shapes)
    counted = np.zeros(held.shape, dtype=int)
    for cell, way in zip(cells, everywhere([cell.shape for cell in cells]), strict=True):
        counted[list(cell.members)] += way
        assert len(set(cell.shape.leaves)) == len(cell.shape.leaves)
    # Each way to lie in an expression is in one of its cells, and no other way is.
    assert (counted == held).all()
    assert (everywhere([cell.shape for cell in cells]).sum(axis=0) <= 1).all()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("A", "B"), ((0,), (1,))),
        (("A", "B", "A&B"), ((0, 1, 2),)),
        (("A", "B-A"), ((0,), (1,))),
        (("C", "A-B", "A", "D|C"), ((0, 3), (1, 2))),
        (("GTV", "Lungs", "Lungs-GTV"), ((0,), (1, 2))),
    ],
)
def test_what_shares_a_structure_and_a_part_belongs_together(texts, expected):
    assert groups_of(shapes_of(*texts)) == expected


def test_groups_of_too_many_sets_are_parted_in_order():
    shapes = shapes_of("A", *(f"A-{name}" for name in NAMES[1:]), "A&B")
    (group,) = groups_of(shapes)
    first, second = small_enough(shapes, group)
    assert first == (0, 1, 2, 3, 4, 5, 9)
    assert second == (6, 7, 8)
    assert len(sets_of([shapes[place] for place in first])) == MOST_SETS


def test_an_expression_of_too_many_sets_is_a_group_of_its_own():
    shapes = [*shapes_of("A", "A-B"), *shapes_of("|".join(NAMES))]
    assert small_enough(shapes, (2, 0, 1)) == ((2,), (0, 1))
    assert isinstance(shapes[2], Shape)
