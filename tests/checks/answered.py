"""A register in which everything is answered as the trial asks, for tests of several folders."""

from typing import Any

REGISTER: dict[str, Any] = {
    "schema_version": 1,
    "subject": "PT-1",
    "arm": "local_therapy",
    "plan_kind": "screening",
    "patient": {"age_years": 61, "ecog": 1},
    "disease": {
        "oesophageal_squamous_cell_carcinoma": "yes",
        "polymetastatic_before": "no",
        "oligometastatic_before": "no",
        "primary_diagnosis_date": "2026-03-02",
        "oligometastasis_date": "2026-03-20",
        "under_systemic_therapy": "no",
        "any_lesion_progressive": "no",
    },
    "history": {
        "disseminated_metastases": "no",
        "perforation_or_haemorrhage": "no",
        "progression_after_pd1": "no",
        "in_field_recurrence": "no",
        "intolerance_of_chemotherapy_or_immunotherapy": "no",
    },
    "anatomy": {"pneumonectomy": "no", "gtv_absent": "no"},
    "lesions": [
        {
            "id": "L1",
            "kind": "distant",
            "organ": "Lungs",
            "roi_names": ["GTVm01_Lung_L"],
            "therapy": "radiotherapy",
            "pathology": "yes",
            "size_mm": 28.3,
        }
    ],
}
