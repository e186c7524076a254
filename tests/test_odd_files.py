"""Files that break readers: each is read rightly, or refused with a clear reason, on its own."""

import warnings

import numpy as np
import pytest

import oligort
from oligort.errors import DicomError
from oligort.finding import Grade

RELATIVE = 'Dose Units (3004,0002) is "RELATIVE": only a dose in GY can be used; export it in Gy'

DOSES = ["rtdose", "rtdose_1frame", "rtdose_expb", "rtdose_expb_1frame", "rtdose_rle"]
DOSES = [f"pydicom/{name}.dcm" for name in [*DOSES, "rtdose_rle_1frame"]]

TRUNCATED = {
    "pydicom/MR_truncated.dcm": "expected 8192 bytes of pixels, found 8130: the file is truncated",
    "pydicom/rtplan_truncated.dcm": "expected 976 bytes in the element (300A,00B0), found 711",
}

PLANS = {
    "pydicom/rtplan.dcm": ("Plan1", 30.826203, 30),
    "pymedphys/24mm_x_20mm_rectangle.dcm": ("ARectangle", 2.0, 1),
    "pymedphys/FFF_example.dcm": ("ARectangle6FFF", 2.0, 1),
    "pymedphys/rtplan/06MV_plan.dcm": ("AMC06MV", 2.0, 1),
    "pymedphys/vmat_example.dcm": ("AVMATNEWSPLIT", 1.0, 2),
}
"""Label, dose that is prescribed to the target in Gy, and number of fractions."""

FOUR = {"ROI-1": 3, "ROI-2": 3, "ROI-3": 3, "ROI-4": 3}
STRUCTURES = {
    "pydicom/rtstruct.dcm": ({"patient": 3, "Isocenter 1": 1, "Isocenter 2": 1}, 0),
    "rt-utils/empty/dummy_rt.dcm": (FOUR, 5),
    "rt-utils/mock_data/invalid_reference_rt.dcm": (FOUR, 5),
    "rt-utils/mock_data/non_existent_reference_rt.dcm": (FOUR, 3),
    "rt-utils/mock_data/rt.dcm": ({"ROI-1": 2}, 2),
}
"""Contours by ROI, and how many images they were drawn on."""

IMAGES_MM = {
    "rt-utils/mock_data/ct_1.dcm": 60.0,
    "rt-utils/mock_data/ct_2.dcm": 65.0,
    "rt-utils/one_slice_data/0.dcm": -170.85334,
    "rt-utils/oriented_data/0.dcm": -170.85334,
    "rt-utils/oriented_data/1.dcm": -166.35334,
    "rt-utils/oriented_data/2.dcm": -161.85334,
}
"""Where each plane lies along its normal."""


@pytest.fixture
def odd_files(test_data):
    return test_data / "odd_files"


@pytest.fixture(autouse=True)
def without_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom's own files: UIDs that are none
        yield


def test_none_is_left_out_here(odd_files):
    there = {path.relative_to(odd_files).as_posix() for path in odd_files.rglob("*.dcm")}
    assert there == {*DOSES, *TRUNCATED, *PLANS, *STRUCTURES, *IMAGES_MM}


@pytest.mark.parametrize("name", DOSES)
def test_relative_doses_are_refused(name, odd_files):
    submission = oligort.read(odd_files / name)
    assert submission.faults == ()
    (dose,) = submission.doses
    assert dose.refusal == RELATIVE
    assert dose.grid is None


@pytest.mark.parametrize("name", TRUNCATED)
def test_truncated_files_are_refused_with_what_is_missing(name, odd_files):
    with pytest.raises(DicomError) as refusal:
        oligort.read(odd_files / name)
    assert TRUNCATED[name] in str(refusal.value)


@pytest.mark.parametrize("name", PLANS)
def test_plans_are_read(name, odd_files):
    submission = oligort.read(odd_files / name)
    assert submission.faults == ()
    (plan,) = submission.plans
    doses_gy = [prescription.dose_gy for prescription in plan.prescriptions]
    assert (plan.label, *doses_gy, plan.fractions_planned) == PLANS[name]


@pytest.mark.parametrize("name", STRUCTURES)
def test_structure_sets_are_read(name, odd_files):
    submission = oligort.read(odd_files / name)
    assert submission.faults == ()
    (drawn,) = submission.structure_sets
    contours = {structure.roi_name: len(structure.contours) for structure in drawn}
    assert (contours, len(drawn.referenced_image_uids)) == STRUCTURES[name]


@pytest.mark.parametrize("name", IMAGES_MM)
def test_images_are_read(name, odd_files):
    submission = oligort.read(odd_files / name)
    assert submission.faults == ()
    (series,) = submission.images
    assert series.modality == "CT"
    assert series.positions_mm == pytest.approx((IMAGES_MM[name],), abs=1e-4)


def test_the_oblique_ct_is_one_series_of_three_planes(odd_files):
    submission = oligort.read(odd_files / "rt-utils" / "oriented_data")
    (series,) = submission.images
    np.testing.assert_allclose(series.normal, (-0.109337, 0.426707, 0.897756), atol=1e-6)
    # the file's own note gives planes 4.5 mm apart; positions are written with seven decimals
    np.testing.assert_allclose(np.diff(series.positions_mm), 4.5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "grade", "told"),
    [
        ("invalid_reference_rt", Grade.MINOR, "refers to 5 images, of which 3 are not there"),
        ("non_existent_reference_rt", Grade.MINOR, "refers to 3 images, of which 1 are not there"),
        ("rt", Grade.NOT_EVALUABLE, "lies in another frame of reference than its structures"),
    ],
)
def test_references_that_dangle_are_told(name, grade, told, odd_files):
    files = [odd_files / "rt-utils" / "mock_data" / f"{one}.dcm" for one in ("ct_1", "ct_2", name)]
    report = oligort.check(oligort.read(*files), only=["OL018"])
    (finding,) = report.findings
    assert finding.grade is grade
    assert told in finding.message
