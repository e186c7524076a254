"""Planned: what a batch found and was given, and what there is to do of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from oligort.batch.discovery import empty_folders
from oligort.batch.grouping import Found
from oligort.batch.judge import Task
from oligort.batch.names import names_of, register_key
from oligort.batch.registers import Listed, RegisterList
from oligort.batch.unchecked import Whose
from oligort.protocol.model import Protocol


@dataclass(frozen=True)
class Planned:
    """All that a batch is to do, before it does any of it.

    Parameters
    ----------
    root : Path
        The folder that was searched.
    found : sequence of Found
        The submissions.
    registers : RegisterList
        The registers that were given.
    protocol : str
        A shipped protocol's id, or a file.
    """

    root: Path
    found: Sequence[Found]
    registers: RegisterList
    protocol: str

    @cached_property
    def rules(self) -> Protocol:
        """The protocol itself."""
        return Protocol.load(self.protocol)

    @cached_property
    def matches(self) -> dict[str, Listed]:
        """The register of each submission, by its key."""
        return self.registers.matched(self.found)

    @cached_property
    def missing(self) -> dict[str, Listed]:
        """The registers without submission, by a key of their own."""
        return {
            register_key(one.subject): one
            for one in self.registers.without_submission(self.matches)
        }

    @cached_property
    def empty(self) -> list[str]:
        """The folders directly below the root in which there is no file; not masked."""
        return empty_folders(self.root, self.found)

    @property
    def keys(self) -> list[str]:
        """The keys of all submissions, and of the registers without."""
        return [*(one.key for one in self.found), *self.missing]

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of the report of each whose subject is known, by its key."""
        subjects = {one.key: self.whose(one).subject for one in self.found}
        subjects |= {key: listed.subject for key, listed in self.missing.items()}
        return names_of({key: subject for key, subject in subjects.items() if subject})

    def whose(self, found: Found) -> Whose:
        """Return subject, site and arm of a submission, as far as they are known unread."""
        listed = self.matches.get(found.key)
        if listed is None:
            return Whose(found.subject_id, found.site_id)
        return Whose(listed.subject, listed.site or found.site_id, listed.arm)

    def task(self, found: Found) -> Task:
        """Return what a worker needs to know of a submission, to check it without a page."""
        listed = self.matches.get(found.key)
        return Task(
            key=found.key,
            root=str(self.root),
            base=found.base,
            places=found.places,
            protocol=self.protocol,
            protocol_sha256=self.rules.sha256,
            register=listed.json if listed else "",
        )
