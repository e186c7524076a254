"""What names a patient is masked wherever it stands, and nothing else is."""

import pytest
from pydicom.dataset import Dataset

from oligort.dicom.identity import MASK, identities, masking
from oligort.dicom.read import read
from oligort.selection import named_plan


@pytest.fixture
def masked():
    def of(patient_name="", patient_id="", **elements):
        dataset = Dataset()
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientName, dataset.PatientID = patient_name, patient_id
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
        return masking(identities(dataset))

    return of


@pytest.mark.parametrize(
    ("patient_name", "label", "shown"),
    [
        ("张三", "张三 boost", "*** boost"),
        ("Li^Na=李^娜", "plan_李娜", "plan_***"),
        ("Li^Na=李^娜", "李 娜", "***"),
        ("Li^Na", "LiNa 1", "*** 1"),
        ("Li^Na", "Na Li 1", "*** 1"),
        ("Li^Na", "spline nap", "spline nap"),  # short Latin words stand in every other text
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田たろう", "******"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "tarou-yamada", "***-***"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동", "***"),
        ("Weiß^Jo", "WEISS weiß Weiß", "*** *** ***"),
    ],
)
def test_names_of_every_script_are_masked(masked, patient_name, label, shown):
    assert masked(patient_name).label(label) == shown
    assert masked(patient_name).path(f"{label}/a") == f"{shown}/a"


@pytest.mark.parametrize(
    ("patient_id", "label", "shown"),
    [
        ("P-9", "P-9", "***"),
        ("P-9", "plan_p9_a", "plan_***_a"),
        ("P-9", "p90 sp9", "p90 sp9"),
        ("17", "CT17", "CT***"),
        ("17", "2017 170", "2017 170"),
        ("7", "CT7", "CT7"),
        ("AB", "AB", "AB"),
    ],
)
def test_short_ids_are_masked_where_they_stand_alone(masked, patient_id, label, shown):
    assert masked(patient_id=patient_id).label(label) == shown


@pytest.mark.parametrize("date", ["19610502", "1961-05-02", "02.05.1961", "05/02/1961"])
def test_date_of_birth_is_masked_in_each_order(masked, date):
    assert masked(PatientBirthDate="19610502").label(f"plan {date}") == "plan ***"
    assert masked(PatientBirthDate="19610502").label("1961-05-03") == "1961-05-03"


def test_other_ids_and_names_are_masked(masked):
    other = Dataset()
    other.PatientID = "HOSP-4711"
    mask = masked(
        OtherPatientIDs=["ALT-1", "ALT-2"],
        OtherPatientIDsSequence=[other],
        AccessionNumber="ACC0815",
        PatientBirthName="Miller",
        ReferringPhysicianName="House^Gregory",
    )
    for label in ("alt1", "ALT_2", "hosp 4711", "ACC-0815", "Miller", "Gregory House"):
        assert set(mask.label(label).split()) == {MASK}


def test_label_without_an_identity_stays_as_written(masked):
    decomposed = "cafe\u0301 " * 40
    assert masked("Doe^Jane").label(decomposed) == decomposed


@pytest.mark.parametrize(
    ("patient_name", "roi_name", "shown"),
    [
        ("Doe^Jane", "GTV_Jane", "GTV_***"),
        ("Doe^Jane", "GTVjane", "GTV***"),
        ("Doe^Jane", "Jane Doe 2", "*** Doe 2"),  # three letters stand in ROI names by chance
        ("Doe^Jane", "GTV DoeJane", "GTV ***"),
        ("Li^Na=李^娜", "PTV李娜", "PTV***"),
        ("Li^Na=李^娜", "Lina Li", "*** Li"),
        ("Prost^Jan", "Prostate", "Prostate"),
        ("Stern^Eva", "Sternum", "Sternum"),
        ("BREAST", "Breast_L", "Breast_L"),
        ("LUNG", "LUNGS-ITV's", "LUNGS-ITV's"),
        ("LUNG^ONE", "Lt Lung", "Lt Lung"),
        ("DEMO", "GTVm01_Liver", "GTVm01_Liver"),
        ("GTV", "GTVp", "GTVp"),
        # Organs in other languages that are people's names as well.
        ("Costa^Ana", "PTV Costa", "PTV ***"),
        ("Herz^Eva", "Herz", "***"),
        ("Leber^Jan", "Lebermetastase", "Lebermetastase"),
    ],
)
def test_roi_names_are_masked_and_keep_their_vocabulary(masked, patient_name, roi_name, shown):
    assert masked(patient_name).roi_name(roi_name) == shown


def test_no_identity_is_shown_anywhere(tmp_path, write, structure_set, dose, plan, contour):
    datasets = {
        "rtss_Wong-Smith.dcm": structure_set(
            {"GTV_Li Smith": [contour([(0, 0, 5), (1, 0, 5), (1, 1e6, 5)])], "PTV 李娜": []}
        ),
        "19610502/dose ACC-0815.dcm": dose(),
        "ALT-1/P-9 plan.dcm": plan(),
    }
    for dataset in datasets.values():
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientName, dataset.PatientID = "Wong^Li Smith=李^娜", "P-9"
        dataset.PatientBirthDate, dataset.OtherPatientIDs = "19610502", "ALT-1"
        dataset.AccessionNumber = "ACC-0815"
    datasets["rtss_Wong-Smith.dcm"].StructureSetLabel = "P9 of Li-Smith"
    datasets["ALT-1/P-9 plan.dcm"].RTPlanLabel = "李娜_1"
    datasets["ALT-1/P-9 plan.dcm"].DoseReferenceSequence[0].DoseReferenceDescription = "WONG 20 Gy"
    for file, dataset in datasets.items():
        write(dataset, tmp_path / file)
    (tmp_path / "notes 1961-05-02 P_9.txt").write_text("none of DICOM")

    submission = read(tmp_path)
    (structure_set_read,) = submission.structure_sets
    (plan_read,) = submission.plans
    assert structure_set_read.label == "*** of ***"
    assert [s.roi_name for s in structure_set_read] == ["PTV ***"]
    assert structure_set_read.left_out == ("GTV_***",)
    assert plan_read.label == "***_1"
    assert plan_read.prescriptions[0].description == "*** 20 Gy"
    assert {d.file for d in submission.provenance} == {
        "rtss_***-Smith.dcm",
        "***/dose ***.dcm",
        "***/*** plan.dcm",
    }
    assert {f.file for f in submission.faults} == {"notes *** ***.txt", "rtss_***-Smith.dcm"}
    shown = repr(submission).casefold()
    hidden = ("wong", "li smith", "李", "p-9", "1961", "alt-1", "0815")
    assert not [name for name in hidden if name in shown]


def test_plan_is_chosen_by_the_label_that_the_user_knows(tmp_path, write, plan):
    dataset = plan()
    dataset.RTPlanLabel = "Jane_1"
    write(dataset, tmp_path / "a.dcm")
    other = plan("1.2.6")
    other.RTPlanLabel = "Jane_2"
    write(other, tmp_path / "b.dcm")
    plans = read(tmp_path).plans
    assert [each.label for each in plans] == ["***_1", "***_2"]
    assert named_plan(plans, "Jane_1") is plans[0]
    assert named_plan(plans, "***_2") is plans[1]


@pytest.mark.parametrize("folder", ["lung_sbrt", "breast_boost"])
def test_real_roi_names_and_labels_stay(test_data, folder):
    submission = read(test_data / folder)
    (structure_set,) = submission.structure_sets
    names = [s.roi_name for s in structure_set]
    assert not [name for name in (*names, structure_set.label) if MASK in name]
    assert not [plan.label for plan in submission.plans if MASK in plan.label]
