"""The result of `oligort selftest`: its JSON, a contract, and its table."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

import msgspec
from rich.console import Group, RenderableType
from rich.text import Text

from oligort.display import harmless_json, indented_json
from oligort.report.text import columns, sentence


class SelftestLine(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the installation, asked of several cases.

    Parameters
    ----------
    what, unit : str
        What is held against its limit, and in which unit.
    cases : int
        How many cases were asked; none is no pass.
    worst, worst_case : float, str
        The largest number found, and the case it was found in; "" where it is of all of them.
    limit : float
        What may not be exceeded.
    failing : tuple of str
        The cases that exceed it.
    passed : bool
        Whether the largest number found keeps within the limit.
    """

    what: str
    unit: str
    cases: int
    worst: float
    worst_case: str
    limit: float
    failing: tuple[str, ...]
    passed: bool

    @classmethod
    def of(cls, what: str, unit: str, found: Mapping[str, float], limit: float) -> "SelftestLine":
        """Hold the numbers found, by case, against a limit; what is no number exceeds it."""
        numbers = {name: math.inf if math.isnan(value) else value for name, value in found.items()}
        worst_case = max(numbers, key=numbers.__getitem__, default="")
        worst = numbers.get(worst_case, math.inf)
        return cls(
            what=what,
            unit=unit,
            cases=len(numbers),
            worst=worst,
            worst_case=worst_case,
            limit=limit,
            failing=tuple(name for name, value in numbers.items() if value > limit),
            passed=worst <= limit,
        )

    @classmethod
    def of_median(
        cls, what: str, unit: str, found: Sequence[float], limit: float
    ) -> "SelftestLine":
        """Hold the median of the numbers found against a limit."""
        middle = median(found) if found else math.inf
        return msgspec.structs.replace(cls.of(what, unit, {"": middle}, limit), cases=len(found))


class SelftestResult(msgspec.Struct, frozen=True, kw_only=True):
    """All lines, and the installation they were found on.

    No date: the same installation gives the same bytes.

    Parameters
    ----------
    platform : str
        Operating system and processor.
    versions : dict
        Of what the numbers pass through, by name.
    seed : int
        The cases are drawn from.
    lines : tuple of SelftestLine
        In the order of the table.
    passed : bool
        Whether there are lines and all of them passed.

    Raises
    ------
    ValueError
        If the result is not that of the lines.
    """

    schema_version: int = 1
    passed: bool
    platform: str
    versions: dict[str, str]
    seed: int
    lines: tuple[SelftestLine, ...]

    def __post_init__(self) -> None:
        """Refuse a result that its lines do not give."""
        if self.passed is not passes(self.lines):
            raise ValueError(f"expected passed to be {not self.passed}, as the lines say")

    @property
    def failing(self) -> tuple[SelftestLine, ...]:
        """The lines that did not pass."""
        return tuple(line for line in self.lines if not line.passed)

    @property
    def verdict(self) -> str:
        """The last line of the table."""
        if self.passed:
            return "PASS"
        return f"FAIL: {len(self.failing)} of {len(self.lines)} lines"

    def to_json(self) -> str:
        """Return the result as JSON text; a number that is none is null."""
        return harmless_json(indented_json(self))


def passes(lines: tuple[SelftestLine, ...]) -> bool:
    """Whether there are lines and all of them passed."""
    return bool(lines) and all(line.passed for line in lines)


def selftest_view(result: SelftestResult) -> RenderableType:
    """Return a row a line, the cases that failed, the installation and the verdict."""
    right = ("cases", "worst", "limit")
    table = columns("what", *right, "unit", "", right=right)
    for line in result.lines:
        table.add_row(
            sentence(line.what),
            str(line.cases),
            _shown(line.worst, line.limit),
            f"{line.limit:g}",
            sentence(line.unit),
            "pass" if line.passed else "FAIL",
        )
    failed = [sentence(f"FAIL  {line.what}: {_failing(line)}") for line in result.failing]
    installed = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return Group(
        table,
        *([Text(), *failed] if failed else []),
        Text(),
        sentence(f"{result.platform}; {installed}; cases of seed {result.seed}"),
        sentence(result.verdict),
    )


def _failing(line: SelftestLine) -> str:
    """Name the worst case of a line, and say how many more exceed the limit."""
    if not line.cases:
        return "no case"
    more = len(line.failing) - 1
    return f"{line.worst_case or 'all together'}{f' and {more} more' if more else ''}"


def _shown(worst: float, limit: float) -> str:
    """Return two significant digits, as many as it takes to stand on its side of the limit."""
    if not math.isfinite(worst):
        return "none"
    digits = 2
    while (float(f"{worst:.{digits}g}") > limit) != (worst > limit):
        digits += 1
    return f"{worst:.{digits}g}"
