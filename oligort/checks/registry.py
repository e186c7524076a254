"""The registry of the checks: one function, one code, one page."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

from oligort.checks.case import Case
from oligort.display import quoted
from oligort.errors import SelectionError
from oligort.finding import Finding, Source
from oligort.protocol.limits import Rule
from oligort.protocol.model import Protocol

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


_REGISTERED: dict[str, Check] = {}


def check(
    code: str, title: str, rule: Callable[[Protocol], Rule] | None = None
) -> Callable[[Callable[[Case], Iterator[Finding]]], Callable[[Case], Iterator[Finding]]]:
    """Register a function as the check of a code; its docstring is the check's page."""

    def register(
        run: Callable[[Case], Iterator[Finding]],
    ) -> Callable[[Case], Iterator[Finding]]:
        if code in _REGISTERED:
            raise ValueError(f"expected one check for code {code}, found a second")
        _REGISTERED[code] = Check(code, title, run, rule)
        return run

    return register


def all_checks() -> tuple[Check, ...]:
    """Return every check in the order of the codes."""
    for module in MODULES:
        import_module(f"oligort.checks.{module}")
    return tuple(_REGISTERED[code] for code in sorted(_REGISTERED))


def pages() -> tuple[Check, ...]:
    """Return all that has a page: the checks, and what a batch tells of what it cannot check."""
    from oligort.checks.unchecked import UNCHECKED

    return tuple(sorted((*all_checks(), *UNCHECKED), key=lambda check: check.code))


def page_of(code: str) -> str:
    """Return the page of a check.

    Raises
    ------
    SelectionError
        If no check has the code.
    """
    page_by_code = {check.code: check.page for check in pages()}
    if code.upper() in page_by_code:
        return page_by_code[code.upper()]
    close = get_close_matches(code.upper(), page_by_code, n=1)
    hint = f"; the nearest is {close[0]}" if close else ""
    raise SelectionError(
        f"no check has the code {quoted(code)}{hint}; there are {', '.join(page_by_code)}"
    )
