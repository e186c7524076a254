"""One object: what an object says, as a digest that no encoding of it changes.

An archive writes a file meta information of its own, another transfer syntax, private elements: the
bytes of a file differ, and nothing that is said. Such a copy is no second object. Values are taken
as they stand in the files: what is in any doubt counts as another.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import STR_VR

from oligort.dicom.elements import as_written, items
from oligort.dicom.instance import NATIVE_SYNTAXES, as_it_stands, transfer_syntax
from oligort.dicom.repeats import is_asked_for
from oligort.dicom.sop_class import Kind

_PADDING = b" \0"


@dataclass
class Twins:
    """The objects that share one SOP Instance UID, as far as they were kept.

    Parameters
    ----------
    are_compared : bool
        Whether what they say is compared and not their bytes alone: of objects without a UID it is
        not, for they share nothing.
    file : str
        The first of them, or "".
    """

    are_compared: bool
    file: str = ""
    _encoded: set[str] = field(default_factory=set)
    _said: set[str] = field(default_factory=set)
    _first: tuple[Path, Kind] | None = None

    def hold(self, digest: str, path: Path, kind: Kind) -> bool:
        """Tell whether one of them has the same bytes, by their digest, or says the same in others.

        Raises
        ------
        DicomError
            If what it says cannot be read.
        """
        if digest in self._encoded or self._first is None or not self.are_compared:
            return digest in self._encoded
        if not self._said:
            self._said.add(_said_by(*self._first))
        said = _said_by(path, kind)
        if said in self._said:
            return True
        self._said.add(said)
        return False

    def keep(self, digest: str, path: Path, kind: Kind, file: str) -> None:
        """Keep an object that is none of them."""
        self._encoded.add(digest)
        if self._first is None:
            self.file, self._first = file, (path, kind)


class _Hash(Protocol):
    def update(self, encoded: bytes, /) -> None: ...


def _said_by(path: Path, kind: Kind) -> str:
    """Return the SHA-256 of what an object says: tags and values of its elements, in their order.

    Private elements, lengths of groups and padding say nothing. Byte order and compression are in
    it: numbers in the one are not compared with those in the other.
    """
    digest = hashlib.sha256()
    dataset = as_it_stands(path, kind)
    if dataset is None:
        return str(path)
    syntax = transfer_syntax(dataset)
    if not kind.is_image and syntax not in NATIVE_SYNTAXES:  # of a header it is all one
        digest.update(syntax.encode())
    _add(dataset, digest)
    return digest.hexdigest()


def _add(dataset: Dataset, digest: _Hash) -> None:
    tags = sorted(filter(is_asked_for, dataset.keys()))
    digest.update(b"%d elements" % len(tags))
    for tag in tags:
        element = as_written(dataset, tag)
        vr = dictionary_VR(tag) if dictionary_has_tag(tag) else ""
        digest.update(b"%08x" % tag)
        if vr == "SQ":
            held = items(dataset, keyword_for_tag(tag))
            digest.update(b"%d items" % len(held))
            for item in held:
                _add(item, digest)
        elif isinstance(element, RawDataElement):
            value = element.value or b""
            value = value.strip(_PADDING) if vr in STR_VR else value
            digest.update(b"%d bytes, %d" % (len(value), element.is_little_endian))
            digest.update(value)
        else:
            digest.update(uuid4().bytes)  # a sequence that the standard does not know
