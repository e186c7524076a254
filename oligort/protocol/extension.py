"""Extension: a protocol file that states only in what it differs from another one.

A rule is a table with a source of its own. What an extension states is a whole rule, its number
beside its own source: it is added, or stands in the place of the rule that it is about. So no
number comes to stand beside the source of another one, and no rule of the other protocol is lost.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from oligort.display import listed, quoted
from oligort.errors import ProtocolError
from oligort.strict import shown_file

Table = dict[str, Any]

EXTENDS = "extends"
"""The key that names the other protocol."""

OWN_KEYS = ("schema_version", "id", "version", "title")
"""What each file says of itself."""


def extended(base: Mapping[str, Any], own: Mapping[str, Any], file: str) -> Table:
    """Return the tables of a protocol file together with those of the protocol that it extends.

    Raises
    ------
    ProtocolError
        If it gives a source of the other protocol another title, or changes grades without saying
        where its own come from.
    """
    _refuse_other_sources(base, own, file)
    whole = _together(base, own)
    if _is_table(own.get("grades")):
        if "source" not in own["grades"]:
            raise ProtocolError(
                f'{shown_file(file)}: grades: expected the key "source" beside grades that differ '
                f"from those of the protocol that it extends"
            )
        whole["grades"] = {**base.get("grades", {}), "question": "", **own["grades"]}
        rules = [it.get("rules", {}) for it in (base.get("grades", {}), own["grades"])]
        if all(map(_is_table, rules)):
            whole["grades"]["rules"] = {**rules[0], **rules[1]}
    limits = own.get("dose_limits")
    if isinstance(limits, list):
        # Its own come first, so that a fault is told by the number that the entry has in the file.
        about = [_about(limit) for limit in limits]
        kept = [limit for limit in base.get("dose_limits", []) if _about(limit) not in about]
        whole["dose_limits"] = [*limits, *kept]
    return whole


def refuse_unless_own(own: Mapping[str, Any], file: str) -> None:
    """Refuse a file that does not say of itself what no other says; its keys are known ones.

    Raises
    ------
    ProtocolError
        If one of them is missing.
    """
    missing = [key for key in OWN_KEYS if key not in own]
    if missing:
        raise ProtocolError(
            f"{shown_file(file)}: expected {listed(missing)}, which a protocol says of itself and "
            f"takes from no other"
        )


def refuse_id_of_another(own: Mapping[str, Any], taken: Iterable[str], file: str) -> None:
    """Refuse an extension that calls itself as a protocol does whose rules it changes.

    Raises
    ------
    ProtocolError
        If its id is one of those taken, written in whatever way.
    """
    written = str(own.get("id", ""))
    for other in taken:
        if _letters(written) == _letters(other):
            raise ProtocolError(
                f"{shown_file(file)}: id: expected an id of its own, as its rules are not those of "
                f"{quoted(other)}, found {quoted(written)}; a report would pass for one by that "
                f"protocol"
            )


def _letters(written: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", written))).casefold()


def changes(base: Mapping[str, Any], own: Mapping[str, Any], path: str = "") -> tuple[str, ...]:
    """Return which rules of the other protocol an extension states otherwise, by path of keys."""
    found: list[str] = []
    for key, value in own.items():
        before: object = base.get(key)
        where = f"{path}.{key}" if path else key
        if path == "" and key == "dose_limits" and isinstance(value, list):
            others = base.get(key, [])
            found += [_title(it) for it in value if _stands_otherwise(it, others)]
        elif key == "grades" and _is_table(before) and _is_table(value):
            found += [f"{where}.{name}" for name in value if before.get(name) != value[name]]
        elif _is_rule(before) and before != value:
            found.append(where)
        elif _is_table(before) and _is_table(value):
            found += changes(before, value, where)
    return tuple(found)


def _together(base: Mapping[str, Any], own: Mapping[str, Any]) -> Table:
    both = dict(base)
    for key, value in own.items():
        before = both.get(key)
        if _is_table(before) and _is_table(value) and not _is_rule(before):
            both[key] = _together(before, value)
        else:
            both[key] = value
    return both


def _refuse_other_sources(base: Mapping[str, Any], own: Mapping[str, Any], file: str) -> None:
    known, given = base.get("sources", {}), own.get("sources", {})
    for name in given if _is_table(given) else ():
        if name in known and known[name] != given[name]:
            raise ProtocolError(
                f"{shown_file(file)}: sources: {quoted(name)} is a document of the protocol that "
                f"it extends: give another document a name of its own"
            )


def _about(limit: object) -> tuple[object, ...]:
    """Return what two dose limits have in common of which one stands in the other's place."""
    if not isinstance(limit, Mapping):
        return ()
    relation = str(limit.get("relation", ""))
    when = limit.get("applies_when")
    structure = _structure(limit.get("structure"))
    return (structure, _metric(limit.get("metric")), relation[:1], when)


def _structure(text: object) -> object:
    """Return a structure in one spelling; what is none is refused where the limit is read."""
    from oligort.errors import ExpressionError
    from oligort.geometry.algebra import parse

    try:
        return str(parse(text)).casefold() if isinstance(text, str) else text
    except ExpressionError:
        return text


def _metric(text: object) -> object:
    """Return a metric in one spelling; what is none is refused where the limit is read."""
    from oligort.dose.metric import Metric
    from oligort.errors import MetricError

    try:
        return str(Metric.parse(text)) if isinstance(text, str) else text
    except MetricError:
        return text


def _stands_otherwise(limit: object, others: list[object]) -> bool:
    return any(_about(limit) == _about(other) and limit != other for other in others)


def _title(limit: Mapping[str, Any]) -> str:
    return f"dose_limits ({_metric(limit.get('metric'))} of {limit.get('structure')})"


def _is_table(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_rule(value: object) -> bool:
    return isinstance(value, Mapping) and "source" in value
