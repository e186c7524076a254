"""Spatial Registrations written with pydicom: both directions, chains, and what is refused."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeformableSpatialRegistrationStorage,
    ExplicitVRBigEndian,
    SpatialRegistrationStorage,
)

from oligort.dicom.instance import read_object, recognise
from oligort.dicom.read import read
from oligort.dicom.registration import read_registration
from oligort.dicom.sop_class import Kind
from oligort.errors import NotEvaluable
from oligort.registration import AGREEMENT_MM, transform_between

PLANNING, PRIOR, MAGNETIC, LONE = "1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.3.7"

QUARTER_TURN = np.array([[0.0, -1, 0, 10], [1, 0, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]])
"""x becomes y, y becomes -x, then a shift: (1, 2, 3) comes to lie at (8, 21, 33)."""

SHIFT = np.array([[1.0, 0, 0, -5], [0, 1, 0, 0], [0, 0, 1, 100], [0, 0, 0, 1]])

POINT = np.array([1.0, 2, 3])
ROUNDING_MM = 1e-9


def matrix_item(matrix, kind="RIGID") -> Dataset:
    item = Dataset()
    item.FrameOfReferenceTransformationMatrixType = kind
    item.FrameOfReferenceTransformationMatrix = [f"{v:.10g}" for v in np.ravel(matrix)]
    return item


def registration(moved, own=PLANNING, uid="1.2.9", kind="RIGID") -> Dataset:
    """A registration of (frame, matrix, ...) into its own frame."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = SpatialRegistrationStorage, uid
    dataset.Modality = "REG"
    dataset.PatientID, dataset.PatientName = "PT-0017", "Doe^Jane"
    dataset.FrameOfReferenceUID = own
    dataset.RegistrationSequence = []
    for frame, *matrices in moved:
        item, one = Dataset(), Dataset()
        item.FrameOfReferenceUID = frame
        one.MatrixSequence = [matrix_item(matrix, kind) for matrix in matrices]
        item.MatrixRegistrationSequence = [one]
        dataset.RegistrationSequence.append(item)
    return dataset


@pytest.fixture
def through_file(write, tmp_path):
    def through(dataset, file="reg.dcm", *syntax):
        path = write(dataset, tmp_path / file, *syntax)
        assert recognise(path).kind is Kind.REG
        return read_registration(read_object(path)[0], file)

    return through


@pytest.mark.parametrize("syntax", [(), (ExplicitVRBigEndian,)])
def test_it_maps_the_other_frame_into_its_own(through_file, syntax):
    read_back = through_file(
        registration([(PLANNING, np.eye(4)), (PRIOR, QUARTER_TURN)]), "reg.dcm", *syntax
    )
    assert read_back.frame_of_reference_uid == PLANNING
    assert [frame for frame, _ in read_back.moved] == [PLANNING, PRIOR]
    forth = transform_between([read_back], PRIOR, PLANNING)
    back = transform_between([read_back], PLANNING, PRIOR)
    np.testing.assert_allclose(forth.apply(POINT), [8, 21, 33], atol=ROUNDING_MM)
    np.testing.assert_allclose(back.apply(np.array([8.0, 21, 33])), POINT, atol=ROUNDING_MM)


def test_one_frame_needs_no_registration():
    np.testing.assert_array_equal(transform_between([], PRIOR, PRIOR).apply(POINT), POINT)


HALF_TURN = np.diag([-1.0, -1, 1, 1])

ALONG_ITS_AXIS = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 100], [0, 0, 0, 1]])


def test_matrices_of_which_the_order_does_not_matter_multiply(through_file):
    read_back = through_file(registration([(PRIOR, HALF_TURN, ALONG_ITS_AXIS)]))
    expected = (HALF_TURN @ ALONG_ITS_AXIS @ [*POINT, 1])[:3]
    np.testing.assert_allclose(
        transform_between([read_back], PRIOR, PLANNING).apply(POINT), expected, atol=ROUNDING_MM
    )


def test_matrices_of_which_the_order_matters_are_refused(through_file):
    """PS3.3 C.20.2.1.1 gives an order, which is easily written the other way round."""
    read_back = through_file(registration([(PRIOR, SHIFT, QUARTER_TURN)]))
    assert not read_back.moved
    assert "2 matrices that come out 7.1 mm apart" in read_back.refusal
    with pytest.raises(NotEvaluable, match="export the registration as one matrix"):
        transform_between([read_back], PRIOR, PLANNING)


@pytest.mark.parametrize("in_one_object", [True, False])
def test_two_frames_registered_to_a_third(through_file, in_one_object):
    pairs = [(PRIOR, QUARTER_TURN), (MAGNETIC, SHIFT)]
    datasets = [registration(pairs)] if in_one_object else [registration([p]) for p in pairs]
    found = [through_file(dataset, f"{n}.dcm") for n, dataset in enumerate(datasets)]
    expected = (np.linalg.inv(SHIFT) @ QUARTER_TURN @ [*POINT, 1])[:3]
    np.testing.assert_allclose(
        transform_between(found, PRIOR, MAGNETIC).apply(POINT), expected, atol=ROUNDING_MM
    )


def test_no_way_between_the_frames(through_file):
    found = [through_file(registration([(PRIOR, QUARTER_TURN)]))]
    with pytest.raises(NotEvaluable, match="different frames of reference, and no registration"):
        transform_between(found, LONE, PLANNING)
    with pytest.raises(NotEvaluable, match="not named"):
        transform_between(found, "", PLANNING)


def shifted_by(x_mm):
    moved = QUARTER_TURN.copy()
    moved[0, 3] += x_mm
    return moved


@pytest.mark.parametrize(
    ("x_mm", "agree"), [(0.9 * AGREEMENT_MM, True), (1.1 * AGREEMENT_MM, False)]
)
@pytest.mark.parametrize("way", ["the same", "the other way round", "through a third"])
def test_registrations_that_contradict_each_other_are_named(through_file, x_mm, agree, way):
    other = {
        "the same": registration([(PRIOR, shifted_by(x_mm))], uid="1.2.10"),
        "the other way round": registration(
            [(PLANNING, np.linalg.inv(shifted_by(x_mm)))], own=PRIOR, uid="1.2.10"
        ),
        "through a third": registration(
            [(PRIOR, SHIFT @ shifted_by(x_mm)), (PLANNING, SHIFT)], own=MAGNETIC, uid="1.2.10"
        ),
    }[way]
    found = [
        through_file(registration([(PRIOR, QUARTER_TURN)]), "one.dcm"),
        through_file(other, "two.dcm"),
    ]
    if agree:
        moved = transform_between(found, PRIOR, PLANNING).apply(POINT)
        np.testing.assert_allclose(moved, [8, 21, 33], atol=ROUNDING_MM)
    else:
        with pytest.raises(NotEvaluable, match=r'contradict.*"one.dcm" and "two.dcm".*0\.6 mm'):
            transform_between(found, PRIOR, PLANNING)


def altered(change):
    dataset = registration([(PRIOR, QUARTER_TURN)])
    item = dataset.RegistrationSequence[0]
    change(dataset, item, item.MatrixRegistrationSequence[0].MatrixSequence[0])
    return dataset


def with_matrix(values):
    def change(dataset, item, matrix):
        matrix.FrameOfReferenceTransformationMatrix = values

    return change


IDENTITY = [f"{v:g}" for v in np.eye(4).ravel()]

REFUSED = {
    "RIGID_SCALE": (
        lambda d, i, m: setattr(m, "FrameOfReferenceTransformationMatrixType", "RIGID_SCALE"),
        "RIGID_SCALE",
    ),
    "AFFINE": (
        lambda d, i, m: setattr(m, "FrameOfReferenceTransformationMatrixType", "AFFINE"),
        "AFFINE",
    ),
    "no type": (
        lambda d, i, m: delattr(m, "FrameOfReferenceTransformationMatrixType"),
        "found nothing",
    ),
    "15 numbers": (with_matrix(IDENTITY[:15]), "expected 16 numbers.*found 15"),
    "no numbers": (with_matrix([]), "expected 16 numbers.*found 0"),
    "a scale": (with_matrix(["1.01", *IDENTITY[1:]]), "scales or shears"),
    "a reflection": (with_matrix(["-1", *IDENTITY[1:]]), "mirrors"),
    "a projection": (with_matrix([*IDENTITY[:12], "0.1", "0", "0", "1"]), "last row"),
    "no matrix": (
        lambda d, i, m: setattr(i.MatrixRegistrationSequence[0], "MatrixSequence", []),
        "at least one item",
    ),
    "no registration": (lambda d, i, m: delattr(i, "MatrixRegistrationSequence"), "found 0"),
    "no frame": (lambda d, i, m: delattr(i, "FrameOfReferenceUID"), "images alone"),
    "no frame of its own": (lambda d, i, m: delattr(d, "FrameOfReferenceUID"), "found none"),
    "no items": (lambda d, i, m: setattr(d, "RegistrationSequence", []), "at least one item"),
    "its own frame moved": (
        lambda d, i, m: setattr(i, "FrameOfReferenceUID", PLANNING),
        "its own frame of reference",
    ),
    "deformable": (
        lambda d, i, m: setattr(d, "SOPClassUID", DeformableSpatialRegistrationStorage),
        "deformable",
    ),
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_rigid_is_refused_by_name(through_file, change, reason):
    found = through_file(altered(change))
    assert found.moved == ()
    with pytest.raises(NotEvaluable, match=f'"reg.dcm" cannot be used: .*{reason}'):
        transform_between([found], PRIOR, PLANNING)


def deformable(uid="1.2.8"):
    dataset = registration([], uid=uid)
    dataset.SOPClassUID = DeformableSpatialRegistrationStorage
    dataset.DeformableRegistrationSequence = [Dataset()]
    dataset.DeformableRegistrationSequence[0].SourceFrameOfReferenceUID = PRIOR
    return dataset


@pytest.mark.parametrize(
    "other",
    [registration([(PRIOR, SHIFT)], uid="1.2.8", kind="AFFINE"), deformable()],
    ids=["affine", "deformable"],
)
def test_one_that_cannot_be_used_makes_one_of_the_same_frames_doubtful(through_file, other):
    """The rigid one may be the start that the other was made from, 40 mm away."""
    used = through_file(registration([(PRIOR, QUARTER_TURN)]))
    refused = through_file(other, "other.dcm")
    for both in ([used, refused], [refused, used]):
        for ends in ((PRIOR, PLANNING), (PLANNING, PRIOR)):
            with pytest.raises(NotEvaluable, match=r'so does "other.dcm", which cannot be used'):
                transform_between(both, *ends)
    # On a way through a third frame one of its two steps is enough.
    through = through_file(registration([(PRIOR, SHIFT)], own=MAGNETIC), "third.dcm")
    with pytest.raises(NotEvaluable, match=r'"other.dcm", which cannot be used'):
        transform_between([used, refused, through], MAGNETIC, PLANNING)
    # What joins other frames says nothing of these.
    aside = through_file(registration([(LONE, SHIFT)], kind="AFFINE"), "aside.dcm")
    np.testing.assert_allclose(
        transform_between([used, aside], PRIOR, PLANNING).apply(POINT), [8, 21, 33]
    )


@pytest.mark.parametrize("value", ["nan", "inf", "1_0", "1,0", "1e999", "", "1 2"])
def test_numbers_that_are_none(write, tmp_path, value):
    long = SHIFT.copy()
    long[2, 3] = 100.12345
    path = write(registration([(PRIOR, long)]), tmp_path / "reg.dcm")
    stored = path.read_bytes()
    assert stored.count(b"\\100.12345\\") == 1
    # of the same length, so that every element still ends where it says
    broken = b"\\" + value.encode().ljust(9) + b"\\"
    path.write_bytes(stored.replace(b"\\100.12345\\", broken))
    found = read_registration(read_object(path)[0], "reg.dcm")
    assert found.moved == ()
    assert "numbers in Frame of Reference Transformation Matrix" in found.refusal


def test_a_submission_holds_its_registrations(write, structure_set, tmp_path):
    write(structure_set({"Lung": []}), tmp_path / "rtss.dcm")
    write(registration([(PRIOR, QUARTER_TURN)]), tmp_path / "reg.dcm")
    submission = read(tmp_path)
    (found,) = submission.registrations
    assert found.file == "reg.dcm"
    assert [digest.kind for digest in submission.provenance] == ["REG", "RTSTRUCT"]
    assert submission.faults == ()
