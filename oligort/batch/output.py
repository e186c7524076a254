"""Output: the folder of a batch: each file whole, and known what it was made from."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import msgspec
from filelock import FileLock, Timeout

from oligort.display import quoted
from oligort.errors import OutputError
from oligort.finding import Grade

REPORTS = "reports"
"""The folder of the reports."""

SUFFIXES = frozenset({".json", ".html"})
"""Of all files that a submission may have there."""

LEDGER = ".oligort"
"""The folder of what each report was made from; nothing reads it but the next batch."""


LOCK, MARK = "lock", "root"
"""Files in it: what one batch at a time holds, and the digest of the root of the reports."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the report of one submission.

    Parameters
    ----------
    fingerprint : str
        Of all that the report depends on, or "" where that is not known.
    limits : str
        The limits that it depends on as well, or "".
    name : str
        Of its files, without suffix.
    files : dict of str to str
        SHA-256 of each file by its suffix.
    subject, verdict : str, Grade
        As the report says.
    is_bug : bool
        Whether it tells an internal error.
    lay : str
        Digest of the folder that the submission lay in, or "" where that tells nothing.
    former : dict of str to dict
        The files under each name that it had before, as in `files`, until they are removed.
    """

    fingerprint: str
    limits: str
    name: str
    files: dict[str, str]
    subject: str
    verdict: Grade
    is_bug: bool = False
    lay: str = ""
    former: dict[str, dict[str, str]] = {}


class _Sited(msgspec.Struct, frozen=True):
    """What is asked of a report that is there already."""

    site: str


@dataclass(frozen=True)
class Output:
    """The folder that a batch writes to.

    The ledger is written before the report: whatever is interrupted between the two, a report that
    is not as the ledger says is made again. It knows what a report was called before until the
    files of that name are gone: nobody else would remove them.
    """

    folder: Path

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, root: Path, *, is_fresh: bool = False) -> Iterator["Output"]:
        """Take the folder for one batch; a lock of a batch that was killed is gone with it.

        Raises
        ------
        OutputError
            If another batch is at work in it, it is of another root, lies in it, or cannot be
            written to.
        """
        output = cls(folder.absolute())
        with _writing(output.folder):
            (output.folder / LEDGER).mkdir(parents=True, exist_ok=True)
            (output.folder / REPORTS).mkdir(exist_ok=True)
        with output._locked():
            output._claim(root, is_fresh)
            yield output

    @classmethod
    def refuse_taken(cls, folder: Path, root: Path, *, is_fresh: bool = False) -> None:
        """Refuse a folder that could not be taken now, before hours are spent on what is to do.

        Nothing is written: whether there is anything to do is not known yet.

        Raises
        ------
        OutputError
            As `opened` does, but where it cannot be written to.
        """
        output = cls(folder.absolute())
        if (output.folder / LEDGER / LOCK).exists():
            with output._locked():
                output._refuse_another(root, is_fresh)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        shown = quoted(self.folder.name)
        lock = FileLock(self.folder / LEDGER / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise OutputError(
                f"expected no other batch at work in {shown}, found one; wait until it "
                "has ended, or name another folder with --out"
            ) from error
        except (OSError, NotImplementedError) as error:
            raise OutputError(
                f"expected to lock {shown}, found that its file system cannot: {error}; "
                "name a folder on another one with --out"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _claim(self, root: Path, is_fresh: bool) -> None:
        with _writing(self.folder / LEDGER):
            for left in (self.folder / LEDGER).glob("*.part"):
                left.unlink()
        self._refuse_another(root, is_fresh)
        self.write(self.folder / LEDGER / MARK, _mark_of(root))

    def _refuse_another(self, root: Path, is_fresh: bool) -> None:
        mark, digest = self.folder / LEDGER / MARK, _mark_of(root)
        try:
            is_of_another = mark.exists() and mark.read_bytes() != digest
        except OSError as error:
            raise OutputError(
                f"expected to read in {quoted(self.folder)} of which folder the reports are "
                f"({LEDGER}/{mark.name}), found: {error.strerror}; let it be read here, or name "
                "another folder with --out"
            ) from error
        if is_of_another and not is_fresh:
            raise OutputError(
                f"expected in {quoted(self.folder)} the reports of the folder that is checked, "
                "found those of another one; name a folder for each with --out, or, where the "
                "submissions were moved, check all again with --fresh"
            )

    def entry(self, key: str) -> Entry | None:
        """Return what is known of a submission's report, or None."""
        try:
            return msgspec.json.decode(
                (self.folder / LEDGER / f"{key}.json").read_bytes(), type=Entry
            )
        except (OSError, msgspec.MsgspecError):
            return None

    def holds(self, entry: Entry) -> bool:
        """Whether the files are there, and as they were written."""
        return all(
            self._digest(entry.name + suffix) == digest for suffix, digest in entry.files.items()
        )

    def keep(
        self,
        key: str,
        entry: Entry,
        files: Mapping[str, bytes],
        is_needed: Callable[[str, Mapping[str, str]], bool] = lambda name, files: False,
    ) -> None:
        """Write the files of a submission, and what they were made from.

        Its files of before are removed where they had another name, unless these, by name and
        digests, are the report of another submission now.

        Raises
        ------
        OutputError
            If they cannot be written; what was there before is whole.
        """
        before = self.entry(key)
        with _writing(self.folder / REPORTS):
            for suffix in SUFFIXES - set(entry.files):
                # Of an earlier run: it would tell of another check than the report beside it.
                (self.folder / REPORTS / (entry.name + suffix)).unlink(missing_ok=True)
        former = {**before.former, before.name: before.files} if before else {}
        former.pop(entry.name, None)
        entry = msgspec.structs.replace(entry, former=former)
        self._note(key, entry)
        for suffix, content in files.items():
            self.write(self.folder / REPORTS / (entry.name + suffix), content)
        self.settle(key, entry, is_needed)

    def settle(
        self, key: str, entry: Entry, is_needed: Callable[[str, Mapping[str, str]], bool]
    ) -> None:
        """Remove what the report of an entry was called before; `is_needed` as in `keep`.

        Raises
        ------
        OutputError
            If that cannot be removed; the next run does it then.
        """
        if not entry.former:
            return
        self._remove({n: files for n, files in entry.former.items() if not is_needed(n, files)})
        self._note(key, msgspec.structs.replace(entry, former={}))

    def files_of(self, entry: Entry) -> dict[str, bytes]:
        """Return the files of a report that is there, by their suffixes."""
        return {
            suffix: (self.folder / REPORTS / (entry.name + suffix)).read_bytes()
            for suffix in entry.files
        }

    def forget(self, key: str) -> None:
        """Forget what a report was made from; its files stay."""
        with _writing(self.folder / LEDGER):
            (self.folder / LEDGER / f"{key}.json").unlink(missing_ok=True)

    def of_others(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return what is known of the reports of submissions that are not these, by their keys."""
        known = set(keys)
        left = {
            path.stem: self.entry(path.stem)
            for path in sorted((self.folder / LEDGER).glob("*.json"))
            if path.stem not in known
        }
        return {key: entry for key, entry in left.items() if entry is not None}

    def site_of(self, entry: Entry) -> str:
        """Return the site that the report of an entry states, or ""."""
        try:
            content = (self.folder / REPORTS / f"{entry.name}.json").read_bytes()
            return msgspec.json.decode(content, type=_Sited).site
        except (OSError, msgspec.MsgspecError):
            return ""

    def write(self, path: Path, content: bytes) -> None:
        """Write a file whole or not at all, also where the power fails.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        with self._replacing(path) as part, part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def table(self, path: Path) -> Iterator[TextIO]:
        """Write a table row by row, whole in the end or not at all; refused as `write` does."""
        with (
            self._replacing(path) as part,
            part.open("w", encoding="utf-8", newline="") as stream,
        ):
            yield stream
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[Path]:
        part = self.folder / LEDGER / f"{path.name}.part"
        with _writing(path):
            try:
                yield part
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def _digest(self, name: str) -> str:
        try:
            return hashlib.sha256((self.folder / REPORTS / name).read_bytes()).hexdigest()
        except OSError:
            return ""

    def _note(self, key: str, entry: Entry) -> None:
        self.write(self.folder / LEDGER / f"{key}.json", msgspec.json.encode(entry))

    def _remove(self, former: Mapping[str, Mapping[str, str]]) -> None:
        """Remove the files of these names, but those that are no longer as they were written."""
        with _writing(self.folder / REPORTS):
            for name, files in former.items():
                for suffix, digest in files.items():
                    if self._digest(name + suffix) == digest:
                        (self.folder / REPORTS / (name + suffix)).unlink()


def _mark_of(root: Path) -> bytes:
    return hashlib.sha256(os.fsencode(root.resolve())).hexdigest().encode()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"expected to write {quoted(path.name)}, found: {error.strerror}; what was written "
            "before is whole, and the same command goes on from there"
        ) from error
