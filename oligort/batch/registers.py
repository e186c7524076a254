"""Registers of many subjects: from a folder, or from the tables of a case report form."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from oligort.batch.grouping import Found
from oligort.clinical.register import Register
from oligort.dicom.identity import key_of_patient_id
from oligort.display import quoted
from oligort.errors import RegisterError
from oligort.strict import shown_file

SUFFIXES = frozenset({".toml", ".json"})
"""Endings of the files that are read as registers."""

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

    def is_of_site(self, site: str) -> bool:
        """Whether it may be of that site: two that are stated must not contradict each other."""
        return not (site and self.site) or site.casefold() == self.site.casefold()


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
        of a folder that cannot be read stands for the subject that it is named by.

        Raises
        ------
        RegisterError
            If there is none, or a table cannot be read.
        """
        path = Path(path)
        if path.suffix.casefold() == ".csv":
            from oligort.clinical.tables import registers_of

            registers = registers_of(path, path.parent / LESIONS, path.parent / COLUMNS)
            return cls({subject: _listed(one) for subject, one in registers.items()})
        return cls._of_folder(path)

    @classmethod
    def of(cls, registers: Iterable[Register]) -> "RegisterList":
        """Return the list of registers that are built already."""
        return cls({register.subject: _listed(register) for register in registers})

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
                one = Listed(file.stem, trouble=str(error))
                notes.append(str(error))
            if one.subject in by_subject:
                trouble = f"expected one register of {quoted(one.subject)}, found two"
                notes.append(f"{shown_file(file)}: {trouble}")
                one = Listed(one.subject, trouble=trouble)
            by_subject[one.subject] = one
        if all(one.trouble for one in by_subject.values()):
            raise RegisterError(
                f"expected registers (.toml or .json) in {quoted(folder.name)}, found none that "
                f"can be read among {len(files)} files{''.join(f'; {note}' for note in notes[:1])}"
            )
        return cls(by_subject, tuple(notes))

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the registers that can be read."""
        return tuple(sorted(s for s, one in self.by_subject.items() if not one.trouble))

    @property
    def sites(self) -> dict[str, str]:
        """The site of each of these subjects, or ""."""
        return {subject: self.by_subject[subject].site for subject in self.subjects}

    def matched(self, found: Iterable[Found]) -> dict[str, Listed]:
        """Return the register of each submission, by its key; none where none fits, or several.

        The Clinical Trial Subject ID decides where the files state one; else a folder named by the
        subject, or a Patient ID that is the subject's id. Two sites may use one id: a register that
        states another site does not fit, nor one that submissions of different sites would share.
        A folder of that name may be the site's: where it holds several submissions of which nothing
        says that they are one patient, each has what is the matter in place of the register.
        """
        by_patient = {key_of_patient_id(subject): subject for subject in self.by_subject}
        by_name: dict[str, list[str]] = defaultdict(list)
        for subject in self.by_subject:
            by_name[subject.casefold()].append(subject)
        matches: dict[str, Listed] = {}
        sites: dict[str, set[str]] = defaultdict(set)
        takers: dict[str, list[Found]] = defaultdict(list)
        by_name_alone: set[str] = set()
        for one in found:
            told = {one.subject_id} if one.subject_id else set()
            if not one.subject_id:
                told = {by_patient[key] for key in one.patient_keys if key in by_patient}
            subjects = told if one.subject_id else told | set(_named(one, by_name))
            known = [self.by_subject[s] for s in sorted(subjects) if s in self.by_subject]
            if len(known) == 1 and known[0].is_of_site(one.site_id):
                matches[one.key] = known[0]
                sites[known[0].subject] |= {one.site_id.casefold()} - {""}
                takers[known[0].subject].append(one)
                if known[0].subject not in told:
                    by_name_alone.add(one.key)
        for subject, several in takers.items():
            if not _may_be_several_patients(several):
                continue
            for key in by_name_alone & {one.key for one in several}:
                matches[key] = _of_nobody(subject, len(several))
        return {key: listed for key, listed in matches.items() if len(sites[listed.subject]) <= 1}

    def without_submission(self, matches: Mapping[str, Listed]) -> list[Listed]:
        """Return the readable registers of subjects of whom nothing was found."""
        matched = {listed.subject for listed in matches.values()}
        return [self.by_subject[subject] for subject in self.subjects if subject not in matched]


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
        folders.sort()
        for file in (Path(place, name) for name in sorted(names)):
            if file.suffix.casefold() in SUFFIXES:
                files.setdefault(file.resolve(), file)
            elif file.is_symlink() and not file.exists():
                notes.append(f"{shown_file(file)}: expected what this link leads to, found nothing")
    return sorted(files.values())


def _named(found: Found, by_name: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield the subjects that folders or archives of a submission are named by."""
    parts = set(PurePosixPath(found.base).parts)
    parts |= {PurePosixPath(place.path).stem for place in found.places if place.is_archive}
    for part in parts:
        yield from by_name.get(part.casefold(), ())


def _may_be_several_patients(several: Iterable[Found]) -> bool:
    """Whether nothing says that submissions are of one patient; of what cannot be read apart."""
    patients = [one.patient_keys for one in several if one.is_readable]
    return len(patients) > 1 and not (len(set(patients)) == 1 and len(patients[0]) == 1)


def _of_nobody(subject: str, count: int) -> Listed:
    """Return what stands for a register that would go to several patients; it names no subject."""
    trouble = (
        f"expected one submission, or submissions that state one patient, for the register of "
        f"{quoted(subject)}, which fits by the name of a folder alone, found {count} that may be "
        "of different patients; state the Clinical Trial Subject ID in the files, or give each "
        "patient a folder named by the subject"
    )
    return Listed("", trouble=trouble)


def _listed(register: Register) -> Listed:
    return Listed(register.subject, register.site, str(register.arm or ""), register.to_json())
