"""One engine, once, on one folder, in this process: its phases in seconds, as JSON on stdout.

    python tests/benchmarks/one_run.py ENGINE FOLDER

The folder holds RTSTRUCT.dcm, RTDOSE.dcm and ct/. `side_by_side.py` starts this for every run, so
that no engine finds warm what another has loaded.
"""

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LUNGS = ("Lung_L", "Lung_R")

BIN_GY = 0.01
"""Bin width of all three."""


class Run:
    """What one run took and found."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.lung_v20_percent: dict[str, float] = {}
        self.covered_cc = 0.0
        self.peak_mb = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of what stands inside to a phase."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def note_peak(self) -> None:
        """Note the peak of resident memory so far."""
        self.peak_mb = peak_memory_mb()


def peak_memory_mb() -> float:
    """Return this process's own peak of resident memory.

    Linux hands ru_maxrss down from the process that started this one; the high-water mark of the
    address space begins anew.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def with_oligort(folder: Path, run: Run) -> None:
    with run.phase("import"):
        import oligort

        # names of the front door are loaded when first used
        read = oligort.read
        from oligort.submission import Submission  # noqa: F401
    with run.phase("read"):
        submission = read(folder / "RTSTRUCT.dcm", folder / "RTDOSE.dcm")
    with run.phase("histograms"):
        dvhs = {s.roi_name: submission.dvh(s.roi_name) for s in submission.structure_set}
    run.note_peak()
    assert len(dvhs) == 13
    run.covered_cc = sum(dvh.covered_cc for dvh in dvhs.values())
    run.lung_v20_percent = {name: float(dvhs[name]["V20Gy[%]"]) for name in LUNGS}
    with run.phase("CT headers"):
        read(folder / "ct")


def with_dicompyler(folder: Path, run: Run) -> None:
    with run.phase("import"):
        import pydicom
        import pydicom.dicomio

        # The engine of 2019 still asks for a name that pydicom 3 has dropped.
        if not hasattr(pydicom.dicomio, "read_file"):
            pydicom.dicomio.read_file = pydicom.dcmread
        from dicompylercore import dicomparser, dvhcalc
    with run.phase("read"):
        # parsed once, then handed on: faster than giving `get_dvh` the file names
        structures = dicomparser.DicomParser(str(folder / "RTSTRUCT.dcm"))
        dose = dicomparser.DicomParser(str(folder / "RTDOSE.dcm"))
        names = {number: roi["name"] for number, roi in structures.GetStructures().items()}
    with run.phase("histograms"):
        dvhs = {
            name: dvhcalc.get_dvh(structures.ds, dose.ds, number) for number, name in names.items()
        }
    run.note_peak()
    assert len(dvhs) == 13
    for name in LUNGS:
        hot_cc = float(dvhs[name].volume_constraint(20, "Gy").value)
        run.lung_v20_percent[name] = 100 * hot_cc / dvhs[name].volume


def with_nothing(folder: Path, run: Run) -> None:
    """Read the floor: what any engine in Python must at least do."""
    with run.phase("import"):
        import numpy as np
        import pydicom
    with run.phase("contour numbers"):
        dataset = pydicom.dcmread(folder / "RTSTRUCT.dcm")
        raw = [
            contour.get_item("ContourData").value
            for roi in dataset.ROIContourSequence
            for contour in roi.ContourSequence
        ]
        points = np.fromstring(b"\\".join(raw).replace(b"\\", b" "), sep=" ").reshape(-1, 3)
    with run.phase("dose grid"):
        dataset = pydicom.dcmread(folder / "RTDOSE.dcm")
        stored = np.frombuffer(dataset.PixelData, dtype="<u4")
        dose_gy = stored * float(dataset.DoseGridScaling)
    with run.phase("histograms"):
        bins = (dose_gy / BIN_GY).astype(np.int32)
        counts = np.bincount(bins)
    run.note_peak()
    assert len(points) > 0
    assert counts.sum() == dose_gy.size
    run.seconds["read"] = run.seconds["contour numbers"] + run.seconds["dose grid"]
    with run.phase("CT headers"):
        for path in sorted((folder / "ct").iterdir()):
            header = pydicom.dcmread(path, stop_before_pixels=True)
            assert header.ImagePositionPatient is not None


ENGINES: dict[str, Callable[[Path, Run], None]] = {
    "oligort": with_oligort,
    "dicompyler-core": with_dicompyler,
    "floor": with_nothing,
}


def main() -> None:
    engine, folder = sys.argv[1], Path(sys.argv[2])
    run = Run()
    # dicompyler-core warns of itself; nothing of it is measured
    warnings.simplefilter("ignore")
    ENGINES[engine](folder, run)
    answer: dict[str, Any] = {"engine": engine, **vars(run)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
