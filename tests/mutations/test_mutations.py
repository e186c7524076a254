"""Damaged files are refused or told, and harmless changes are no alarm (thousands: `fuzz.py`)."""

import random
import re
from contextlib import suppress
from itertools import islice

import numpy as np
import pytest
from harmless import HARMLESS
from linked_export import as_bytes
from mutation import Bench, Mutation, Outcome, damages, spans_of
from small_export import OBJECTS, write

from oligort.dicom.read import read
from oligort.errors import DicomError
from oligort.finding import Grade

DAMAGES, SAMPLE, SEED = 200, 100, 20260401
"""Damages that are tried, and how many of them always: these hold every kind of every file."""

pytestmark = pytest.mark.filterwarnings("ignore")  # of what pydicom meets in damaged files


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("export"))


@pytest.mark.parametrize("tried", [SAMPLE, pytest.param(DAMAGES, marks=pytest.mark.exhaustive)])
def test_no_damage_is_a_traceback_or_another_result_in_silence(tried, bench):
    outcomes = []
    for mutation in islice(damages(bench, random.Random(SEED)), tried):
        result = bench.judge(mutation)
        assert not result.outcome.is_fault, f"{mutation.file}, {mutation.how}: {result.detail}"
        outcomes.append(result.outcome)
    # The damages are worth their name: most of them reach the report.
    assert outcomes.count(Outcome.TOLD) > tried / 2


@pytest.mark.parametrize(
    ("keyword", "value", "is_plausible"),
    [
        ("NumberOfFractionsPlanned", b"-9", False),
        ("NumberOfFractionsPlanned", b"9 ", True),
        ("BeamDose", b"-2.7", False),
        ("BeamDose", b"2.50", True),
        ("DoseGridScaling", b"0", False),
    ],
)
def test_a_value_that_cannot_be_is_none_in_range(bench, keyword, value, is_plausible):
    file = "RD.dcm" if keyword == "DoseGridScaling" else "RP.dcm"
    encoded = bench.encoded[file]
    ((begin, end, _),) = (span for span in spans_of(encoded) if span[2] == keyword)
    mutated = encoded[:begin] + value.ljust(end - begin) + encoded[end:]
    mutation = Mutation(file, f"{keyword} = {value!r}", mutated, (keyword,))
    assert bench.is_plausible(mutation) is is_plausible
    assert not bench.judge(mutation).outcome.is_fault


def with_empty_elements():
    """The small export with empty elements wherever it may have some, as bytes by file."""
    objects = {file: build() for file, build in OBJECTS.items()}
    drawn = objects["RS.dcm"]
    drawn.ApprovalStatus = drawn.StructureSetDate = drawn.SeriesDescription = ""
    drawn.ROIContourSequence[0].ContourSequence[0].NumberOfContourPoints = None
    drawn.ROIContourSequence[0].ROIDisplayColor = None
    stored, planned = objects["RD.dcm"], objects["RP.dcm"]
    stored.PatientAge = stored.DoseComment = ""
    stored.SamplesPerPixel = stored.BitsStored = None
    planned.PlanIntent = planned.RTPlanName = ""
    planned.DoseReferenceSequence[0].DoseReferenceDescription = ""
    planned.FractionGroupSequence[0].NumberOfFractionsPlanned = None
    return {file: as_bytes(dataset) for file, dataset in objects.items()}


def test_an_empty_element_of_no_known_representation_is_no_traceback(tmp_path):
    places = 0
    for file, encoded in with_empty_elements().items():
        path = tmp_path / file
        path.write_bytes(encoded)
        assert len(read(path).provenance) == 1
        for empty in re.finditer(rb"..[\x00-\x40].[A-Z][A-Z]\0\0", encoded, re.DOTALL):
            damaged = bytearray(encoded)
            damaged[empty.start() + 5] = ord("z")
            path.write_bytes(damaged)
            with suppress(DicomError):  # or read, or a fault
                read(path)
            places += 1
    assert places > 15


@pytest.mark.parametrize("file", OBJECTS)
@pytest.mark.parametrize("how", HARMLESS)
def test_a_harmless_change_is_no_alarm(how, file, bench):
    encoded = HARMLESS[how](OBJECTS[file]())
    assert encoded != bench.encoded[file]
    assert bench.judge(Mutation(file, how, encoded)).outcome is Outcome.SAME


def spiked(dataset):
    """One coordinate of a lung with another first digit: 20 mm become 920 mm."""
    drawn = dataset.ROIContourSequence[0].ContourSequence[5]
    data = [str(value) for value in drawn.ContourData]
    at = next(k for k in range(0, len(data), 3) if data[k].startswith("20"))
    drawn.ContourData = [*data[:at], f"9{data[at]}", *data[at + 1 :]]
    return dataset


def moved_away(dataset):
    """One plane of a lung 300 mm away from all others."""
    drawn = dataset.ROIContourSequence[0].ContourSequence[5]
    points = np.reshape(list(map(float, drawn.ContourData)), (-1, 3)) + np.array([0, 0, 300])
    drawn.ContourData = [f"{value:.2f}" for value in points.ravel()]
    return dataset


def one_voxel(dataset):
    """The highest byte of one voxel in the midst of the dose set to 1."""
    encoded = bytearray(dataset.PixelData)
    encoded[4 * ((18 * 13 + 6) * 21 + 10) + 3] = 1
    dataset.PixelData = bytes(encoded)
    return dataset


def frame_of_noise(dataset):
    """A frame of the dose filled at random up to its maximum."""
    stored = np.frombuffer(dataset.PixelData, "<u4").reshape(37, 13, 21).copy()
    stored[24] = np.random.default_rng(1).integers(0, stored.max(), stored.shape[1:])
    dataset.PixelData = stored.tobytes()
    return dataset


@pytest.mark.parametrize(
    ("damage", "file"),
    [(spiked, "RS.dcm"), (moved_away, "RS.dcm"), (one_voxel, "RD.dcm"), (frame_of_noise, "RD.dcm")],
)
def test_a_jump_that_is_not_plausible_is_told(damage, file, bench, tmp_path):
    write(damage(OBJECTS[file]()), tmp_path / file)
    encoded = (tmp_path / file).read_bytes()
    assert bench.judge(Mutation(file, damage.__name__, encoded)).outcome is Outcome.TOLD


def test_a_value_that_is_another_is_seen(bench):
    """The bench sees what it looks for: another dose is another result, by a listed element."""
    encoded = bench.encoded["RD.dcm"]
    ((begin, end),) = [
        (begin, end) for begin, end, keyword in spans_of(encoded) if keyword == "DoseGridScaling"
    ]
    assert encoded[begin:end].strip() == b"0.001"
    altered = encoded[:begin] + b"0.0011" + encoded[begin + 6 :]
    result = bench.judge(Mutation("RD.dcm", "scaling", altered, ("DoseGridScaling",)))
    assert result.outcome is Outcome.IN_RANGE
    assert bench.judge(Mutation("RD.dcm", "scaling", altered)).outcome is Outcome.SILENT
    assert bench.whole.verdict == Grade.PASS
