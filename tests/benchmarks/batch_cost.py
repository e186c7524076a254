"""What a batch costs: by phase, beside `oligort.check` in one process, and on two cores and one.

    python tests/benchmarks/batch_cost.py [COUNT] [--demo]

Writes COUNT submissions (default 24), small ones or with --demo those of the demo, and prints the
seconds of a submission for each phase, measured in one process; then those of whole batches with
one worker and with two. A batch pays for the start of its workers once: what it takes beyond
`oligort.check` in one process is printed with the start, and without, by a line through a batch of
COUNT and one of a quarter of them. Only the figures of an idle machine with two cores mean
anything.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("batch", "mutations", "checks", "lesions")]

from many_exports import write_exports  # noqa: E402

import oligort  # noqa: E402
from oligort.batch.discovery import found_below  # noqa: E402
from oligort.batch.limits import Limits  # noqa: E402
from oligort.batch.opening import digest_of, opened_places  # noqa: E402
from oligort.batch.output import Entry, Output  # noqa: E402
from oligort.batch.registers import RegisterList  # noqa: E402
from oligort.batch.run import Batch  # noqa: E402
from oligort.demo.cases import WITHIN_PROTOCOL  # noqa: E402
from oligort.demo.export import write_case  # noqa: E402
from oligort.finding import Grade  # noqa: E402

R = TypeVar("R")


def write_demos(root: Path, count: int) -> list[Path]:
    """Write one submission of the demo so many times, under other UIDs of the same length."""
    first = root / "patient00000"
    write_case(WITHIN_PROTOCOL, first)
    folders = [first]
    for number in range(1, count):
        folder = root / f"patient{number:05d}"
        shutil.copytree(first, folder)
        for file in folder.iterdir():
            content = file.read_bytes().replace(b"DEMO-01", b"D-%05d" % number)
            file.write_bytes(content)
        folders.append(folder)
    return folders


Seconds = dict[str, tuple[float, float]]
"""By phase: seconds of this process on a core, and seconds on the clock."""


def timed(do: Callable[[], R], seconds: Seconds, phase: str) -> R:
    begin = time.process_time(), time.perf_counter()
    result = do()
    end = time.process_time(), time.perf_counter()
    core, clock = seconds.get(phase, (0.0, 0.0))
    seconds[phase] = core + end[0] - begin[0], clock + end[1] - begin[1]
    return result


def phases(root: Path, folders: Sequence[Path], out: Path) -> Seconds:
    """Return the seconds that each phase takes for all submissions, in this process."""
    seconds: Seconds = {}
    found = timed(lambda: found_below(root, 0, Limits()), seconds, "discovery")
    with Output.opened(out, root) as output:
        for one, folder in zip(found, folders, strict=True):
            with opened_places(root, one.base, one.places) as files:
                timed(lambda files=files: digest_of(files), seconds, "digest")
            submission = timed(lambda folder=folder: oligort.read(folder), seconds, "read")
            report = timed(lambda s=submission: oligort.check(s), seconds, "check")
            content = report.to_json().encode()
            entry = Entry(
                fingerprint="",
                limits="",
                name=one.key,
                files={},
                subject=report.subject,
                verdict=Grade(report.verdict),
            )
            timed(
                lambda key=one.key, entry=entry, content=content: output.keep(
                    key, entry, {".json": content}
                ),
                seconds,
                "write",
            )
    return seconds


@dataclass(frozen=True)
class Whole:
    """A whole batch: seconds to its start, and then for each submission; those of the parent."""

    start: float
    each: float
    parent_core: float


def whole(root: Path, out: Path, jobs: int, first: int | None = None) -> Whole:
    begin, core = time.perf_counter(), time.process_time()
    batch = Batch(jobs=jobs)
    planned = batch.plan(root, "nct06190782", RegisterList())
    start = time.perf_counter() - begin
    begin = time.perf_counter()
    planned = replace(planned, found=planned.found[:first])
    batch.run(planned, out, lambda done: None)
    count = len(planned.found)
    each = (time.perf_counter() - begin) / count
    return Whole(start, each, (time.process_time() - core) / count)


def line_through(few: tuple[int, float], many: tuple[int, float]) -> tuple[float, float]:
    """Return the seconds of the start and of each submission, by the seconds of two batches."""
    each = (many[1] - few[1]) / (many[0] - few[0])
    return few[1] - few[0] * each, each


def main(count: int, is_demo: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="oligort-cost-") as scratch:
        root = Path(scratch) / "root"
        root.mkdir()
        folders = write_demos(root, count) if is_demo else write_exports(root, range(count))
        # The first check of a process pays for what is imported and compiled on the way.
        oligort.check(oligort.read(folders[0]))
        seconds = phases(root, folders, Path(scratch) / "phases")
        for phase, (core, clock) in seconds.items():
            print(
                f"{phase:10} {1000 * core / count:8.1f} ms on a core, {1000 * clock / count:8.1f}"
            )
        alone_core, alone = (seconds["read"][n] + seconds["check"][n] for n in (0, 1))
        beside = sum(core for core, _ in seconds.values()) - alone_core
        print(f"beside read and check {100 * beside / alone_core:.1f} % of them, on a core")
        one, two = (whole(root, Path(scratch) / f"jobs{jobs}", jobs) for jobs in (1, 2))
        again = whole(root, Path(scratch) / "jobs2", 2)
        quarter = max(1, count // 4)
        few = whole(root, Path(scratch) / "few", 1, quarter)
        begun, each = line_through((quarter, few.each * quarter), (count, one.each * count))
        over, beyond = (100 * (seconds * count / alone - 1) for seconds in (one.each, each))
        print(f"start and discovery {one.start:.2f} s with one worker, {two.start:.2f} s with two")
        print(f"in one process    {alone / count:6.3f} s a submission")
        print(f"one worker        {one.each:6.3f} s, {over:+.1f} %, its start among it")
        print(f"beyond its start  {each:6.3f} s, {beyond:+.1f} %; the start is {begun:.2f} s, once")
        print(
            f"two workers       {two.each:6.3f} s, {one.each / two.each:.2f} times as fast as one"
        )
        print(f"nothing changed   {again.each:6.3f} s")
        print(f"the parent takes  {two.parent_core:6.3f} s of a core for each")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--demo"]
    main(int(arguments[0]) if arguments else 24, "--demo" in sys.argv)
