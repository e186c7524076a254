"""Mutations: an export with one thing damaged or altered, and what its report says then.

A damaged file must give the right answer, a refusal or a finding: never a traceback, and never
another result that nothing points to. What changed is told by the element that holds the changed
byte: a value that is as plausible as the true one cannot be told from it.
"""

import random
import struct
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from pathlib import Path

from harmless import as_written
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from small_export import OBJECTS, protocol, register, write_export

import oligort
from oligort.errors import OligortError
from oligort.finding import Grade

IN_RANGE = frozenset(
    {
        # where things lie, and how large they are
        "ContourData", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
        "GridFrameOffsetVector",
        # what the dose is
        "PixelData", "DoseGridScaling",
        # what was prescribed, and what the plan calls itself
        "TargetPrescriptionDose", "NumberOfFractionsPlanned", "BeamDose", "RTPlanLabel",
        "RTPlanDate",
        # what a structure is
        "ROIName", "ROINumber", "ReferencedROINumber", "RTROIInterpretedType",
    }
)  # fmt: skip
"""Elements of which one plausible value cannot be told from another."""

PLAUSIBLE = {
    "NumberOfFractionsPlanned": (1.0, 150.0),
    "BeamDose": (0.0, inf),
    "TargetPrescriptionDose": (0.001, inf),
    "DoseGridScaling": (1e-12, inf),
    "PixelSpacing": (0.001, inf),
}
"""The least and the most of a number that is as plausible as the true one; of others, any."""

SAME = 1e-9
"""Share by which a number of an unchanged result may differ: none."""


class Outcome(StrEnum):
    """What became of a mutated export."""

    SAME = "the same report"
    TOLD = "another report, which tells of it"
    REFUSED = "refused"
    IN_RANGE = "another result, by a plausible value"
    SILENT = "ANOTHER RESULT, AND NOTHING TELLS OF IT"
    TRACEBACK = "TRACEBACK"

    @property
    def is_fault(self) -> bool:
        """Whether this must never be."""
        return self in {Outcome.SILENT, Outcome.TRACEBACK}


@dataclass(frozen=True)
class Judged:
    """What a report says: its findings without their numbers, its sentences, and the numbers."""

    told: frozenset[tuple[str, str, str]]
    sentences: dict[str, frozenset[str]]
    numbers: dict[tuple[str, str, str], float]
    verdict: str

    @classmethod
    def of(cls, folder: Path) -> "Judged":
        """Check an export."""
        report = oligort.check(oligort.read(folder), protocol(), register())
        told, numbers = set(), {}
        sentences: dict[str, set[str]] = {}
        for finding in report.findings:
            sentences.setdefault(finding.code, set()).add(finding.message)
            told.add((finding.code, str(finding.grade), " ".join(map(str, finding.flags))))
            for evidence in finding.evidence:
                if isinstance(evidence.measured, float):
                    numbers[finding.code, finding.about, evidence.name] = evidence.measured
        said = {code: frozenset(messages) for code, messages in sentences.items()}
        return cls(frozenset(told), said, numbers, str(report.verdict))

    def agrees_with(self, other: "Judged") -> bool:
        """Whether the verdict and all numbers are the same.

        A number that one report has and the other lacks is no other number where a sentence of the
        same check says something else instead.
        """
        both = self.numbers.keys() & other.numbers.keys()
        lacking = {key[0] for key in self.numbers.keys() ^ other.numbers.keys()}
        return (
            self.verdict == other.verdict
            and all(self.sentences.get(code) != other.sentences.get(code) for code in lacking)
            and all(
                abs(self.numbers[key] - other.numbers[key]) <= SAME * max(abs(self.numbers[key]), 1)
                for key in both
            )
        )


@dataclass(frozen=True)
class Mutation:
    """One damage or alteration.

    Parameters
    ----------
    file : str
        The file that it is of.
    how : str
        What was done.
    encoded : bytes
        The file as it is now.
    elements : tuple of str
        Keywords of the elements that were touched, as far as that is known.
    """

    file: str
    how: str
    encoded: bytes
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What became of one mutation, and how long it took."""

    mutation: Mutation
    outcome: Outcome
    seconds: float
    detail: str = ""


class Bench:
    """An export that passes, to be damaged again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        write_export(folder)
        self.encoded = {file: (folder / file).read_bytes() for file in OBJECTS}
        self.whole = Judged.of(folder)
        assert self.whole.verdict == Grade.PASS
        self._spans = {file: list(spans_of(self.encoded[file])) for file in OBJECTS}

    def elements_at(self, file: str, *places: int) -> tuple[str, ...]:
        """Return the keywords of the elements that hold bytes; what holds their heads is none."""
        return tuple(
            keyword
            for place in places
            for begin, end, keyword in self._spans[file]
            if begin <= place < end
        )

    def judge(self, mutation: Mutation) -> Result:
        """Check the export with one file mutated, and put it right again."""
        path = self.folder / mutation.file
        path.write_bytes(mutation.encoded)
        start, detail = time.process_time(), ""
        try:
            found = Judged.of(self.folder)
        except OligortError:
            outcome = Outcome.REFUSED
        except Exception:  # noqa: BLE001 - what is looked for
            outcome, detail = Outcome.TRACEBACK, traceback.format_exc(limit=-4)
        else:
            outcome = self._outcome(found, mutation)
            detail = f"{self.whole.verdict} -> {found.verdict}"
        finally:
            seconds = time.process_time() - start
            path.write_bytes(self.encoded[mutation.file])
        return Result(mutation, outcome, seconds, detail)

    def _outcome(self, found: Judged, mutation: Mutation) -> Outcome:
        if found.agrees_with(self.whole):
            return Outcome.SAME
        bad = {str(grade) for grade in (Grade.MAJOR, Grade.MINOR, Grade.NOT_EVALUABLE)}
        if any(
            grade in bad or "QUERY" in flags for _, grade, flags in found.told - self.whole.told
        ):
            return Outcome.TOLD
        if mutation.elements and IN_RANGE.issuperset(mutation.elements):
            return Outcome.IN_RANGE if self.is_plausible(mutation) else Outcome.SILENT
        return Outcome.SILENT

    def is_plausible(self, mutation: Mutation) -> bool:
        """Whether every value that was changed, where it stood before, may be a true one."""
        whole = self.encoded[mutation.file]
        return all(
            _may_be_true(keyword, mutation.encoded[begin:end])
            for begin, end, keyword in self._spans[mutation.file]
            if keyword in PLAUSIBLE and mutation.encoded[begin:end] != whole[begin:end]
        )


def _may_be_true(keyword: str, value: bytes) -> bool:
    least, most = PLAUSIBLE[keyword]
    try:
        return all(least <= float(number) <= most for number in value.strip(b" \0").split(b"\\"))
    except ValueError:
        return False


LONG_VRS = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT", b"OD", b"OF", b"OL", b"UC", b"UR"})
"""Value representations whose length takes four bytes, behind two that are reserved."""


def spans_of(encoded: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield begin, end and keyword of the value of every element that is no sequence.

    Of a file as this module writes it: explicit little endian, every length stated.
    """
    meta_end = 144 + int.from_bytes(encoded[140:144], "little")
    yield from _spans(encoded, meta_end, len(encoded))


def _spans(encoded: bytes, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
    while begin < end:
        group, element, vr, length = struct.unpack_from("<HH2sH", encoded, begin)
        begin += 8
        if (group, element) == (0xFFFE, 0xE000):  # an item: its length stands where a VR would
            (length,) = struct.unpack_from("<L", encoded, begin - 4)
            yield from _spans(encoded, begin, begin + length)
        else:
            if vr in LONG_VRS:
                (length,) = struct.unpack_from("<L", encoded, begin)
                begin += 4
            if vr == b"SQ":
                yield from _spans(encoded, begin, begin + length)
            else:
                yield begin, begin + length, keyword_for_tag(group << 16 | element)
        begin += length


def damages(bench: Bench, draw: random.Random) -> Iterator[Mutation]:
    """Yield damages without end: bytes changed, ends cut off, elements dropped, values replaced."""
    while True:
        file = draw.choice(list(OBJECTS))
        others = (_cut_off, _dropped, _replaced, _repeated, _of_another_class, _altered_in_place)
        yield draw.choice((_bytes, _bytes, _bytes, *others))(bench, file, draw)


def _bytes(bench: Bench, file: str, draw: random.Random) -> Mutation:
    encoded = bytearray(bench.encoded[file])
    # Most bytes are pixels: half of the time another place is looked for.
    last = len(encoded) if file != "RD.dcm" or draw.random() < 0.3 else 2600
    first = draw.randrange(132, last)
    places = range(first, min(first + draw.choice((1, 1, 1, 2, 8)), len(encoded)))
    for place in places:
        encoded[place] = draw.choice((draw.randrange(256), ord(draw.choice("0123456789.-\\ E"))))
    touched = [bench.elements_at(file, place) for place in places]
    # Where the head of an element was hit, no element is known.
    elements = tuple(name for names in touched for name in names) if all(touched) else ()
    return Mutation(file, f"bytes {places.start} to {places.stop}", bytes(encoded), elements)


def _cut_off(bench: Bench, file: str, draw: random.Random) -> Mutation:
    encoded = bench.encoded[file]
    kept = draw.randrange(len(encoded))
    return Mutation(file, f"cut off at {kept}", encoded[:kept])


def _repeated(bench: Bench, file: str, draw: random.Random) -> Mutation:
    encoded = bench.encoded[file]
    begin = draw.randrange(132, len(encoded))
    end = begin + draw.choice((1, 2, 8, 100))
    return Mutation(file, f"{begin} to {end} twice", encoded[:end] + encoded[begin:])


def _holders(dataset: Dataset) -> Iterator[tuple[Dataset, DataElement]]:
    for element in dataset:
        yield dataset, element
        if element.VR == "SQ":
            for item in element.value:
                yield from _holders(item)


def _dropped(bench: Bench, file: str, draw: random.Random) -> Mutation:
    dataset = OBJECTS[file]()
    # Each kind of element as often as another, whatever its number.
    by_keyword: dict[str, list[tuple[Dataset, DataElement]]] = {}
    for holder, element in _holders(dataset):
        by_keyword.setdefault(element.keyword, []).append((holder, element))
    keyword = draw.choice(list(by_keyword))
    holder, element = draw.choice(by_keyword[keyword])
    del holder[element.tag]
    return Mutation(file, f"without {keyword}", as_written(dataset), ())


VALUES = ("", "0", "-1", "1e30", "nan", "1.5", "x", "999999", "-0.001", "\x1b[31m")
"""What a value may be replaced by."""


def _replaced(bench: Bench, file: str, draw: random.Random) -> Mutation:
    encoded = bench.encoded[file]
    by_keyword: dict[str, list[tuple[int, int]]] = {}
    for begin, end, keyword in spans_of(encoded):
        by_keyword.setdefault(keyword, []).append((begin, end))
    keyword = draw.choice(list(by_keyword))
    begin, end = draw.choice(by_keyword[keyword])
    value = draw.choice(VALUES).encode()[: end - begin].ljust(end - begin)
    return Mutation(
        file, f"{keyword} = {value[:12]!r}", encoded[:begin] + value + encoded[end:], (keyword,)
    )


CLASSES = tuple(
    f"1.2.840.10008.5.1.4.1.1.{tail}"
    for tail in ("481.1", "481.2", "481.3", "481.4", "481.5", "481.6", "481.8", "2", "7", "66.1")
)
"""SOP classes that an object may be taken for."""


def _of_another_class(bench: Bench, file: str, draw: random.Random) -> Mutation:
    """The SOP class in the object is another, or one digit of it: the file meta is as it was."""
    encoded = bench.encoded[file]
    (begin, end), *_ = ((b, e) for b, e, keyword in spans_of(encoded) if keyword == "SOPClassUID")
    value = bytearray(draw.choice(CLASSES).encode().ljust(end - begin, b"\0"))
    if draw.random() < 0.5:
        value = bytearray(encoded[begin:end])
        value[draw.randrange(len(value) - 1)] = ord(draw.choice("0123456789"))
    return Mutation(
        file,
        f"SOPClassUID = {bytes(value)!r}",
        encoded[:begin] + bytes(value) + encoded[end:],
        ("SOPClassUID",),
    )


def _altered_in_place(bench: Bench, file: str, draw: random.Random) -> Mutation:
    """What damages one kind of object: types of contours, frames of a dose; a plan is cut off."""
    own = {"RS.dcm": _opened, "RD.dcm": _filled}
    return own.get(file, _cut_off)(bench, file, draw)


TYPES = ("OPEN_PLANAR", "OPEN_NONPLANAR", "POINT", "CLOSEDPLANAR_XOR", "", "CLOSED")
"""What a Contour Geometric Type of a loop may be replaced by."""


def _opened(bench: Bench, file: str, draw: random.Random) -> Mutation:
    """One contour of an ROI, a run of them or all to the end are of another type."""
    dataset, geometric_type = OBJECTS[file](), draw.choice(TYPES)
    contours = draw.choice(dataset.ROIContourSequence).ContourSequence
    first = draw.randrange(len(contours))
    some = contours[first : draw.choice((first + 1, first + 3, len(contours)))]
    for contour in some:
        contour.ContourGeometricType = geometric_type
    how = f"{len(some)} of {len(contours)} contours are {geometric_type!r}"
    return Mutation(file, how, as_written(dataset))


def _filled(bench: Bench, file: str, draw: random.Random) -> Mutation:
    """Frames of the dose, or all to the end of the file, hold one value, from within one on.

    They begin where the dose is 13.5 Gy or more and a target is still drawn: a low dose that is
    lost is as plausible as one that is cut off, and beyond the targets the patient may end.
    """
    encoded = bench.encoded[file]
    (begin, end), *_ = ((b, e) for b, e, keyword in spans_of(encoded) if keyword == "PixelData")
    size = (end - begin) // 37
    first, last = draw.randrange(22 * size, 29 * size, 4), 37 * size
    if draw.random() < 0.5:
        last = draw.randrange(first + 2 * size, last + 1, 4)
    word = draw.choice((0, 0, 1, 1000, 2**32 - 1)).to_bytes(4, "little")
    pixels = word * ((last - first) // 4)
    whole = encoded[: begin + first] + pixels + encoded[begin + last :]
    return Mutation(file, f"pixels {first // 4} to {last // 4} are {word.hex()}", whole)
