"""Writes a case as a planning system would export it, and its register beside it."""

from pathlib import Path

from pydicom.dataset import Dataset

from oligort.demo.cases import Case
from oligort.demo.ct import ct_images
from oligort.demo.register import register_text
from oligort.demo.rtdose import dose
from oligort.demo.rtplan import plan
from oligort.demo.rtstruct import structure_set


def write_case(case: Case, folder: Path) -> Path:
    """Write a case's DICOM files into a folder and its register beside the folder.

    Parameters
    ----------
    case : Case
        What to write; the same case gives the same bytes.
    folder : Path
        For the CT series, RTSTRUCT, RTPLAN and RTDOSE alone; made where it is missing, and must
        be empty, so that two cases never mix.

    Returns
    -------
    Path
        The register: ``<folder>.toml``, outside the folder that holds the patient's files.

    Raises
    ------
    FileExistsError
        If the folder holds anything.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"expected an empty folder to write the case to, found {folder}")
    images = list(ct_images(case))
    structures = structure_set(case, images)
    treatment = plan(case, structures)
    for number, image in enumerate(images, 1):
        _write(image, folder / f"CT_{number:03d}.dcm")
    _write(structures, folder / "RTSTRUCT.dcm")
    _write(treatment, folder / "RTPLAN.dcm")
    _write(dose(case, treatment), folder / "RTDOSE.dcm")
    register = folder.with_name(folder.name + ".toml")
    register.write_text(register_text(case), encoding="utf-8")
    return register


def _write(dataset: Dataset, path: Path) -> None:
    dataset.save_as(path, enforce_file_format=True)
