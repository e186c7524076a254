"""What a cohort of many reports costs: seconds of a core, memory, and the page in a browser.

    python tests/benchmarks/cohort_cost.py [COUNT]

Writes COUNT reports (default 10,000, which take 0.6 GB), those of the demo under other subjects,
sites and UIDs, and prints what `oligort cohort` takes for the table of submissions, that of the
findings and the page, beginning with the start of Python. Where a Chromium is installed the page is
opened in it from its file, sorted and filtered, and the rows that it shows are printed.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "browser"), str(TESTS / "benchmarks")]

from chromium import Chromium, found, started  # noqa: E402
from one_run import peak_memory_mb  # noqa: E402

import oligort  # noqa: E402
from oligort.demo.cases import CASES  # noqa: E402
from oligort.demo.export import write_case  # noqa: E402

SITES = 25

RUN = "--run"


def reports_of_the_demo(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the subject of each case of the demo, and its report."""
    for case in CASES:
        register = write_case(case, folder / case.subject)
        submission = oligort.read(folder / case.subject)
        yield case.subject, oligort.check(submission, register=register).to_json().encode()


def write_reports(reports: list[tuple[str, bytes]], folder: Path, count: int) -> None:
    """Write so many reports, each of a subject of its own with objects of its own."""
    folder.mkdir()
    for number in range(count):
        subject, report = reports[number % len(reports)]
        own = report.replace(subject.encode(), b"D%06d" % number)
        own = own.replace(b'"2.25.', b'"2.25.%d.' % number)
        own = own.replace(b'"site": "DEMO"', b'"site": "S-%02d"' % (number % SITES))
        (folder / f"D{number:06d}.json").write_bytes(own)


def run(arguments: list[str]) -> None:
    """Run the command in this process, and print what it took of a core and of memory."""
    from oligort.cli import main as command

    sys.argv = ["oligort", "cohort", *arguments]
    with suppress(SystemExit):  # what it could not write is missed when its size is asked
        command()
    print(json.dumps({"core_s": time.process_time(), "peak_mb": peak_memory_mb()}))


def milliseconds(browser: Chromium, do: str) -> float:
    """Return how long a script of the page takes."""
    timed = f"const begin = performance.now(); {do}; return performance.now() - begin"
    return float(browser.value(f"(() => {{ {timed} }})()"))


def show(page: Path, profile: Path) -> None:
    """Open the page, sort and filter it, and print how long that took and what it shows."""
    if found() is None:
        print("no Chromium is installed: the page is not opened")
        return
    with started(profile) as browser:
        begin_s = time.monotonic()
        browser.open(page, 1400)
        print(f"the page is open after {time.monotonic() - begin_s:.1f} s")
        told = "document.getElementById('count').textContent"
        print(f"  {browser.value(told)}")
        sort = "document.querySelectorAll('#rows thead button')[0].click()"
        print(f"sorted in {milliseconds(browser, sort):.0f} ms")
        words = "document.getElementById('words')"
        typed = f"{words}.dispatchEvent(new Event('input'))"
        ask = f"{words}.value = 'OL301'; {typed}"
        print(f"filtered in {milliseconds(browser, ask):.0f} ms")
        print(f"  {browser.value(told)}")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="oligort-cohort-") as scratch:
        home = Path(scratch)
        write_reports([*reports_of_the_demo(home)], home / "reports", count)
        size = sum(file.stat().st_size for file in (home / "reports").iterdir())
        print(f"{count} reports, {size / 1e6:.0f} MB", flush=True)
        names = {"--html": "cohort.html", "--csv": "reports.csv", "--findings": "findings.csv"}
        options = [str(part) for option, name in names.items() for part in (option, home / name)]
        begin_s = time.monotonic()
        command = [sys.executable, __file__, RUN, str(home / "reports"), *options]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        took = json.loads(told.splitlines()[-1])
        print(
            f"{took['core_s']:.1f} s of a core, {time.monotonic() - begin_s:.1f} s, "
            f"{took['peak_mb']:.0f} MB"
        )
        for name in names.values():
            print(f"  {name}: {(home / name).stat().st_size / 1e6:.1f} MB")
        show(home / "cohort.html", home / "profile")


if __name__ == "__main__":
    if RUN in sys.argv:
        run(sys.argv[2:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
