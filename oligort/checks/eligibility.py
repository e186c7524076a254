"""Eligibility: the criteria that the clinical register answers (I1-I5, X1-X5)."""

from collections.abc import Iterator

from oligort.checks.answers import ASK_THE_OFFICE, held_against, history_answer, required_answer
from oligort.checks.case import Case
from oligort.checks.proofs import proofs_of
from oligort.checks.registry import check
from oligort.clinical.answer import Answer
from oligort.clinical.classification import Classification, classify
from oligort.clinical.register import LesionKind
from oligort.errors import NotEvaluable
from oligort.finding import Evidence, Finding, Flag, Grade

BIRTHDAY_YEARS = 1
"""Years by which two ages of one patient may differ: enrolment and imaging, a birthday between."""


@check("OL101", "Age", rule=lambda protocol: protocol.criteria.age)
def age(case: Case) -> Iterator[Finding]:
    """What it checks: the patient is old enough for the trial.

    Why it matters: an inclusion criterion.

    How it is measured: the register's age at enrolment; without one, Patient's Age (0010,1010).
    QUERY: they differ by more than a year, or lie on both sides of the limit.

    Not evaluable when: neither is given; register and files, more than a year apart, lie on both
    sides of the limit, or without a register the files do.

    Source: NCT06190782, inclusion criteria, I1.
    """
    rule = case.protocol.criteria.age
    said = case.register.patient.age_years if case.register else None
    youngest = case.submission.patient_age_years
    in_files = [youngest, case.submission.oldest_age_years]
    ages = [years for years in (said, *in_files) if years is not None]
    if not ages:
        raise NotEvaluable(
            "neither the register (patient.age_years) nor Patient's Age in the DICOM files says it"
        )
    told = [f"{said} years (register)"] if said is not None else []
    shown = " to ".join(dict.fromkeys(str(years) for years in in_files if years is not None))
    differs = max(ages) - min(ages) > BIRTHDAY_YEARS
    # Images may be older than the enrolment by a birthday.
    crosses = len({rule.allows(years) for years in ages}) > 1
    if shown and (said is None or differs or crosses):
        told.append(f"{shown} years (Patient's Age in the DICOM files)")
    if crosses and (said is None or differs):
        raise NotEvaluable(f"{'; '.join(told)}, on both sides of the limit")
    yield held_against(
        "OL101",
        rule,
        ages[0],
        message="; ".join(told),
        flags=(Flag.QUERY,) if differs or crosses else (),
        hint=ASK_THE_OFFICE,
    )


@check("OL102", "ECOG performance status", rule=lambda protocol: protocol.criteria.ecog)
def ecog(case: Case) -> Iterator[Finding]:
    """What it checks: the ECOG performance status is within the trial's limit.

    Why it matters: an inclusion criterion.

    How it is measured: the register's patient.ecog.

    Not evaluable when: there is no register, or it does not say.

    Source: NCT06190782, inclusion criteria, I2.
    """
    status = case.require_register().patient.ecog
    if status is None:
        raise NotEvaluable("the register does not answer patient.ecog")
    rule = case.protocol.criteria.ecog
    yield held_against("OL102", rule, status, message=f"ECOG {status}", hint=ASK_THE_OFFICE)


@check(
    "OL103",
    "Oesophageal squamous cell carcinoma",
    rule=lambda protocol: protocol.criteria.oesophageal_squamous_cell_carcinoma,
)
def histology(case: Case) -> Iterator[Finding]:
    """What it checks: the disease is oesophageal squamous cell carcinoma.

    Why it matters: an inclusion criterion.

    How it is measured: the register's disease.oesophageal_squamous_cell_carcinoma.

    Not evaluable when: there is no register, or the answer is unknown.

    Source: NCT06190782, inclusion criteria, I3.
    """
    answer = case.require_register().disease.oesophageal_squamous_cell_carcinoma
    rule = case.protocol.criteria.oesophageal_squamous_cell_carcinoma
    yield required_answer("OL103", rule, answer, "disease.oesophageal_squamous_cell_carcinoma")


@check(
    "OL104",
    "Genuine oligometastatic disease",
    rule=lambda protocol: protocol.criteria.genuine_oligometastatic_disease,
)
def genuine(case: Case) -> Iterator[Finding]:
    """What it checks: the oligometastatic disease is genuine, not induced.

    Why it matters: an inclusion criterion.

    How it is measured: the ESTRO-EORTC decision tree on the register's answers; genuine or
    induced is decided by its first question, the leaf is shown where the others are answered.
    Oligometastatic disease that was found before the primary is a query.

    Not evaluable when: there is no register, or polymetastatic disease before is unknown.

    Source: NCT06190782, inclusion criteria, I4; Guckenberger et al., Lancet Oncol 2020; 21: e18-28.
    """
    classified = _classified(case)
    rule = case.protocol.criteria.genuine_oligometastatic_disease
    if classified.genuine is Answer.UNKNOWN:
        raise NotEvaluable(f"unanswered: {classified.unanswered}")
    state = classified.leaf or f"state open, unanswered: {classified.unanswered}"
    before = _found_before_primary(case)
    is_genuine = classified.genuine is rule.required
    yield Finding(
        code="OL104",
        criterion=rule.criterion,
        grade=Grade.PASS if is_genuine else rule.grade,
        flags=(Flag.QUERY,) if before else (),
        message=f"genuine: {classified.genuine}; {state}{before}",
        evidence=(
            Evidence(name=rule.description, measured=str(classified.genuine)),
            *(Evidence(name=step.question, measured=str(step.answer)) for step in classified.path),
        ),
        source=rule.source,
        hint="" if is_genuine else ASK_THE_OFFICE,
    )


@check(
    "OL105",
    "Pathologically diagnosed metastasis",
    rule=lambda protocol: protocol.criteria.pathological_metastases,
)
def pathology(case: Case) -> Iterator[Finding]:
    """What it checks: enough distant metastases are proven by pathology.

    Why it matters: an inclusion criterion; a biopsied primary or regional node does not count.

    How it is measured: the register's distant lesions whose pathology is yes and of which neither
    ROI name, organ nor place says that they are the primary, neither station nor ROI name that they
    are regional nodes, and whose contour is not drawn again as the primary or a node, nor is a
    margin (PTV, CTV, ITV) around one.

    Not evaluable when: there is no register, it lists no distant lesion, or too few are known to
    be proven and others may be: of unknown pathology or kind, contradicted (by ROI name, organ,
    place, or a contour that is drawn again as the primary or a node), of unknown organ, or drawn
    and not listed, also in a structure set that is not judged.

    Source: NCT06190782, inclusion criteria, I5.
    """
    rule = case.protocol.criteria.pathological_metastases
    register = case.require_register()
    if not register.lesions_of(LesionKind.DISTANT) and not register.lesions_of(None):
        raise NotEvaluable("the register lists no distant lesion")
    proofs = proofs_of(case, register)
    if not rule.allows(proofs.proven) and (proofs.is_open or rule.allows(proofs.most)):
        raise NotEvaluable(
            f"{proofs.proven} metastases are known to be proven by pathology, and "
            f"{'; '.join(proofs.told)}"
        )
    message = f"{proofs.proven} distant metastases proven by pathology"
    yield held_against("OL105", rule, proofs.proven, message=message, hint=ASK_THE_OFFICE)


@check(
    "OL111",
    "Disseminated metastases or induced disease",
    rule=lambda protocol: protocol.criteria.disseminated_metastases,
)
def disseminated(case: Case) -> Iterator[Finding]:
    """What it checks: no history of disseminated metastases, no induced oligometastatic state.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.disseminated_metastases, and the first question of
    the ESTRO-EORTC decision tree.

    Not evaluable when: there is no register, or one of the two is unknown and the other does not
    exclude.

    Source: NCT06190782, exclusion criteria, X1.
    """
    criteria = case.protocol.criteria
    genuine_answer = _classified(case).genuine
    induced = {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(genuine_answer, Answer.UNKNOWN)
    answers = (
        (
            criteria.disseminated_metastases,
            history_answer(case, "disseminated_metastases"),
            "history.disseminated_metastases",
        ),
        (criteria.induced_oligometastatic_disease, induced, "disease.polymetastatic_before"),
    )
    unknown = [key for _, answer, key in answers if answer is Answer.UNKNOWN]
    for rule, answer, key in answers:
        if answer is not Answer.UNKNOWN:
            yield required_answer("OL111", rule, answer, key)
    if unknown:
        raise NotEvaluable(f"the register does not answer {' and '.join(unknown)}")


@check(
    "OL112",
    "Oesophageal perforation or haemorrhage",
    rule=lambda protocol: protocol.criteria.perforation_or_haemorrhage,
)
def perforation(case: Case) -> Iterator[Finding]:
    """What it checks: no oesophageal perforation or haemorrhage.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.perforation_or_haemorrhage.

    Not evaluable when: there is no register, or the answer is unknown.

    Source: NCT06190782, exclusion criteria, X2.
    """
    answer = history_answer(case, "perforation_or_haemorrhage")
    rule = case.protocol.criteria.perforation_or_haemorrhage
    yield required_answer("OL112", rule, answer, "history.perforation_or_haemorrhage")


@check(
    "OL113",
    "Progression after a PD-1 inhibitor",
    rule=lambda protocol: protocol.criteria.progression_after_pd1,
)
def progression(case: Case) -> Iterator[Finding]:
    """What it checks: no progression after a PD-1 inhibitor.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.progression_after_pd1.

    Not evaluable when: there is no register, or the answer is unknown.

    Source: NCT06190782, exclusion criteria, X3.
    """
    answer = history_answer(case, "progression_after_pd1")
    rule = case.protocol.criteria.progression_after_pd1
    yield required_answer("OL113", rule, answer, "history.progression_after_pd1")


@check(
    "OL115",
    "Intolerance of chemotherapy or immunotherapy",
    rule=lambda protocol: protocol.criteria.intolerance_of_chemotherapy_or_immunotherapy,
)
def intolerance(case: Case) -> Iterator[Finding]:
    """What it checks: no intolerance of chemotherapy or immunotherapy.

    Why it matters: an exclusion criterion.

    How it is measured: the register's history.intolerance_of_chemotherapy_or_immunotherapy.

    Not evaluable when: there is no register, or the answer is unknown.

    Source: NCT06190782, exclusion criteria, X5.
    """
    key = "intolerance_of_chemotherapy_or_immunotherapy"
    rule = case.protocol.criteria.intolerance_of_chemotherapy_or_immunotherapy
    yield required_answer("OL115", rule, history_answer(case, key), f"history.{key}")


def _found_before_primary(case: Case) -> str:
    """Return what to say where the dates of the register are in no likely order, or ""."""
    disease = case.require_register().disease
    primary, metastasis = disease.primary_diagnosis_date, disease.oligometastasis_date
    if primary is None or metastasis is None or metastasis.latest >= primary.earliest:
        return ""
    return f"; oligometastasis_date ({metastasis}) lies before primary_diagnosis_date ({primary})"


def _classified(case: Case) -> Classification:
    months = case.protocol.criteria.synchronous_months.limit
    return classify(case.require_register(), months)
