"""Questions: what each key of the register asks, in words; for the template and the JSON Schema."""

from collections.abc import Mapping

QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "Register": {
        "schema_version": "Version of this form.",
        "subject": "The trial's own id of the patient; no name, birth date or hospital id.",
        "site": "The trial's own id of the site.",
        "arm": "Arm of the trial; none before randomisation.",
        "plan_kind": "What the plan in the submission is for (X6, and doses in the arm without "
        "local therapy).",
        "courses": "Labels or UIDs of the plans that are all courses of the patient; their doses "
        "are added.",
        "screening_plans": "Labels or UIDs of plans that are for screening.",
        "delivered_plans": "Labels or UIDs of plans that were delivered.",
        "patient": "The patient at enrolment.",
        "disease": "Histology, and what the ESTRO-EORTC decision tree asks (I4, X1).",
        "history": "What excludes a patient.",
        "anatomy": "What explains a structure that is not there.",
        "lesions": "Every known lesion, drawn or not: the primary, regional nodes and metastases.",
    },
    "Patient": {
        "age_years": "Age at enrolment in whole years (I1); else Patient's Age in the files.",
        "ecog": "ECOG performance status, 0 to 5 (I2).",
    },
    "Disease": {
        "oesophageal_squamous_cell_carcinoma": "Is it oesophageal squamous cell carcinoma (I3)?",
        "polymetastatic_before": "Was there polymetastatic disease before (induced: I4, X1)?",
        "oligometastatic_before": "Was there oligometastatic disease before (yes is repeat)?",
        "primary_diagnosis_date": "When was the primary diagnosed?",
        "oligometastasis_date": "When was the oligometastatic disease found?",
        "under_systemic_therapy": "Was the patient under active systemic therapy then?",
        "any_lesion_progressive": "Was any lesion progressive then?",
    },
    "History": {
        "disseminated_metastases": "Is there a history of disseminated metastases (X1)?",
        "perforation_or_haemorrhage": "Is there oesophageal perforation or haemorrhage (X2)?",
        "progression_after_pd1": "Was there progression after a PD-1 inhibitor (X3)?",
        "in_field_recurrence": "Is there a recurrence in the field of earlier radiotherapy (X4)?",
        "intolerance_of_chemotherapy_or_immunotherapy": "Is there intolerance of chemotherapy or "
        "immunotherapy (X5)?",
    },
    "Anatomy": {
        "pneumonectomy": "Was a lung removed? Only then lung V20 may be that of one lung.",
        "gtv_absent": "Is there no gross tumour to subtract from the lungs?",
    },
    "RegisterLesion": {
        "id": "The trial's own name of the lesion, once per register.",
        "kind": "The primary, a regional node, or a distant metastasis; only distant ones count.",
        "organ": "The organ group that it is counted in (I4ii).",
        "side": "Which of a pair, where the protocol takes the two for two organs.",
        "station": "Nodal station, in the words of the trial.",
        "roi_names": "The ROIs that are drawn for it, spelt as in the structure set; [] for none.",
        "therapy": "The local therapy that it got or is to get.",
        "no_therapy_reason": "Why it gets none.",
        "pathology": "Was it proven by pathology (I5)?",
        "size_mm": "Longest diameter at baseline in the axial plane, in mm (I4iii).",
        "short_axis_mm": "Its short axis, in mm, where the protocol measures nodes by it.",
        "maximum_3d_mm": "Its largest diameter in 3D, in mm, where the protocol goes by that.",
        "size_method": "How it was measured: CT, MRI, PET-CT.",
        "size_date": "When it was measured.",
    },
}
"""By the table that holds the key, then by the key. In brackets: the criteria that hang on it."""
