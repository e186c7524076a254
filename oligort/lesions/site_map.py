"""The site map: what a department's ROI names stand for; it goes before what the names say."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from oligort.display import listed
from oligort.errors import NamesError
from oligort.geometry.structure import StructureSet
from oligort.lesions.naming import RoiName, read_roi_name
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.strict import content_of, document_of, struct_of

FROM_SITE_MAP = "from the site map"

_MADE = frozenset({Role.UNION, Role.RING, Role.HELPER})
"""Roles of what is made from other volumes."""

_ANY = "*"
"""Stands in a pattern for any text, and for nothing."""


class SiteEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the ROIs of one name are; what is left out stays as the name says.

    Parameters
    ----------
    role : Role or None
        "unknown" takes an ROI out of every question.
    organ : Organ or None
        The organ, or the one that a target lies in.
    side : Side or None
        "L", "R", or "" for both as one structure.
    subtracted : str
        What is cut out of an organ, in the words of the site ("GTV").

    Raises
    ------
    ValueError
        If it says nothing, or what is subtracted from something else than an organ.
    """

    role: Role | None = None
    organ: Organ | None = None
    side: Side | None = None
    subtracted: Annotated[str, Meta(max_length=64)] = ""

    def __post_init__(self) -> None:
        """Refuse what says nothing."""
        if self.role is None and self.organ is None and self.side is None:
            raise ValueError("expected a role, an organ or a side, found none of them")
        if self.subtracted and self.role is not Role.ORGAN:
            raise ValueError('expected subtracted only beside role = "organ"')


class SiteMapFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of `--names`: ROI names with what they stand for.

    Parameters
    ----------
    schema_version : int
        1.
    rois : dict of str to SiteEntry
        By ROI name, spelt as in the structure set; a * stands for any text. An exact name goes
        before a pattern, a pattern before those that stand below it.

    Raises
    ------
    ValueError
        If a name is empty, or nothing but *.
    """

    schema_version: Literal[1]
    rois: dict[str, SiteEntry]

    def __post_init__(self) -> None:
        """Refuse names that fit nothing, or everything."""
        if any(not name.strip(" *") for name in self.rois):
            raise ValueError("expected names of ROIs in rois, found one that is empty or only *")


@dataclass(frozen=True)
class SiteMap:
    """What the ROI names of a site stand for, by name or pattern; empty: the names alone decide."""

    entries: Mapping[str, SiteEntry] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Digest of its entries in their order, in hex digits, however its file is written."""
        return hashlib.sha256(msgspec.json.encode(list(self.entries.items()))).hexdigest()

    @classmethod
    def of(cls, names: "str | Path | SiteMap") -> "SiteMap":
        """Return a site map, loaded where it is a file; refused as `load` does."""
        return names if isinstance(names, SiteMap) else cls.load(names)

    @classmethod
    def load(cls, path: str | Path) -> "SiteMap":
        """Read a site map from a .toml or .json file.

        Raises
        ------
        NamesError
            If the file cannot be read, a key is not known or a value is impossible.
        """
        content = content_of(Path(path), NamesError)
        return cls(document_of(content, SiteMapFile, path, NamesError).rois)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any], file: str | Path = "names") -> "SiteMap":
        """Build a site map from plain tables and strings; `file` is what messages call it.

        Raises
        ------
        NamesError
            If a key is not known or a value is impossible.
        """
        return cls(struct_of(table, SiteMapFile, file, NamesError).rois)

    def read(self, roi_name: str, interpreted_type: str = "") -> RoiName:
        """Return what an ROI name stands for: by the map, else by its words and type."""
        read = read_roi_name(roi_name, interpreted_type)
        entry = self.entry_of(roi_name)
        if entry is None:
            return read
        organ = entry.organ or read.organ
        side = read.side if entry.side is None else entry.side
        if entry.role is None:
            return replace(read, organ=organ, side=side)
        return RoiName(
            role=entry.role,
            organ=organ,
            side=side,
            subtracted=entry.subtracted,
            # A union is one of what its name says: gross tumour, or targets with margins.
            base=read.base if entry.role is read.role else _base_of(entry.role, read),
            evidence=FROM_SITE_MAP,
        )

    def entry_of(self, roi_name: str) -> SiteEntry | None:
        """Return the entry of an ROI name: its own, else the first pattern that fits, or None."""
        key = self._key_of(roi_name)
        return None if key is None else self.entries[key]

    def unmatched(self, structure_set: StructureSet) -> tuple[str, ...]:
        """Return the names and patterns that no ROI of a structure set goes by."""
        drawn = (structure.roi_name for structure in structure_set)
        used = {self._key_of(roi_name) for roi_name in (*drawn, *structure_set.left_out)}
        return tuple(key for key in self.entries if key not in used)

    def notes_on(self, structure_set: StructureSet) -> tuple[str, ...]:
        """Return what to say of the map: a name that no ROI goes by may be misspelt."""
        missing = self.unmatched(structure_set)
        return (f"no ROI goes by {listed(missing)}",) if missing else ()

    def _key_of(self, roi_name: str) -> str | None:
        name = _composed(roi_name)
        exact = (key for key in self.entries if _composed(key) == name)
        fitting = (key for key in self.entries if _ANY in key and _fits(key, name))
        return next(exact, None) or next(fitting, None)


def _base_of(role: Role, read: RoiName) -> Role:
    """Return what a union, ring or helper is made from, by its name.

    A union of which the name tells nothing may be one of gross tumour.
    """
    if role not in _MADE:
        return Role.UNKNOWN
    if read.role not in {*_MADE, Role.UNKNOWN}:
        return read.role
    says_nothing = read.base is Role.UNKNOWN or read.role is Role.UNKNOWN
    return Role.GTV if role is Role.UNION and says_nothing else read.base


def _composed(name: str) -> str:
    """Return a name in which an accent is no character of its own, as files differ in that."""
    return unicodedata.normalize("NFC", name).strip()


def _fits(pattern: str, name: str) -> bool:
    pieces = [re.escape(piece) for piece in _composed(pattern).split(_ANY)]
    return re.fullmatch(".*".join(pieces), name, re.DOTALL) is not None
