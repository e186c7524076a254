"""Metrics of a dose-volume histogram, read and printed as TG-263 spells them.

"V20Gy[%]" volume receiving at least 20 Gy, "CV20Gy[cc]" volume receiving less, "D95%[Gy]" lowest
dose of the hottest 95 %, "DC2cc[Gy]" highest dose of the coldest 2 cc, "Mean[Gy]", "Min[Gy]",
"Max[Gy]"; "gEUD(8)[Gy]" generalised equivalent uniform dose, "HI" homogeneity, "CI" conformity.
Doses are in Gy or in percent of the prescription. Common variants ("V20", "Dmean", "D2cc",
"gEUD8") are read, never printed.
"""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from oligort.display import quoted
from oligort.errors import MetricError

Kind = Literal["V", "CV", "D", "DC", "Min", "Mean", "Max", "gEUD", "HI", "CI"]

_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_AT = re.compile(
    rf"(?P<kind>CV|V|DC|D)\s*(?P<at>{_NUMBER})\s*(?P<at_unit>cGy|Gy|%|cc|cm3)?"
    r"\s*(?:\[(?P<unit>%|cc|cm3|Gy|cGy)\])?",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"D?_?(?P<kind>min|mean|max)\s*(?:\[(?P<unit>Gy|cGy|%)\])?", re.IGNORECASE)
_WHOLE_KINDS: dict[str, Kind] = {"min": "Min", "mean": "Mean", "max": "Max"}
_GEUD = re.compile(
    rf"g?EUD\s*_?(?P<bracket>\()?\s*(?:a\s*=\s*)?(?P<at>[-+]?(?:{_NUMBER}))\s*(?(bracket)\))"
    r"\s*(?:\[(?P<unit>Gy|cGy|%)\])?",
    re.IGNORECASE,
)
_INDICES: dict[str, Kind] = {"hi": "HI", "ci": "CI", "pci": "CI"}
_UNITS = {"cgy": "cGy", "gy": "Gy", "%": "%", "cc": "cc", "cm3": "cc"}

_OF_DOSE, _OF_VOLUME = ("Gy", "%"), ("%", "cc")
_ALLOWED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "V": (_OF_DOSE, _OF_VOLUME),
    "CV": (_OF_DOSE, _OF_VOLUME),
    "D": (_OF_VOLUME, _OF_DOSE),
    "DC": (_OF_VOLUME, _OF_DOSE),
    "HI": (("",), ("",)),
    "CI": (("",), ("",)),
}
"""Units of the position and of the result; of all others a dose without a position."""

AMBIGUOUS_FROM = 80
"""From here on a bare V is ambiguous: V95 and V100 are in percent of the prescription wherever
targets are judged, V20 and V60 in Gy wherever organs are."""

AMBIGUOUS_BELOW = 1
"""Below it a bare D is ambiguous: D0.03, D0.1 and D0.5 are in cc wherever organs are judged, and in
percent hardly anywhere. D1, D2 and D95 are in percent of the structure, as in ICRU Report 83."""

EXAMPLES = (
    "V20Gy[%], V20Gy[cc], CV20Gy[cc], D95%[Gy], D2cc[Gy], D0.03cc[Gy], DC2cc[Gy], Mean[Gy], "
    "Min[Gy], Max[Gy], gEUD(8)[Gy], HI, CI"
)


@dataclass(frozen=True)
class Metric:
    """One number to read off a histogram.

    Parameters
    ----------
    kind : "V", "CV", "D", "DC", "Min", "Mean", "Max", "gEUD", "HI" or "CI"
        Volume with at least, or less than, a dose; dose of the hottest or coldest volume; a number
        of the whole structure.
    unit : "Gy", "%", "cc" or ""
        Of the result; "" of HI and CI, which are ratios.
    at : float or None
        The dose in Gy or percent (V, CV), the volume in percent or cc (D, DC), or the exponent of
        gEUD; None for the others.
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
        at_units, units = _ALLOWED.get(self.kind, (("",), _OF_DOSE))
        needs_position = self.kind in {"V", "CV", "D", "DC", "gEUD"}
        if (
            self.at_unit not in at_units
            or self.unit not in units
            or needs_position != (self.at is not None)
        ):
            raise MetricError(
                f"expected a metric such as {EXAMPLES}, found {self.kind} at "
                f"{self.at} {self.at_unit} in {self.unit}"
            )
        if self.at is None:
            return
        if self.kind == "gEUD":
            if not math.isfinite(self.at) or self.at == 0:
                raise MetricError(f"expected a finite exponent other than 0, found {self.at}")
        elif not 0 <= self.at < math.inf:
            raise MetricError(f"expected a dose or volume of at least 0, found {self.at}")
        if self.kind in {"D", "DC"} and self.at_unit == "%" and not 0 < self.at <= 100:
            raise MetricError(f"expected a volume above 0 and up to 100 %, found {self.at} %")

    @property
    def needs_whole_volume(self) -> bool:
        """Whether volume that receives little changes it: a share, a mean, the least, the rest.

        It leaves the maximum, the hottest cubic centimetres and those with a dose alone.
        """
        hottest = {("V", "cc"), ("D", "cc")}
        counted_in = self.unit if self.kind == "V" else self.at_unit
        return self.kind != "Max" and (self.kind, counted_in) not in hottest

    @classmethod
    def parse(cls, text: str) -> "Metric":
        """Read a metric. Without a unit volumes are in percent and doses in Gy.

        Raises
        ------
        MetricError
            If the text is none of the forms that are known, a volume at a dose of 80 or more
            without a unit ("V95" is mostly meant in percent of the prescription), or a dose of a
            volume below 1 without one ("D0.03" is mostly meant in cc).
        """
        return _parsed(text)

    @property
    def needs_prescription(self) -> bool:
        """Whether it has no value without a prescribed dose."""
        if self.kind in {"V", "CV"}:
            return self.at_unit == "%"
        return self.unit == "%" or self.kind == "CI"

    def __str__(self) -> str:
        """Return the metric as TG-263 spells it."""
        unit = f"[{self.unit}]" if self.unit else ""
        if self.at is None:
            return f"{self.kind}{unit}"
        # All digits and no exponent: what is printed is read again as the same metric.
        at = format(Decimal(repr(float(self.at))).normalize(), "f")
        return (
            f"{self.kind}({at}){unit}"
            if self.kind == "gEUD"
            else (f"{self.kind}{at}{self.at_unit}{unit}")
        )


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Metric:
    stripped = text.strip()
    if kind := _INDICES.get(stripped.lower()):
        return Metric(kind, "")
    if match := _WHOLE.fullmatch(stripped):
        return Metric(_WHOLE_KINDS[match["kind"].lower()], _dose_unit(match["unit"], text))
    if match := _GEUD.fullmatch(stripped):
        return Metric("gEUD", _dose_unit(match["unit"], text), float(match["at"]))
    match = _AT.fullmatch(stripped)
    if match is None:
        raise MetricError(f"expected a metric such as {EXAMPLES}, found {quoted(text)}")
    at = float(match["at"])
    unit = _UNITS[match["unit"].lower()] if match["unit"] else ""
    given: dict[str, Kind] = {"V": "V", "CV": "CV", "D": "D", "DC": "DC"}
    kind = given[match["kind"].upper()]
    if kind in {"V", "CV"}:
        if not match["at_unit"] and at >= AMBIGUOUS_FROM:
            raise MetricError(
                f"expected a dose in Gy or in percent of the prescription, found {quoted(text)}: "
                f"say {kind}{match['at']}Gy[{unit or '%'}] or {kind}{match['at']}%[{unit or '%'}]"
            )
        at_unit = _UNITS[(match["at_unit"] or "Gy").lower()]
        if at_unit == "cGy":
            at, at_unit = at / 100, "Gy"
        return Metric(kind, unit or "%", at, at_unit)
    if not match["at_unit"] and at < AMBIGUOUS_BELOW:
        raise MetricError(
            f"expected a volume in cc or in percent of the structure, found {quoted(text)}: "
            f"say {kind}{match['at']}cc[{unit or 'Gy'}] or {kind}{match['at']}%[{unit or 'Gy'}]"
        )
    return Metric(kind, _dose_unit(unit, text), at, _UNITS[(match["at_unit"] or "%").lower()])


def _dose_unit(unit: str | None, text: str) -> str:
    if unit and _UNITS[unit.lower()] == "cGy":
        raise MetricError(f"expected a dose in Gy, found {quoted(text)}: doses are given in Gy")
    return _UNITS[unit.lower()] if unit else "Gy"
