"""A protocol as tables for the terminal: every rule with its number, its grade and its source."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from oligort.document import Setting
from oligort.protocol.limits import (
    DoseLimit,
    Limit,
    Requirement,
    Rule,
    SynchronousMonths,
)
from oligort.protocol.model import Protocol
from oligort.report.text import columns, sentence
from oligort.rounding import shown_limit

NO_GRADE = "-"
"""What stands for the number and the grade of what sorts metastases and forbids none."""

SYNCHRONOUS = "Time from the primary to metastases that are synchronous"

ACCEPTABLE = "beyond it, an acceptable variation"
"""What the second limit of a dose limit is called, in the row below it."""


def protocol_view(protocol: Protocol) -> RenderableType:
    """Return what it is, its criteria, dose limits and settings, and what to ask its office."""
    record = protocol.record()
    head = [f"{protocol.id}, version {protocol.version}: {protocol.title}"]
    if record.extends:
        head.append(f"It extends {record.extends}.")
    if record.changes:
        head.append(f"It states otherwise: {', '.join(record.changes)}.")
    parts: list[RenderableType] = [sentence(line) for line in head]
    parts += [Text(), Text("Rules", style="bold"), _rules(protocol)]
    records = protocol.setting_records()
    known = [setting for setting in records if not setting.assumption]
    assumed = [setting for setting in records if setting.assumption]
    if known:
        parts += [Text(), Text("Settings", style="bold"), *map(_setting, known)]
    if assumed:
        title = "Assumptions to confirm with the trial office"
        parts += [Text(), Text(title, style="bold"), *map(_setting, assumed)]
    parts += [Text(), Text("Sources", style="bold")]
    parts += [
        sentence(f"{name}: {' '.join(filter(None, (document.title, document.url)))}")
        for name, document in protocol.sources.items()
    ]
    parts += [Text(), sentence(f"SHA-256 {record.sha256}")]
    return Group(*parts)


def _rules(protocol: Protocol) -> RenderableType:
    table = columns("", "rule", "limit", "grade", "source")
    for row in _rows(protocol):
        table.add_row(*map(sentence, row))
    return table


def _rows(protocol: Protocol) -> Iterator[tuple[object, ...]]:
    """Yield a row a rule, what states no grade among them, and one more a variation."""
    for name in protocol.criteria.__struct_fields__:
        rule = getattr(protocol.criteria, name)
        if isinstance(rule, SynchronousMonths):
            yield NO_GRADE, SYNCHRONOUS, _bound(rule, rule.limit), NO_GRADE, rule.source
        else:
            yield rule.criterion, rule.description, _limit(rule), rule.grade, rule.source
    for limit in protocol.dose_limits:
        what = f"{limit.description}: {limit.metric} of {limit.structure}{_when(limit)}"
        yield limit.criterion, what, _limit(limit), limit.grade, limit.source
        if further := limit.variation:
            bound = _bound(limit, further.limit)
            yield limit.criterion, ACCEPTABLE, bound, further.grade, further.source


def _when(limit: DoseLimit) -> str:
    """Return when a dose limit applies, in words, or "" where it always does."""
    when = limit.applies_when
    if when is None:
        return ""
    told = []
    if when.arm:
        told.append(f"the arm is {when.arm}")
    if when.plan_kind:
        told.append(f"the plan is a {when.plan_kind} plan")
    if when.organ:
        told.append(f"a metastasis lies in {when.organ}")
    if when.fractions:
        told.append(f"the dose is given in {when.fractions}")
    return f"; applies where {' and '.join(told)}"


def _limit(rule: Rule) -> str:
    if isinstance(rule, Requirement):
        return str(rule.required)
    assert isinstance(rule, Limit)
    return _bound(rule, rule.limit)


def _bound(rule: Limit | SynchronousMonths, limit: float) -> str:
    return f"{shown_limit(rule.relation, limit)} {rule.unit}".rstrip()


def _setting(setting: Setting) -> RenderableType:
    asked = setting.question or setting.source
    return sentence(f"{setting.name} = {setting.value} ({asked})")
