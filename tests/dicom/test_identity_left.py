"""What of an identity the files still hold: which elements, in which files, and never what."""

import io
import struct

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, SpatialFiducialsStorage

import oligort
from oligort.dicom.identity import identities, masking
from oligort.dicom.identity_left import MAX_TOLD_APART, IdentitiesLeft
from oligort.objects import key_of_id, key_of_name, keys_of_id


def left_in(**elements):
    """Return what is left in one file of these elements, by keyword."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return {one.keyword: one for one in _left(dataset)}


def _left(dataset):
    found = IdentitiesLeft()
    found.note(found.said_in(dataset).stated, "a.dcm")
    found.note_texts(dataset, "a.dcm", masking(identities(dataset)))
    return found.found()


def decoded(dataset, charset="ISO_IR 100"):
    """Return a dataset as it comes from a file, nothing in it converted yet."""
    dataset.SpecificCharacterSet = charset
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, implicit_vr=True, little_endian=True)
    file.seek(0)
    return pydicom.dcmread(file, force=True)


@pytest.mark.parametrize(
    ("keyword", "value", "tag"),
    [
        ("PatientName", "Doe^Jane", "(0010,0010)"),
        ("PatientName", "王^小东", "(0010,0010)"),
        ("PatientName", "ANON^Smith", "(0010,0010)"),
        ("PatientName", "471103", "(0010,0010)"),
        ("PatientID", "471103", "(0010,0020)"),
        ("PatientID", "ANON471103", "(0010,0020)"),
        ("PatientBirthDate", "19650304", "(0010,0030)"),
        ("PatientBirthDate", "19000102", "(0010,0030)"),
        ("PatientBirthTime", "0312", "(0010,0032)"),
        ("OtherPatientIDs", ["", "H-1"], "(0010,1000)"),
        ("OtherPatientNames", "Miller", "(0010,1001)"),
        ("PatientBirthName", "Miller", "(0010,1005)"),
        ("PatientAddress", "1 High Street", "(0010,1040)"),
        ("PatientMotherBirthName", "Miller", "(0010,1060)"),
        ("MedicalRecordLocator", "H-1", "(0010,1090)"),
        ("PatientTelephoneNumbers", "0123 456", "(0010,2154)"),
        ("InstitutionName", "St Elsewhere", "(0008,0080)"),
        ("InstitutionAddress", "1 High Street", "(0008,0081)"),
        ("ReferringPhysicianName", "House", "(0008,0090)"),
        ("ReferringPhysicianTelephoneNumbers", "0123 456", "(0008,0094)"),
        ("PhysiciansOfRecord", "House", "(0008,1048)"),
        ("PerformingPhysicianName", "House", "(0008,1050)"),
        ("OperatorsName", "unknown\\jb", "(0008,1070)"),
        ("RequestingPhysician", "House", "(0032,1032)"),
        ("ReviewerName", "House", "(300E,0008)"),
    ],
)
def test_an_identity_is_told_by_element_and_its_value_is_not_kept(keyword, value, tag):
    (one,) = left_in(**{keyword: value}).values()
    assert (one.keyword, one.tag, one.files, one.may_be_dummy) == (keyword, tag, ("a.dcm",), False)
    values = value if isinstance(value, list) else value.split("\\")
    assert not [part for part in values if part and part in repr(one)]


@pytest.mark.parametrize(
    "elements",
    [
        {"PatientName": "", "PatientID": None, "OperatorsName": []},
        {"PatientName": "ANONYMOUS", "PatientID": "anonymous"},
        {"PatientName": "Anonymous^Patient", "PatientID": "0000"},
        {"PatientName": "ANON^0042", "PatientID": "XXXX"},
        {"PatientName": "Anon42", "PatientID": "***"},
        {"PatientName": "DE-IDENTIFIED", "PatientID": "De-Identified"},
        {"PatientName": "^", "PatientID": "REMOVED", "PatientBirthTime": "000000.00"},
        {"PatientName": "UNKNOWN^UNKNOWN", "PatientID": "no name"},
        {"PatientName": "匿名", "OperatorsName": "none\\n/a\\X"},
        {"PatientBirthDate": "19000101"},
        {"PatientBirthDate": "00010101"},
        {"PatientBirthDate": "99991231"},
        {"PatientTelephoneNumbers": "000-000", "InstitutionName": "Removed"},
        {"PatientIdentityRemoved": "YES", "PatientSex": "F", "PatientAge": "061Y"},
        {"Manufacturer": "Miller & Sons", "StationName": "LINAC1", "StudyID": "1"},
    ],
)
def test_what_is_nobodys_is_no_identity(elements):
    assert left_in(**elements) == {}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("AccessionNumber", "4711"),
        ("AdmissionID", "4711"),
        ("PatientBirthDate", "19650101"),
    ],
)
def test_what_a_dummy_would_look_like_is_told_apart(keyword, value):
    (one,) = left_in(**{keyword: value}).values()
    assert one.may_be_dummy


def test_a_name_that_is_the_patient_id_is_known_with_it():
    left = left_in(PatientName="PT^017", PatientID="PT-017", PatientBirthName="Miller")
    assert key_of_id("pt-017") in left["PatientName"].keys & left["PatientID"].keys
    assert left["PatientBirthName"].keys == {key_of_name("MILLER")}
    assert left["PatientName"].keys & keys_of_id("PT-017")
    # An id is compared to the letter: what separates it may be part of it.
    assert not left_in(PatientID="123")["PatientID"].keys & keys_of_id("1-23")


def test_other_ids_in_a_sequence_are_looked_at():
    empty, other = Dataset(), Dataset()
    empty.PatientID, other.PatientID = "", "H-1"
    (one,) = left_in(OtherPatientIDsSequence=[empty, other]).values()
    assert (one.keyword, one.tag) == ("OtherPatientIDsSequence", "(0010,1002)")
    assert left_in(OtherPatientIDsSequence=[empty]) == {}


def test_texts_that_repeat_the_name_are_told_and_others_are_not():
    left = left_in(
        PatientName="Doe^Jane",
        PatientID="removed",
        PatientBirthDate="19650304",
        StudyDescription="Lung of DOE, JANE",
        SeriesDescription="04.03.1965",
        RTPlanLabel="SBRT",
        RTPlanName="removed",
    )
    assert left.keys() == {
        *("PatientName", "PatientBirthDate", "StudyDescription", "SeriesDescription"),
    }
    assert left["StudyDescription"].keys == left["PatientName"].keys


def test_the_name_of_another_file_is_found_in_a_text():
    named, described = Dataset(), Dataset()
    named.PatientName, described.SeriesDescription = "Doe^Jane", "Doe, CT"
    found = IdentitiesLeft()
    for dataset, file in ((described, "a.dcm"), (named, "b.dcm")):
        found.note(found.said_in(dataset).stated, file)
    found.note_texts(described, "a.dcm", masking(identities(named)))
    assert {one.keyword: one.files for one in found.found()} == {
        "PatientName": ("b.dcm",),
        "SeriesDescription": ("a.dcm",),
    }


@pytest.mark.parametrize(
    ("name", "charset"),
    [("Doe^Jane", "ISO_IR 100"), ("Müller^Jörg", "ISO_IR 100"), ("王^小东", "GB18030")],
)
def test_raw_elements_say_the_same_as_converted_ones(name, charset):
    dataset = Dataset()
    dataset.PatientName = name
    dataset.SpecificCharacterSet = charset
    assert _left(decoded(dataset, charset))[0].keys == _left(dataset)[0].keys


def test_a_name_that_cannot_be_read_is_one():
    dataset = Dataset()
    dataset.add_new("OperatorsName", "SQ", [Dataset()])
    assert [one.keyword for one in _left(dataset)] == ["OperatorsName"]


def test_of_many_patients_it_is_told_that_one_is_named():
    found = IdentitiesLeft()
    described = Dataset()
    described.SeriesDescription, described.StudyDescription = "CT of Patience 7", "CT"
    names = [f"Patience {number}^X" for number in range(MAX_TOLD_APART + 6)]
    for name in names:
        dataset = Dataset()
        dataset.PatientName = name
        found.note(found.said_in(dataset).stated, "a.dcm")
    found.note_texts(described, "b.dcm", masking({"Patience 7"}))
    told = [one for one in found.found() if "b.dcm" in one.files]
    assert [(one.keyword, one.keys) for one in told] == [("SeriesDescription", frozenset())]


def test_files_of_one_series_are_judged_once_and_all_told():
    found = IdentitiesLeft()
    datasets = []
    for number in range(3):
        dataset = Dataset()
        dataset.PatientName, dataset.InstanceNumber = "Doe^Jane", number
        datasets.append(decoded(dataset))
        found.note(found.said_in(datasets[-1]).stated, f"{number}.dcm")
    (one,) = found.found()
    assert one.files == ("0.dcm", "1.dcm", "2.dcm")


def test_an_export_tells_headers_roi_names_and_file_names(
    tmp_path, structure_set, dose, plan, contour, write
):
    square = contour([(0, 0, 0), (0, 10, 0), (10, 10, 0)])
    drawn, planned = structure_set({"PTV Jane": [square], "Lungs": [square]}), plan()
    planned.ReviewerName, planned.PatientIdentityRemoved = "House", "YES"
    write(drawn, tmp_path / "Doe" / "RS.dcm")
    write(planned, tmp_path / "RP.dcm")
    cleaned = dose()
    cleaned.PatientName, cleaned.PatientID = "", ""
    write(cleaned, tmp_path / "RD.dcm")
    submission = oligort.read(tmp_path)
    told = {one.keyword: one.files for one in submission.identity_left}
    assert told == {
        "PatientName": ("***/RS.dcm", "RP.dcm"),
        "PatientID": ("***/RS.dcm", "RP.dcm"),
        "ROIName": ("***/RS.dcm",),
        "ReviewerName": ("RP.dcm",),
        "file name": ("***/RS.dcm",),
    }
    assert not [s for s in ("Doe", "Jane", "0017", "House") if s in repr(submission.identity_left)]


def test_the_order_of_the_files_does_not_matter(tmp_path, dose, plan, write):
    named = plan()
    for folder, names in (("a", ("1", "2")), ("b", ("2", "1"))):
        for dataset, name in zip((named, dose()), names, strict=True):
            write(dataset, tmp_path / folder / f"{name}.dcm")
    one, other = (oligort.read(tmp_path / folder).identity_left for folder in "ab")
    assert [(o.keyword, o.keys, len(o.files)) for o in one] == [
        (o.keyword, o.keys, len(o.files)) for o in other
    ]


def test_bytes_that_are_judged_once_say_what_each_file_would(plan):
    """Files that share every identifying byte but one are told apart by that one."""
    found = IdentitiesLeft()
    read = []
    for name in ("Doe^Jane", "Doe^Jane", "Roe^Rita", "Müller"):
        dataset = plan()
        dataset.PatientName = name
        dataset = decoded(dataset)
        alone = IdentitiesLeft().said_in(decoded(dataset))
        assert found.said_in(dataset) == alone
        read.append({stated.value for stated in alone.stated})
    assert [values - {"PT-0017"} for values in read] == [
        {"Doe^Jane"},
        {"Doe^Jane"},
        {"Roe^Rita"},
        {"Müller"},
    ]


def element(group, number, vr, value):
    """Return a short element in explicit little endian."""
    value += b" " * (len(value) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


LATE = element(0x10, 0x10, b"PN", b"MUSTERMANN^ERIKA") + element(0x10, 0x30, b"DA", b"19610302")


def test_a_name_behind_all_else_is_told_and_masked(tmp_path, plan, dose, structure_set, write):
    """Elements out of their order: in a plan, behind the pixels of an image, in another object."""
    planned, image, other = plan(), dose(uid="1.2.9"), structure_set({}, "1.2.8")
    for dataset in (planned, image, other):
        dataset.PatientName = dataset.PatientID = "PT-1"
    planned.RTPlanLabel = "MUSTERMANN 2"
    image.SOPClassUID, image.Modality = CTImageStorage, "CT"
    other.SOPClassUID, other.Modality = SpatialFiducialsStorage, "FID"
    files = {"plan.dcm": planned, "ct.dcm": image, "other.dcm": other}
    for late in files:
        folder = tmp_path / late.removesuffix(".dcm")
        for name, dataset in files.items():
            path = write(dataset, folder / name, ExplicitVRLittleEndian)
            if name == late:
                path.write_bytes(path.read_bytes() + LATE)
        submission = oligort.read(folder)
        # What says two names is refused where it is used, and tells them all the same.
        refused = [] if late == "other.dcm" else [late]
        assert [fault.file for fault in submission.faults] == refused
        told = {one.keyword: one.files for one in submission.identity_left}
        assert told["PatientName"][-1] == told["PatientBirthDate"][-1] == late
        labels = [] if late == "plan.dcm" else ["*** 2"]
        assert [plan.label for plan in submission.plans] == labels


@pytest.mark.parametrize("is_image", [False, True])
def test_a_second_name_behind_all_else_is_told(is_image, tmp_path, plan, dose, write):
    late = dose() if is_image else plan()
    if is_image:
        late.SOPClassUID, late.Modality = CTImageStorage, "CT"
    late.PatientName = late.PatientID = "PT-1"
    late.PatientBirthDate = "19610302"
    path = write(late, tmp_path / "late.dcm", ExplicitVRLittleEndian)
    path.write_bytes(path.read_bytes() + LATE)
    beside = dose(uid="1.2.9")
    beside.PatientName = beside.PatientID = "PT-1"
    write(beside, tmp_path / "beside.dcm")
    told = {(one.keyword, one.keys) for one in oligort.read(tmp_path).identity_left}
    assert ("PatientName", frozenset({key_of_name("MUSTERMANN^ERIKA")})) in told


@pytest.mark.parametrize(
    "keyword",
    [
        "ReferringPhysicianIdentificationSequence",
        "ConsultingPhysicianIdentificationSequence",
        "PerformingPhysicianIdentificationSequence",
        "OperatorIdentificationSequence",
        "RequestingPhysicianIdentificationSequence",
        "ActualHumanPerformersSequence",
    ],
)
def test_who_is_identified_behind_all_else_is_told(
    keyword, tmp_path, plan, dose, structure_set, write
):
    """In an object of which all is read, in an image and in one that is not used, each once."""
    planned, image, other = plan(), dose(uid="1.2.9"), structure_set({}, "1.2.8")
    image.SOPClassUID, image.Modality = CTImageStorage, "CT"
    other.SOPClassUID, other.Modality = SpatialFiducialsStorage, "FID"
    held = element(0x08, 0x81, b"ST", b"1 High Street")
    held = struct.pack("<HHL", 0xFFFE, 0xE000, len(held)) + held
    tag = pydicom.tag.Tag(keyword)
    late = struct.pack("<HH2sHL", tag.group, tag.element, b"SQ", 0, len(held)) + held
    for name, dataset in {"a.dcm": planned, "b.dcm": image, "c.dcm": other}.items():
        path = write(dataset, tmp_path / name, ExplicitVRLittleEndian)
        path.write_bytes(path.read_bytes() + late)
    told = {one.keyword: one.files for one in oligort.read(tmp_path).identity_left}
    assert told["InstitutionAddress"] == ("a.dcm", "b.dcm", "c.dcm")


@pytest.mark.parametrize(
    ("sequence", "keyword"),
    [
        ("BeamSequence", "InstitutionName"),
        ("BeamSequence", "InstitutionAddress"),
        ("ReferringPhysicianIdentificationSequence", "PersonTelephoneNumbers"),
        ("ReferringPhysicianIdentificationSequence", "InstitutionName"),
        ("RequestAttributesSequence", "RequestingPhysician"),
        ("OperatorIdentificationSequence", "PersonAddress"),
    ],
)
def test_who_treated_and_where_is_found_in_sequences(
    sequence, keyword, tmp_path, plan, dose, write
):
    """In a plan, of which all is read, and in images, of which a series is judged once."""
    item = Dataset()
    setattr(item, keyword, "St Elsewhere")
    planned, image = plan(), dose(uid="1.2.9")
    image.SOPClassUID, image.Modality = CTImageStorage, "CT"
    for name, dataset in (("plan.dcm", planned), ("ct1.dcm", image), ("ct2.dcm", image)):
        setattr(dataset, sequence, [item])
        dataset.SOPInstanceUID = f"1.2.{len(name)}"
        write(dataset, tmp_path / name)
    told = {one.keyword: one.files for one in oligort.read(tmp_path).identity_left}
    assert told[keyword] == ("ct1.dcm", "ct2.dcm", "plan.dcm")


def test_a_person_by_code_and_one_who_approved_are_found():
    person, operator = Dataset(), Dataset()
    person.CodeMeaning = "House"
    operator.PersonIdentificationCodeSequence = [person]
    found = left_in(
        OperatorIdentificationSequence=[operator], PhysicianApprovingInterpretation="Dr^No"
    )
    assert found.keys() == {"PersonIdentificationCodeSequence", "PhysicianApprovingInterpretation"}
