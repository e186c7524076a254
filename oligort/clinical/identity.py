"""Identity: whether the name of a column says that it tells who the patient is.

Names of columns are written in many ways ("PT_NAME", "PtName", "ptname1"): letters are compared in
one case, without accents, with or without signs between the words. The words are data; the trial's
own id of a subject is none of them.
"""

import re
import unicodedata
from functools import cache

_PERSONS = (
    "patient",
    "patienten",
    "patients",
    "pat",
    "pt",
    "subject",
    "subj",
    "person",
    "participant",
)

ALONE = (
    *("name", "nom", "nombre", "nome", "naam", "navn", "namn", "imię", "имя"),
    *("名字", "名前", "이름"),
)
"""Names that are a person's unless they stand beside a thing ("ROI name")."""

WORDS = (
    *(f"{person} {what}" for person in _PERSONS for what in ("name", "initials", "init")),
    *("initials", "geb", "gebdat", "mrn", "ssn", "nhs", "nhs no", "nino", "dni", "cpf"),
    *("ф и о", "d o b", "pesel", "initialen", "initiales", "iniciales", "iniziali", "инициалы"),
    *("l name", "f name", "bdate"),
    *("id card", "e mail", "fax", "zip", "zip code", "postcode", "plz"),
    *(f"hosp {what}" for what in ("no", "nr", "num", "number", "id")),
    *(f"hospital {what}" for what in ("no", "nr", "num", "number", "id")),
)
"""Too short to be looked for inside of other words; a space is any sign, or none."""

ANYWHERE = (
    # English, and what CDISC calls a birth date (BRTHDAT, BRTHDTC)
    *("first name", "last name", "full name", "given name", "family name", "middle name"),
    *("surname", "forename", "maiden name", "birth", "brthd", "phone", "address", "passport"),
    *("insurance", "social security", "identity card", "medical record", "email"),
    # German, Dutch, Danish, Norwegian, Swedish
    *("vorname", "nachname", "familienname", "geburt", "versicherung", "reisepass", "telefon"),
    *("gebdat", "personnummer", "patientennummer", "fallnummer", "codice fiscale", "adresse"),
    *("voornaam", "achternaam", "geboorte", "fødsel", "födelse"),
    # French, Spanish, Portuguese, Italian, Polish, Russian
    *("prénom", "nom de famille", "naissance", "apellido", "nacimiento", "dirección"),
    *("sobrenome", "nascimento", "cognome", "nascita", "indirizzo", "nazwisko", "urodzenia"),
    *("фамили", "отчество", "рожден", "телефон", "паспорт"),
    # Chinese in both scripts, Japanese, Korean
    *("姓名", "出生", "生日", "身份证", "身份證", "住院号", "住院號", "病历号", "病歷號", "病案号"),
    *(
        "门诊号",
        "电话",
        "電話",
        "手机",
        "地址",
        "住址",
        "护照",
        "医保",
        "氏名",
        "患者名",
        "生年月日",
        "住所",
    ),
    *("성명", "생년월일", "주민등록", "전화", "환자명", "환자 이름"),
)
"""Words that mean a person wherever they stand."""


def says_who(column: str) -> bool:
    """Whether the name of a column says that it tells who the patient is."""
    return is_named(column, ALONE, WORDS, ANYWHERE) or bool(_OF_PATIENT.search(_plain(column)))


def is_named(
    column: str, alone: tuple[str, ...], words: tuple[str, ...], anywhere: tuple[str, ...]
) -> bool:
    """Whether a column is called by one of some names, the whole of it, as words, or anywhere."""
    # A capital within a word begins another one: "PtName".
    apart = _plain(re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", column))
    together = _plain(column)
    return any(
        re.fullmatch(rf"{_SIGN}*(?:{_any_of(alone)}){_SIGN}*", text)
        or re.search(rf"(?<!{_LETTER})(?:{_any_of(words)})(?!{_LETTER})", text)
        or re.search(_any_of(anywhere), text)
        for text in (apart, together)
    )


_LETTER = r"[^\W\d_]"
_SIGN = r"[\W\d_]"

_PATIENT_WORDS = r"patientin|pa[ctz]+iente|pasient|pacjenta?|potilas|пациента?|больного"
_PATIENT = rf"(?:{'|'.join(_PERSONS)}|{_PATIENT_WORDS})"
_NAME = r"(?:names?|nam|nm|nom|nombre|nome|naam|navn|namn|имя)"
_JOINT = rf"(?:{_SIGN}+(?:of(?:{_SIGN}+the)?|du|de(?:{_SIGN}+la)?|de[lrs]|della|do|van))?"
_OF_PATIENT = re.compile(
    rf"(?<!{_LETTER})(?:{_PATIENT}(?:{_SIGN}?s)?{_SIGN}*{_NAME}"
    rf"|{_NAME}{_JOINT}{_SIGN}*{_PATIENT})(?!{_LETTER})"
)
"""A name beside a word for the patient, in either order: "Patient's name", "Nom du patient"."""


@cache
def _any_of(phrases: tuple[str, ...]) -> str:
    """Return the pattern of some phrases; a space is any sign, or none."""
    patterns = [f"{_SIGN}*".join(_plain(phrase).split()) for phrase in phrases]
    return "|".join(patterns) or r"(?!)"


def _plain(text: str) -> str:
    """Return text in one case and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in letters if not unicodedata.combining(letter))
    )
