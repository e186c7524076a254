"""Template: an empty register to fill in, which can be read as it is and answers nothing."""

import textwrap
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec

from oligort.clinical.answer import Answer
from oligort.clinical.questions import QUESTIONS
from oligort.clinical.register import Register, RegisterLesion
from oligort.strict import plain_kind

WIDTH = 97
"""Columns of a comment, without its signs."""

SUBJECT = "SUBJECT"
"""What stands for the subject id until one is filled in."""

_HEAD = """\
The clinical register of one patient, in TOML. What is left out is unknown, and unknown is never a
pass. Take the sign # away from a line to answer it (questions have two). Words and dates stand in
double quotes; a date may be "2024-03-15", "2024-03" or "2024". Write nothing here that says who the
patient is.
"""


def register_template() -> str:
    """Return an empty register in TOML, every key with its question."""
    fields = msgspec.structs.fields(Register)
    tables = [field for field in fields if _table_of(field.type)]
    lines = [*_comment(_HEAD), ""]
    for field in fields:
        if field not in tables and field.name != "lesions":
            lines += _asked(Register, field)
    for field in tables:
        kind = _table_of(field.type)
        assert kind is not None
        lines += ["", *_comment(QUESTIONS["Register"][field.name]), f"[{field.name}]"]
        for one in msgspec.structs.fields(kind):
            lines += _asked(kind, one)
    lines += ["", *_comment(QUESTIONS["Register"]["lesions"])]
    lines += _comment("Copy the lines below for each of them.")
    lines += ["", "# [[lesions]]"]
    for one in msgspec.structs.fields(RegisterLesion):
        asked = _asked(RegisterLesion, one)
        lines += [line if line.startswith("#") else f"# {line}" for line in asked]
    return "\n".join(lines) + "\n"


def _asked(table: type[Any], field: msgspec.structs.FieldInfo) -> Iterator[str]:
    """Yield the question of a key, and the line that answers it; one that is open is a comment."""
    kind = plain_kind(field.type)
    yield from _comment(f"{QUESTIONS[table.__name__][field.encode_name]}{_words(kind)}")
    # An empty list where None may stand says that there is none, and that is an answer.
    is_open = field.default is None
    yield f"# {field.encode_name} =" if is_open else _line(field.encode_name, kind)


def _line(name: str, kind: Any) -> str:
    if name == "schema_version":
        return f"{name} = {get_args(kind)[0]}"
    if name == "subject":
        return f'{name} = "{SUBJECT}"'
    if kind is Answer or kind in _WITH_UNKNOWN:
        return f'{name} = "unknown"'
    if get_origin(kind) is tuple:
        return f"{name} = []"
    # Nothing that could be taken for an answer: without one the line is refused.
    return f"# {name} ="


_WITH_UNKNOWN = tuple(
    kind
    for kind in {plain_kind(one.type) for one in msgspec.structs.fields(RegisterLesion)}
    if isinstance(kind, type) and issubclass(kind, Enum) and "unknown" in {m.value for m in kind}
)


def _words(kind: Any) -> str:
    """Return the words that may answer, in brackets."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f" ({', '.join(str(member.value) for member in kind)})"
    if get_origin(kind) is Literal and len(get_args(kind)) > 1:
        return f" ({', '.join(map(str, get_args(kind)))})"
    return ""


def _table_of(kind: Any) -> type[msgspec.Struct] | None:
    plain = plain_kind(kind)
    return plain if isinstance(plain, type) and issubclass(plain, msgspec.Struct) else None


def _comment(text: str) -> list[str]:
    return [f"## {line}" for line in textwrap.wrap(" ".join(text.split()), WIDTH)]
