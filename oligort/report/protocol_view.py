"""A protocol as tables for the terminal: every rule with its number, its grade and its source."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from oligort.document import Setting
from oligort.protocol.limits import DoseLimit, Limit, Requirement, Rule
from oligort.protocol.model import Protocol
from oligort.report.rounding import shown_limit
from oligort.report.text import columns, sentence


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
    for rule in _all_rules(protocol):
        table.add_row(
            sentence(rule.criterion),
            sentence(_what(rule)),
            sentence(_limit(rule)),
            sentence(rule.grade),
            sentence(rule.source),
        )
    return table


def _all_rules(protocol: Protocol) -> Iterator[Rule]:
    for name in protocol.criteria.__struct_fields__:
        rule = getattr(protocol.criteria, name)
        if isinstance(rule, Rule):
            yield rule
    yield from protocol.dose_limits


def _what(rule: Rule) -> str:
    if isinstance(rule, DoseLimit):
        return f"{rule.description}: {rule.metric} of {rule.structure}"
    return rule.description


def _limit(rule: Rule) -> str:
    if isinstance(rule, Requirement):
        return str(rule.required)
    assert isinstance(rule, Limit)
    return f"{shown_limit(rule.relation, rule.limit)} {rule.unit}".rstrip()


def _setting(setting: Setting) -> RenderableType:
    asked = setting.question or setting.source
    return sentence(f"{setting.name} = {setting.value} ({asked})")
