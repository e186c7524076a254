"""The DVH Sequence as a planning system writes it, and what in it makes no curve."""

import re

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from oligort.dicom import planned_dvh
from oligort.dicom.instance import read_object
from oligort.dicom.rtdose import read_dose

ROUNDING = 1e-9
"""Sums of a few doubles of the size of 100."""

PAIRS = [0.5, 40, 0.5, 30, 1.0, 10, 1.0, 0]
"""Bins of 0.5, 0.5, 1 and 1 Gy; cumulative volumes in cc."""


def reference(roi_number, contribution="INCLUDED") -> Dataset:
    item = Dataset()
    item.ReferencedROINumber = roi_number
    item.DVHROIContributionType = contribution
    return item


def dvh_item(pairs=PAIRS, **altered) -> Dataset:
    item = Dataset()
    item.DVHReferencedROISequence = [reference(1)]
    item.DVHType = "CUMULATIVE"
    item.DoseUnits = "GY"
    item.DVHDoseScaling = "1"
    item.DVHVolumeUnits = "CM3"
    item.DVHNumberOfBins = len(pairs) // 2
    item.DVHData = [f"{value:g}" for value in pairs]
    item.DVHMinimumDose, item.DVHMeanDose, item.DVHMaximumDose = "0.6", "1.2", "2.5"
    for keyword, value in altered.items():
        setattr(item, keyword, value)
    return item


@pytest.fixture
def through_file(dose, write, tmp_path):
    def through(*items, syntax=ImplicitVRLittleEndian, pixels=True):
        dataset = dose()
        dataset.DVHSequence = list(items)
        if not pixels:
            del dataset.PixelData
        read, _ = read_object(write(dataset, tmp_path / "dose.dcm", syntax))
        return read_dose(read, "dose.dcm")

    return through


@pytest.fixture
def only(through_file):
    def planned(*args, **altered):
        (one,) = through_file(dvh_item(*args, **altered)).planned_dvhs
        return one

    return planned


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_a_cumulative_curve_between_both_ends_of_its_bins(through_file, syntax):
    (one,) = through_file(dvh_item(), syntax=syntax).planned_dvhs
    assert (one.roi_numbers, one.excluded_roi_numbers, one.volume_cc) == ((1,), (), 40)
    assert (one.stated_minimum, one.stated_mean, one.stated_maximum) == (0.6, 1.2, 2.5)
    np.testing.assert_allclose(one.edges_gy, [0, 0.5, 1, 2, 3], atol=ROUNDING)
    np.testing.assert_allclose(one.lower_percent, [100, 75, 25, 0, 0], atol=ROUNDING)
    np.testing.assert_allclose(one.upper_percent, [100, 100, 75, 25, 0], atol=ROUNDING)
    # Between two edges a curve may fall at once, at either of them.
    low = 0.5 * 0.75 + 0.5 * 0.25
    high = 0.5 * 1 + 0.5 * 1 + 1.0 * 0.75 + 1.0 * 0.25
    np.testing.assert_allclose(one.mean_gy, [low, high], atol=ROUNDING)
    least, most = one.percent_at(np.array([-1, 0, 0.25, 0.5, 1.5, 3, 9]))
    np.testing.assert_allclose(least, [100, 100, 75, 75, 0, 0, 0], atol=ROUNDING)
    np.testing.assert_allclose(most, [100, 100, 100, 100, 75, 0, 0], atol=ROUNDING)
    # Within the first bin, or the second; within the third or, if the last is empty, the fourth.
    assert tuple(one.minimum_gy) == (0, 1)
    assert tuple(one.maximum_gy) == (1, 3)


def test_a_differential_histogram_is_one_curve(only):
    one = only([0.5, 10, 0.5, 20, 1.0, 10], DVHType="DIFFERENTIAL")
    assert one.volume_cc == 40
    np.testing.assert_allclose(one.lower_percent, [100, 75, 25, 0], atol=ROUNDING)
    np.testing.assert_array_equal(one.lower_percent, one.upper_percent)
    # The volumes at the lower, or at the upper ends of their bins.
    ends = (20 * 0.5 + 10 * 1.0) / 40, (10 * 0.5 + 20 * 1.0 + 10 * 2.0) / 40
    np.testing.assert_allclose(one.mean_gy, ends, atol=ROUNDING)
    assert (tuple(one.minimum_gy), tuple(one.maximum_gy)) == ((0, 0.5), (1, 2))


def test_the_scaling_is_of_the_dose_alone(only):
    scaled, plain = only(DVHDoseScaling="0.01"), only()
    np.testing.assert_allclose(scaled.edges_gy, plain.edges_gy / 100, atol=ROUNDING)
    np.testing.assert_array_equal(scaled.lower_percent, plain.lower_percent)


def test_percent_of_volume_has_no_volume(only):
    one = only([0.5, 100, 0.5, 75, 1, 25, 1, 0], DVHVolumeUnits="PERCENT")
    assert one.volume_cc is None
    np.testing.assert_allclose(one.lower_percent, only().lower_percent, atol=ROUNDING)


def test_histograms_without_pixels(through_file):
    found = through_file(dvh_item(), pixels=False)
    assert found.grid is None
    assert found.planned_dvhs[0].volume_cc == 40


def test_rois_that_are_excluded(only):
    one = only(DVHReferencedROISequence=[reference(3), reference(4, "EXCLUDED")])
    assert (one.roi_numbers, one.excluded_roi_numbers) == ((3,), (4,))


def test_fillers_are_no_statistics(only):
    one = only(DVHMinimumDose="-1", DVHMeanDose=None)
    assert (one.stated_minimum, one.stated_mean, one.stated_maximum) == (None, None, 2.5)


@pytest.mark.parametrize(
    ("pairs", "altered", "reason"),
    [
        (PAIRS, {"DVHType": "NATURAL"}, "only cumulative and differential"),
        (PAIRS, {"DoseUnits": "RELATIVE"}, 'GY.*found "RELATIVE"'),
        (PAIRS, {"DoseUnits": "CGY"}, 'GY.*found "CGY"'),
        (PAIRS, {"DVHVolumeUnits": "PER_U"}, 'found "PER_U"'),
        (PAIRS, {"DVHDoseScaling": "0"}, "above 0"),
        (PAIRS, {"DVHDoseScaling": None}, "above 0"),
        (PAIRS, {"DVHDoseScaling": "1e400"}, "number"),
        (PAIRS, {"DVHDoseScaling": "1e308"}, "larger ones"),
        (PAIRS, {"DVHNumberOfBins": 5}, "expected 5 bins.*found 4"),
        (PAIRS[:7], {"DVHNumberOfBins": None}, "pairs.*found 7"),
        ([], {}, "pairs.*found 0"),
        ([0, 40, 0, 30], {}, "width above 0"),
        ([-0.5, 40, 1, 30], {}, "width above 0"),
        ([0.1, 40, 0.2, 30, 0.3, 10], {}, "running doses"),
        ([0.5, 40, 0.5, 50, 0.5, 10], {}, "never rises"),
        ([0.5, 40, 0.5, 30, 0.5, -10], {}, "below 0"),
        ([0.5, 0, 0.5, 0], {}, "volume above 0"),
        ([0.5, 40, 0.5, -30, 0.5, 10], {"DVHType": "DIFFERENTIAL"}, "at least 0"),
    ],
)
def test_what_makes_no_curve_has_its_reason(only, pairs, altered, reason):
    one = only(pairs, **altered)
    assert one.edges_gy is None
    assert re.search(reason, one.refusal)
    with pytest.raises(ValueError, match="expected a curve"):
        _ = one.mean_gy


@pytest.mark.parametrize("value", ["nan", "inf", "1_0", "x"])
def test_numbers_that_are_none(dose, write, tmp_path, value):
    dataset = dose()
    dataset.DVHSequence = [dvh_item([0.5, 123456, 0.5, 3])]
    path = write(dataset, tmp_path / "dose.dcm")
    stored = path.read_bytes()
    assert stored.count(b"\\123456\\") == 1
    path.write_bytes(stored.replace(b"123456", value.encode().ljust(6)))
    found = read_dose(read_object(path)[0], "dose.dcm")
    assert "numbers in DVH Data" in found.planned_dvhs[0].refusal
    assert found.grid is not None


def test_an_item_without_an_roi_number_leaves_the_others(through_file):
    broken = dvh_item(DVHReferencedROISequence=[Dataset()])
    found = through_file(broken, dvh_item()).planned_dvhs
    assert "by number" in found[0].refusal
    assert found[1].refusal == ""


def test_longer_than_any_plan(monkeypatch, through_file):
    monkeypatch.setattr(planned_dvh, "MAX_DATA_BYTES", 10)
    monkeypatch.setattr(planned_dvh, "MAX_DVHS", 2)
    (one,) = through_file(dvh_item()).planned_dvhs
    assert "up to 10 bytes" in one.refusal
    (refused,) = through_file(*[dvh_item()] * 3).planned_dvhs
    assert "found 3" in refused.refusal
    monkeypatch.setattr(planned_dvh, "MAX_BINS", 3)
    (refused,) = through_file(*[dvh_item()] * 2).planned_dvhs
    assert "up to 3 bins" in refused.refusal


def test_a_dose_without_histograms(dose, write, tmp_path):
    read = read_dose(read_object(write(dose(), tmp_path / "dose.dcm"))[0], "dose.dcm")
    assert read.planned_dvhs == ()
    assert read.grid is not None
