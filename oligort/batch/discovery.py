"""Discovery: every submission below a root, by what its files say."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from oligort.batch.grouping import Found, submissions_of
from oligort.batch.limits import Limits
from oligort.batch.portion import UNREADABLE, Place, Portion, places_below, portions_of, together
from oligort.batch.scratch import scratch_for
from oligort.batch.workers import Workers
from oligort.dicom.files import Inside
from oligort.display import quoted
from oligort.errors import DicomError

FILES_A_TASK = 400
"""Files that are looked at in one go: half a second's work, little to do again after a crash."""


@dataclass(frozen=True)
class Look:
    """Places to look at, in one go; `is_whole` is whether all that lies in them is named."""

    root: str
    places: tuple[Place, ...]
    is_whole: bool = True


def found_below(
    root: Path, jobs: int, limits: Limits, watch: Callable[[int], None] = lambda files: None
) -> list[Found]:
    """Return the submissions below a root, in the order of their places.

    Workers look at the files, so that one that crashes or hangs stops nothing: it is a file that
    cannot be read. With no jobs this process looks itself. `watch` is told how many files were
    looked at.

    Raises
    ------
    DicomError
        If the root is no folder, or there is no DICOM file below it.
    """
    if not root.is_dir():
        raise DicomError(f"expected a folder of submissions at {quoted(root.name)}, found none")
    looks = _looks(root)
    if jobs:
        portions = _by_workers(looks, root, jobs, limits, watch)
    else:
        portions = [portion for look in looks for portion in looked_at(look)]
    found = submissions_of(portions)
    if not any(one.is_readable for one in found):
        damaged = f", and {len(found)} that cannot be read" if found else ""
        raise DicomError(
            f"expected DICOM files at some depth below {quoted(root.name)}, found none{damaged}; "
            "nothing was checked"
        )
    return found


def empty_folders(root: Path, found: Iterable[Found]) -> list[str]:
    """Return the folders of the first level below a root in or below which there is no file.

    Nothing that was found lies in them; they are not masked, and may be named by a patient.
    """
    with_some = {place.first_level for one in found for place in one.places}
    return [
        folder.name
        for folder in Inside.of(root).folders
        if folder.name not in with_some and next(places_below(folder), None) is None
    ]


def looked_at(look: Look) -> list[Portion]:
    """Return the portions of places."""
    found: list[Portion] = []
    for place in look.places:
        portions = portions_of(Path(look.root), place)
        if look.is_whole and len(portions) == 1:
            # Nothing to tell apart: a batch has millions of names of images.
            portions[0].place = replace(portions[0].place, names=())
        found += portions
    return found


def _looks(root: Path) -> Iterator[Look]:
    """Yield places in tasks of a few hundred files; an archive is one by itself."""
    gathered: list[Place] = []
    files = 0
    for place in places_below(root):
        if place.is_archive:
            yield Look(str(root), (place,))
            continue
        gathered.append(place)
        files += len(place.names)
        if files >= FILES_A_TASK:
            yield Look(str(root), tuple(gathered))
            gathered, files = [], 0
    if gathered:
        yield Look(str(root), tuple(gathered))


def _by_workers(
    looks: Iterable[Look], root: Path, jobs: int, limits: Limits, watch: Callable[[int], None]
) -> list[Portion]:
    portions: list[Portion] = []
    crashed: list[Look] = []
    with (
        scratch_for(root) as scratch,
        Workers[Look, list[Portion]](jobs, limits, looked_at, scratch) as workers,
    ):
        for look, future, _ in workers.done(looks):
            _take(look, future, portions, crashed)
            watch(sum(max(1, len(place.names)) for place in look.places))
        # One file is at fault; the others are found by looking at each of them alone.
        lost: list[Look] = []
        of_apart: list[Portion] = []
        apart = [one for look in crashed for one in _apart(look)]
        for look, future, _ in workers.done(apart):
            _take(look, future, of_apart, lost)
    of_apart += [_unreadable(place) for look in lost for place in look.places]
    return [*portions, *together(of_apart)]


def _take(
    look: Look, future: "Future[list[Portion]]", portions: list[Portion], lost: list[Look]
) -> None:
    if future.exception() is None:
        portions += future.result()
    else:
        lost.append(look)


def _apart(look: Look) -> Iterator[Look]:
    for place in look.places:
        # An archive has no names; the name of a folder that cannot be listed is "".
        alone: list[tuple[str, ...]] = [(name,) for name in place.names]
        for names in alone or [()]:
            listed = tuple(name for name in names if name in place.listed)
            one = replace(place, names=names, listed=listed)
            yield Look(look.root, (one,), is_whole=False)


def _unreadable(place: Place) -> Portion:
    return Portion(place, "", Counter({UNREADABLE: max(1, len(place.names))}))
