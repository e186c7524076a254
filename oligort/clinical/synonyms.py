"""Synonyms: what people write for the keys and words of a register, with the right one.

Whoever fills in a register thinks in the words of a clinic, often in German, Dutch or French. A
word that no letter brings near the right one ("RT", "Alter") is offered it all the same, and one
that letters bring near a wrong one ("observation" is like "ablation") is not. All are written in
one spelling: small letters, no accents, blanks for signs. A word that stands for "" means none of
the right ones. They are offered only: nothing is read as what it was not written as.
"""


def _table(**spelt: str) -> dict[str, str]:
    """Return each of the words that are listed, parted by commas, with its right word."""
    return {
        word.strip(): right for right, words in spelt.items() for word in words.split(",") if word
    }


LESION_KEYS = _table(
    id="name, nummer, number, numero, lesion, lesion id, lesion no, laesion, lesie",
    kind="type, typ, art, soort, lesion type, lesion kind, genre, class, klasse",
    organ="organe, orgaan, location, localisation, localization, lokalisation, locatie, site, lage",
    side="seite, cote, zijde, kant, laterality, lateralitat, lateralite, lateraliteit",
    station="lymph node station, ln station, nodal station, level, lk station, lymphknotenstation",
    roi_names=(
        "roi, rois, roi name, roinames, structure, structures, structure name, struktur, "
        "strukturen, structuur, structuren, contour, contours, kontur, konturen, gtv"
    ),
    therapy=(
        "therapie, treatment, treated by, behandlung, behandeling, traitement, local therapy, "
        "local treatment, lokaltherapie"
    ),
    no_therapy_reason=(
        "reason, grund, raison, reden, no therapy, no treatment, no treatment reason, "
        "why no therapy"
    ),
    pathology=(
        "pathologie, pathologisch, biopsy, biopsie, biopsied, histology, histologie, proven, "
        "histological proof, patho"
    ),
    size_mm=(
        "size, sizes, sizemm, size cm, sizecm, size in mm, grosse, groesse, grosse mm, groesse mm, "
        "taille, taille mm, afmeting, grootte, diameter, diameter mm, diameter cm, durchmesser, "
        "durchmesser mm, diametre, diametre mm, longest diameter, longest diameter mm, long axis, "
        "long axis mm, axial mm, length mm, baseline size"
    ),
    short_axis_mm=(
        "short axis, shortaxis, short axis cm, short diameter, kurzachse, kurze achse, petit axe, "
        "korte as"
    ),
    maximum_3d_mm="max 3d, max 3d mm, maximum 3d, 3d, 3d mm, 3d size, diameter 3d, maximum 3d cm",
    size_method="method, methode, modality, modalitat, modalite, modaliteit, imaging, bildgebung",
    size_date="date, datum, date of size, measured on, messdatum, meetdatum, date de mesure",
)
"""Of a lesion."""

PATIENT_KEYS = _table(
    age_years="age, alter, alter jahre, leeftijd, ages, years, jahre, jaren",
    ecog="ps, performance status, ecog status, ecog ps, who, who ps, who status, egoc, zubrod",
)
"""Of the patient."""

DISEASE_KEYS = _table(
    oesophageal_squamous_cell_carcinoma=(
        "escc, scc, squamous, squamous cell carcinoma, plattenepithelkarzinom, "
        "plaveiselcelcarcinoom, carcinome epidermoide, histology, histologie"
    ),
    primary_diagnosis_date="diagnosis date, date of diagnosis, erstdiagnose, diagnosedatum",
    under_systemic_therapy="systemic therapy, systemtherapie, chemotherapy, systemische therapie",
    any_lesion_progressive="progression, progressive, progress, progressie, progredient",
)
"""Of the disease."""

HISTORY_KEYS = _table(
    perforation_or_haemorrhage=(
        "perforation, perforatie, bleeding, blutung, bloeding, haemorrhage, hemorrhage, hemorragie"
    ),
    intolerance_of_chemotherapy_or_immunotherapy="intolerance, unvertraglichkeit, intolerantie",
    in_field_recurrence="recurrence, in field, infield recurrence, rezidiv, recidief, recidive",
    disseminated_metastases="disseminated, disseminiert, gedissemineerd, dissemine",
)
"""Of the history."""

REGISTER_KEYS = _table(
    subject="subject id, subjid, proband, sujet, studienteilnehmer",
    site="centre, center, zentrum, centrum, hospital",
    arm="treatment arm, study arm, randomisation, randomization, studienarm, bras, groep",
    plan_kind="plan type, plankind, planart, type of plan",
    patient="patienten, patients, patientin",
    disease="erkrankung, krankheit, ziekte, maladie, tumour, tumor",
    history="anamnese, anamnesis, vorgeschichte, voorgeschiedenis, antecedents, medical history",
    anatomy="anatomie",
    lesions="lesion, lasionen, laesionen, lesies, metastases, metastasen, herde",
)
"""Of the whole register."""

ANSWERS = _table(
    yes="ja, oui, y, j, true, 1, positive, si",
    no="nein, nee, non, n, false, 0, negative, keine, kein, geen",
    unknown=(
        "unbekannt, onbekend, inconnu, inconnue, unk, uk, nk, na, n a, not known, missing, ?, ??"
    ),
)
"""To a question."""

ARMS = _table(
    local_therapy=(
        "lokaltherapie, lokale therapie, locale therapie, traitement local, experimental, "
        "intervention, local treatment"
    ),
    no_local_therapy=(
        "keine lokaltherapie, geen lokale therapie, sans traitement local, control, kontrolle, "
        "controle, standard, no local treatment, systemic therapy alone"
    ),
)
"""For an arm."""

PLAN_KINDS = _table(
    screening="screeningplan, baseline, eligibility, vor einschluss",
    delivered="treated, treatment, applied, actual, final, behandlung, behandlungsplan, delivre",
)
"""For a kind of plan."""

KINDS = _table(
    primary="primar, primaer, primartumor, primaertumor, primair, primaire, primary tumour",
    regional_node=(
        "regional, regional lymph node, regionaler lymphknoten, regionale lymfeklier, "
        "ganglion regional, locoregional node, regional ln"
    ),
    distant=(
        "metastasis, metastatic, met, m, metastase, metastasen, fernmetastase, distant metastasis, "
        "afstandsmetastase, uitzaaiing, metastase a distance, remote"
    ),
)
"""For the kind of a lesion."""

SIDES = _table(
    L="left, links, linker, gauche, lt, li",
    R="right, rechts, rechter, droite, droit, rt, re",
)
"""For a side."""

THERAPIES = _table(
    radiotherapy=(
        "rt, sbrt, sabr, srs, ebrt, radiation, irradiation, radiotherapie, strahlentherapie, "
        "bestrahlung, bestraling, stereotaxie, rtx, radiatherapy"
    ),
    surgery=(
        "resection, resected, operation, op, operiert, chirurgie, chirurgisch, resektion, "
        "resectie, exerese, surgical, operatie, surgury"
    ),
    ablation=(
        "rfa, mwa, cryotherapy, cryoablation, kryoablation, radiofrequency, "
        "radiofrequenzablation, mikrowellenablation, ablatie, thermoablation"
    ),
    none=(
        "no, no therapy, not treated, no treatment, keine, keine therapie, geen, "
        "geen behandeling, aucun, aucune, observation, observatie, beobachtung, surveillance, "
        "active surveillance, watchful waiting, watch and wait, wait and see, untreated"
    ),
    unknown="unbekannt, onbekend, inconnu, inconnue, unk, uk, not known, ?",
) | dict.fromkeys(
    # None of the words is meant, however alike it is spelt.
    (
        *("chemotherapy", "chemotherapie", "chemo", "chimiotherapie", "immunotherapy"),
        *("immunotherapie", "immuntherapie", "systemic therapy", "systemtherapie"),
        *("hormone therapy", "hormontherapie", "targeted therapy", "best supportive care"),
    ),
    "",
)
"""For a local therapy."""
