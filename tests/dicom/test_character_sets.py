"""ROI names in the character sets that departments write, from a file to role, organ and side."""

import unicodedata

import pytest

from oligort.dicom.read import read
from oligort.lesions.vocabulary import Organ, Role, Side

CHINESE = {
    "GTV肝转移1": (Role.GTV_METASTASIS, Organ.LIVER, None),
    "双肺-GTV": (Role.ORGAN, Organ.LUNGS, Side.BOTH),
    "左肾上腺": (Role.ORGAN, Organ.ADRENALS, Side.LEFT),
    "脊髓PRV": (Role.HELPER, Organ.SPINAL_CORD, None),
    "食管原发灶": (Role.GTV_PRIMARY, Organ.ESOPHAGUS, None),
    "外轮廓": (Role.EXTERNAL, None, None),
}
FULL_WIDTH = {
    "ＧＴＶｍ０１＿肺": (Role.GTV_METASTASIS, Organ.LUNGS, None),
    "双肺－ＧＴＶ": (Role.ORGAN, Organ.LUNGS, Side.BOTH),
}
WESTERN = {
    "Œsophage".replace("Œ", "Oe"): (Role.ORGAN, Organ.ESOPHAGUS, None),
    "Ösophagus": (Role.ORGAN, Organ.ESOPHAGUS, None),
    "Tête fémorale G": (Role.ORGAN, Organ.BONE, Side.LEFT),
    "Riñón dcho": (Role.ORGAN, Organ.KIDNEYS, Side.RIGHT),
    "GTV hígado": (Role.GTV_METASTASIS, Organ.LIVER, None),
    "Rückenmark": (Role.ORGAN, Organ.SPINAL_CORD, None),
    "Hjärta": (Role.ORGAN, Organ.HEART, None),
    "Spiserør": (Role.ORGAN, Organ.ESOPHAGUS, None),
}
UNICODE = {
    "Œsophage": (Role.ORGAN, Organ.ESOPHAGUS, None),
    "Lungs–GTV": (Role.ORGAN, Organ.LUNGS, Side.BOTH),
    "Lungs−PTV": (Role.ORGAN, Organ.LUNGS, Side.BOTH),
}

IR_58 = ["", "ISO 2022 IR 58"]

WRITTEN = [
    ("ISO_IR 192", CHINESE | FULL_WIDTH | WESTERN | UNICODE),
    ("GB18030", CHINESE | FULL_WIDTH | WESTERN | UNICODE),
    ("GBK", CHINESE | FULL_WIDTH),
    (IR_58, CHINESE | FULL_WIDTH),
    ("ISO_IR 100", WESTERN),
]


def escaped(name):
    """The bytes of ISO 2022 IR 58: the escape sequence stands before the first Chinese text."""
    first = next(n for n, character in enumerate(name) if ord(character) > 0x7F)
    return name[:first].encode() + b"\x1b$)A" + name[first:].encode("gb2312")


def read_names(folder, write, structure_set, character_set, names):
    # pydicom writes ISO 2022 IR 58 without its escape sequence: the bytes are put in afterwards.
    encoded = {name: escaped(name) for name in names} if character_set == IR_58 else {}
    stand_ins = {name: f"{n}" * len(encoded[name]) for n, name in enumerate(encoded)}
    dataset = structure_set({stand_ins.get(name, name): None for name in names})
    dataset.SpecificCharacterSet = character_set
    path = write(dataset, folder / "rtss.dcm")
    for name, stand_in in stand_ins.items():
        path.write_bytes(path.read_bytes().replace(stand_in.encode(), encoded[name]))
    submission = read(folder)
    assert submission.faults == ()
    return {s.roi_name: submission.roi_names[s] for s in submission.structure_set}


@pytest.mark.parametrize(("character_set", "expected"), WRITTEN, ids=lambda value: str(value)[:20])
def test_names_are_read_in_every_character_set(
    tmp_path, write, structure_set, character_set, expected
):
    found = read_names(tmp_path, write, structure_set, character_set, expected)
    assert {name: (it.role, it.organ, it.side) for name, it in found.items()} == expected


def test_accents_as_characters_of_their_own_are_the_same_names(tmp_path, write, structure_set):
    apart = {unicodedata.normalize("NFD", name): found for name, found in WESTERN.items()}
    assert sum(name not in WESTERN for name in apart) >= 6
    found = read_names(tmp_path, write, structure_set, "ISO_IR 192", apart)
    assert [(it.role, it.organ, it.side) for it in found.values()] == list(apart.values())


def test_a_name_whose_characters_are_lost_is_not_guessed(tmp_path, write, structure_set):
    dataset = structure_set({"GTV\u8089": None})
    dataset.SpecificCharacterSet = "ISO_IR 192"
    path = write(dataset, tmp_path / "rtss.dcm")
    whole = "GTV\u8089".encode()
    path.write_bytes(path.read_bytes().replace(whole, whole[:-1] + b" "))  # no valid UTF-8
    submission = read(tmp_path)
    (name,) = submission.roi_names.values()
    assert (name.role, name.evidence) == (Role.UNKNOWN, "characters of the ROI name are lost")
    assert submission.faults


def test_chinese_bytes_in_a_file_of_another_character_set_make_no_gross_tumour(
    tmp_path, write, structure_set
):
    """The lungs without the GTV, written in GBK by a system that declares ISO_IR 100."""
    dataset = structure_set({"\u53cc\u80ba-GTV".encode("gbk").decode("latin-1"): None})
    dataset.SpecificCharacterSet = "ISO_IR 100"
    write(dataset, tmp_path / "rtss.dcm")
    (name,) = read(tmp_path).roi_names.values()
    assert name.role is Role.UNKNOWN


MISSPELT = [
    pytest.param(b"ISO-IR 100", id="misspelt"),
    pytest.param(b"ISO_IR 999", id="unknown"),
    pytest.param(b"GB18030\\XX", id="with an extension"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("declared", MISSPELT)
@pytest.mark.parametrize(
    ("roi_name", "is_told"), [("Lung_L", False), ("L\xe9sion", True), ("L\x1b$B1", True)]
)
def test_a_character_set_that_is_none_is_told_where_text_needs_it(
    declared, roi_name, is_told, tmp_path, write, structure_set
):
    dataset = structure_set({"Heart": None, roi_name: None})
    dataset.SpecificCharacterSet = "ISO_IR 100"
    path = write(dataset, tmp_path / "rtss.dcm")
    assert path.read_bytes().count(b"ISO_IR 100") == 1
    path.write_bytes(path.read_bytes().replace(b"ISO_IR 100", declared))
    faults = [fault.reason for fault in read(tmp_path).faults]
    assert len(faults) == is_told
    assert all("does not fit the character set" in reason for reason in faults)
