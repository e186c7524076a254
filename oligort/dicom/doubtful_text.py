"""Doubtful text: whether what pydicom warned of while it read says that text may be damaged."""

import re
import warnings
from collections.abc import Iterable

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.valuerep import CUSTOMIZABLE_CHARSET_VR

from oligort.dicom.elements import as_written, items
from oligort.errors import DicomError

_TEXT_WARNING = re.compile(r"encoding|character set", re.IGNORECASE)
"""The warnings of pydicom that matter: a name may not be what was written.

The others are about the form of values, which are read without trust or not at all.
"""

_DECLARATION_WARNING = re.compile(r"Unknown encoding|Incorrect value for|Value '")
"""How those begin that tell of a character set which is misspelt, unknown or out of place."""

_ESCAPE = b"\x1b"
"""How text of ISO 2022 changes its character set, some of it in seven bits."""

_WITHOUT_TEXT = frozenset({0x30060039, 0x30040050})
"""ROI Contour Sequence and DVH Sequence: numbers alone, thousands of items."""


def tells_of_text(caught: Iterable[warnings.WarningMessage], dataset: Dataset) -> bool:
    """Tell whether warnings of pydicom say that text does not fit its character set.

    A character set that is misspelt or unknown says nothing of a dataset whose text is all ASCII.
    """
    told = [str(one.message) for one in caught if _TEXT_WARNING.search(str(one.message))]
    if all(map(_DECLARATION_WARNING.match, told)):
        return bool(told) and _has_other_than_ascii(dataset)
    return True


def _has_other_than_ascii(dataset: Dataset) -> bool:
    """Tell whether any text of the standard needs a character set, or that cannot be known."""
    for tag in dataset.keys():  # noqa: SIM118 - iterating would convert every element
        element = as_written(dataset, tag)
        if element is None or tag.is_private or not dictionary_has_tag(tag):
            continue
        if (vr := dictionary_VR(tag)) in CUSTOMIZABLE_CHARSET_VR:
            value = element.value
            encoded = value if isinstance(value, bytes) else str(value).encode()
            if not encoded.isascii() or _ESCAPE in encoded:
                return True
        elif vr == "SQ" and tag not in _WITHOUT_TEXT:
            try:
                inner = items(dataset, keyword_for_tag(tag))
            except DicomError:
                return True
            if any(map(_has_other_than_ascii, inner)):
                return True
    return False
