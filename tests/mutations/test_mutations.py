"""Damaged files are refused or told, and harmless changes are no alarm (thousands: `fuzz.py`)."""

import random
from itertools import islice

import pytest
from mutation import HARMLESS, Bench, Mutation, Outcome, damages, spans_of
from small_export import OBJECTS

from oligort.finding import Grade

DAMAGES, SEED = 80, 20260401

pytestmark = pytest.mark.filterwarnings("ignore")  # of what pydicom meets in damaged files


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("export"))


def test_no_damage_is_a_traceback_or_another_result_in_silence(bench):
    outcomes = []
    for mutation in islice(damages(bench, random.Random(SEED)), DAMAGES):
        result = bench.judge(mutation)
        assert not result.outcome.is_fault, f"{mutation.file}, {mutation.how}: {result.detail}"
        outcomes.append(result.outcome)
    # The damages are worth their name: most of them reach the report.
    assert outcomes.count(Outcome.TOLD) > DAMAGES / 2


@pytest.mark.parametrize("file", OBJECTS)
@pytest.mark.parametrize("how", HARMLESS)
def test_a_harmless_change_is_no_alarm(how, file, bench):
    encoded = HARMLESS[how](OBJECTS[file]())
    assert encoded != bench.encoded[file]
    assert bench.judge(Mutation(file, how, encoded)).outcome is Outcome.SAME


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
