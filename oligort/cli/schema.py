"""`oligort schema`: the JSON Schema of a file that people write, and of the report."""

from enum import StrEnum
from typing import Annotated

import typer

from oligort.cli.status import Status, answering


class Document(StrEnum):
    """A file that people write, or the report."""

    NAMES = "names"
    REGISTER = "register"
    COLUMNS = "columns"
    PROTOCOL = "protocol"
    DECISIONS = "decisions"
    REPORT = "report"


@answering
def schema(
    document: Annotated[
        Document,
        typer.Argument(
            help="The site map of ROI names, the clinical register, the map of columns that "
            "turns tables into registers, the protocol, a reviewer's decisions; or the report."
        ),
    ],
) -> Status:
    """Print the JSON Schema of a file.

    It lists the keys, and the words for roles, organs and sides.
    """
    from oligort.clinical.column_map import ColumnMap
    from oligort.clinical.questions import QUESTIONS
    from oligort.clinical.register import Register
    from oligort.decisions import DecisionsFile
    from oligort.document import Report
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
        case Document.DECISIONS:
            text = json_schema(DecisionsFile)
        case Document.REPORT:
            text = json_schema(Report)
    print(text)
    return Status.DONE
