"""The pixels of one image, held against images whose every value is known."""

import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

import oligort
from oligort.demo.cases import WITHIN_PROTOCOL
from oligort.demo.ct import PIXEL_MM, ct_images, hounsfield
from oligort.dicom import pixels
from oligort.dicom.pixels import nearest_image, read_plane
from oligort.errors import DicomError
from oligort.objects import ImageSeries, ImageSource

PLACES = (30, 31, 33)


@pytest.fixture(scope="module")
def hu() -> np.ndarray:
    return hounsfield(WITHIN_PROTOCOL)


@pytest.fixture
def images() -> list[Dataset]:
    return [image for place, image in enumerate(ct_images(WITHIN_PROTOCOL)) if place in PLACES]


def written(images: list[Dataset], folder: Path) -> Path:
    for number, image in enumerate(images):
        image.save_as(folder / f"{9 - number}.dcm", enforce_file_format=True)
    return folder


def series_of(folder: Path) -> ImageSeries:
    (series,) = oligort.read(folder).images
    return series


def test_each_position_leads_to_its_own_image(
    tmp_path: Path, images: list[Dataset], hu: np.ndarray
) -> None:
    series = series_of(written(images, tmp_path))
    for place, position_mm in zip(PLACES, series.positions_mm, strict=True):
        source, at_mm = nearest_image(series, position_mm + 0.3)
        assert at_mm == position_mm
        np.testing.assert_array_equal(read_plane(source).values.T, hu[place])


def test_a_pixel_lies_where_the_header_says(tmp_path: Path, images: list[Dataset]) -> None:
    plane = read_plane(series_of(written(images, tmp_path)).sources[1])
    first = [float(value) for value in images[1].ImagePositionPatient]
    at = plane.grid.to_patient(np.array([[5.0, 7.0, 0.0]]))[0]
    np.testing.assert_allclose(at, np.add(first, [5 * PIXEL_MM, 7 * PIXEL_MM, 0]))


def test_an_image_of_a_zip_is_read_when_the_folder_it_was_unpacked_to_is_gone(
    tmp_path: Path, images: list[Dataset], hu: np.ndarray
) -> None:
    (tmp_path / "plain").mkdir()
    written(images, tmp_path / "plain")
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("export")
        archive.writestr("export/readme.txt", "nothing")
        for path in sorted((tmp_path / "plain").iterdir()):
            archive.write(path, f"export/{path.name}")
    series = series_of(tmp_path / "export.zip")
    for source, place in zip(series.sources, PLACES, strict=True):
        np.testing.assert_array_equal(read_plane(source).values.T, hu[place])
    (tmp_path / "export.zip").unlink()
    with pytest.raises(DicomError, match="cannot be read any more"):
        read_plane(series.sources[0])


@pytest.mark.parametrize("signed", [False, True])
def test_bits_beyond_those_in_use_are_no_part_of_a_value(
    tmp_path: Path, images: list[Dataset], signed: bool
) -> None:
    image = images[0]
    wanted = np.arange(128 * 128, dtype=np.int16).reshape(128, 128) % 2000
    wanted = wanted - 1000 if signed else wanted
    stored = wanted.astype("<i2").view("<u2") & 0x0FFF
    image.PixelData = (stored | 0xA000).astype("<u2").tobytes()
    image.PixelRepresentation = int(signed)
    image.RescaleIntercept, image.RescaleSlope = 0, 2
    plane = read_plane(series_of(written([image], tmp_path)).sources[0])
    np.testing.assert_array_equal(plane.values.T, 2.0 * wanted)


def test_the_demo_in_rle_shows_the_same_values(
    tmp_path: Path, images: list[Dataset], hu: np.ndarray
) -> None:
    images[0].compress(pydicom.uid.RLELossless)
    plane = read_plane(series_of(written(images[:1], tmp_path)).sources[0])
    np.testing.assert_array_equal(plane.values.T, hu[PLACES[0]])


def test_what_cannot_be_decoded_has_its_reason(tmp_path: Path, images: list[Dataset]) -> None:
    image = images[0]
    image.PixelData = encapsulate([b"\xff\xd8nothing that any decoder knows"])
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = JPEGLSLossless
    series = series_of(written([image], tmp_path))
    with pytest.raises(DicomError, match=r"compressed .* cannot be decoded here"):
        read_plane(series.sources[0])


def test_another_image_in_its_place_is_refused(tmp_path: Path, images: list[Dataset]) -> None:
    series = series_of(written(images, tmp_path))
    images[0].save_as(series.sources[1].path, enforce_file_format=True)
    with pytest.raises(DicomError, match="not the one that was read before"):
        read_plane(series.sources[1])


def test_truncated_pixels_are_refused(tmp_path: Path, images: list[Dataset]) -> None:
    series = series_of(written(images, tmp_path))
    path = series.sources[0].path
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(DicomError, match="truncated"):
        read_plane(series.sources[0])


def test_what_is_too_large_is_not_begun(
    tmp_path: Path, images: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = series_of(written(images, tmp_path)).sources[0]
    monkeypatch.setattr(pixels, "MAX_PIXELS", 100)
    with pytest.raises(DicomError, match="128 x 128 pixels is more"):
        read_plane(source)
    monkeypatch.setattr(pixels, "MAX_IMAGE_BYTES", 100)
    with pytest.raises(DicomError, match="more than is read for a picture"):
        read_plane(source)


def test_a_series_without_sources_says_so() -> None:
    series = ImageSeries("1.2", "CT", positions_mm=(0.0,))
    with pytest.raises(DicomError, match="not known"):
        nearest_image(series, 0.0)


def test_a_path_never_shows_itself() -> None:
    assert "Doe" not in repr(ImageSource("1.2", Path("/export/Doe^John.dcm")))


def test_real_images_have_plausible_values(test_data: Path) -> None:
    folder = test_data / "breast_boost"
    (series,) = oligort.read(folder).images
    plane = read_plane(series.sources[0])
    ct = pydicom.dcmread(folder / "ct.0.dcm")
    expected = ct.pixel_array * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    np.testing.assert_array_equal(plane.values.T, expected)
