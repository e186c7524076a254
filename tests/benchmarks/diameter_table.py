"""Print how well diameters of solids in any direction are met, by solid and plane spacing.

python tests/benchmarks/diameter_table.py [cases]
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1]
TRUTH = TESTS / "lesions" / "test_diameter_truth.py"
sys.path.insert(0, str(TESTS / "sweeps"))  # what the tests share, and pytest finds by itself


def main(cases: int) -> None:
    """Print the table from the same seeded solids that the tests take."""
    spec = importlib.util.spec_from_file_location("diameter_truth", TRUTH)
    assert spec is not None
    assert spec.loader is not None
    truth = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(truth)
    print(
        "| solid | planes mm | axial worst mm | median mm | 3D worst spacings | median "
        "| 3D in its interval | width, median spacings |"
    )
    print("|---|---|---|---|---|---|---|---|")
    kinds = [(name, make, None, (1.0, 3.0, 5.0)) for name, make in truth.SOLIDS.items()]
    kinds += [
        (f"{name}, {'two planes' if planes == 2 else 'one plane'}", make, planes, (3.0, 5.0))
        for (name, planes), make in truth.OF_FEW_PLANES.items()
    ]
    kinds += [(name, make, None, (3.0, 5.0)) for name, make in truth.THIN.items()]
    for number, (name, make, planes, spacings_mm) in enumerate(kinds):
        for spacing_mm in spacings_mm:
            generator = np.random.default_rng([number, int(spacing_mm)])
            rows = [truth.errors(make, generator, spacing_mm, planes) for _ in range(cases)]
            axial, solid, holds, width = (np.array(column) for column in zip(*rows, strict=True))
            axial, solid = np.abs(axial), np.abs(solid)
            print(
                f"| {name} | {spacing_mm:g} | {axial.max():.3f} | {np.median(axial):.4f} "
                f"| {solid.max():.2f} | {np.median(solid):.2f} | {holds.sum()} of {len(holds)} "
                f"| {np.median(width):.2f} |"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 150)
