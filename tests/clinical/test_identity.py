"""Columns that say who a patient is: each word decides of some column, and honest ones stay."""

import pytest

from oligort.clinical import identity
from oligort.clinical.identity import is_named, says_who

WHO_WORDS = """
NAME Nom NOMBRE nome naam navn namn Name1 _name_ PATIENT_NAME PatientName PATIENTNAME
patientenname patientsname PATNAME PAT_NAME PT_NAME PtName ptname1 SUBJECT-NAME SUBJNAME
personName PARTICIPANTNAME patient_initials patienteninitials patientsinitials PATINITIALS
PTINITIALS SUBJECTINITIALS SUBJINITIALS PERSONINITIALS PARTICIPANTINITIALS patient_init
patienteninit patientsinit PATINIT PTINIT SUBJECTINIT SUBJINIT PERSONINIT PARTICIPANTINIT
Initials DOB geb GEBDAT MRN SSN NHS NHSNO NINO DNI CPF ID_CARD IDCARD E-Mail
e_mail FAX ZIP ZIPCODE POSTCODE PLZ HOSPNO HOSP_NR HOSPNUM HOSPNUMBER HOSPID HOSPITALNO
HOSPITAL_NR HOSPITALNUM HOSPITALNUMBER HOSPITALID FIRSTNAME PT_FIRST_NAME LASTNAME FULLNAME
GIVENNAME FAMILYNAME MIDDLENAME SURNAME FORENAME MAIDENNAME BIRTHDT BirthDate DATEOFBIRTH BIRTHS
BRTHDAT BRTHDTC PHONE_NO ADDRESS PASSPORT INSURANCE INSURANCE_NO SOCIAL_SECURITY IdentityCard
MEDICAL_RECORD EMAIL PTEMAIL Vorname Nachname Familienname Geburtsdatum GEBURTSTAG
Versicherungsnummer REISEPASSNR Telefon Adresse voornaam achternaam geboortedatum PRENOM
nom_de_famille naissance apellidos fecha_nacimiento sobrenome data_nascimento cognome
data_di_nascita indirizzo nazwisko data_urodzenia PATIENTINITIALS DOB_1
IMIĘ имя 名字 名前 이름 fødselsdato födelsedatum Prénom dirección
фамилия отчество дата_рождения телефон паспорт 姓名 患者姓名 出生日期
生日 身份证 身份证号 身份證 住院号 住院號 病历号 病歷號 病案号 门诊号
电话 電話 手机 地址 护照 医保卡 氏名 患者名 生年月日 住所 성명 생년월일 주민등록번호 전화 出生地
"""
WHO_SPOKEN = [
    *("Name of patient", "Patient's name", "Nom du patient", "Nombre del paciente"),
    *("Nome paziente", "Name des Patienten", "NAME_OF_SUBJECT", "Name of the patient"),
    *(
        "Name der Patientin",
        "Patientin Name",
        "имя пациента",
        "PTNAM",
        "PAT_NAM",
        "PATNM",
        "NomPatient",
        "Patient_Name_Last",
    ),
]
WHO = [
    *(*WHO_WORDS.split(), "Hospital No", "hospital  id", "First name", "Date of birth", "ID card"),
    *("ФИО", "GEBDATUM", "D.O.B.", "PESEL", "Personnummer", "Codice fiscale"),
    *("Patientennummer", "Fallnummer", "家庭住址", "LNAME", "F_NAME", "BDATE", "Ф.И.О."),
    *("Initialen", "initiales", "iniciales", "iniziali", "инициалы", "환자명", "환자 이름"),
]

HONEST_WORDS = """
ID_NR SUBJID USUBJID SUBJECT PATID PT SITE SITEID SITENAME SITE_NAME HOSPITAL CENTRE ARM ARMCD AGE
ECOG PATHOLOGY PATHNAME BIOPSY ROI_NAME roiName LESION_NAME METHOD_NAME ORGAN STATION SIDE SIZE
INITIAL_SIZE INITIALSIZE INITDAT CLASSNO SCRIPTNAME CONCEPT_NAME MISSN NHSX DXDAT OMDDAT
HOSPITALISED PERFHEM THERAPY INFIELD ZIPPER DOBUTAMINE LESNO KIND Organname NOMENCLATURE
NOMBRES_ROI CPFX
病理 部位 ROI名字 病灶名称 大小 химиотерапия Größe
"""
HONEST = [
    *HONEST_WORDS.split(),
    "ROI name",
    "Name of ROI",
    "Name of site",
    "Lesion names",
    "Patient number",
    "Subject id",
    "Planned for",
    "Date mailed",
]


@pytest.mark.parametrize("column", [*WHO, *WHO_SPOKEN])
def test_a_column_that_says_who_it_is(column):
    assert says_who(column)
    assert says_who(column.upper())
    assert says_who(f" {column}_")


@pytest.mark.parametrize("column", HONEST)
def test_a_column_that_says_nobody(column):
    assert not says_who(column)


@pytest.mark.parametrize("column", ["patientDOB", "PtName", "subjectMRN"])
def test_a_capital_begins_a_word(column):
    assert says_who(column)


LISTS = (identity.ALONE, identity.WORDS, identity.ANYWHERE)


@pytest.mark.parametrize("word", [word for words in LISTS for word in words])
def test_without_any_one_word_a_column_would_be_let_through(word):
    left = [tuple(one for one in words if one != word) for words in LISTS]
    assert not all(is_named(column, *left) for column in WHO)
