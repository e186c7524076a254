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


@answering
def schema(
    document: Annotated[
        Document,
        typer.Argument(
            help="The site map of ROI names, the clinical register, or the map of columns that "
            "turns tables into registers."
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

    match document:
        case Document.NAMES:
            text = json_schema(SiteMapFile)
        case Document.REGISTER:
            text = json_schema(Register, QUESTIONS)
        case Document.COLUMNS:
            text = json_schema(ColumnMap)
    print(text)
    return Status.DONE
