"""The demo's cases: one within the protocol and four that each miss it in one way."""

from dataclasses import dataclass, replace

from oligort.demo.anatomy import (
    LUNG_NAMES,
    ORGANS,
    PRIMARY,
    PRIMARY_TARGET,
    SOFT_TISSUE_HU,
    Metastasis,
    Part,
)
from oligort.demo.treatment import ConformalDose
from oligort.finding import Grade
from oligort.lesions.vocabulary import Organ
from oligort.phantoms import Capsule, Sphere

LONGEST_ROI_NAME = 16
"""Longest name that every planning system takes (AAPM TG-263)."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One synthetic submission; `dataclasses.replace` alters one number of it.

    Parameters
    ----------
    subject : str
        Subject id, which is also the Patient ID.
    title : str
        What the case shows.
    expected_verdict : Grade
        What a check of it against the trial's protocol must say.
    metastases : tuple of Metastasis
        Distant metastases, each drawn as a GTV and a PTV and treated.
    prescription_gy, fractions : float, int
        Dose to every target, in all, and the number of fractions.
    dose_scale : float
        Dose in the RTDOSE over the dose that the prescription needs: 1 unless the dose is
        meant not to fit.
    bath_reach_mm : float
        How far the low dose reaches beyond the targets; with it lung V20 grows.
    undrawn : tuple of str
        ROI names that the structure set lacks.

    Raises
    ------
    ValueError
        If an ROI name is too long, or a name that is left out is none of the case's.
    """

    subject: str
    title: str
    expected_verdict: Grade
    metastases: tuple[Metastasis, ...]
    prescription_gy: float = 50.0
    fractions: int = 25
    dose_scale: float = 1.0
    bath_reach_mm: float = 42.0
    undrawn: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [part.roi_name for part in self.anatomy]
        too_long = [name for name in names if len(name) > LONGEST_ROI_NAME]
        if too_long:
            raise ValueError(
                f"expected ROI names of at most {LONGEST_ROI_NAME} characters, found {too_long}"
            )
        unknown = set(self.undrawn) - set(names)
        if unknown:
            raise ValueError(f"expected undrawn ROIs among {names}, found {sorted(unknown)}")

    @property
    def gross_tumour_names(self) -> tuple[str, ...]:
        """ROI names of the primary, then of each metastasis: "GTVp", "GTVm01_Lung_L"."""
        return "GTVp", *(f"GTVm{n:02d}_{m.site}" for n, m in enumerate(self.metastases, 1))

    @property
    def gross_tumours(self) -> tuple[Sphere | Capsule, ...]:
        """What the GTVs stand for, in the order of their names."""
        return PRIMARY, *(metastasis.gross_tumour for metastasis in self.metastases)

    @property
    def planning_targets(self) -> tuple[Sphere | Capsule, ...]:
        """What the PTVs stand for, in the order of the GTVs."""
        return PRIMARY_TARGET, *(metastasis.planning_target for metastasis in self.metastases)

    @property
    def anatomy(self) -> tuple[Part, ...]:
        """Organs, gross tumours and planning targets, drawn or not."""
        names = self.gross_tumour_names
        return (
            *ORGANS,
            *(
                Part(n, "GTV", s, SOFT_TISSUE_HU)
                for n, s in zip(names, self.gross_tumours, strict=True)
            ),
            *(
                Part(n.replace("GTV", "PTV"), "PTV", s, SOFT_TISSUE_HU)
                for n, s in zip(names, self.planning_targets, strict=True)
            ),
        )

    @property
    def drawn(self) -> tuple[Part, ...]:
        """The parts of the structure set; a part's place, from 1, is its ROI number."""
        return tuple(part for part in self.anatomy if part.roi_name not in self.undrawn)

    @property
    def dose(self) -> ConformalDose:
        """The dose of the RTDOSE, by formula."""
        delivered_gy = self.prescription_gy * self.dose_scale
        return ConformalDose(self.planning_targets, delivered_gy, self.bath_reach_mm)


LUNG_METASTASIS = Metastasis("Lung_L", Organ.LUNGS, (96.0, -12.0, 69.0), 18.0)
LIVER_METASTASIS = Metastasis("Liver", Organ.LIVER, (-60.0, -8.0, -129.0), 26.0)
NODE_METASTASIS = Metastasis("LN", Organ.LYMPH_NODES, (42.0, 42.0, -135.0), 16.0)


def _in_liver(x_mm: float, y_mm: float, diameter_mm: float) -> Metastasis:
    return Metastasis("Liver", Organ.LIVER, (x_mm, y_mm, -129.0), diameter_mm)


WITHIN_PROTOCOL = Case(
    subject="DEMO-01",
    title="within protocol",
    expected_verdict=Grade.PASS,
    metastases=(LUNG_METASTASIS, LIVER_METASTASIS, NODE_METASTASIS),
)

CASES: tuple[Case, ...] = (
    WITHIN_PROTOCOL,
    replace(
        WITHIN_PROTOCOL,
        subject="DEMO-02",
        title="lung V20 above the limit",
        expected_verdict=Grade.MAJOR,
        bath_reach_mm=60.0,
    ),
    replace(
        WITHIN_PROTOCOL,
        subject="DEMO-03",
        title="five metastases, four in one organ",
        expected_verdict=Grade.MAJOR,
        metastases=(
            LUNG_METASTASIS,
            _in_liver(-110.0, -8.0, 22.0),
            _in_liver(-60.0, -48.0, 20.0),
            _in_liver(-60.0, 32.0, 18.0),
            _in_liver(-12.0, -8.0, 20.0),
        ),
    ),
    replace(
        WITHIN_PROTOCOL,
        subject="DEMO-04",
        title="a lesion of 56 mm in the axial plane",
        expected_verdict=Grade.MAJOR,
        metastases=(LUNG_METASTASIS, replace(LIVER_METASTASIS, diameter_mm=56.0), NODE_METASTASIS),
    ),
    replace(
        WITHIN_PROTOCOL,
        subject="DEMO-05",
        title="without lung contours",
        expected_verdict=Grade.NOT_EVALUABLE,
        undrawn=LUNG_NAMES,
    ),
)
"""In the order in which the demo shows them."""
