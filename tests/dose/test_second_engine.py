"""Our histograms beside those of an independent engine, dicompyler-core, on the same files.

dicompyler-core counts voxel centres of the dose grid. On structures of hundreds of cc its mean
dose and its volume differ from the truth by about one layer of voxels at the rim; the tolerances
below allow that and nothing coarser, so a half-voxel shift, a swapped spacing, a flipped axis or
a wrong scale of ours would show.
"""

import warnings
from dataclasses import replace
from pathlib import Path

import pydicom
import pydicom.dicomio
import pytest

import oligort
from oligort.conventions import Conventions
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.export import write_case
from oligort.dose.dvh import Dvh
from oligort.finding import Flag, Grade
from oligort.geometry.algebra import Shape, parse, resolve
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


def test_what_is_graded_is_compared_and_not_its_parts(submission: Submission) -> None:
    report = oligort.check(submission, cross_check=True)
    (finding,) = [one for one in report.findings if one.code == "OL305"]
    assert (finding.grade, finding.about) == (Grade.PASS, "Lungs-GTV")
    assert finding.message.startswith(
        'dicompyler-core agrees on "Lungs-GTV", by the loops around what it covers:'
    )
    volume, v20 = finding.evidence
    # 3900 cc on voxels of 3 mm; a rim of many directions, of which few voxels count together.
    assert volume.limit < 0.5
    assert v20.limit < 2.0


@pytest.mark.parametrize("wrong", ["one lung alone", "8 % of dose too much"])
def test_an_error_of_ours_is_seen(
    submission: Submission, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    right = Submission.dvh_of_shape

    def dvh_of_shape(of: Submission, shape: Shape, roi_name: str, *rest: Conventions) -> Dvh:
        if roi_name != "Lungs-GTV":
            return right(of, shape, roi_name, *rest)
        if wrong == "one lung alone":
            return right(of, resolve(parse("Lung_L-GTV"), of.structures_of), wrong, *rest)
        dvh = right(of, shape, roi_name, *rest)
        assert dvh.mean_gy is not None
        assert dvh.max_gy is not None
        more = {"mean_gy": 1.08 * dvh.mean_gy, "max_gy": 1.08 * dvh.max_gy, "numerical": None}
        return replace(dvh, edges_gy=1.08 * dvh.edges_gy, **more)

    monkeypatch.setattr(Submission, "dvh_of_shape", dvh_of_shape)
    report = oligort.check(submission, cross_check=True)
    (finding,) = [one for one in report.findings if one.code == "OL305"]
    assert (finding.grade, finding.flags) == (Grade.INFO, (Flag.QUERY,))
    assert finding.message.startswith('dicompyler-core differs on "Lungs-GTV"')
