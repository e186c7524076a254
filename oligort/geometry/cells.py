"""Cells: the parts that several expressions cut each other into, each an expression of its own.

Of A, A-B and A&B they are A-B and A&B. Every expression is the sum of some of them, and what two
expressions have in common is made of the same cells.
"""

from collections.abc import Callable, Sequence
from functools import cache, reduce
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from oligort.geometry.algebra import Shape, holds
from oligort.geometry.structure import Structure

Flags = npt.NDArray[np.bool_]
Sets = tuple[tuple[Structure, ...], ...]

MOST_SETS = 6
"""Structures, or unions of some, that cut each other: six make up to 63 cells, each of which takes
the time of a histogram.

Both lungs, each by itself, with GTV, CTV, ITV and PTV taken out are six.
"""

_ANY = -1


class Cell(NamedTuple):
    """A part that some expressions hold as a whole and the others not at all.

    Parameters
    ----------
    shape : Shape
        What some sets of structures have in common, without others; none of them occurs twice.
    members : tuple of int
        The places of the expressions that hold it.
    """

    shape: Shape
    members: tuple[int, ...]


def groups_of(shapes: Sequence[Shape]) -> tuple[tuple[int, ...], ...]:
    """Return the places of expressions that belong together: they share a structure and a part."""
    group = list(range(len(shapes)))
    for one, other in combinations(range(len(shapes)), 2):
        if group[one] != group[other] and _share(shapes[one], shapes[other]):
            joined = group[other]
            group = [group[one] if number == joined else number for number in group]
    return tuple(
        tuple(place for place, number in enumerate(group) if number == which)
        for which in dict.fromkeys(group)
    )


def _share(one: Shape, other: Shape) -> bool:
    if not set(one.leaves) & set(other.leaves):
        return False
    sets = sets_of([one, other])
    if len(sets) > MOST_SETS:
        return True
    return bool(_held([one, other], sets).all(axis=0).any())


def small_enough(shapes: Sequence[Shape], group: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return a group, or where it has too many sets the groups that it is parted into, in order."""
    groups: list[tuple[int, ...]] = []
    left = tuple(group)
    while left:
        taken: tuple[int, ...] = left[:1]
        for place in left[1:]:
            if len(sets_of([shapes[one] for one in (*taken, place)])) <= MOST_SETS:
                taken = (*taken, place)
        groups.append(taken)
        left = tuple(place for place in left if place not in taken)
    return tuple(groups)


def sets_of(shapes: Sequence[Shape]) -> Sets:
    """Return the structures of expressions, those together that occur together throughout."""
    unions: dict[Structure, list[int]] = {}
    names = [structures for shape in shapes for structures in _operands(shape)]
    for number, structures in enumerate(names):
        for structure in dict.fromkeys(structures):
            unions.setdefault(structure, []).append(number)
    sets: dict[tuple[int, ...], list[Structure]] = {}
    for structure, numbers in unions.items():
        sets.setdefault(tuple(numbers), []).append(structure)
    return tuple(tuple(structures) for structures in sets.values())


def _operands(shape: Shape) -> tuple[tuple[Structure, ...], ...]:
    if shape.left is None or shape.right is None:
        return (shape.structures,)
    return _operands(shape.left) + _operands(shape.right)


def cells_of(shapes: Sequence[Shape], is_empty: Callable[[Shape], bool]) -> tuple[Cell, ...]:
    """Return the cells that expressions are made of, in a fixed order.

    Parameters
    ----------
    shapes : sequence of Shape
        The expressions, of `MOST_SETS` sets at most.
    is_empty : callable
        Whether what two sets of structures have in common, or one has without the other, is known
        to be nothing; cells that lie in it are left out.
    """
    sets = sets_of(shapes)
    held = _held(shapes, sets)
    inside = _table(len(sets))
    is_possible = inside.any(axis=0)
    for one, other in combinations(range(len(sets)), 2):
        first, second = Shape(sets[one]), Shape(sets[other])
        if is_empty(Shape((), "&", first, second)):
            is_possible &= ~(inside[one] & inside[other])
            continue
        if is_empty(Shape((), "-", first, second)):
            is_possible &= ~inside[one] | inside[other]
        if is_empty(Shape((), "-", second, first)):
            is_possible &= ~inside[other] | inside[one]
    cells = []
    for column in np.unique(held[:, is_possible & held.any(axis=0)], axis=1).T[::-1]:
        is_wanted = (held == column[:, None]).all(axis=0)
        # What lies outside all structures is never free to be taken in.
        is_other = ~is_wanted & is_possible | ~inside.any(axis=0)
        members = tuple(np.flatnonzero(column).tolist())
        cells += [
            Cell(_shape(literals, sets), members)
            for literals in _cubes(is_wanted & is_possible, is_other, len(sets))
        ]
    return tuple(cells)


def _table(count: int) -> Flags:
    """Return which sets (count, 2^count) hold each way to lie in some of them and not in others."""
    return np.indices((2,) * count).reshape(count, -1).astype(bool)


def _held(shapes: Sequence[Shape], sets: Sets) -> Flags:
    """Return which expressions (E, 2^sets) hold each way to lie in some sets and not in others."""
    inside = {
        id(structure): flags
        for structures, flags in zip(sets, _table(len(sets)), strict=True)
        for structure in structures
    }
    return np.stack([holds(shape, inside) for shape in shapes])


def _cubes(is_wanted: Flags, is_other: Flags, count: int) -> tuple[tuple[int, ...], ...]:
    """Cut what is wanted (2^count,) into few parts that need few sets, each in (1), out (0) or any.

    What is neither wanted nor other may be taken in or not: nothing is there.
    """
    wanted, other = is_wanted.reshape((2,) * count), is_other.reshape((2,) * count)

    @cache
    def cut(literals: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        where = tuple(slice(None) if one == _ANY else one for one in literals)
        if not wanted[where].any():
            return ()
        if not other[where].any():
            return (literals,)
        ways = []
        for place in np.flatnonzero(np.equal(literals, _ANY)).tolist():
            sides = ((*literals[:place], side, *literals[place + 1 :]) for side in (1, 0))
            ways.append(tuple(cube for side in sides for cube in cut(side)))
        return min(ways, key=_size)

    return cut((_ANY,) * count)


def _size(cubes: tuple[tuple[int, ...], ...]) -> tuple[int, int]:
    return len(cubes), sum(one != _ANY for literals in cubes for one in literals)


def _shape(literals: tuple[int, ...], sets: Sets) -> Shape:
    """Return what the sets that are in have in common, without those that are out."""
    common = reduce(
        lambda left, right: Shape((), "&", left, right),
        (Shape(sets[place]) for place, side in enumerate(literals) if side == 1),
    )
    without = [one for place, side in enumerate(literals) if side == 0 for one in sets[place]]
    return Shape((), "-", common, Shape(tuple(without))) if without else common
