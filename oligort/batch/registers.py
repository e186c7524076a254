"""Registers of many subjects: from a folder, or from the tables of a case report form."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from oligort.batch.grouping import Found
from oligort.batch.output import LEDGER, REPORTS
from oligort.clinical.register import Register
from oligort.dicom.identity import key_of_patient_id
from oligort.display import listed, quoted
from oligort.errors import RegisterError
from oligort.strict import shown_file

SUFFIXES = frozenset({".toml", ".json"})
"""Endings of the files that are read as registers."""

TABLE = ".csv"
"""Ending of the table of patients."""

LESIONS, COLUMNS = "lesions.csv", "columns.toml"
"""What lies beside a table of patients: the table of lesions, and the map of the columns."""


@dataclass(frozen=True)
class Listed:
    """The register of one subject, as JSON; or why it cannot be used."""

    subject: str
    site: str = ""
    arm: str = ""
    json: str = ""
    trouble: str = ""

    def is_of_site(self, *sites: str) -> bool:
        """Whether it may be of one of these: two that are stated must not contradict each other."""
        stated = {site.casefold() for site in sites if site}
        return not (stated and self.site) or self.site.casefold() in stated


class _Told(IntEnum):
    """What tells that a register is that of a submission, the surest first.

    Its files state the subject, or its Patient ID is the subject's and the site that of the
    register; its Patient ID is the subject's; a folder is named by the subject.
    """

    BY_FILES = 0
    BY_PATIENT_ID = 1
    BY_NAME = 2


@dataclass(frozen=True)
class RegisterList:
    """The registers that a batch was given, by subject.

    `notes` tells what lies among them and cannot be read.
    """

    by_subject: Mapping[str, Listed] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> "RegisterList":
        """Read the registers in a folder, at any depth, or those of a table of patients.

        Beside a table, `patients.csv`, lie `lesions.csv` and the column map `columns.toml`. A file
        of a folder that cannot be read stands for the subject that it is named by, and what of a
        table cannot be read for the subject of its row.

        Raises
        ------
        RegisterError
            If there is none that can be read, or of a row of a table nobody knows whose it is.
        """
        path = Path(path)
        if path.suffix.casefold() == TABLE:
            return cls._of_tables(path)
        return cls._of_folder(path)

    @classmethod
    def of(cls, registers: Iterable[Register]) -> "RegisterList":
        """Return the list of registers that are built already; of a subject there may be one."""
        by_subject: dict[str, Listed] = {}
        notes: list[str] = []
        for number, register in enumerate(registers, 1):
            _add(by_subject, _listed(register), f"register {number}", notes)
        return cls(by_subject, tuple(notes))

    @classmethod
    def _of_tables(cls, patients: Path) -> "RegisterList":
        from oligort.clinical.tables import registers_and_troubles_of

        registers, troubles = registers_and_troubles_of(
            patients, patients.parent / LESIONS, patients.parent / COLUMNS
        )
        if troubles and not registers:
            raise next(iter(troubles.values()))
        by_subject = {subject: _listed(one) for subject, one in registers.items()}
        by_subject |= {
            subject: Listed(subject, trouble=str(trouble)) for subject, trouble in troubles.items()
        }
        return cls(by_subject, tuple(map(str, troubles.values())))

    @classmethod
    def _of_folder(cls, folder: Path) -> "RegisterList":
        if not folder.is_dir():
            raise RegisterError(
                f"expected a folder of registers, or a table of patients (.csv), at "
                f"{quoted(folder.name)}, found neither"
            )
        by_subject: dict[str, Listed] = {}
        notes: list[str] = []
        files = _register_files(folder, notes)
        for file in files:
            try:
                one = _listed(Register.load(file))
            except RegisterError as error:
                if _is_report(file):
                    told = "expected a register, found a report; left out"
                    notes.append(f"{shown_file(file)}: {told}")
                    continue
                one = Listed(file.stem, trouble=str(error))
                notes.append(str(error))
            _add(by_subject, one, shown_file(file), notes)
        if all(one.trouble for one in by_subject.values()):
            tables = sorted(one.name for one in folder.iterdir() if _is_table(one.name))
            hints = notes[:1]
            if tables:
                hints.append(f"of tables name that of the patients, one of {listed(tables)}")
            raise RegisterError(
                f"expected registers (.toml or .json) in {quoted(folder.name)}, found none that "
                f"can be read among {len(files)} files{''.join(f'; {hint}' for hint in hints)}"
            )
        return cls(by_subject, tuple(notes))

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the registers that can be read."""
        return tuple(sorted(s for s, one in self.by_subject.items() if not one.trouble))

    @property
    def sites(self) -> dict[str, str]:
        """The site of each subject, or "", also of those whose registers cannot be read."""
        return {subject: one.site for subject, one in sorted(self.by_subject.items())}

    def matched(self, found: Iterable[Found]) -> dict[str, Listed]:
        """Return the register of each submission, by its key; none where none fits, or several.

        The Clinical Trial Subject ID decides where the files state one; else a folder named by the
        subject, or a Patient ID that is the subject's id. Two sites may use one id: a register that
        states another site does not fit, nor one that submissions of different sites would share.
        Where a register would fit several submissions of which nothing says that they are one
        patient, each has what is the matter in its place, but those whose files say that it is
        theirs: two sites may use one Patient ID, and a folder of that name may be the site's.
        """
        by_patient = {key_of_patient_id(subject): subject for subject in self.by_subject}
        by_name: dict[str, list[str]] = defaultdict(list)
        for subject in self.by_subject:
            by_name[subject.casefold()].append(subject)
        matches: dict[str, Listed] = {}
        sites: dict[str, set[str]] = defaultdict(set)
        takers: dict[str, dict[_Told, list[Found]]] = defaultdict(lambda: defaultdict(list))
        for one in found:
            if len({said.casefold() for said in one.subject_ids}) > 1:
                continue  # whatever its folder is called, nobody knows whose it is
            told = set(one.subject_ids)
            if not told:
                told = {by_patient[key] for key in one.patient_keys if key in by_patient}
            subjects = told if one.subject_ids else told | set(_named(one, by_name))
            known = [self.by_subject[s] for s in sorted(subjects) if s in self.by_subject]
            if len(known) == 1 and known[0].is_of_site(*one.site_ids):
                matches[one.key] = known[0]
                sites[known[0].subject] |= {one.site_id.casefold()} - {""}
                takers[known[0].subject][_told_by(one, known[0], told)].append(one)
        for subject, by_how in takers.items():
            if len(sites[subject]) > 1:
                continue
            for how in (_Told.BY_PATIENT_ID, _Told.BY_NAME):
                # What is told better may be of another patient as well.
                several = [one for better in _Told if better <= how for one in by_how[better]]
                if _may_be_several_patients(several, how):
                    for one in by_how[how]:
                        matches[one.key] = _of_nobody(subject, how, len(several))
        return {key: listed for key, listed in matches.items() if len(sites[listed.subject]) <= 1}

    def without_submission(self, matches: Mapping[str, Listed]) -> list[Listed]:
        """Return the registers of subjects of whom nothing was found, also what is none to read."""
        matched = {listed.subject for listed in matches.values()}
        return [one for subject, one in sorted(self.by_subject.items()) if subject not in matched]


def _add(by_subject: dict[str, Listed], one: Listed, where: str, notes: list[str]) -> None:
    """Add a register to others; of two of one subject nobody knows which holds: neither does."""
    if one.subject in by_subject:
        trouble = f"expected one register of {quoted(one.subject)}, found two"
        notes.append(f"{where}: {trouble}")
        one = Listed(one.subject, trouble=trouble)
    by_subject[one.subject] = one


def _register_files(folder: Path, notes: list[str]) -> list[Path]:
    """Return the files of a folder, each folder once, also through links; note what is closed."""

    def note(error: OSError) -> None:
        notes.append(
            f"{shown_file(error.filename)}: expected a folder of registers that can be listed, "
            f"found: {error.strerror}; what lies in it is missing here"
        )

    files: dict[Path, Path] = {}
    entered: set[Path] = set()
    for place, folders, names in os.walk(folder, onerror=note, followlinks=True):
        if (resolved := Path(place).resolve()) in entered:
            folders.clear()
            continue
        entered.add(resolved)
        folders[:] = sorted(set(folders) - _of_a_batch(folders))
        if COLUMNS in names and any(map(_is_table, names)):
            names.remove(COLUMNS)  # it says what the tables beside it hold, and is no register
        for file in (Path(place, name) for name in sorted(names)):
            if file.suffix.casefold() in SUFFIXES:
                files.setdefault(file.resolve(), file)
            elif file.is_symlink() and not file.exists():
                notes.append(f"{shown_file(file)}: expected what this link leads to, found nothing")
    return sorted(files.values())


def _of_a_batch(folders: Iterable[str]) -> set[str]:
    """Return those beside each other that a batch wrote: what lies in them is no register."""
    return {LEDGER, REPORTS} if LEDGER in folders else set()


def _is_table(name: str) -> bool:
    return PurePosixPath(name).suffix.casefold() == TABLE


def _named(found: Found, by_name: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield the subjects that folders or archives of a submission are named by."""
    parts = set(PurePosixPath(found.base).parts)
    parts |= {PurePosixPath(place.path).stem for place in found.places if place.is_archive}
    for part in parts:
        yield from by_name.get(part.casefold(), ())


def _told_by(one: Found, listed: Listed, told: Iterable[str]) -> _Told:
    """Return what tells that a register is that of a submission; `told` are subjects by files."""
    if listed.subject not in told:
        return _Told.BY_NAME
    has_site = bool(listed.site) and listed.site.casefold() == one.site_id.casefold()
    return _Told.BY_FILES if one.subject_ids or has_site else _Told.BY_PATIENT_ID


def _may_be_several_patients(several: Iterable[Found], how: _Told) -> bool:
    """Whether nothing says that submissions are of one patient; of what cannot be read apart.

    A Patient ID says so within one folder of the first level, or one site that all state: in
    another folder it may be another patient, as where submissions are told apart.
    """
    readable = [one for one in several if one.is_readable]
    if len(readable) < 2:
        return False
    folders = [{place.first_level for place in one.places} for one in readable]
    sites = {one.site_id.casefold() for one in readable}
    if not set.intersection(*folders) and (len(sites) > 1 or "" in sites):
        return True
    # Of one place the subject's id, stated or as Patient ID, is that of one patient.
    of_id = how is _Told.BY_PATIENT_ID
    patients = {one.patient_keys for one in readable if not (of_id and one.subject_ids)}
    return len(patients) > 1 or any(len(keys) != 1 for keys in patients)


class _Reported(msgspec.Struct):
    """What a report has, and no register."""

    verdict: str
    protocol: dict[str, Any]


def _is_report(file: Path) -> bool:
    """Whether a file that is no register is a report, which may lie beside that of its subject."""
    try:
        msgspec.json.decode(file.read_bytes(), type=_Reported)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _of_nobody(subject: str, how: _Told, count: int) -> Listed:
    """Return what stands for a register that would go to several patients; it names no subject."""
    by = "by Patient ID" if how is _Told.BY_PATIENT_ID else "by the name of a folder"
    trouble = (
        f"expected one submission, or submissions that state one patient, for the register of "
        f"{quoted(subject)}, which fits {by} alone, found {count} that may be of different "
        "patients; state the Clinical Trial Subject ID in the files (and the site, in files and "
        "register, where sites use one id), or give each patient a folder named by the subject"
    )
    return Listed("", trouble=trouble)


def _listed(register: Register) -> Listed:
    return Listed(register.subject, register.site, str(register.arm or ""), register.to_json())
