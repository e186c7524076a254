"""`oligort schema`: the JSON Schema of a file that people write."""

from enum import StrEnum
from typing import Annotated

import typer

from oligort.cli.status import Status, answering


class Document(StrEnum):
    """A file that people write."""

    NAMES = "names"
    REGISTER = "register"
    COLUMNS = "columns"
    PROTOCOL = "protocol"


@answering
def schema(
    document: Annotated[
        Document,
        typer.Argument(
            help="The site map of ROI names, the clinical register, the map of columns that "
            "turns tables into registers, or the protocol."
        ),
    ],
) -> Status:
    """Print the JSON Schema of a file.

    It lists the keys, and the words for roles, organs and sides.
    """
    from oligort.clinical.column_map import ColumnMap
    from oligort.clinical.questions import QUESTIONS
    from oligort.clinical.register import Register
    from oligort.json_schema import json_schema
    from oligort.lesions.site_map import SiteMapFile
    from oligort.protocol.schema import protocol_schema

    match document:
        case Document.NAMES:
            text = json_schema(SiteMapFile)
        case Document.REGISTER:
            text = json_schema(Register, QUESTIONS)
        case Document.COLUMNS:
            text = json_schema(ColumnMap)
        case Document.PROTOCOL:
            text = protocol_schema()
    print(text)
    return Status.DONE
