"""ColumnMap: which columns of two tables hold the keys of the register, written in which way."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_origin

import msgspec

from oligort.clinical.identity import says_who
from oligort.clinical.register import Register, RegisterLesion
from oligort.clinical.synonyms import DISEASE_KEYS, HISTORY_KEYS, LESION_KEYS, PATIENT_KEYS
from oligort.display import listed, quoted
from oligort.errors import RegisterError
from oligort.spelling import nearest, nearest_key
from oligort.strict import content_of, document_of, plain_kind

SUBJECT = "subject"
"""The key by which the rows of both tables are brought together."""

_WORDS_OF_PATIENTS = {
    spelt: f"{table}.{key}"
    for table, words in (
        ("history", HISTORY_KEYS),
        ("disease", DISEASE_KEYS),
        ("patient", PATIENT_KEYS),
    )
    for word, key in words.items()
    for spelt in (word, f"{table} {word}")
}
"""What people write for the keys of the table of patients, with or without the table's name."""

DateFormat = Literal[
    "YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "DD/MM/YYYY", "DD.MM.YYYY", "MM/DD/YYYY", "DD-MMM-YYYY"
]


class TableMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one table is read.

    Parameters
    ----------
    columns : table
        Keys of the register ("patient.ecog", or ecog under patient; of a lesion "organ"), each with
        the name of its column. "subject" is needed in both tables.
    words : dict of str to str
        What the cells of all keys that are answered by a word stand for ("1" = "yes"); a cell that
        stands for "" says nothing, and an empty cell stands for nothing else.
    values : table
        The same for one key, before `words`; of a key that is a list a cell may stand for [], which
        says that there is none.
    units : dict of str to "mm" or "cm"
        The unit of each column of lengths; needed, as no number tells its own.
    separators : dict of str to str
        What stands between names in a cell, for keys that are lists; without it a cell is one name.
    date_format : str
        How dates are written; a part that is not known is UN, UNK, UK, XX or --.
    ignored : tuple of str
        Columns that are not read; "*" for all that are not named.
    """

    columns: dict[str, Any]
    words: dict[str, str] = {}
    values: dict[str, Any] = {}
    units: dict[str, Literal["mm", "cm"]] = {}
    separators: dict[str, str] = {}
    date_format: DateFormat = "YYYY-MM-DD"
    ignored: tuple[str, ...] = ()


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of `--columns`: how the tables of patients and of lesions are read.

    Parameters
    ----------
    schema_version : int
        Version of this form.
    encoding : str
        How the letters of both tables are encoded.
    delimiter : str or None
        What stands between cells; without it the one of , ; tab | that finds the most columns of
        the map in the first line.
    decimal_mark : str
        The decimal mark of numbers.
    patients, lesions : TableMap
        How this table is read.

    Raises
    ------
    ValueError
        If a key is none of the register, a column says who the patient is, or a length has no unit.
    """

    schema_version: Literal[1]
    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1", "gb18030", "big5", "shift_jis"] = (
        "utf-8"
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    decimal_mark: Literal[".", ","] = "."
    patients: TableMap
    lesions: TableMap

    def __post_init__(self) -> None:
        """Refuse what no table can be read by."""
        for name, kinds in (("patients", patient_kinds()), ("lesions", lesion_kinds())):
            for problem in _problems(getattr(self, name), kinds):
                raise ValueError(f"{name}.{problem}")

    @classmethod
    def load(cls, path: str | Path) -> "ColumnMap":
        """Read a column map from a .toml or .json file.

        Raises
        ------
        RegisterError
            If the file cannot be read, a key is not known or a value is impossible.
        """
        content = content_of(Path(path), RegisterError)
        return document_of(content, cls, path, RegisterError)


def patient_kinds() -> dict[str, Any]:
    """Return the type of each key that a row of patients may give."""
    kinds = dict(_leaves(Register))
    del kinds["schema_version"], kinds["lesions"]
    return kinds


def lesion_kinds() -> dict[str, Any]:
    """Return the type of each key that a row of lesions may give."""
    return {SUBJECT: patient_kinds()[SUBJECT], **dict(_leaves(RegisterLesion))}


def flat(table: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return a table of tables by dotted keys: what TOML nests for a key without quotes."""
    return dict(_flatly(table, path))


def _flatly(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatly(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def is_length(key: str) -> bool:
    """Whether a key is a length, whose unit must be told."""
    return key.endswith("_mm")


def values_of(table: TableMap, keys: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the cells of each key stand for, by key: a word, or [] of a list."""
    found: dict[str, dict[str, Any]] = {}
    for path, word in flat(table.values).items():
        key = next((key for key in keys if path.startswith(f"{key}.")), "")
        found.setdefault(key, {})[path.removeprefix(f"{key}.")] = word
    return found


def _leaves(kind: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, Any]]:
    for field in msgspec.structs.fields(kind):
        plain = plain_kind(field.type)
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            yield from _leaves(plain, f"{path}{field.encode_name}.")
        else:
            yield f"{path}{field.encode_name}", field.type


def _problems(table: TableMap, kinds: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the map of one table, led by the path of keys."""
    columns = flat(table.columns)
    for name, nested in (("columns", table.columns), ("values", table.values)):
        # "patient.ecog" in quotes, and ecog under patient, are one key to us and two to TOML.
        times_of = Counter(path for path, _ in _flatly(nested))
        if repeated := [path for path, times in times_of.items() if times > 1]:
            yield f"{name}: expected each key once, found twice: {listed(repeated)}"
    yield from _problems_of_columns(columns, kinds)
    twice = [column for column, times in Counter(columns.values()).items() if times > 1]
    if twice:
        yield f"columns: expected each column for one key, found for two: {listed(twice)}"
    both = [column for column in columns.values() if column in table.ignored]
    if both:
        yield f"ignored: expected no column that columns names, found {listed(both)}"
    for key in columns:
        if is_length(key) and key not in table.units:
            yield f'units: expected the unit of {quoted(key)}, "mm" or "cm", which is missing'
    lengths = [key for key in columns if is_length(key)]
    lists = [key for key in columns if get_origin(plain_kind(kinds[key])) is tuple]
    yield from _strangers("units", table.units, lengths)
    yield from _strangers("separators", table.separators, lists)
    yield from _strangers(
        "values", (key or "another" for key in values_of(table, columns)), columns
    )
    for key, cells_of_key in values_of(table, columns).items():
        for cell, word in cells_of_key.items():
            if not isinstance(word, str) and not (word == [] and key in lists):
                of_list = ", or []" if key in lists else ""
                yield f"values.{key}.{cell}: expected a word in quotes{of_list}"
    cells = [cell for of_key in values_of(table, columns).values() for cell in of_key]
    if not all(cell.strip() for cell in (*table.words, *cells)):
        yield "words or values: expected what a cell stands for, found it for an empty cell"


def _problems_of_columns(columns: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[str]:
    for key, column in columns.items():
        if key not in kinds:
            missing = [one for one in kinds if one not in columns]
            others = LESION_KEYS if "id" in kinds else _WORDS_OF_PATIENTS
            hint = nearest_key(key, tuple(kinds), missing, others)
            yield f"columns: expected a key of the register, found {quoted(key)}{hint}"
        elif not isinstance(column, str) or not column.strip():
            yield f"columns.{key}: expected the name of a column in quotes"
        elif says_who(column):
            yield (
                f"columns.{key}: expected a column that does not say who the patient is, found "
                f"{quoted(column)}; leave it out, and name it in ignored"
            )
    for key in (SUBJECT, "id"):
        if key in kinds and key not in columns:
            yield f"columns: expected the key {quoted(key)}, which is missing"


def _strangers(name: str, keys: Iterable[str], allowed: Iterable[str]) -> Iterator[str]:
    known = tuple(allowed)
    for key in keys:
        if key not in known:
            expected = listed(known) if known else "none"
            hint = nearest(key, known)
            yield f"{name}: expected keys of columns ({expected}), found {quoted(key)}{hint}"
