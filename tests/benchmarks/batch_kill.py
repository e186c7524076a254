"""A batch that is killed again and again ends with the same files as one that is left alone.

    python tests/benchmarks/batch_kill.py [COUNT] [KILLS] [SEED] [--at-once]

Writes COUNT small submissions (default 200; 2000 is the full size), of which one in twenty is
broken in one of ten ways, and runs a batch over them: once undisturbed, and once killed with -9 at
KILLS (default 5) random moments and started again. Prints what each took, whether the two folders
are equal byte for byte, the reason in the report of each broken one, and how the memory of the
parent grew. With --at-once what is not broken is found, opened and reported but not checked, which
takes a hundredth of the time: all of the batch is at work, and none of the checks.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / room) for room in ("batch", "mutations", "checks", "lesions")]

from many_exports import subject_of, write_exports  # noqa: E402
from troubles import TROUBLE, TROUBLES, judged_at_once_in_trouble, judged_in_trouble  # noqa: E402

from oligort.batch.limits import Limits  # noqa: E402
from oligort.batch.outcome import Done  # noqa: E402
from oligort.batch.registers import RegisterList  # noqa: E402
from oligort.batch.run import Batch  # noqa: E402
from oligort.document import Report  # noqa: E402
from oligort.finding import Grade  # noqa: E402

LIMITS = Limits(seconds=60, gibibytes=0.75)
LIMITS_AT_ONCE = Limits(seconds=30, gibibytes=0.75)
"""Ten times what a submission, and a look at 400 files, takes on a machine that others keep busy:
what meets a limit by chance makes two runs differ."""

AT_ONCE = "--at-once"

ONE_IN = 20
"""One submission in so many is broken."""


def truncate(folder: Path) -> None:
    structures = folder / "RS.dcm"
    structures.write_bytes(structures.read_bytes()[:3000])


def empty(folder: Path) -> None:
    (folder / "RD.dcm").write_bytes(b"")


def replace_by_text(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_bytes(b"no DICOM")


def damage_archive(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    (folder / "export.zip").write_bytes(b"PK\3\4 and no more")


def troubled_by(name: str) -> Callable[[Path], None]:
    def put(folder: Path) -> None:
        (folder / TROUBLE).write_text(name)

    return put


WAYS = {
    **{name: troubled_by(name) for name in TROUBLES},
    "truncated structures": truncate,
    "empty dose": empty,
    "no DICOM at all": replace_by_text,
    "damaged archive": damage_archive,
}


def resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def run_once(root: Path, out: Path) -> None:
    """Run the batch in this process, and print a line for each submission with its memory."""
    if AT_ONCE in sys.argv:
        batch = Batch(jobs=2, limits=LIMITS_AT_ONCE, judge=judged_at_once_in_trouble)
    else:
        batch = Batch(jobs=2, limits=LIMITS, judge=judged_in_trouble)
    planned = batch.plan(root, "nct06190782", RegisterList())

    def tell(done: Done) -> None:
        print(done.subject, resident_kb(), flush=True)

    batch.run(planned, out, tell)


def started(root: Path, out: Path) -> subprocess.Popen[str]:
    mode = [AT_ONCE] if AT_ONCE in sys.argv else []
    command = [sys.executable, __file__, "--run", str(root), str(out), *mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def main(count: int, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="oligort-kill-") as scratch:
        root = Path(scratch) / "root"
        folders = write_exports(root, range(count))
        broken = dict(zip(range(ONE_IN // 2, count, ONE_IN), list(WAYS) * count, strict=False))
        for number, way in broken.items():
            WAYS[way](folders[number])

        begin = time.monotonic()
        with started(root, Path(scratch) / "undisturbed") as process:
            assert process.stdout is not None
            memory = [int(line.split()[1]) for line in process.stdout]
        seconds = time.monotonic() - begin
        print(
            f"undisturbed: {count} submissions in {seconds:.0f} s, {count / seconds:.2f} a second"
        )
        marks = [memory[len(memory) * part // 4 - (part == 4)] // 1024 for part in range(5)]
        print(f"memory of the parent at each quarter: {marks} MiB")

        out = Path(scratch) / "killed"
        begin = time.monotonic()
        for _ in range(kills):
            after = chance.uniform(0.5, 2 * seconds / kills)
            with started(root, out) as process:
                try:
                    process.communicate(timeout=after)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
            reports = len(list((out / "reports").glob("*.json"))) if out.exists() else 0
            print(f"killed after {after:.1f} s, with {reports} reports written")
        with started(root, out) as process:
            process.communicate()
        print(f"killed {kills} times, in all {time.monotonic() - begin:.0f} s")
        undisturbed, resumed = contents(Path(scratch) / "undisturbed"), contents(out)
        print(f"{len(undisturbed)} files; equal byte for byte: {undisturbed == resumed}")
        for file in sorted(undisturbed.keys() | resumed.keys()):
            if undisturbed.get(file) != resumed.get(file):
                print(f"differs: {file}")
        tell_reasons(out / "reports", broken)
        sys.exit(undisturbed != resumed)


def tell_reasons(reports: Path, broken: dict[int, str]) -> None:
    """Print how often each reason stands in the reports of what was broken in each way."""
    by_subject = {}
    for file in reports.iterdir():
        report = Report.from_json(file.read_bytes())
        by_subject[report.subject] = report
    unread = [one for subject, one in by_subject.items() if subject.startswith("submission-")]
    told: dict[str, Counter[str]] = {}
    for number, way in broken.items():
        report = by_subject.get(subject_of(number)) or (unread.pop() if unread else None)
        open_findings = report.graded(Grade.NOT_EVALUABLE) if report else ()
        reason = open_findings[0].message if open_findings else "no reason"
        told.setdefault(way, Counter())[reason[:110]] += 1
    print(json.dumps(told, indent=2))
    left = len(by_subject)
    print(f"{left} reports, {len(broken)} of them of broken submissions")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run_once(*map(Path, sys.argv[2:4]))
    else:
        given = [int(argument) for argument in sys.argv[1:] if argument != AT_ONCE]
        main(*given, *(200, 5, 1)[len(given) :])
