"""The registry of the checks: one function, one code, one page."""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.metadata import entry_points

from oligort.checks.case import Case
from oligort.display import listed, quoted, safe_text
from oligort.errors import SelectionError
from oligort.finding import Finding, Source
from oligort.protocol.limits import Rule
from oligort.protocol.model import Protocol
from oligort.strict import shown_file

CONVENTION = Source(document="oligort convention")
"""Where a check stands that no protocol asks for by number."""

MODULES = (
    "approval",
    "contours",
    "dose",
    "dose_headers",
    "eligibility",
    "identity_left",
    "image_planes",
    "images",
    "intake",
    "jumps",
    "laterality",
    "lesions",
    "maximum",
    "missing_planes",
    "one_study",
    "plan_kind",
    "planning_system",
    "reconciliation",
    "recurrence",
    "second_opinion",
    "sizes",
    "targets",
    "volumes",
)
"""Where the checks stand: a module registers its own when it is imported."""

ENTRY_POINTS = "oligort.checks"
"""Group of the entry points by which an installed package brings modules with checks of its own."""

HEADINGS = (
    "What it checks",
    "Why it matters",
    "How it is measured",
    "Not evaluable when",
    "Source",
)
"""What the page of every check says, in this order."""

OWN_PREFIX = "OL"
"""How the codes of the checks begin that come with oligort; no other check has such a code."""

_LONGEST = 500

_CODE = re.compile(r"[A-Z]{2,8}\d{1,4}")


@dataclass(frozen=True)
class Check:
    """A check: its code, its title, the rule it applies and the function that applies it.

    `rule` picks the rule out of a protocol; None for a check that no single rule asks for.
    """

    code: str
    title: str
    run: Callable[[Case], Iterator[Finding]]
    rule: Callable[[Protocol], Rule] | None = None

    @property
    def page(self) -> str:
        """What it checks, why, how it is measured, when it is not evaluable, and its source."""
        return f"{self.code}  {self.title}\n\n{inspect.getdoc(self.run)}\n"

    @property
    def is_ours(self) -> bool:
        """Whether it comes with oligort; others are of a site's file or an installed package."""
        return self.code.startswith(OWN_PREFIX)

    @property
    def file(self) -> str:
        """The file that the check stands in, made safe for a message."""
        module = sys.modules.get(self.run.__module__)
        return shown_file(getattr(module, "__file__", None) or self.run.__module__)

    @property
    def sections(self) -> dict[str, str]:
        """The paragraphs of the page by their headings; what follows a paragraph belongs to it."""
        found: dict[str, str] = {}
        heading = ""
        for paragraph in (inspect.getdoc(self.run) or "").split("\n\n"):
            text = " ".join(paragraph.split())
            begun = next((it for it in HEADINGS if text.startswith(f"{it}: ")), None)
            if begun:
                heading = begun
                found[heading] = text.removeprefix(f"{heading}: ")
            elif heading:
                found[heading] += f"\n\n{text}"
        return found


_REGISTERED: dict[str, dict[str, Check]] = {}
"""The checks of each module by their codes."""


def check(
    code: str, title: str, rule: Callable[[Protocol], Rule] | None = None
) -> Callable[[Callable[[Case], Iterator[Finding]]], Callable[[Case], Iterator[Finding]]]:
    """Register a function as the check of a code; its docstring is the check's page.

    Raises
    ------
    ValueError
        If the code is none, or another check has it; if the docstring is no page.
    """

    def register(
        run: Callable[[Case], Iterator[Finding]],
    ) -> Callable[[Case], Iterator[Finding]]:
        if not _CODE.fullmatch(code):
            raise ValueError(f'expected a code like "SITE101", found {quoted(code)}')
        of_module = _REGISTERED.setdefault(run.__module__, {})
        if code in of_module:
            raise ValueError(f"expected one check for code {code}, found a second")
        if code.startswith(OWN_PREFIX) and not run.__module__.startswith(f"{__package__}."):
            raise ValueError(
                f"expected a code that does not begin with {OWN_PREFIX} for a check that does not "
                f"come with oligort, found {code}"
            )
        made = Check(code, title, run, rule)
        if tuple(made.sections) != HEADINGS:
            raise ValueError(
                f"{code}: expected a docstring with the headings {listed(HEADINGS)}, in this "
                f"order, found {listed(made.sections) or 'none of them'}"
            )
        of_module[code] = made
        return run

    return register


def forget(module: str) -> None:
    """Take back the checks that a module registered."""
    _REGISTERED.pop(module, None)


def has_checks(module: str) -> bool:
    """Say whether a module registered a check."""
    return bool(_REGISTERED.get(module))


def _installed() -> dict[str, str]:
    """Return the modules of installed packages that bring checks, each with its package.

    Raises
    ------
    SelectionError
        If one cannot be imported, or brings no check.
    """
    modules: dict[str, str] = {}
    for point in entry_points(group=ENTRY_POINTS):
        where = f"the entry point {quoted(point.name)} of {ENTRY_POINTS}, {quoted(point.value)}"
        try:
            module = point.load()
        except (ImportError, AttributeError) as failure:
            raise SelectionError(
                f"{where}, cannot be imported: {safe_text(failure, _LONGEST)}; mend or remove "
                f"the package that brings it"
            ) from failure
        name = getattr(module, "__name__", "")
        if not has_checks(name):
            raise SelectionError(
                f"{where}: expected a module with a function under @check(CODE, TITLE), found "
                f"none; name the module itself in which the functions stand"
            )
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "no package"
        modules[name] = package
    return modules


def packages_of(asked: Iterable[Check]) -> dict[str, tuple[str, ...]]:
    """Return the codes of those checks that installed packages bring, by name and version."""
    others = [one for one in asked if not one.is_ours]
    installed = _installed() if others else {}
    codes: dict[str, list[str]] = {}
    for one in others:
        if package := installed.get(one.run.__module__):
            codes.setdefault(package, []).append(one.code)
    return {package: tuple(codes[package]) for package in sorted(codes)}


def all_checks(further: Sequence[str] = ()) -> tuple[Check, ...]:
    """Return every check in the order of the codes: our own, then those of others.

    Others are those of installed packages, and of `further` modules, which are loaded already.

    Raises
    ------
    SelectionError
        If two checks have one code, or an installed package brings none.
    """
    modules = [f"{__package__}.{module}" for module in MODULES]
    for module in modules:
        import_module(module)
    found: dict[str, Check] = {}
    for module in dict.fromkeys((*modules, *_installed(), *further)):
        for code, one in _REGISTERED.get(module, {}).items():
            if code in found:
                raise SelectionError(f"expected one check for code {code}, found a second")
            found[code] = one
    in_order = sorted(found, key=lambda code: (not code.startswith(OWN_PREFIX), code))
    return tuple(found[code] for code in in_order)


def checks_of(patterns: Sequence[str], further: Sequence[str] = ()) -> tuple[Check, ...]:
    """Return the checks whose codes some patterns name ("OL301", "OL3*"); of no pattern, all.

    Raises
    ------
    SelectionError
        If a pattern names no check: nothing that was asked for is left out in silence.
    """
    every = all_checks(further)
    for pattern in patterns:
        if not any(fnmatchcase(one.code, pattern.upper()) for one in every):
            raise _no_such(pattern, [one.code for one in every])
    if not patterns:
        return every
    return tuple(one for one in every if any(fnmatchcase(one.code, it.upper()) for it in patterns))


def pages(further: Sequence[str] = ()) -> tuple[Check, ...]:
    """Return all that has a page: the checks, and what a batch tells of what it cannot check."""
    from oligort.checks.unchecked import UNCHECKED

    every = (*UNCHECKED, *all_checks(further))
    return tuple(sorted(every, key=lambda one: (not one.code.startswith(OWN_PREFIX), one.code)))


def page_of(code: str, further: Sequence[str] = ()) -> str:
    """Return the page of a check.

    Raises
    ------
    SelectionError
        If no check has the code.
    """
    page_by_code = {check.code: check.page for check in pages(further)}
    if code.upper() in page_by_code:
        return page_by_code[code.upper()]
    raise _no_such(code, list(page_by_code))


def _no_such(code: str, codes: Sequence[str]) -> SelectionError:
    close = get_close_matches(code.upper(), codes, n=1)
    hint = f"; the nearest is {close[0]}" if close else ""
    return SelectionError(
        f"no check has the code {quoted(code)}{hint}; there are {', '.join(codes)}"
    )
