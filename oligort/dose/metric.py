"""Metrics of a dose-volume histogram, read and printed as TG-263 spells them.

"V20Gy[%]" volume receiving at least 20 Gy, "D95%[Gy]" lowest dose of the hottest 95 %,
"D0.03cc[Gy]", "Mean[Gy]", "Min[Gy]", "Max[Gy]". Common variants ("V20", "Dmean", "D2cc") are read,
never printed.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from oligort.display import quoted
from oligort.errors import MetricError

Kind = Literal["V", "D", "Min", "Mean", "Max"]

_AT = re.compile(
    r"(?P<kind>[VD])\s*(?P<at>\d+(?:\.\d*)?|\.\d+)\s*(?P<at_unit>cGy|Gy|%|cc|cm3)?"
    r"\s*(?:\[(?P<unit>%|cc|cm3|Gy|cGy)\])?",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"D?_?(?P<kind>min|mean|max)\s*(?:\[(?P<unit>Gy|cGy|%)\])?", re.IGNORECASE)
_WHOLE_KINDS: dict[str, Kind] = {"min": "Min", "mean": "Mean", "max": "Max"}
_UNITS = {"cgy": "cGy", "gy": "Gy", "%": "%", "cc": "cc", "cm3": "cc"}

EXAMPLES = "V20Gy[%], V20Gy[cc], D95%[Gy], D2cc[Gy], D0.03cc[Gy], Mean[Gy], Min[Gy], Max[Gy]"


@dataclass(frozen=True)
class Metric:
    """One number to read off a histogram.

    Parameters
    ----------
    kind : "V", "D", "Min", "Mean" or "Max"
        Volume at a dose, dose at a volume, or a dose of the whole structure.
    unit : "Gy", "%" or "cc"
        Of the result.
    at : float or None
        The dose in Gy or percent (V), or the volume in percent or cc (D); None for the others.
    at_unit : "Gy", "%", "cc" or ""
        Unit of `at`.

    Raises
    ------
    MetricError
        If the parts do not make a metric.
    """

    kind: Kind
    unit: str
    at: float | None = None
    at_unit: str = ""

    def __post_init__(self) -> None:
        allowed = {
            "V": (("Gy", "%"), ("%", "cc")),
            "D": (("%", "cc"), ("Gy", "%")),
        }.get(self.kind, (("",), ("Gy", "%")))
        needs_position = self.kind in ("V", "D")
        if (
            self.at_unit not in allowed[0]
            or self.unit not in allowed[1]
            or needs_position != (self.at is not None)
        ):
            raise MetricError(
                f"expected a metric such as {EXAMPLES}, found {self.kind} at "
                f"{self.at} {self.at_unit} in {self.unit}"
            )
        if self.at is not None and not 0 <= self.at < math.inf:
            raise MetricError(f"expected a dose or volume of at least 0, found {self.at}")
        if self.kind == "D" and self.at_unit == "%" and not 0 < (self.at or 0) <= 100:
            raise MetricError(f"expected a volume above 0 and up to 100 %, found {self.at} %")

    @classmethod
    def parse(cls, text: str) -> "Metric":
        """Read a metric.

        Raises
        ------
        MetricError
            If the text is none of the forms that are known.
        """
        stripped = text.strip()
        if match := _WHOLE.fullmatch(stripped):
            return cls(_WHOLE_KINDS[match["kind"].lower()], _dose_unit(match["unit"], text))
        match = _AT.fullmatch(stripped)
        if match is None:
            raise MetricError(f"expected a metric such as {EXAMPLES}, found {quoted(text)}")
        at = float(match["at"])
        unit = _UNITS[match["unit"].lower()] if match["unit"] else ""
        if match["kind"].upper() == "V":
            at_unit = _UNITS[(match["at_unit"] or "Gy").lower()]
            if at_unit == "cGy":
                at, at_unit = at / 100, "Gy"
            return cls("V", unit or "%", at, at_unit)
        return cls("D", _dose_unit(unit, text), at, _UNITS[(match["at_unit"] or "%").lower()])

    def __str__(self) -> str:
        """Return the metric as TG-263 spells it."""
        if self.at is None:
            return f"{self.kind}[{self.unit}]"
        # All digits and no exponent: what is printed is read again as the same metric.
        at = format(Decimal(repr(float(self.at))).normalize(), "f")
        return f"{self.kind}{at}{self.at_unit}[{self.unit}]"


def _dose_unit(unit: str | None, text: str) -> str:
    if unit and _UNITS[unit.lower()] == "cGy":
        raise MetricError(f"expected a dose in Gy, found {quoted(text)}: doses are given in Gy")
    return _UNITS[unit.lower()] if unit else "Gy"
