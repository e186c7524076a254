"""Protocol: the rules of one trial, read from a TOML file in which each number has a source."""

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from oligort.display import listed, quoted
from oligort.document import ProtocolRecord, Setting
from oligort.errors import ProtocolError
from oligort.finding import Source
from oligort.places import Steps
from oligort.protocol.extension import (
    EXTENDS,
    changes,
    extended,
    refuse_id_of_another,
    refuse_unless_own,
)
from oligort.protocol.limits import Criteria, DoseLimit, Name, Sentence
from oligort.protocol.settings import Grades, Settings, record_of
from oligort.protocol.sourced import ASSUMPTION, Strict
from oligort.protocol.tissues import AlphaBeta, PlausibleVolumes
from oligort.spelling import nearest
from oligort.strict import (
    MisplacedError,
    content_of,
    document_of,
    lines_in,
    shown_file,
    struct_of,
    table_of,
)


class Document(Strict, frozen=True, kw_only=True):
    """A document that numbers come from."""

    title: Sentence
    url: str = ""


class ProtocolFile(Strict, frozen=True, kw_only=True):
    """What stands in a protocol file.

    Parameters
    ----------
    schema_version : int
        1.
    extends : str
        The protocol whose rules hold beside its own: a shipped protocol's id, or the path of a
        file, from the folder of this one; "" for none.
    id, version, title : str
        Which protocol it is.
    sources : dict of str to Document
        The documents that numbers come from, by the name their `source` gives.
    criteria : Criteria
        Limits and required answers; lengths in mm.
    dose_limits : tuple of DoseLimit
        Limits on metrics of structures.
    settings : Settings
        What the protocol leaves open, as it is read here.
    grades : Grades
        What becomes of deviations that break no criterion.
    alpha_beta : AlphaBeta or None
        Of which tissues EQD2 is computed, for information; None for no EQD2.
    plausible_volumes : PlausibleVolumes or None
        How large organs with a dose limit can be; None: no volume is doubted.
    """

    schema_version: Literal[1]
    extends: str = ""
    id: Name
    version: Name
    title: Sentence
    sources: dict[str, Document]
    criteria: Criteria
    dose_limits: tuple[DoseLimit, ...]
    settings: Settings
    grades: Grades
    alpha_beta: AlphaBeta | None = None
    plausible_volumes: PlausibleVolumes | None = None

    def __post_init__(self) -> None:
        """Refuse sources that are not listed, and limits that contradict each other."""
        if ASSUMPTION in self.sources:
            raise ValueError(f"sources: {quoted(ASSUMPTION)} is no document, it says there is none")
        for steps, source in sources_in(self):
            if source.document != ASSUMPTION and source.document not in self.sources:
                known = [*self.sources, ASSUMPTION]
                raise MisplacedError(
                    f"expected one of [sources] ({listed(known)}), "
                    f"found {quoted(source.document)}{nearest(source.document, known)}",
                    *steps,
                    "document",
                )
        if self.alpha_beta:
            self.alpha_beta.refuse_unknown([limit.structure for limit in self.dose_limits])
        for number, limit in enumerate(self.dose_limits, 1):
            same = [other for other in self.dose_limits[: number - 1] if _same(limit, other)]
            if same:
                raise MisplacedError(
                    f"expected one limit for {quoted(limit.metric)} of {quoted(limit.structure)} "
                    f"in this direction, found two",
                    "dose_limits",
                    number,
                )


class Protocol(ProtocolFile, frozen=True, kw_only=True):
    """The rules of one trial.

    Parameters
    ----------
    sha256 : str
        Digest of the file, in hex digits; of a file that extends another one, of that one's digest
        and the file.
    base : ProtocolRecord or None
        The protocol that it extends.
    changes : tuple of str
        The rules which it states otherwise than that one, or that one than the one that it extends
        itself, and so on: each once.

    Raises
    ------
    ValueError
        If a source is none of the documents, or two dose limits are about the same.
    """

    sha256: str
    base: ProtocolRecord | None = None
    changes: tuple[str, ...] = ()

    @classmethod
    def load(cls, name_or_path: str | Path) -> "Protocol":
        """Read a shipped protocol by its id, or a protocol file by its path.

        A text with a suffix or a path separator is a path; the id's case does not matter.

        Raises
        ------
        ProtocolError
            If there is none of that name, the file cannot be read, a key is not known, a value is
            impossible, or a protocol extends itself.
        """
        if _is_path(name_or_path):
            return cls._read(name_or_path, ())[0]
        content = _content(name_or_path)
        if content not in _SHIPPED:
            _SHIPPED[content] = cls._read(name_or_path, ())[0]
        return _SHIPPED[content]

    @classmethod
    def _read(
        cls, name_or_path: str | Path, extending: tuple[str, ...]
    ) -> tuple["Protocol", dict[str, Any], frozenset[str]]:
        """Return a protocol, the tables of it and of all that it extends, and the ids of these."""
        content, file = _content(name_or_path)
        where = str(Path(file).resolve()) if _is_path(name_or_path) else file
        if where in extending:
            raise ProtocolError(
                f"{shown_file(file)}: expected a protocol that extends no copy of itself"
            )
        own = table_of(content, file, ProtocolError)
        if EXTENDS not in own:
            document = document_of(content, ProtocolFile, file, ProtocolError)
            sha256 = hashlib.sha256(content).hexdigest()
            return (
                cls(**msgspec.structs.asdict(document), sha256=sha256),
                own,
                frozenset({document.id}),
            )
        base, whole_base, ids = cls._read(_beside(file, own[EXTENDS]), (*extending, where))
        taken = set(ids)
        if _is_path(name_or_path):
            taken.update(map(str.upper, cls.shipped()))
        refuse_id_of_another(own, sorted(taken), file)
        whole = extended(whole_base, own, file)
        document = struct_of(
            whole, ProtocolFile, file, ProtocolError, lambda: lines_in(content, file)
        )
        # Only now: a key that is not known, which is told with its line, may be meant for one.
        refuse_unless_own(own, file)
        protocol = cls(
            **msgspec.structs.asdict(document),
            sha256=hashlib.sha256(base.sha256.encode() + content).hexdigest(),
            base=base.record(),
            changes=tuple(dict.fromkeys((*base.changes, *changes(whole_base, own)))),
        )
        in_order = msgspec.structs.replace(protocol, dose_limits=_in_order(protocol, base))
        return in_order, whole, ids | {protocol.id}

    @staticmethod
    def shipped() -> tuple[str, ...]:
        """Return the ids of the protocols that come with oligort."""
        return tuple(sorted(_shipped_files()))

    def setting_records(self) -> tuple[Setting, ...]:
        """Return every setting in force, for a report; those that are assumptions say so."""
        definitions = (
            record_of(f"{limit.criterion}_structure", limit.structure, limit.definition)
            for limit in self.dose_limits
            if limit.definition
        )
        assumed = _assumed(self.dose_limits)
        tissues = self.alpha_beta.records() if self.alpha_beta else ()
        volumes = self.plausible_volumes.records() if self.plausible_volumes else ()
        return (
            *definitions,
            *assumed,
            *self.settings.records(),
            *tissues,
            *volumes,
            self.grades.record(),
        )

    def record(self) -> ProtocolRecord:
        """Return which protocol it is, for a report."""
        base = self.base
        return ProtocolRecord(
            id=self.id,
            version=self.version,
            title=self.title,
            sha256=self.sha256,
            extends=f"{base.id}, version {base.version}" if base else "",
            changes=self.changes,
        )


def _assumed(limits: tuple[DoseLimit, ...]) -> Iterator[Setting]:
    """Yield the dose limits, and their variations, that no document gives: to be confirmed."""
    for limit in limits:
        what = f"{limit.criterion}: {limit.metric} of {limit.structure}"
        for name, one in ((what, limit), (f"{what}, acceptable variation", limit.variation)):
            if one is not None and one.source.document == ASSUMPTION:
                told = f"{limit.relation} {one.limit:g} {limit.unit}".rstrip()
                yield Setting(
                    name=name,
                    value=told,
                    source=str(one.source),
                    assumption=True,
                    question=f"No document is named for this limit. Is {told} the one that holds?",
                )


_SHIPPED: dict[tuple[bytes, str], Protocol] = {}
"""Shipped protocols that were read, by the content and the name of their files."""


def _content(name_or_path: str | Path) -> tuple[bytes, str]:
    """Return what stands in a protocol file, and the file."""
    if _is_path(name_or_path):
        return content_of(Path(name_or_path), ProtocolError), str(name_or_path)
    return _shipped_content(str(name_or_path))


def _beside(file: str, name: object) -> str | Path:
    """Return what a file says to extend: a shipped protocol, or a file from its own folder."""
    if not isinstance(name, str) or not name:
        raise ProtocolError(
            f"{shown_file(file)}: {EXTENDS}: expected a shipped protocol "
            f"({listed(Protocol.shipped())}) or the path of a .toml file"
        )
    if _is_path(name):
        return Path(file).parent / name
    try:
        _shipped_content(name)
    except ProtocolError as unknown:
        raise ProtocolError(f"{shown_file(file)}: {EXTENDS}: {unknown}") from unknown
    return name


def _in_order(protocol: "Protocol", base: "Protocol") -> tuple[DoseLimit, ...]:
    """Return its dose limits, those that stand for limits of the other protocol first."""

    def place(limit: DoseLimit) -> int:
        same = (number for number, one in enumerate(base.dose_limits) if _same(limit, one))
        return next(same, len(base.dose_limits))

    return tuple(sorted(protocol.dose_limits, key=place))


def _is_path(name_or_path: str | Path) -> bool:
    if isinstance(name_or_path, Path):
        return True
    return bool(Path(name_or_path).suffix) or any(mark in name_or_path for mark in "/\\")


def _shipped_files() -> dict[str, Any]:
    trials = files("oligort.protocol").joinpath("trials")
    return {
        file.name.removesuffix(".toml"): file
        for file in trials.iterdir()
        if file.name.endswith(".toml")
    }


def _shipped_content(name: str) -> tuple[bytes, str]:
    shipped = _shipped_files()
    file = shipped.get(name.casefold())
    if file is None:
        raise ProtocolError(
            f"expected a shipped protocol ({listed(sorted(shipped))}) or the path of a .toml file, "
            f"found {quoted(name)}{nearest(name, shipped)}"
        )
    return file.read_bytes(), file.name


def _same(one: DoseLimit, other: DoseLimit) -> bool:
    """Say whether two limits bound the same metric of the same structure, from the same side.

    One that applies to other submissions is another limit.
    """
    return (one.structure.casefold(), one.metric, one.relation[0], one.applies_when) == (
        other.structure.casefold(),
        other.metric,
        other.relation[0],
        other.applies_when,
    )


def sources_in(part: object, steps: Steps = ()) -> Iterator[tuple[Steps, Source]]:
    """Yield every source under a part of the protocol, with the way of keys to it."""
    if isinstance(part, Source):
        yield steps, part
    elif isinstance(part, tuple):
        for number, item in enumerate(part, 1):
            yield from sources_in(item, (*steps, number))
    elif isinstance(part, dict):
        for name, item in part.items():
            yield from sources_in(item, (*steps, name))
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from sources_in(getattr(part, name), (*steps, name))
