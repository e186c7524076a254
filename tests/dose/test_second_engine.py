"""Our histograms beside those of an independent engine, dicompyler-core, on the same files.

dicompyler-core counts voxel centres of the dose grid. On structures of hundreds of cc its mean
dose and its volume differ from the truth by about one layer of voxels at the rim; the tolerances
below allow that and nothing coarser, so a half-voxel shift, a swapped spacing, a flipped axis or
a wrong scale of ours would show.
"""

import warnings
from pathlib import Path

import pydicom
import pydicom.dicomio
import pytest

import oligort
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.submission import Submission

ORGANS = ("Lung_L", "Lung_R", "Heart", "Liver")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("second") / "case"
    write_case(WITHIN_PROTOCOL, home)
    return home


@pytest.fixture(scope="module")
def submission(folder: Path) -> Submission:
    return oligort.read(folder)


@pytest.mark.parametrize("roi_name", ORGANS)
def test_large_organs_agree(folder: Path, submission: Submission, roi_name: str) -> None:
    # The engine of 2019 still asks for a name that pydicom 3 has dropped.
    if not hasattr(pydicom.dicomio, "read_file"):
        pydicom.dicomio.read_file = pydicom.dcmread  # type: ignore[attr-defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dicompylercore import dvhcalc

        structure_file = next(folder.glob("RTSTRUCT*"))
        dose_file = next(folder.glob("RTDOSE*"))
        (structure,) = submission.structure_set.named(roi_name)
        theirs = dvhcalc.get_dvh(str(structure_file), str(dose_file), structure.roi_number)
    ours = submission.dvh(roi_name)
    assert ours.volume_cc == pytest.approx(theirs.volume, rel=0.02)
    # One layer of 3 mm voxels at the rim, in the fall of the dose of a few tenths Gy/mm.
    assert ours["Mean[Gy]"] == pytest.approx(theirs.mean, rel=0.02)
    hot_cc = float(theirs.volume_constraint(20, "Gy").value)
    assert ours["V20Gy[%]"] == pytest.approx(100 * hot_cc / theirs.volume, abs=1.0)
