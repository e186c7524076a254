"""JSON Schema of the documents that people write, in words for who fills them in.

What a key is stands in the docstring of its table; in the schema it stands beside the key.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

_SECTION = re.compile(r"^(\w+)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^(\w[\w, ]*) : .*\n((?: +.*\n?)*)", re.MULTILINE)


def json_schema(kind: type[Any], questions: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return the JSON Schema of the documents of a struct, as JSON text.

    Keys are described by their questions, which are given by the name of their table, else by what
    the docstring of the table says of them. Our own types of text ("2024-03") say as JSON_SCHEMA
    what they are.
    """
    schema = msgspec.json.schema(kind, schema_hook=_text_schema)
    for name, table in schema["$defs"].items():
        text = inspect.cleandoc(table.get("description", ""))
        table["description"] = " ".join(_SECTION.split(text)[0].split())
        described = dict(_described(text)) | dict((questions or {}).get(name, {}))
        for key, of_key in table.get("properties", {}).items():
            if described.get(key):
                of_key["description"] = described[key]
    return json.dumps(_portable({"$schema": _DRAFT} | schema), indent=2, ensure_ascii=False)


def _described(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the keys under Parameters, each with its sentences."""
    sections = _SECTION.split(docstring)
    for title, text in zip(sections[1::2], sections[2::2], strict=True):
        if title == "Parameters":
            for names, sentences in _ENTRY.findall(text):
                for name in names.split(","):
                    yield name.strip(), " ".join(sentences.split())


def _text_schema(kind: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] | None = getattr(kind, "JSON_SCHEMA", None)
    if found is None:
        raise NotImplementedError(f"expected a type with a JSON_SCHEMA, found {kind.__name__}")
    return {"type": "string"} | found


def _portable(schema: Any) -> Any:
    """Return a schema with patterns that JSON Schema knows."""
    if isinstance(schema, list):
        return [_portable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _portable(value) for key, value in schema.items()}
    if isinstance(found.get("pattern"), str):
        found["pattern"] = found["pattern"].replace(r"\Z", "$")
    return found
