"""What to do: the hint beside what is not evaluable, where its reason brings none of its own."""

from collections.abc import Mapping
from types import MappingProxyType

SEND_REGISTER = (
    "fill in the register of this patient, which the command oligort register template prints "
    "empty, and send it too"
)

ANSWER_IT = (
    "answer it in the register; where nobody at the site knows, tell the trial office before the "
    "patient is treated"
)

LIST_LESIONS = (
    "list every lesion in the register, the primary and nodes too, with kind, organ, therapy, size "
    "and the names of the ROIs that are drawn for it"
)

ONE_PLAN = (
    "export structures, plan and dose of one plan anew, together, so that they refer to each other"
)

WHOLE_DOSE = (
    "export the dose of all beams and all fractions, with the plan that prescribes it; where it is "
    "that, correct the prescription, or the ROI that it refers to"
)

COVER_IT = "export the dose on a grid that covers the structure"

PHYSICAL_DOSE = (
    "export the physical dose; else ask the trial office whether another one may be judged "
    "(setting effective_dose_accepted)"
)

CLOSED_CONTOURS = "draw the ROIs in closed contours, and export the structure set anew"

WHOLE_SERIES = "export the whole image series that the structures were drawn on, with them"

BY_CODE: Mapping[str, str] = MappingProxyType(
    {
        "OL001": "export this file anew, whole; where it is no part of the submission leave it out",
        "OL002": "export all objects anew under one patient id, the trial's subject id",
        "OL003": ONE_PLAN,
        "OL004": ONE_PLAN,
        "OL007": "name organs of two sides as TG-263 does, Lung_L and Lung_R",
        "OL009": "send the plan that the patient is treated by, with its dose",
        "OL010": ONE_PLAN,
        "OL011": ONE_PLAN,
        "OL012": CLOSED_CONTOURS,
        "OL013": CLOSED_CONTOURS,
        "OL014": CLOSED_CONTOURS,
        "OL018": WHOLE_SERIES,
        "OL019": WHOLE_SERIES,
        "OL020": "send the structure set, the plan and the dose of the patient",
        "OL021": "look at the dose in the planning system, and export it anew",
        "OL101": "give patient.age_years in the register, or correct it where the files differ",
        "OL102": "give patient.ecog in the register, a number from 0 to 5",
        "OL103": ANSWER_IT,
        "OL104": ANSWER_IT,
        "OL105": "say of each metastasis in the register its kind, its pathology and its ROI "
        "names, and list those that are drawn and not listed",
        "OL111": ANSWER_IT,
        "OL112": ANSWER_IT,
        "OL113": ANSWER_IT,
        "OL114": "see whether what is drawn recurs inside the earlier field, and answer "
        "history.in_field_recurrence; send plan, dose and structures of the earlier course, with "
        "the registration to this one",
        "OL115": ANSWER_IT,
        "OL201": LIST_LESIONS,
        "OL202": LIST_LESIONS,
        "OL203": "correct what is wrong, the contour or what the register says of this lesion: "
        "size, kind, organ, roi_names",
        "OL204": LIST_LESIONS,
        "OL205": "give therapy and kind of every lesion in the register, and list those that are "
        "drawn and not listed",
        "OL206": "say in the register the arm, what the plan is for (plan_kind), and which plans "
        "are for screening and which were delivered (screening_plans, delivered_plans)",
        "OL207": "correct plan_kind, or the lists of plans, in the register; or send the plan that "
        "is meant",
        "OL301": "mend what the reason names, in contours, names or dose, and export the plan anew",
        "OL302": "export structures and dose anew, so that the dose covers the structure",
        "OL303": "draw the structure whole, and export the structure set anew",
        "OL304": ONE_PLAN,
        "OL401": WHOLE_DOSE,
    }
)
"""By the code of a check."""

ELSE = (
    "mend what the reason names, and send the submission anew; where it cannot be mended, tell the "
    "trial office"
)
"""Of any other check, such as one of a site's own."""


def what_to_do(code: str) -> str:
    """Return what to do about a finding of a check that is not evaluable and says no more."""
    return BY_CODE.get(code, ELSE)
