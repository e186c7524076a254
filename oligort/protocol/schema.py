"""The JSON Schema of a protocol file, for an editor that completes keys and marks what is wrong."""

import json
from typing import Any

from oligort.json_schema import json_schema
from oligort.protocol.extension import EXTENDS, OWN_KEYS
from oligort.protocol.limits import DEVIATIONS, VARIATIONS
from oligort.protocol.model import ProtocolFile

COMPLETED = {
    "criteria": "Criteria",
    "settings": "Settings",
    "grades": "Grades",
    "alpha_beta": "AlphaBeta",
    "plausible_volumes": "PlausibleVolumes",
}
"""Tables that a file which extends another protocol states in part, and their types."""


def protocol_schema() -> str:
    """Return the JSON Schema of a protocol file, as JSON text.

    What a file must state depends on whether it extends another one: then the other one completes
    it, but for what it says of itself and the source of its own grades.
    """
    schema: dict[str, Any] = json.loads(json_schema(ProtocolFile))
    tables = schema["$defs"]
    file = tables[ProtocolFile.__name__]
    whole = {"required": file["required"], "properties": {}}
    for key, kind in COMPLETED.items():
        whole["properties"][key] = {"required": tables[kind].pop("required")}
    tables["Grades"]["required"] = ["source"]
    # Every grade in a protocol is one of a deviation; a pass would be refused.
    tables["Grade"]["enum"] = sorted(DEVIATIONS)
    # Beside the reference to these three, which still says what a grade is.
    tables["Variation"]["properties"]["grade"]["enum"] = sorted(VARIATIONS)
    file["required"] = list(OWN_KEYS)
    file["if"] = {"required": [EXTENDS]}
    file["else"] = whole
    return json.dumps(schema, indent=2, ensure_ascii=False)
