"""An object that lies in a folder twice, written in two ways, is one; what differs is told."""

import numpy as np
import pytest
from harmless import HARMLESS, as_written
from linked_export import image
from pydicom.dataset import Dataset
from small_export import OBJECTS, write_export

import oligort

ANOTHER = {"big endian", "another manufacturer"}
"""Of the harmless changes: numbers in another byte order, and another element."""


@pytest.fixture
def export(tmp_path):
    write_export(tmp_path)
    return tmp_path


def kept(folder):
    read = oligort.read(folder)
    objects = read.structure_sets, read.plans, read.doses
    return [len(kind) for kind in objects], [fault.reason for fault in read.faults]


@pytest.mark.parametrize("place", ["0", "z"])
@pytest.mark.parametrize("how", sorted(HARMLESS.keys() - ANOTHER))
def test_a_copy_in_another_encoding_is_the_same_object(how, place, export):
    for file, build in OBJECTS.items():
        (export / f"{place}{file}").write_bytes(HARMLESS[how](build()))
    assert kept(export) == ([1, 1, 1], [])


@pytest.mark.parametrize("how", sorted(ANOTHER))
def test_what_may_differ_is_told(how, export):
    (export / "z.dcm").write_bytes(HARMLESS[how](OBJECTS["RD.dcm"]()))
    objects, (reason,) = kept(export)
    assert objects == [1, 1, 2]
    assert "two different objects share one SOP Instance UID" in reason


def scaled(dose):
    dose.DoseGridScaling = "0.0010001"
    return dose


def one_bit(dose):
    dose.PixelData = dose.PixelData[:-1] + bytes([dose.PixelData[-1] ^ 1])
    return dose


def moved(drawn):
    data = drawn.ROIContourSequence[4].ContourSequence[-1].ContourData
    data[-1] = str(float(data[-1]) + 0.01)
    return drawn


def without_a_contour(drawn):
    del drawn.ROIContourSequence[4].ContourSequence[-1]
    return drawn


def with_an_unknown_sequence(plan, said="A"):
    """A sequence of undefined length that no dictionary knows."""
    item = Dataset()
    item.PatientID = said
    plan.add_new(0x300A9998, "SQ", [item])
    plan[0x300A9998].is_undefined_length = True
    return plan


@pytest.mark.parametrize(
    ("altered", "file"),
    [
        (scaled, "RD.dcm"),
        (one_bit, "RD.dcm"),
        (moved, "RS.dcm"),
        (without_a_contour, "RS.dcm"),
        (with_an_unknown_sequence, "RP.dcm"),
    ],
)
def test_the_least_difference_makes_two_objects(altered, file, export):
    implicit = HARMLESS["implicit little endian"]
    (export / "0.dcm").write_bytes(implicit(altered(OBJECTS[file]())))
    objects, (reason,) = kept(export)
    assert sum(objects) == 4
    assert "two different objects share one SOP Instance UID" in reason


def test_a_sequence_that_nobody_knows_is_not_compared(export):
    (export / "RP.dcm").write_bytes(as_written(with_an_unknown_sequence(OBJECTS["RP.dcm"]())))
    other = with_an_unknown_sequence(OBJECTS["RP.dcm"](), "B")
    (export / "z.dcm").write_bytes(as_written(other))
    assert kept(export)[0] == [1, 2, 1]


def test_a_third_file_is_held_against_both_before(export):
    implicit = HARMLESS["implicit little endian"]
    (export / "z1.dcm").write_bytes(implicit(scaled(OBJECTS["RD.dcm"]())))
    (export / "z2.dcm").write_bytes(implicit(OBJECTS["RD.dcm"]()))
    (export / "z3.dcm").write_bytes(as_written(scaled(OBJECTS["RD.dcm"]())))
    objects, reasons = kept(export)
    assert objects == [1, 1, 2]
    assert len(reasons) == 1


def test_images_in_two_encodings_double_no_plane(export):
    planes_mm = np.arange(-100.0, 101.0, 5.0)
    for number, z_mm in enumerate(planes_mm):
        (export / f"a{number}.dcm").write_bytes(as_written(image(z_mm, number)))
        again = HARMLESS["implicit little endian"](image(z_mm, number))
        (export / f"b{number}.dcm").write_bytes(again)
    read = oligort.read(export)
    assert read.faults == ()
    assert [one.positions_mm for one in read.images] == [tuple(planes_mm)]


def test_images_that_lie_elsewhere_are_two(export):
    (export / "a.dcm").write_bytes(as_written(image(5.0, 1)))
    (export / "b.dcm").write_bytes(HARMLESS["implicit little endian"](image(10.0, 1)))
    read = oligort.read(export)
    assert [len(one.positions_mm) for one in read.images] == [2]
    assert len(read.faults) == 1
