"""A thorax of boxes in a dose that rises evenly along z: every V20 in closed form.

Lungs of 60 x 60 x 100 mm, a metastasis of 20 x 20 x 20 mm in the left one, a target between them.
The dose is 20 Gy at z = `edge_mm` and rises by 0.5 Gy/mm. Trilinear interpolation of it is exact,
and so are boxes drawn on planes with half-slice caps.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from answered import REGISTER

from oligort.checks import engine
from oligort.checks.engine import case_of
from oligort.checks.registry import checks_of
from oligort.clinical.register import Register
from oligort.dose.grid import DoseGrid
from oligort.finding import Finding
from oligort.geometry.grid import Grid
from oligort.geometry.structure import Structure, StructureSet
from oligort.objects import Dose, Plan, Prescription
from oligort.phantoms import Box
from oligort.submission import Submission

FRAME = "1.2.840.1"
PLANES_MM = np.arange(-97.5, 100, 5.0)

LUNG_LEFT = Box((50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
LUNG_RIGHT = Box((-50.0, 0.0, 0.0), (60.0, 60.0, 100.0))
METASTASIS = Box((50.0, 0.0, 0.0), (20.0, 20.0, 20.0))
TARGET = Box((0.0, 0.0, 50.0), (20.0, 20.0, 20.0))
PRIMARY = Box((0.0, 0.0, 50.0), (10.0, 10.0, 10.0))

PRESCRIPTION_GY = 32.5
"""Near the median of the target, 20 + 0.5 (50 - edge) Gy, for edges about 25 mm."""

SOLIDS = {
    "Lung_L": LUNG_LEFT,
    "Lung_R": LUNG_RIGHT,
    "GTVm01_Lung_L": METASTASIS,
    "GTVp": PRIMARY,
    "PTVm01": TARGET,
}


def structure(roi_name: str, solid: Box, number: int = 1) -> Structure:
    drawn = solid.structure(roi_name, number, PLANES_MM)
    return replace(drawn, frame_of_reference_uid=FRAME)


def dose_grid(edge_mm: float, z_mm: tuple[float, float], dose_type: str, scale: float) -> DoseGrid:
    z = np.arange(z_mm[0], z_mm[1] + 1, 5.0)
    grid = Grid((-100, -60, 0), (1, 0, 0), (0, 1, 0), 10.0, 10.0, 21, 13, z, FRAME)
    along_z = np.maximum(20 + 0.5 * (z - edge_mm), 0) * scale
    return DoseGrid(grid, np.broadcast_to(along_z, grid.shape), dose_type, "PLAN", "1.2.3")


@pytest.fixture(scope="module")
def build() -> Callable[..., Submission]:
    """Return the builder of submissions: the thorax, with what the test asks for altered.

    All are copies of one, and draw each solid once: what was computed of one holds for the others
    of a module that have the same structures and the same dose.
    """
    empty, drawn_once, dose_once = Submission(), cache(structure), cache(dose_grid)

    def submission(
        *,
        edge_mm: float = 35.0,
        without: Iterable[str] = (),
        extra: dict[str, Box] | None = None,
        z_mm: tuple[float, float] = (-90.0, 90.0),
        dose_type: str = "PHYSICAL",
        scale: float = 1.0,
        prescription_gy: float | None = PRESCRIPTION_GY,
        **altered: Any,
    ) -> Submission:
        solids = {name: s for name, s in SOLIDS.items() if name not in set(without)}
        solids |= extra or {}
        drawn = [drawn_once(name, solid, n) for n, (name, solid) in enumerate(solids.items(), 1)]
        targets = [one.roi_number for one in drawn if one.roi_name == "PTVm01"]
        prescriptions = (
            () if prescription_gy is None else (Prescription(prescription_gy, *targets),)
        )
        return replace(
            replace(
                empty,
                structure_sets=(
                    StructureSet(
                        tuple(drawn), "1.2.1", "set", "RS.dcm", FRAME, patient_key="patient"
                    ),
                ),
                plans=(
                    Plan(
                        "1.2.2",
                        "RP.dcm",
                        "plan",
                        approval_status="APPROVED",
                        structure_set_uid="1.2.1",
                        frame_of_reference_uid=FRAME,
                        prescriptions=prescriptions,
                        patient_key="patient",
                    ),
                ),
                doses=(
                    Dose(
                        "1.2.3",
                        "RD.dcm",
                        units="GY",
                        dose_type=dose_type,
                        summation_type="PLAN",
                        plan_uids=("1.2.2",),
                        frame_of_reference_uid=FRAME,
                        heterogeneity_correction="IMAGE",
                        grid=dose_once(edge_mm, z_mm, dose_type, scale),
                        patient_key="patient",
                    ),
                ),
            ),
            **altered,
        )

    return submission


@pytest.fixture
def register_table() -> dict[str, Any]:
    """Return a register in which everything is answered as the trial asks."""
    return copy.deepcopy(REGISTER)


@pytest.fixture
def findings_of() -> Callable[..., list[Finding]]:
    """Return what asks one check of a submission, as the engine does."""

    def findings(code: str, submission: Submission, register: Any = None, **options: Any) -> Any:
        answers = Register.from_dict(register) if isinstance(register, dict) else register
        (asked,) = checks_of([code])
        return list(engine.findings_of(asked, case_of(submission, register=answers, **options)))

    return findings
