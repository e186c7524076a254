"""What study nurses type for the keys and words of a register, and what they are offered for it."""

import json
import re

import pytest

from oligort.clinical.column_map import ColumnMap
from oligort.clinical.register import Register
from oligort.errors import RegisterError

LESION = {
    "id": "L1",
    "kind": "distant",
    "organ": "Liver",
    "roi_names": ["GTVm01"],
    "therapy": "radiotherapy",
    "pathology": "yes",
    "size_mm": 20.0,
}
KEYS = {
    "lesions": {
        "sizemm": "size_mm", "size_cm": "size_mm", "size": "size_mm", "Size-mm": "size_mm",
        "sise_mm": "size_mm", "Größe": "size_mm", "groesse_mm": "size_mm", "Durchmesser": "size_mm",
        "taille_mm": "size_mm", "diamètre": "size_mm", "afmeting": "size_mm", "grootte": "size_mm",
        "longest_diameter": "size_mm", "shortaxis": "short_axis_mm", "Kurzachse": "short_axis_mm",
        "petit axe": "short_axis_mm", "korte_as": "short_axis_mm", "max_3d": "maximum_3d_mm",
        "roi_name": "roi_names", "roinames": "roi_names", "ROI": "roi_names",
        "Struktur": "roi_names", "contours": "roi_names", "organe": "organ", "orgaan": "organ",
        "Lokalisation": "organ", "Seite": "side", "côté": "side", "zijde": "side",
        "latéralité": "side", "sid": "side", "traitement": "therapy", "Behandlung": "therapy",
        "behandeling": "therapy", "theraphy": "therapy", "Grund": "no_therapy_reason",
        "raison": "no_therapy_reason", "biopsie": "pathology", "Pathologie": "pathology",
        "patology": "pathology", "typ": "kind", "soort": "kind", "statoin": "station",
        "méthode": "size_method", "datum": "size_date",
    },
    "patient": {
        "Alter": "age_years", "leeftijd": "age_years", "âge": "age_years", "ageyears": "age_years",
        "PS": "ecog", "egoc": "ecog", "WHO": "ecog",
    },
    "disease": {
        "ESCC": "oesophageal_squamous_cell_carcinoma",
        "esophageal_squamous_cell_carcinoma": "oesophageal_squamous_cell_carcinoma",
        "oligometastases_date": "oligometastasis_date",
        "polymetastatic": "polymetastatic_before",
    },
    "history": {
        "hemorrhage": "perforation_or_haemorrhage",
        "Rezidiv": "in_field_recurrence",
        "progression_after_pdl1": "progression_after_pd1",
    },
    "": {"Studienarm": "arm", "centrum": "site", "Anamnese": "history", "lesies": "lesions"},
}  # fmt: skip
WORDS = {
    "kind": {
        "primär": "primary", "primaire": "primary", "Fernmetastase": "distant",
        "métastase": "distant", "uitzaaiing": "distant", "regional": "regional_node",
        "distand": "distant",
    },
    "organ": {
        "Leber": "Liver", "foie": "Liver", "lever": "Liver", "Lunge": "Lungs", "poumon": "Lungs",
        "longen": "Lungs", "Knochen": "Bone", "wervel": "Bone", "os": "Bone", "Gehirn": "Brain",
        "hersenen": "Brain", "cerveau": "Brain", "Lymphknoten": "LymphNodes",
        "lymfeklier": "LymphNodes", "ganglion": "LymphNodes", "Nebenniere": "Adrenals",
        "surrénale": "Adrenals", "Niere": "Kidneys", "Milz": "Spleen", "œsophage": "Esophagus",
        "Speiseröhre": "Esophagus", "slokdarm": "Esophagus", "Magen": "Stomach", "peau": "Skin",
        "Livre": "Liver",
    },
    "side": {"links": "L", "gauche": "L", "right": "R", "droite": "R", "l": "L"},
    "therapy": {
        "observation": "none", "Beobachtung": "none", "geen": "none", "aucune": "none",
        "wait-and-see": "none", "Bestrahlung": "radiotherapy", "bestraling": "radiotherapy",
        "radiothérapie": "radiotherapy", "Operation": "surgery", "exérèse": "surgery",
        "operatie": "surgery", "surgry": "surgery", "Radiofrequenzablation": "ablation",
        "ablatie": "ablation", "abalation": "ablation", "unbekannt": "unknown",
        "Chemotherapie": "", "chimiothérapie": "", "Immuntherapie": "",
    },
    "pathology": {
        "ja": "yes", "oui": "yes", "nein": "no", "nee": "no", "non": "no", "unbekannt": "unknown",
        "onbekend": "unknown", "inconnu": "unknown", "n/a": "unknown", "?": "unknown",
    },
}  # fmt: skip


def offered(table):
    """Return the word that the refusal of a register offers, or ""."""
    with pytest.raises(RegisterError) as refusal:
        Register.from_dict({"schema_version": 1, "subject": "S"} | table)
    found = re.search(r'did you mean "(.*?)"\?', str(refusal.value))
    return found[1] if found else ""


def as_table(name, keys):
    return keys if not name else {name: [keys] if name == "lesions" else keys}


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [(name, typed, meant) for name, keys in KEYS.items() for typed, meant in keys.items()],
)
def test_a_key_as_it_is_typed_is_offered_the_key(name, typed, meant):
    """Whether the right key stands beside it, or is the one that is missed."""
    assert offered(as_table(name, {typed: "x"})) == meant
    if name == "lesions":
        whole = {key: value for key, value in LESION.items() if key != meant}
        assert offered(as_table(name, whole | {typed: 1})) == meant
        assert offered(as_table(name, LESION | {typed: 1})) == meant


@pytest.mark.parametrize(
    ("key", "typed", "meant"),
    [(key, typed, meant) for key, words in WORDS.items() for typed, meant in words.items()],
)
def test_a_word_as_it_is_typed_is_offered_the_word(key, typed, meant):
    assert offered(as_table("lesions", LESION | {key: typed})) == meant


@pytest.mark.parametrize("typed", ["Kontrolle", "keine Lokaltherapie"])
def test_an_arm_as_it_is_typed_is_offered_the_arm(typed):
    assert offered({"arm": typed}) == "no_local_therapy"


@pytest.mark.parametrize("key", ["patient_name", "birth_date", "remarks", "colour"])
def test_a_key_that_is_like_none_is_offered_none(key):
    assert offered(as_table("lesions", {"id": "L1", key: "x"})) == ""


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        *(("lesions", typed, meant) for typed, meant in KEYS["lesions"].items()),
        *(("patients", typed, f"patient.{meant}") for typed, meant in KEYS["patient"].items()),
        ("patients", "patient.Alter", "patient.age_years"),
        ("patients", "history.Rezidiv", "history.in_field_recurrence"),
    ],
)
def test_a_key_of_a_column_map_as_it_is_typed_is_offered_the_key(name, typed, meant, tmp_path):
    """A size of 3D and lengths have units of their own: only the key is wrong."""
    columns = {"patients": {"subject": "A"}, "lesions": {"subject": "B", "id": "C"}}
    columns[name][typed] = "D"
    table = {"schema_version": 1} | {key: {"columns": value} for key, value in columns.items()}
    file = tmp_path / "columns.json"
    file.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(RegisterError, match=f'found ".*"; did you mean "{meant}"'):
        ColumnMap.load(file)


@pytest.mark.parametrize("key", ["size_cm", "size", "Durchmesser", "maximum 3d cm", "short axis"])
def test_whoever_is_offered_a_key_in_mm_is_told_the_unit(key):
    """ "size_cm = 6" was answered by the right key alone, under which 6 is 6 mm."""
    table = {"schema_version": 1, "subject": "S", "lesions": [{"id": "L1", key: 6}]}
    with pytest.raises(RegisterError, match=r'_mm"\? Its number is in mm$'):
        Register.from_dict(table)
    table["lesions"] = [{"id": "L1", "sise_mm": 6}]
    with pytest.raises(RegisterError, match=r'"size_mm"\?$'):
        Register.from_dict(table)
