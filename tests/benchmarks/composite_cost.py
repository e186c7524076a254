"""What a composite and an expression cost beside the plain histograms of the benchmark thorax.

    python tests/benchmarks/composite_cost.py FOLDER [--repeats 3]

FOLDER is where `thorax.py` wrote to. Promised: at most twice the time of the plain histograms: for
a composite those of the same structures in the dearer of its courses, for an expression those of
the structures that it is made of, for a family of expressions those of the thorax.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import oligort
from oligort.dose.grid import DoseGrid
from oligort.geometry.grid import Grid
from oligort.objects import Dose
from oligort.submission import Submission

PROMISED = 2.0

SPACINGS_MM = (3.0, 2.5, 2.0)
"""Of the grid of the second course; the first has 2.5 mm."""

OFFSET_MM = np.array([0.9, -0.6, 0.7])
"""Of that grid beside the first: in step with nothing."""

PRIOR_SHARE = 0.4
"""Dose of the second course over that of the first, at the same place."""

LUNGS = ("Lung_L", "Lung_R")

SUBTRACTED = ("GTVp", "CTVp", "PTVp")
"""What a protocol may subtract from the lungs."""


def with_courses(submission: Submission, *others: DoseGrid) -> Submission:
    """Return the thorax with further courses, all named."""
    (first,) = submission.doses
    more = [
        Dose(f"1.2.{number}", f"course{number}.dcm", summation_type="PLAN", grid=grid,
             frame_of_reference_uid=first.frame_of_reference_uid)
        for number, grid in enumerate(others)
    ]  # fmt: skip
    whole = replace(submission, doses=(first, *more))
    return whole.selected(dose=[dose.file for dose in whole.doses])


def on_other_grid(dose: DoseGrid, spacing_mm: float) -> DoseGrid:
    """Return some of a dose, sampled on a grid of another spacing over the same box."""
    own = dose.grid
    low, high = own.to_patient(np.zeros(3)), own.to_patient(np.array(own.shape) - 1.0)
    counts = (np.floor((high - low) / spacing_mm)).astype(int)
    frames = np.arange(counts[2]) * spacing_mm
    spacings = (spacing_mm, spacing_mm)
    grid = Grid(
        low + OFFSET_MM, own.i_direction, own.j_direction, *spacings,
        int(counts[0]), int(counts[1]), frames, own.frame_of_reference_uid,
    )  # fmt: skip
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape, dtype=float), 0, -1).reshape(-1, 3))
    gy = np.nan_to_num(dose.field().at(points)).reshape(grid.shape)
    return DoseGrid(grid, PRIOR_SHARE * gy)


def seconds(submission: Submission, names: Sequence[str], repeats: int) -> float:
    """Return the least of some times of the histograms of names, each computed anew.

    Of this process alone, whatever else keeps the machine busy.
    """
    return min(_timed(lambda: _all_of(submission, names)) for _ in range(repeats))


def _anew(submission: Submission) -> Submission:
    """Return a copy that keeps neither histograms nor sums of doses of the times before."""
    return replace(submission, _kept={})


def _all_of(submission: Submission, names: Sequence[str]) -> None:
    anew = _anew(submission)
    for name in names:
        anew.dvh(name)


def _timed(what: Callable[[], None]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start


def main() -> None:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    submission = oligort.read(arguments.folder)
    names = [s.roi_name for s in submission.structure_set if not s.is_empty]
    dose = submission.doses[0].grid
    assert dose is not None

    def told(what: str, took: float, plain: float) -> None:
        verdict = "" if took <= PROMISED * plain else f"  MORE THAN {PROMISED:g}"
        print(f"{what:44} {took:7.3f} s   {took / plain:5.2f} times{verdict}", flush=True)

    def timed(of: Submission, *names: str) -> float:
        return seconds(of, names, arguments.repeats)

    plain = timed(submission, *names)
    told(f"{len(names)} structures, one course", plain, plain)
    second = replace(dose, dose_gy=PRIOR_SHARE * dose.dose_gy)
    told("two courses on one grid", timed(with_courses(submission, second), *names), plain)
    for spacing_mm in SPACINGS_MM:
        other = on_other_grid(dose, spacing_mm)
        alone = replace(submission, doses=(replace(submission.doses[0], grid=other),))
        dearer = max(plain, timed(alone, *names))
        took = timed(with_courses(submission, other), *names)
        told(f"two courses, the second on {spacing_mm:g} mm", took, dearer)
        print(f"{'':44} {took / plain:17.2f} times the first course alone", flush=True)
    union = "|".join(LUNGS)
    parts = timed(submission, *LUNGS)
    told(union, timed(submission, union), parts)
    family = [union]
    for name in SUBTRACTED:
        family.append(f"({union})-{name}")
        told(family[-1], timed(submission, family[-1]), timed(submission, *LUNGS, name))
    told(f"all {len(family)}, one by one", timed(submission, *family), plain)
    together = min(
        _timed(lambda: _anew(submission).dvhs(*family)) for _ in range(arguments.repeats)
    )
    told(f"all {len(family)}, asked for together", together, plain)


if __name__ == "__main__":
    main()
