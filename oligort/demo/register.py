"""The demo's clinical register: what DICOM cannot say of the synthetic patient."""

import json

from oligort.demo.anatomy import PRIMARY
from oligort.demo.cases import Case
from oligort.lesions.vocabulary import Organ

_PATIENT = """\
schema_version = 1
subject = {subject}
site = "DEMO"
arm = "local_therapy"
plan_kind = "screening"

[patient]
age_years = 61
ecog = 1

[disease]
oesophageal_squamous_cell_carcinoma = "yes"
polymetastatic_before = "no"
oligometastatic_before = "no"
primary_diagnosis_date = "2026-03-02"
oligometastasis_date = "2026-03-20"
under_systemic_therapy = "no"
any_lesion_progressive = "no"

[history]
disseminated_metastases = "no"
perforation_or_haemorrhage = "no"
progression_after_pd1 = "no"
in_field_recurrence = "no"
intolerance_of_chemotherapy_or_immunotherapy = "no"

[anatomy]
pneumonectomy = "no"
gtv_absent = "no"
"""

_LESION = """
[[lesions]]
id = "L{number}"
kind = "{kind}"
organ = "{organ}"
roi_names = [{roi_name}]
therapy = "radiotherapy"
pathology = "{pathology}"
size_mm = {size_mm}
size_method = "CT"
size_date = "2026-03-20"
"""


def register_text(case: Case) -> str:
    """Return the case's register in TOML: every answer given, every lesion listed.

    The primary and the first metastasis are the ones with pathology.
    """
    kinds = ["primary"] + ["distant"] * len(case.metastases)
    organs = [Organ.ESOPHAGUS] + [metastasis.organ for metastasis in case.metastases]
    sizes_mm = [2 * PRIMARY.radius_mm] + [m.diameter_mm for m in case.metastases]
    lesions = (
        _LESION.format(
            number=number,
            kind=kind,
            organ=organ.value,
            roi_name=_quoted(roi_name),
            pathology="yes" if number <= 2 else "no",
            size_mm=float(size_mm),
        )
        for number, (kind, organ, roi_name, size_mm) in enumerate(
            zip(kinds, organs, case.gross_tumour_names, sizes_mm, strict=True), 1
        )
    )
    return _PATIENT.format(subject=_quoted(case.subject)) + "".join(lesions)


def _quoted(text: str) -> str:
    return json.dumps(text)  # what JSON escapes, a TOML basic string reads back
