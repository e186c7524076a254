"""Elements that stand twice in one object: refused where they differ, harmless where not."""

import struct

import pytest
from harmless import HARMLESS, as_written
from linked_export import image
from small_export import dose, plan, structures

from oligort.dicom.read import read
from oligort.errors import DicomError


def element(tag, vr, value):
    """Return an element in explicit little endian."""
    value += b" " * (len(value) % 2)
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + struct.pack("<H", len(value)) + value


SCALING, UNITS = 0x3004000E, 0x30040002
NAME, INSTITUTION = 0x00100010, 0x00080080
CONTOUR_DATA, ROI_NAME, DOSE = 0x30060050, 0x30060026, 0x300A0026
FRACTIONS, BEAM_DOSE, POSITION = 0x300A0078, 0x300A0084, 0x00200032


def submission(tmp_path, **files):
    """Read files of the names; the dose is whole unless given."""
    for name, encoded in {"RD": as_written(dose()), **files}.items():
        (tmp_path / f"{name}.dcm").write_bytes(encoded)
    return read(tmp_path)


def fault_of(tmp_path, **files):
    """Return the one fault among the files."""
    (fault,) = submission(tmp_path, **files).faults
    return fault.reason


def ahead(encoded, begin):
    """Return a file with an element before all others."""
    behind_meta = 144 + int.from_bytes(encoded[140:144], "little")
    return encoded[:behind_meta] + begin + encoded[behind_meta:]


def inserted(dataset, tag, again):
    """Return a file without stated lengths, with an element before the first of a tag."""
    encoded = HARMLESS["sequences of undefined length"](dataset)
    place = encoded.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
    return encoded[:place] + again + encoded[place:]


@pytest.mark.parametrize(
    ("tag", "vr", "value", "named"),
    [
        (SCALING, b"DS", b"0.00085", "Dose Grid Scaling (3004,000E)"),
        (UNITS, b"CS", b"RELATIVE", "Dose Units (3004,0002)"),
        (POSITION, b"DS", b"0\\0\\0", "Image Position (Patient) (0020,0032)"),
    ],
)
def test_a_dose_that_says_two_things_of_one_element_is_refused(tmp_path, tag, vr, value, named):
    again = element(tag, vr, value)
    drawn = as_written(structures())
    for repeated in (ahead(as_written(dose()), again), as_written(dose()) + again):
        reason = fault_of(tmp_path, RS=drawn, RD=repeated)
        assert reason.startswith(f"expected {named} once, found it twice with different values")
        assert value.decode() not in reason


def test_file_meta_information_that_says_two_things_is_refused(tmp_path):
    whole = as_written(dose())
    for uid, is_the_same in ((b"1.2.840.10008.1.2\0", False), (b"1.2.840.10008.1.2.1\0", True)):
        again = element(0x00020010, b"UI", uid)
        stated = int.from_bytes(whole[140:144], "little")
        encoded = whole[:140] + (stated + len(again)).to_bytes(4, "little")
        encoded += again + whole[144:]
        files = {"RS": as_written(structures()), "RD": encoded}
        if is_the_same:
            assert not submission(tmp_path, **files).faults
        else:
            assert "Transfer Syntax UID (0002,0010) once" in fault_of(tmp_path, **files)


def test_what_stands_behind_something_unusual_is_seen_as_well(tmp_path):
    # A private element of undefined length that holds no items: the reader seeks its delimiter.
    head = struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, 0xFFFFFFFF)
    end = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 10**6)
    again = element(SCALING, b"DS", b"0.00085")
    encoded = ahead(as_written(dose()), head + item + bytes(6) + end) + again
    (read_of_it,) = submission(tmp_path, RS=as_written(structures()), RD=encoded).doses
    assert read_of_it.grid is None


def test_what_is_repeated_with_the_same_value_is_harmless(tmp_path):
    scaling = element(SCALING, b"DS", str(dose().DoseGridScaling).encode() + b"  ")
    read_twice = submission(tmp_path, RD=ahead(as_written(dose()) + scaling, scaling))
    assert not read_twice.faults
    assert len(read_twice.doses) == 1


@pytest.mark.parametrize(
    ("build", "tag", "vr", "value", "named"),
    [
        (
            structures,
            CONTOUR_DATA,
            b"DS",
            b"0\\0\\0",
            "Contour Data (3006,0050) once in an item",
        ),
        (structures, ROI_NAME, b"LO", b"GTVp", "ROI Name (3006,0026) once in an item of Structure"),
        (plan, FRACTIONS, b"IS", b"1", "Planned (300A,0078) once in an item of Fraction Group"),
        (plan, DOSE, b"DS", b"1", "Target Prescription Dose (300A,0026) once in an item of Dose"),
    ],
)
def test_an_item_that_says_two_things_of_one_element_refuses_its_object(
    tmp_path, build, tag, vr, value, named
):
    assert named in fault_of(tmp_path, other=inserted(build(), tag, element(tag, vr, value)))


def test_items_of_stated_length_are_looked_at_as_well(tmp_path):
    # The number of points becomes a second geometric type: no length changes.
    points, geometric_type = (struct.pack("<HH", 0x3006, low) for low in (0x46, 0x42))
    encoded = as_written(structures()).replace(points + b"IS", geometric_type + b"IS")
    assert "Contour Geometric Type (3006,0042) once in an item" in fault_of(tmp_path, RS=encoded)
    number, name = (struct.pack("<HH", 0x3006, low) for low in (0x22, 0x26))
    encoded = as_written(structures()).replace(number + b"IS", name + b"IS")
    assert "ROI Name (3006,0026) once in an item" in fault_of(tmp_path, RS=encoded)


def test_a_contour_repeated_as_it_is_stays(tmp_path):
    data = structures().ROIContourSequence[0].ContourSequence[0].ContourData
    again = element(CONTOUR_DATA, b"DS", "\\".join(map(str, data)).encode())
    twice = submission(tmp_path, RS=inserted(structures(), CONTOUR_DATA, again))
    once = submission(tmp_path, RS=as_written(structures()))
    assert not twice.faults
    drawn = [repr(one.structure_sets[0].structures) for one in (once, twice)]
    assert drawn[0] == drawn[1]


def test_an_image_that_says_two_things_of_one_element_is_refused(tmp_path):
    slice_ = as_written(image(0.0, 1))
    again = element(POSITION, b"DS", b"0\\0\\5")
    for repeated in (ahead(slice_, again), slice_ + again):
        assert "Image Position (Patient) (0020,0032)" in fault_of(tmp_path, CT=repeated)


@pytest.mark.parametrize("build", [dose, lambda: image(0.0, 1)])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_name_that_another_hides_is_identity_left_and_masked(tmp_path, build, is_first):
    named = element(NAME, b"PN", b"Musterfrau^Berta")
    encoded = as_written(build())
    encoded = ahead(encoded, named) if is_first else encoded + named
    (tmp_path / "Musterfrau.dcm").write_bytes(encoded)
    found = submission(tmp_path)
    assert [fault.file for fault in found.faults] == ["***.dcm"]
    assert "Patient's Name (0010,0010)" in found.faults[0].reason
    assert "PatientName" in {left.keyword for left in found.identity_left}
    assert "Musterfrau" not in repr(found.faults)


def test_an_institution_that_an_empty_one_hides_is_identity_left(tmp_path):
    twice = element(INSTITUTION, b"LO", b"Charite"), element(INSTITUTION, b"LO", b"")
    found = submission(tmp_path, RP=as_written(plan()) + b"".join(twice))
    assert "InstitutionName" in {left.keyword for left in found.identity_left}


@pytest.mark.parametrize("how", HARMLESS)
def test_no_encoding_and_no_order_of_elements_is_taken_for_a_repeat(tmp_path, how):
    files = {"RS": structures(), "RP": plan(), "RD": dose(), "CT": image(0.0, 1)}
    found = submission(tmp_path, **{name: HARMLESS[how](one) for name, one in files.items()})
    assert not found.faults


def test_a_file_of_one_object_that_is_refused_tells_why(tmp_path):
    (tmp_path / "RD.dcm").write_bytes(as_written(dose()) + element(SCALING, b"DS", b"2"))
    with pytest.raises(DicomError, match=r"Dose Grid Scaling \(3004,000E\) once"):
        read(tmp_path)


NUMBER_OF_BEAMS = 0x300A0080


def test_an_element_that_is_longer_than_its_item_hides_nothing_in_silence(tmp_path):
    """Of ten fractions one was left, of the beams none: the rest of the group went into nothing."""
    encoded = as_written(plan())
    place = encoded.index(struct.pack("<HH", NUMBER_OF_BEAMS >> 16, NUMBER_OF_BEAMS & 0xFFFF))
    longer = encoded[place : place + 6] + b"\xf0\0"
    delimiter = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
    for head in (b"\x31M\x870\x8etQ\0", longer, delimiter):
        damaged = encoded[:place] + head + encoded[place + 8 :]
        reason = fault_of(tmp_path, RS=as_written(structures()), RP=damaged)
        assert "the items of Fraction Group Sequence (300A,0070) to hold whole elements" in reason


def test_a_delimiter_before_the_end_hides_no_item_in_silence(tmp_path):
    dataset = plan()
    dataset.DoseReferenceSequence.append(dataset.DoseReferenceSequence[0])
    encoded = as_written(dataset)
    item = struct.pack("<HH", 0xFFFE, 0xE000)
    first = encoded.index(item)
    assert encoded[first - 12 : first - 8] == struct.pack("<HH", 0x300A, 0x0010)
    second = encoded.index(item, first + 4)
    delimiter = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    damaged = encoded[:second] + delimiter + encoded[second + 8 :]
    reason = fault_of(tmp_path, RS=as_written(structures()), RP=damaged)
    assert "the items of Dose Reference Sequence (300A,0010) to hold whole elements" in reason


def test_a_private_sequence_that_ends_within_an_element_is_nobodys(tmp_path):
    inner = element(SCALING, b"DS", b"0.00085")
    cut = inner[:-4]
    item = struct.pack("<HHL", 0xFFFE, 0xE000, len(cut)) + cut
    private = struct.pack("<HH2sHL", 0x0009, 0x1001, b"SQ", 0, len(item)) + item
    encoded = ahead(as_written(dose()), private)
    assert not submission(tmp_path, RS=as_written(structures()), RD=encoded).faults
