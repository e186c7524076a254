"""Media in a batch: what an index lists and is missing, or is no object, is told as by a check."""

import warnings
import zipfile
from pathlib import Path

import pytest
from many_exports import template, write_exports
from pydicom.dataset import Dataset
from pydicom.uid import MediaStorageDirectoryStorage
from small_export import write

import oligort
from oligort.finding import Finding

TEXT = "<html>403 Forbidden</html>"


def write_index(folder: Path, *file_ids: str) -> None:
    """Write an index of a medium that lists files, components apart by "/"."""
    index = Dataset()
    index.SOPClassUID, index.SOPInstanceUID = MediaStorageDirectoryStorage, "1.2.77"
    index.DirectoryRecordSequence = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no medium has names with a suffix
        for file_id in file_ids:
            record = Dataset()
            record.ReferencedFileID = file_id.split("/")
            index.DirectoryRecordSequence.append(record)
        write(index, folder / "DICOMDIR")


def on_media(report: oligort.Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.code == "OL001"]


@pytest.mark.parametrize("place", ["RD2", "DEEP/RD2"])
@pytest.mark.parametrize("content", [TEXT, None])
def test_what_an_index_lists_and_is_none_is_told_as_by_a_check(tmp_path, place, content):
    (folder,) = write_exports(tmp_path / "root", range(1))
    for file in template():
        (folder / file).rename(folder / file.removesuffix(".dcm"))
    if content:
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(content)
    write_index(folder, *(file.removesuffix(".dcm") for file in template()), place)
    (report,) = oligort.check_all(tmp_path / "root")
    alone = oligort.check(oligort.read(folder))
    assert on_media(report) == on_media(alone)
    assert any(place.split("/")[-1] in finding.message for finding in on_media(report))


def test_so_is_it_in_an_archive(tmp_path):
    (folder,) = write_exports(tmp_path / "medium", range(1))
    (folder / "RD2").write_text(TEXT)
    write_index(folder, *template(), "RD2")
    (tmp_path / "root").mkdir()
    with zipfile.ZipFile(tmp_path / "root" / "medium.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    (report,) = oligort.check_all(tmp_path / "root")
    assert any("RD2" in finding.message for finding in on_media(report))
