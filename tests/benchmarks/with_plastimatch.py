"""The curve of one ROI from plastimatch's commands: masks on the image grid or on the dose grid."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from curve import Curve
from image_grid import image_grid

BIN_GY = 0.01
BINS = 8000

VERSION = version("plastimatch")

VARIANTS = {"plastimatch, CT grid": "image", "plastimatch, dose grid": "dose"}

_HEADER = """ObjectType = Image
NDims = 3
BinaryData = True
BinaryDataByteOrderMSB = False
TransformMatrix = 1 0 0 0 1 0 0 0 1
Offset = {origin}
ElementSpacing = {spacing}
DimSize = {counts}
ElementType = MET_SHORT
ElementDataFile = LOCAL
"""


def curve(structures: Path, dose: Path, variant: str, scratch: Path) -> Curve:
    """Return the curve of the one ROI that has contours."""
    dose_image, masks, names = scratch / "dose.mha", scratch / "masks.mha", scratch / "masks.txt"
    table = scratch / "dvh.csv"
    _plastimatch("convert", "--input", dose, "--output-dose-img", dose_image)
    fixed = dose_image
    if variant == "image":
        fixed = scratch / "image.mha"
        _write_image(structures, fixed)
    # by default it joins nested loops; holes are asked for
    _plastimatch(
        *("convert", "--input", structures, "--fixed", fixed, "--xor-contours"),
        *("--output-ss-img", masks, "--output-ss-list", names),
    )
    _plastimatch(
        *("dvh", "--input-dose", dose_image, "--input-ss-img", masks, "--input-ss-list", names),
        *("--bin-width", BIN_GY, "--num-bins", BINS, "--normalization", "vox"),
        *("--cumulative", "--output-csv", table),
    )
    with table.open() as lines:
        next(lines)
        rows = np.loadtxt(lines, delimiter=",", ndmin=2)
    counts = rows[:, 1:].sum(axis=1)  # one ROI has contours, the others count nothing
    voxel_cc = _voxel_cc(masks)
    return Curve(rows[:, 0], counts * voxel_cc, float(counts[0]) * voxel_cc, {})


def _plastimatch(*arguments: object) -> None:
    command = Path(sys.executable).with_name("plastimatch")
    subprocess.run([command, *map(str, arguments)], check=True, capture_output=True, timeout=300)


def _write_image(structures: Path, path: Path) -> None:
    grid = image_grid(structures)
    header = _HEADER.format(
        origin=" ".join(f"{v:.6f}" for v in grid.origin_mm),
        spacing=" ".join(f"{v:.6f}" for v in grid.spacing_mm),
        counts=" ".join(str(n) for n in grid.counts),
    )
    path.write_bytes(header.encode() + bytes(2 * int(np.prod(grid.counts))))


def _voxel_cc(masks: Path) -> float:
    header = masks.read_bytes()[:2000].split(b"ElementDataFile")[0].decode()
    (spacing,) = (
        line.split("=")[1] for line in header.splitlines() if line.startswith("ElementSpacing")
    )
    return float(np.prod([float(v) for v in spacing.split()])) / 1000
