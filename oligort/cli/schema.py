"""`oligort schema`: the JSON Schema of a file that people write."""

from enum import StrEnum
from typing import Annotated

import typer

from oligort.cli.status import Status, answering


class Document(StrEnum):
    """A file that people write."""

    NAMES = "names"
    REGISTER = "register"


@answering
def schema(
    document: Annotated[
        Document, typer.Argument(help="The site map of ROI names, or the clinical register.")
    ],
) -> Status:
    """Print the JSON Schema of a file.

    It lists the keys, and the words for roles, organs and sides.
    """
    from oligort.clinical.register import Register
    from oligort.lesions.site_map import SiteMapFile
    from oligort.strict import json_schema

    print(json_schema(SiteMapFile if document is Document.NAMES else Register))
    return Status.DONE
