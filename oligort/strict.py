"""Strict reading of what people write by hand: TOML or JSON text into frozen structs.

msgspec decides whether a document is right. Where it is not, the document is walked once more
beside its types, to say in a sentence which key is wrong, what was expected and which right word
is nearest.
"""

import json
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NoReturn,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import msgspec

from oligort.display import listed, quoted, safe_text
from oligort.errors import OligortError
from oligort.places import Steps, lines_of
from oligort.spelling import nearest_key, nearest_word

T = TypeVar("T")

_MAX_FILE_TEXT = 240
"""Longest path that is shown whole; longer than a name, or its last part would be cut off."""

_KINDS = {dict: "a table", list: "a list", type(None): "null"}


def content_of(path: Path, error: type[OligortError]) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    error
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        raise error(f"{shown_file(path)}: cannot be read: {reason}") from failure


def table_of(content: bytes, file: str | Path, error: type[OligortError]) -> dict[str, Any]:
    """Return the table in TOML or JSON text; the suffix of `file` says which of the two.

    Raises
    ------
    error
        If the text is neither, is not UTF-8, names a key twice or holds no table.
    """
    suffix = Path(file).suffix.lower()
    if suffix not in {".toml", ".json"}:
        raise error(f"{shown_file(file)}: expected a file that ends in .toml or .json")
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text) if suffix == ".toml" else _json_of(text)
    except (ValueError, RecursionError) as failure:
        kind = suffix[1:].upper()
        raise error(
            f"{shown_file(file)}: expected {kind} text in UTF-8, found a fault: "
            f"{safe_text(failure, _MAX_FILE_TEXT)}"
        ) from failure
    if not isinstance(table, dict):
        raise error(f"{shown_file(file)}: expected a table of keys, found {_found(table)}")
    return table


def document_of(content: bytes, kind: type[T], file: str | Path, error: type[OligortError]) -> T:
    """Return TOML or JSON text as a struct of `kind`; what is wrong is told with its line.

    Raises
    ------
    error
        As `table_of` and `struct_of`.
    """
    table = table_of(content, file, error)
    return struct_of(table, kind, file, error, lambda: lines_in(content, file))


def struct_of(
    table: Mapping[str, Any],
    kind: type[T],
    file: str | Path,
    error: type[OligortError],
    lines: Callable[[], Mapping[Steps, int]] = dict,
) -> T:
    """Return `table` as a struct of `kind`, where every key is known and every value possible.

    `lines` tells the line of each place in the text, where there is a text.

    Raises
    ------
    error
        Naming the file, the path of keys, what was expected and what was found.
    """
    try:
        return msgspec.convert(table, kind, dec_hook=_built)
    except msgspec.ValidationError as failure:
        fault = _fault(table, kind, failure)
        place = f"{shown_file(file)}: {fault.path}" if fault.steps else shown_file(file)
        line = lines().get(fault.at)
        where = f" (line {line})" if line else ""
        raise error(f"{place}: {fault.problem}{where}") from None


def lines_in(content: bytes, file: str | Path) -> Mapping[Steps, int]:
    """Return the line of each place in TOML or JSON text; the suffix of `file` says which."""
    is_json = Path(file).suffix.lower() == ".json"
    try:
        return lines_of(content.decode("utf-8-sig"), is_json)
    except RecursionError:
        return {}  # nested deeper than any document of ours: the way of keys must do


class MisplacedError(ValueError):
    """What contradicts itself in a struct, with the way from there to the key that says it."""

    def __init__(self, problem: str, *steps: str | int) -> None:
        super().__init__(problem)
        self.steps: Steps = steps


def path_of(steps: Steps) -> str:
    """Return the way to a place in a document in words: "dose_limits[entry 1].source"."""
    words = (
        f"[entry {step}]" if isinstance(step, int) else f".{safe_text(step)}" for step in steps
    )
    return "".join(words).removeprefix(".")


class _Fault(NamedTuple):
    """What is wrong in a document: the way to it, the sentence, and a key there that is no way."""

    steps: Steps
    problem: str
    key: str | None = None

    @property
    def path(self) -> str:
        """The way to it in words."""
        return path_of(self.steps)

    @property
    def at(self) -> Steps:
        """The place whose line is told."""
        return self.steps if self.key is None else (*self.steps, self.key)

    def under(self, step: str | int) -> "_Fault":
        """Return the fault as seen from one table or list further out."""
        return self._replace(steps=(step, *self.steps))


def problem_of(value: Any, kind: Any) -> str:
    """Return what is wrong with one value of a kind, in words, or ""."""
    fault = _fault_under("", value, kind)
    return fault.problem if fault else ""


def plain_kind(kind: Any) -> Any:
    """Return a type without None and without its bounds."""
    kind = _without_none(kind)
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def words_of(kind: Any) -> list[str]:
    """Return the words that a type consists of, or none where it takes other values."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    return []


def shown_file(file: str | Path) -> str:
    """Return a path made safe for a message."""
    return safe_text(file, _MAX_FILE_TEXT)


def _built(kind: type[Any], value: object) -> object:
    """Build a type of our own from what stands in the document; it raises ValueError itself."""
    return kind(value)


def _json_of(text: str) -> object:
    return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)


def _without_repeats(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that stands twice: JSON would let the last one win without a word."""
    times = Counter(name for name, _ in pairs)
    if len(times) < len(pairs):
        repeated = [name for name, count in times.items() if count > 1]
        raise ValueError(f"keys that stand twice: {listed(repeated)}")
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _fault(value: Any, kind: Any, failure: msgspec.ValidationError) -> _Fault:
    """Return the first fault in `value`."""
    kind = _without_none(kind)
    if _is_struct(kind):
        inner = _fault_in_struct(value, kind)
    elif get_origin(kind) in {tuple, dict}:
        inner = _fault_in_container(value, kind)
    else:
        inner = _Fault((), _leaf_problem(value, kind, failure))
    cause = failure.__cause__
    steps = cause.steps if isinstance(cause, MisplacedError) else ()
    return inner or _Fault(steps, safe_text(cause or failure, _MAX_FILE_TEXT))


def _fault_in_struct(value: Any, kind: Any) -> _Fault | None:
    if not isinstance(value, Mapping):
        return _Fault((), f"expected a table, found {_found(value)}")
    fields = msgspec.structs.fields(kind)
    names = [field.encode_name for field in fields]
    for key in value:
        if key not in names:
            missing = [name for name in names if name not in value]
            others: Mapping[str, str] = getattr(kind, "other_keys", dict)()
            hint = nearest_key(key, names, missing, others)
            if hint.endswith('_mm"?') and not str(key).casefold().endswith("mm"):
                # Whoever wrote "size_cm" would change the key and leave the number.
                hint += " Its number is in mm"
            problem = f"expected one of its keys ({', '.join(names)}), found {quoted(key)}{hint}"
            return _Fault((), problem, key)
    for field in fields:
        if field.encode_name not in value:
            if field.required:
                return _Fault((), f"expected the key {quoted(field.encode_name)}, which is missing")
        elif fault := _fault_under(field.encode_name, value[field.encode_name], field.type):
            return fault
    return None


def _fault_in_container(value: Any, kind: Any) -> _Fault | None:
    entries: list[tuple[str | int, Any, Any]]
    if get_origin(kind) is dict:
        if not isinstance(value, Mapping):
            return _Fault((), f"expected a table, found {_found(value)}")
        entries = [(key, item, get_args(kind)[1]) for key, item in value.items()]
    else:
        if not isinstance(value, list | tuple):
            return _Fault((), f"expected a list, found {_found(value)}")
        entries = [(number, item, get_args(kind)[0]) for number, item in enumerate(value, 1)]
    return next(filter(None, (_fault_under(*entry) for entry in entries)), None)


def _fault_under(step: str | int, value: Any, kind: Any) -> _Fault | None:
    """Return the fault of one entry, its way led by the entry's own step, or None."""
    try:
        msgspec.convert(value, kind, dec_hook=_built)
    except msgspec.ValidationError as failure:
        return _fault(value, kind, failure).under(step)
    return None


def _leaf_problem(value: Any, kind: Any, failure: msgspec.ValidationError) -> str:
    if isinstance(failure.__cause__, ValueError):
        return safe_text(failure.__cause__, _MAX_FILE_TEXT)
    if choices := words_of(kind):
        shown = quoted(value) if isinstance(value, str) else _found(value)
        # What people write for a word need not look like it: "RT". Null is no word at all.
        others: Mapping[str, str] = getattr(kind, "other_words", dict)()
        hint = "" if value is None else nearest_word(value, choices, others)
        are_words = not all(isinstance(choice, int) for choice in get_args(kind) or [""])
        told = map(quoted, choices) if are_words else choices
        return f"expected {' or '.join(told)}, found {shown}{hint}"
    return f"expected {_expected(kind)}, found {_found(value)}"


def _expected(kind: Any) -> str:
    """Return a type, with its bounds, in words."""
    base, *notes = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    words = {
        int: "a whole number",
        float: "a number",
        str: "text",
        bool: "true or false",
        date: "a date such as 2026-05-31, without a time",
    }
    text = words.get(base, str(base))
    for note in notes:
        bounds = {
            "of at least": note.ge,
            "above": note.gt,
            "of at most": note.le,
            "below": note.lt,
            "of a length of at least": note.min_length,
            "of a length of at most": note.max_length,
        }
        limits = [f"{word} {bound}" for word, bound in bounds.items() if bound is not None]
        text = " ".join([note.description or text, " and ".join(limits)]).strip()
    return text


def _found(value: object) -> str:
    """Return a value in words; text is not repeated, as nobody knows what it holds."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return safe_text(value)
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    return _KINDS.get(type(value), f"a {type(value).__name__}")


def _without_none(kind: Any) -> Any:
    """Return X of `X | None`: None never is what was meant where a value is wrong."""
    if get_origin(kind) in {Union, types.UnionType}:
        return next(option for option in get_args(kind) if option is not type(None))
    return kind


def _is_struct(kind: Any) -> bool:
    plain = get_origin(kind) or kind
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)
