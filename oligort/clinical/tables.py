"""Tables: registers from two CSV tables, of patients and of lesions, as a case report form exports.

Every cell becomes what the register's own key takes; what is not understood is refused with its
line, never left out. Columns that the map does not name are not read, so nothing that says who a
patient is gets any further.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin

from oligort.clinical.answer import Answer
from oligort.clinical.column_map import (
    SUBJECT,
    ColumnMap,
    TableMap,
    flat,
    is_length,
    lesion_kinds,
    patient_kinds,
    values_of,
)
from oligort.clinical.csv_rows import Row, rows_of
from oligort.clinical.dates import PartialDate
from oligort.clinical.register import Register, RegisterLesion
from oligort.display import listed, quoted
from oligort.errors import OutputError, RegisterError
from oligort.measure import MM_PER_CM
from oligort.strict import plain_kind, problem_of, shown_file, words_of

UNKNOWN_PARTS = ("UNK", "UN", "UK", "XX", "--")
"""How a case report form writes the part of a date that is not known."""

_HOW_UNKNOWN = f"a part that is not known is written {' or '.join(UNKNOWN_PARTS)}"

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")

_NEEDED = frozenset({SUBJECT, "id"})
"""Keys that a row cannot do without, and that contradict nothing."""

_ROI_NAMES = "roi_names"


def registers_of(
    patients: str | Path, lesions: str | Path, columns: str | Path | ColumnMap
) -> dict[str, Register]:
    """Return the register of each subject in a table of patients and one of lesions.

    Raises
    ------
    RegisterError
        If a file cannot be read, or a cell is not what its key takes; with file, line and column.
    """
    registers, troubles = registers_and_troubles_of(patients, lesions, columns)
    if troubles:
        raise next(iter(troubles.values()))
    return registers


def registers_and_troubles_of(
    patients: str | Path, lesions: str | Path, columns: str | Path | ColumnMap
) -> tuple[dict[str, Register], dict[str, RegisterError]]:
    """Return the register of each subject in both tables, or why there is none.

    Raises
    ------
    RegisterError
        If a file cannot be read, or of a row nobody knows whose it is: it may be anybody's.
    """
    rules = columns if isinstance(columns, ColumnMap) else ColumnMap.load(columns)
    of_patients = _Table(Path(patients), rules.patients, rules, patient_kinds())
    of_lesions = _Table(Path(lesions), rules.lesions, rules, lesion_kinds())
    rows: dict[str, Row] = {}
    found: dict[str, dict[str, Any]] = {}
    troubles: dict[str, RegisterError] = {}
    for row in of_patients.rows:
        subject = of_patients.subject_of(row)
        try:
            first = rows.setdefault(subject, row)
            if first is not row:
                raise of_patients.refusal(
                    row, SUBJECT, f"expected each subject in one row, found {quoted(subject)} "
                    f"again, as in line {first.line}"
                )  # fmt: skip
            values = of_patients.read(row)
            of_patients.refuse_contradiction(row, values, Register, {"schema_version": 1})
            found[subject] = _nested(values) | {"schema_version": 1, "lesions": []}
        except RegisterError as trouble:
            troubles.setdefault(subject, trouble)
    if not rows:
        raise RegisterError(
            f"{shown_file(of_patients.path)}: expected a row for each patient, found none"
        )
    seen: dict[tuple[str, str], Row] = {}
    for row in of_lesions.rows:
        subject = of_lesions.subject_of(row)
        if subject not in rows:
            nobodys = of_lesions.refusal(
                row, SUBJECT, f"expected a subject of {quoted(of_patients.path.name)}, found "
                f"{quoted(subject)}"
            )  # fmt: skip
            raise next(iter(troubles.values()), nobodys)  # which may tell whose it was to be
        try:
            lesion = of_lesions.lesion(row, subject, seen)
            if subject in found:
                found[subject]["lesions"].append(lesion)
        except RegisterError as trouble:
            troubles.setdefault(subject, trouble)
    registers: dict[str, Register] = {}
    for subject in found.keys() - troubles.keys():
        told = f"{shown_file(of_patients.path)}, line {rows[subject].line}, and its lesions"
        try:
            registers[subject] = Register.from_dict(found[subject], file=told)
        except RegisterError as trouble:
            troubles[subject] = trouble
    return {subject: registers[subject] for subject in rows if subject in registers}, troubles


def write_registers(registers: Mapping[str, Register], folder: Path) -> list[Path]:
    """Write each register to a JSON file named by its subject; return the files.

    Raises
    ------
    OutputError
        If two subjects would share a file, a file says something else, or cannot be written.
    """
    texts: dict[Path, str] = {}
    for subject, register in registers.items():
        path = folder / f"{_UNSAFE.sub('_', subject)}.json"
        # Some file systems take both cases of a letter for one.
        if str(path).casefold() in {str(other).casefold() for other in texts}:
            raise OutputError(
                f"expected a file of its own for {quoted(subject)}, found two for one"
            )
        texts[path] = register.to_json()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            if path.exists() and path.read_bytes() != text.encode():
                raise OutputError(
                    f"expected a new file, or one that says the same, found another at "
                    f"{quoted(path.name)}; such a register is never overwritten"
                )
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    except OutputError:
        raise
    except OSError as failure:
        raise OutputError(
            f"expected to write registers to {quoted(folder)}, found: {failure.strerror}"
        ) from failure
    return list(texts)


_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
"""What no file name of a register holds: a subject id is text from outside."""


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by dotted keys as the tables of a register."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        place = found
        for name in tables:
            place = place.setdefault(name, {})
        place[last] = value
    return found


@dataclass(frozen=True)
class _Table:
    """One of the two tables, with what is said of its columns."""

    path: Path
    table: TableMap
    rules: ColumnMap
    kinds: Mapping[str, Any]

    @cached_property
    def columns(self) -> dict[str, str]:
        """The column of each key."""
        return {key: column.strip() for key, column in flat(self.table.columns).items()}

    @cached_property
    def values(self) -> dict[str, dict[str, Any]]:
        """What the cells of a key stand for."""
        return values_of(self.table, self.columns)

    @property
    def rows(self) -> list[Row]:
        """The rows of the file."""
        columns = list(self.columns.values())
        rules = self.rules
        return rows_of(self.path, columns, self.table.ignored, rules.encoding, rules.delimiter)

    def read(self, row: Row) -> dict[str, Any]:
        """Return what a row says, by the dotted keys of a register; an empty cell says nothing."""
        found: dict[str, Any] = {}
        for key in self.columns:
            value = self._value(row, key)
            if value is None:
                continue
            if problem := problem_of(value, self.kinds[key]):
                raise self.refusal(row, key, problem)
            found[key] = value
        for key in ("id", SUBJECT):
            if key in self.columns and key not in found:
                raise self.refusal(row, key, "expected text, found an empty cell")
        return found

    def subject_of(self, row: Row) -> str:
        """Return whose a row is.

        Raises
        ------
        RegisterError
            If it does not say so.
        """
        subject = self._value(row, SUBJECT)
        if not subject:
            raise self.refusal(row, SUBJECT, "expected text, found an empty cell")
        if problem := problem_of(subject, self.kinds[SUBJECT]):
            raise self.refusal(row, SUBJECT, problem)
        return str(subject)

    def lesion(self, row: Row, subject: str, seen: dict[tuple[str, str], Row]) -> dict[str, Any]:
        """Return the lesion of a row; `seen` are the rows by subject and lesion, or ROI.

        Raises
        ------
        RegisterError
            If a cell cannot be read, or a row before says the same of another lesion.
        """
        values = self.read(row)
        values.pop(SUBJECT)
        first = seen.setdefault((subject, values["id"]), row)
        if first is not row:
            raise self.refusal(
                row, "id", f"expected each lesion of a subject in one row, found "
                f"{quoted(values['id'])} again, as in line {first.line}"
            )  # fmt: skip
        self.refuse_contradiction(row, values, RegisterLesion, {})
        for roi_name in values.get(_ROI_NAMES, ()):
            first = seen.setdefault((subject, f"{_ROI_NAMES}\0{roi_name}"), row)
            if first is not row:
                raise self.refusal(
                    row, _ROI_NAMES, f"expected each ROI in one lesion only, found "
                    f"{quoted(roi_name)} again, as in line {first.line}"
                )  # fmt: skip
        return values

    def refuse_contradiction(
        self, row: Row, values: Mapping[str, Any], kind: type[Any], also: dict[str, Any]
    ) -> None:
        """Refuse cells that are possible each by itself, and together are not.

        Raises
        ------
        RegisterError
            Naming the cells without any one of which that would not be said.
        """
        problem = problem_of(_nested(values) | also, kind)
        if not problem:
            return
        left = {
            key: problem_of(_nested({k: values[k] for k in values if k != key}) | also, kind)
            for key in values
            if key not in _NEEDED
        }
        # A row may contradict itself twice: then no cell alone makes it right.
        keys = [key for key in left if not left[key]] or [k for k in left if left[k] != problem]
        raise self.refusal_of(row, keys, problem)

    def refusal(self, row: Row, key: str, problem: str) -> RegisterError:
        """Return the error about one cell."""
        return self.refusal_of(row, [key], problem)

    def refusal_of(self, row: Row, keys: Sequence[str], problem: str) -> RegisterError:
        """Return the error about cells of one row."""
        columns = [self.columns[key] for key in keys]
        word = "column" if len(columns) == 1 else "columns"
        return RegisterError(
            f"{shown_file(self.path)}, line {row.lines[columns[0]]}, {word} {listed(columns)} "
            f"({', '.join(keys)}): {problem}"
        )

    def _value(self, row: Row, key: str) -> Any:
        """Return the value of a cell for a key, or None where it says nothing."""
        cell: Any = row.cells[self.columns[key]]
        kind = plain_kind(self.kinds[key])
        words = words_of(kind)
        own = self.values.get(key, {})
        if cell in own:
            cell = own[cell]
        elif words and cell in self.table.words:
            cell = self.table.words[cell]
        if not cell:
            # Only [] is an answer: that there is none.
            return cell if isinstance(cell, list) else None
        if words:
            # A word is a word in any case of its letters; what the map says stands as it is.
            by_lower_case = {word.casefold(): word for word in words}
            if kind is Answer and cell not in words and cell.casefold() not in by_lower_case:
                raise self.refusal(
                    row, key, f"expected {' or '.join(map(quoted, words))}, found {quoted(cell)}; "
                    f"say in values or words of the column map what it stands for"
                )  # fmt: skip
            return by_lower_case.get(cell.casefold(), cell)
        if get_origin(kind) is tuple:
            # Signs without a name between them say nothing; that there is none is said by values.
            return self._names(cell, key) or None
        if kind is PartialDate:
            return self._date(row, key, cell)
        if kind in (int, float):
            return self._number(row, key, cell, kind)
        return cell

    def _names(self, cell: str, key: str) -> list[str]:
        separator = self.table.separators.get(key)
        names = cell.split(separator) if separator else [cell]
        return [name.strip() for name in names if name.strip()]

    def _number(self, row: Row, key: str, cell: str, kind: Any) -> float | int:
        mark = self.rules.decimal_mark
        other = "," if mark == "." else "."
        if not _NUMBER.fullmatch(cell) or other in cell:
            raise self.refusal(
                row, key, f"expected a number with the decimal mark {quoted(mark)}, found text of "
                f"{len(cell)} characters"
            )  # fmt: skip
        number = Decimal(cell.replace(mark, "."))
        if is_length(key) and self.table.units[key] == "cm":
            number *= MM_PER_CM
        if kind is int and number == number.to_integral_value():
            return int(number)
        return float(number)

    def _date(self, row: Row, key: str, cell: str) -> str:
        written = self.table.date_format
        parts = _parts_of(cell, written)
        if parts is None:
            raise self.refusal(
                row, key, f"expected a date as {written}, found text of {len(cell)} characters; "
                f"{_HOW_UNKNOWN}"
            )  # fmt: skip
        year, month, day = parts
        if (month is None and day is not None) or year is None:
            raise self.refusal(
                row, key, "expected a date of which the year, year and month, or all is known; "
                f"{_HOW_UNKNOWN}"
            )  # fmt: skip
        known = [year] + [f"{part:02}" for part in (month, day) if part is not None]
        return "-".join(known)


def _parts_of(cell: str, written: str) -> tuple[str | None, int | None, int | None] | None:
    """Return year, month and day of a date as it is written, None for an unknown part.

    None where it is not written so. Of a date that begins with the year the rest may be left out.
    """
    parts = re.findall("Y+|M+|D+", written)
    signs = [*re.findall("[^YMD]", written), "", ""]
    patterns = [
        f"{re.escape(sign)} *(?P<{part[0]}>{_part_of(part, is_fixed=not signs[0])}) *"
        for sign, part in zip(["", *signs], parts, strict=False)
    ]
    first, second, third = patterns
    may_end = parts[0] == "YYYY"
    pattern = f"{first}(?:{second}(?:{third})?)?" if may_end else first + second + third
    found = re.fullmatch(pattern, cell.upper())
    if found is None:
        return None
    year, month, day = (
        None if part in UNKNOWN_PARTS else part for part in found.group("Y", "M", "D")
    )
    return year, int(_MONTHS.get(month, month)) if month else None, int(day) if day else None


def _part_of(part: str, is_fixed: bool) -> str:
    """Return the pattern of a part of a date; without signs between them all have two digits."""
    known = {"YYYY": "[0-9]{4}", "MMM": "|".join(_MONTHS)}.get(part)
    known = known or ("[0-9]{2}" if is_fixed else "[0-9]{1,2}")
    return "|".join([known, *UNKNOWN_PARTS])
