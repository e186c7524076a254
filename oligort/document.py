"""Report: the document that a check ends in, and its JSON form, which is a contract."""

from pathlib import Path
from typing import Any

import msgspec

from oligort.display import harmless_json, indented_json, quoted, safe_text
from oligort.errors import ReportError
from oligort.finding import Finding, Grade, verdict_of

LONGEST_FAULT = 240
"""Longest account of what is wrong in a file that is told."""

SCHEMA_VERSION = 1
"""Version of the report's JSON; keys are added under one version, never renamed."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A number the checks rest on: what of, which metric, value and its widest interval.

    `criterion` and `limit` ("V20Gy[%] of Lungs-GTV") are of the dose limit it stands beside, or "";
    `graded` marks the one number that is held against that limit.
    """

    about: str
    metric: str
    value: float | None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""
    criterion: str = ""
    limit: str = ""
    graded: bool = False


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A convention or a protocol setting that was in force; assumptions are to be confirmed."""

    name: str
    value: str
    source: str
    assumption: bool = False
    question: str = ""


class FileRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One object that was read: its kind, UID, place in the submission and digest."""

    kind: str
    sop_instance_uid: str
    file: str
    sha256: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer decided on a finding: it stays, and so does the verdict.

    `finding` is the mark of the finding; `applies` says whether the report still has it, as it was
    when it was decided on.
    """

    finding: str
    code: str
    about: str = ""
    reason: str
    by: str
    date: str
    applies: bool = True


class ProtocolRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The protocol that was applied.

    `extends` is the protocol that its file extends, or ""; `changes` are the rules of that one
    which it states otherwise, and what that one states otherwise than the one that it extends
    itself, by their path of keys.
    """

    id: str
    version: str
    title: str
    sha256: str
    extends: str = ""
    changes: tuple[str, ...] = ()


class _Versioned(msgspec.Struct, frozen=True):
    """What is looked at first in a report: in another version all else may mean something else."""

    schema_version: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One submission judged against one protocol.

    The verdict is that of the findings: MAJOR > MINOR > NOT_EVALUABLE > PASS. `only` are the codes,
    or patterns of codes, of the checks that were asked, where not all were: the verdict is then of
    these alone. `decisions` are those of a reviewer; none changes a grade or the verdict. `to_json`
    writes the contract; the same input gives the same bytes.

    Raises
    ------
    ValueError
        If the verdict is not that of the findings, or one of them is of a grade that is none.
    """

    schema_version: int = SCHEMA_VERSION
    subject: str
    site: str
    arm: str
    plan_kind: str
    plan_label: str
    plan_date: str
    dose_sop_instance_uids: tuple[str, ...]
    only: tuple[str, ...] = ()
    verdict: Grade
    findings: tuple[Finding, ...]
    measurements: tuple[Measurement, ...]
    settings: tuple[Setting, ...]
    provenance: tuple[FileRecord, ...]
    protocol: ProtocolRecord
    versions: dict[str, str]
    decisions: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a verdict that its findings do not give."""
        if self.verdict != verdict_of(self.findings):
            raise ValueError(
                f"expected the verdict {verdict_of(self.findings)} of the findings, "
                f"found {self.verdict}"
            )

    @property
    def assumptions(self) -> tuple[Setting, ...]:
        """The settings that the trial's public record leaves open, to confirm with its office."""
        return tuple(setting for setting in self.settings if setting.assumption)

    def decision_on(self, finding: Finding) -> Decision | None:
        """Return what a reviewer decided on a finding, or None."""
        return next((it for it in self.decisions if it.finding == finding.mark), None)

    def graded(self, grade: Grade) -> tuple[Finding, ...]:
        """Return the findings of one grade, in the order of the checks.

        Raises
        ------
        ValueError
            If the grade is none: an empty answer would read as if nothing were wrong.
        """
        asked = Grade(grade)
        return tuple(finding for finding in self.findings if finding.grade == asked)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain dicts, lists, strings and numbers."""
        plain = msgspec.to_builtins(self)
        assert isinstance(plain, dict)
        return plain

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the report as JSON text and, where a path is given, write it there."""
        text = harmless_json(indented_json(self))
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the verdict and what deviates or is open."""
        from oligort.report.notebook import report_html

        return report_html(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Report":
        """Read a report from its JSON text.

        Raises
        ------
        ReportError
            If it is of another schema_version: what it says may mean something else.
        msgspec.DecodeError
            If it is no report.
        """
        try:
            report = msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            _refuse_other_version(msgspec.json.decode(text, type=_Versioned).schema_version)
            raise
        _refuse_other_version(report.schema_version)
        return report

    @classmethod
    def load(cls, path: str | Path) -> "Report":
        """Read a report from a file.

        Raises
        ------
        ReportError
            If the file cannot be read, or is no report of this version.
        """
        shown = quoted(str(path))
        try:
            return cls.from_json(Path(path).read_bytes())
        except OSError as failure:
            raise ReportError(f"{shown} cannot be read: {failure.strerror}") from failure
        except ReportError as failure:
            raise ReportError(f"{shown}: {failure}") from failure
        except (msgspec.DecodeError, ValueError) as failure:
            raise ReportError(
                f"{shown}: expected a report as `oligort check --json` writes it, found a fault: "
                f"{safe_text(failure, LONGEST_FAULT)}"
            ) from failure


def _refuse_other_version(version: int) -> None:
    if version != SCHEMA_VERSION:
        raise ReportError(
            f"expected a report of schema_version {SCHEMA_VERSION}, the one that is known here, "
            f"found {version}; read it with the version of oligort that wrote it, or check the "
            "submission anew"
        )
