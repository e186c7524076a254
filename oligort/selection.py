"""Selection: what the user named, found among the plans and doses of a submission."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import TypeVar

from oligort.display import quoted, safe_text
from oligort.errors import SelectionError
from oligort.geometry.structure import StructureSet
from oligort.objects import Dose, Plan, file_key

_Named = TypeVar("_Named", Plan, Dose)

Given = str | Sequence[str] | None
"""One name, several or none."""


@dataclass(frozen=True)
class Selection:
    """What the user asked for: plans and doses by label, SOP Instance UID or file.

    Several plans, or several doses, are courses: their doses are added up. `by` is who asked.
    """

    plans: tuple[str, ...] = ()
    doses: tuple[str, ...] = ()
    by: str = "the user"

    @classmethod
    def of(cls, plan: Given, dose: Given) -> "Selection":
        """Return what the user asks for by one name, several or none of each."""
        return cls(_names(plan), _names(dose))


def _names(given: Given) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


def named(
    plans: Sequence[Plan], doses: Sequence[Dose], selection: Selection
) -> tuple[tuple[Plan, ...], tuple[Dose, ...]]:
    """Return the plans and the doses that the user names, each once.

    Raises
    ------
    SelectionError
        If a name fits none or several, or a plan and a dose are named that do not belong together.
    """
    chosen_plans = tuple(dict.fromkeys(named_plan(plans, name) for name in selection.plans))
    chosen_doses = tuple(_once(named_dose(doses, name) for name in selection.doses))
    if not chosen_plans or not chosen_doses:
        return chosen_plans, chosen_doses
    uids = {plan.sop_instance_uid for plan in chosen_plans}
    for dose in chosen_doses:
        theirs = plans_of(dose, plans)
        if theirs and not uids.intersection(dose.plan_uids):
            of = title(chosen_plans[0]) if len(chosen_plans) == 1 else listing(chosen_plans)
            raise SelectionError(
                f"{title(dose)} is not of {of} but of {listing(theirs)}; choose one"
            )
    held = {uid for dose in chosen_doses for uid in dose.plan_uids}
    without = [plan for plan in chosen_plans if plan.sop_instance_uid not in held]
    if without and len(chosen_plans) + len(chosen_doses) > 2:
        raise SelectionError(
            f"none of the doses that are named is of {listing(without)}; name its dose too"
        )
    return chosen_plans, chosen_doses


def names_by_export(
    names: Sequence[str], exports: Sequence[Sequence[_Named]]
) -> list[tuple[str, ...]]:
    """Return the names to ask each of several exports for, by its plans or by its doses.

    What the first has is asked of it alone, anything else of all that have it; what is nowhere is
    asked of the first, which refuses it.
    """
    own, *others = exports
    elsewhere: list[tuple[str, ...]] = [
        tuple(name for name in names if fitting(other, name) and not fitting(own, name))
        for other in others
    ]
    beyond = set(chain.from_iterable(elsewhere))
    return [tuple(name for name in names if name not in beyond), *elsewhere]


def only_named_plan(plans: Sequence[Plan], selection: Selection) -> Plan | None:
    """Return the plan that the user names; None where several are named, or the name fits none."""
    if len(selection.plans) == 1:
        with suppress(SelectionError):
            return named_plan(plans, selection.plans[0])
    return None


def named_plan(plans: Sequence[Plan], name: str) -> Plan:
    """Return the plan that a label, a UID or a file names.

    Raises
    ------
    SelectionError
        If none or several fit; the message lists the plans.
    """
    return _named(plans, name, "plan", "RTPLAN")


def named_dose(doses: Sequence[Dose], name: str) -> Dose:
    """Return the dose that a UID or a file names.

    Raises
    ------
    SelectionError
        If none or several fit; the message lists the doses.
    """
    return _named(doses, name, "dose", "RTDOSE")


def plans_of(dose: Dose, plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return the plans that a dose refers to, as far as they are there, in its own order."""
    uids = dict.fromkeys(dose.plan_uids)
    return tuple(plan for uid in uids for plan in plans if plan.sop_instance_uid == uid)


def _once(doses: Iterable[Dose]) -> list[Dose]:
    return list({id(dose): dose for dose in doses}.values())


def _named(objects: Sequence[_Named], name: str, kind: str, modality: str) -> _Named:
    """Return the one object of a name."""
    found = fitting(objects, name)
    if len(found) == 1:
        return found[0]
    if found:
        raise SelectionError(
            f"{len(found)} objects fit {kind} {quoted(name)}: {listing(found)}; name the file"
        )
    there = listing(objects) if objects else "none"
    raise SelectionError(f"no {kind} {quoted(name)} is there; {modality}s: {there}")


def fitting(objects: Sequence[_Named], name: str) -> Sequence[_Named]:
    """Return the objects of a name; a whole path or UID goes before the last part of a path.

    Where none has it as written, plans of that label in any case of letters: people write it so.
    """
    for wanted in (name, PurePath(name).name):
        if found := [thing for thing in objects if _has_name(thing, wanted)]:
            return found
    label = name.strip().casefold()
    return [
        thing
        for thing in objects
        if label and isinstance(thing, Plan) and thing.label.strip().casefold() == label
    ]


def _has_name(thing: Plan | Dose, name: str) -> bool:
    names = {thing.sop_instance_uid, thing.file}
    if isinstance(thing, Plan):
        names.add(thing.label)
    return bool(name) and (name in names or file_key(name) in thing.file_keys)


def title(thing: Plan | Dose | StructureSet) -> str:
    """Return kind, what the object says of itself, and its file."""
    match thing:
        case Dose():
            return f"{thing.summation_type or 'unlabelled'} dose {quoted(thing.file)}"
        case Plan():
            return f"plan {quoted(thing.label)} in {quoted(thing.file)}"
        case StructureSet():
            return f"RTSTRUCT {quoted(thing.file)}"


def listing(objects: Sequence[Plan] | Sequence[Dose] | Sequence[StructureSet]) -> str:
    """Return the titles of some objects, as many as a message holds."""
    shown = [title(thing) for thing in objects[:MAX_LISTED]]
    left_out = len(objects) - len(shown)
    return safe_text(", ".join(shown), 1000) + (f" and {left_out} more" if left_out > 0 else "")


MAX_LISTED = 8
"""Objects that a message lists by name; the number of the others follows."""
