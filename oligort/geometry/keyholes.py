"""Keyholes: loops that walk into a hole and back the way that they came, cut into plain ones."""

import numpy as np

from oligort.geometry.structure import Points

_SAME_DECIMALS = 6
"""Of a mm: the way back runs through the very points of the way in, but for turning the planes."""

_LEAST_POINTS = 3
"""Points of a loop that may enclose something; the way in and back is two."""


def without_keyholes(loop: Points) -> tuple[Points, ...]:
    """Return a loop cut where it comes back to a point of its own; most loops never do.

    By the even-odd rule the pieces enclose together what the loop does.

    Parameters
    ----------
    loop : (N, 2) array
        In a plane, closed.

    Returns
    -------
    tuple of (N, 2) arrays
        Outline and holes, each a loop of its own.
    """
    u, v = np.round(loop, _SAME_DECIMALS).T
    names = np.unique(u + 1j * v, return_inverse=True)[1].reshape(-1)
    if names.max(initial=-1) + 1 == len(loop):
        return (loop,)
    pieces: list[list[int]] = []
    path: list[int] = []
    place: dict[int, int] = {}
    for number, name in enumerate(names.tolist()):
        if name in place:
            start = place[name]
            pieces.append(path[start:])
            for left in path[start:]:
                place.pop(int(names[left]), None)
            path = path[:start]
        place[name] = len(path)
        path.append(number)
    pieces.append(path)
    return tuple(loop[piece] for piece in pieces if len(piece) >= _LEAST_POINTS)
