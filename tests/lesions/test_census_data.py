"""The census on real structure sets, read here with pydicom alone."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from oligort.geometry.components import parts
from oligort.geometry.structure import Contour, Structure
from oligort.lesions.census import census
from oligort.lesions.lesion import Count
from oligort.lesions.vocabulary import Role


def structures_of(path: Path) -> list[Structure]:
    dataset = pydicom.dcmread(path, force=True)
    types = {
        item.ReferencedROINumber: item.get("RTROIInterpretedType") or ""
        for item in dataset.get("RTROIObservationsSequence", [])
    }
    contours = {
        item.ReferencedROINumber: tuple(
            Contour(np.array(loop.ContourData, float).reshape(-1, 3), loop.ContourGeometricType)
            for loop in item.get("ContourSequence", [])
            if "ContourData" in loop
        )
        for item in dataset.ROIContourSequence
    }
    return [
        Structure(
            item.ROINumber,
            item.ROIName,
            contours.get(item.ROINumber, ()),
            types.get(item.ROINumber, ""),
        )
        for item in dataset.StructureSetROISequence
    ]


def test_two_contourings_of_one_primary(test_data):
    found = census(structures_of(test_data / "rider_two_contourings" / "RTSTRUCT.dcm"))
    assert {lesion.role for lesion in found} == {Role.GTV_PRIMARY}
    assert (len(found), found.count) == (2, Count(0, 0))
    # The data's own description: a Dice of about 0.915.
    assert any("Dice 0.91" in note for note in found.notes)


@pytest.mark.filterwarnings("ignore::UserWarning")  # the file has no preamble and odd values
def test_targets_without_gross_tumour_give_no_lesion(test_data):
    (path,) = (test_data / "lung_sbrt").glob("RS.*.dcm")
    structures = structures_of(path)
    found = census(structures)
    assert (len(found), found.count) == (0, Count(0, 0))
    assert {"PTV_LN", "PTV_PRIMARY", "PTV_TOTAL", "D2CM LN", "SC PRV"} <= {
        exclusion.roi_name for exclusion in found.excluded
    }
    gap = census(structures, roi_names=["PTV_LN"])
    assert len(gap) == 2  # a gap of 9 mm parts it


def test_an_organ_typed_gtv_leaves_a_doubt_and_a_tumour_bed_none(test_data):
    found = census(structures_of(test_data / "breast_boost" / "rtss.dcm"))
    assert (len(found), found.count) == (0, Count(0, 1))
    assert sum("interpreted type GTV" in note for note in found.notes) == 1
    assert [one.roi_name for one in found.excluded if one.may_be_metastasis] == ["Breast"]


def test_every_solid_is_one_part(test_data):
    files = sorted((test_data / "nelms2015" / "structures").glob("*.dcm"))
    solids = [s for path in files for s in structures_of(path) if not s.is_empty]
    assert len(solids) == 30
    assert {len(parts(solid)) for solid in solids} == {1}
