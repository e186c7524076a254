"""The report of a folder hangs on what its files hold, never on their names or their order."""

import hashlib
import random
import re
from collections import Counter

import pytest
from harmless import HARMLESS
from linked_export import (
    as_bytes,
    beams_and_sum,
    courses_apart,
    two_patients_and_twins,
    versions,
    with_images,
)
from small_export import dose, plan, register, structures

import oligort
from oligort.checks.engine import intake_findings

SAME = 1e-9
"""Share by which a sum of doses may move with the order in which they are added."""

NAMINGS = 3


EXPORTS = [with_images, versions, beams_and_sum, courses_apart, two_patients_and_twins]


def written(encoded, folder, draw):
    """Write each file under a name and in a folder that chance gives, in an order of chance."""
    token_of = {}
    for one in draw.sample(encoded, len(encoded)):
        deep = "/".join(f"d{draw.randrange(3)}" for _ in range(draw.randrange(3)))
        name = f"{draw.randrange(10**9)}{draw.choice(('', '.dcm', '.IMA', '.001'))}"
        path = folder / deep / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)
        token_of[path.relative_to(folder).as_posix()] = hashlib.sha256(one).hexdigest()
    return token_of


def said_by(folder, token_of):
    """Return what a report says: sentences as bags of words, files by what they hold, numbers."""
    report = oligort.check(oligort.read(folder), register=register())
    names = sorted(token_of, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, names)))

    def bag(text):
        named = pattern.sub(lambda match: token_of[match[0]], text)
        return tuple(sorted(re.findall(r"[\w.]+", named)))

    told = Counter()
    numbers = {}
    for finding in report.findings:
        told[finding.code, finding.grade, finding.flags, bag(finding.message + finding.hint)] += 1
        for evidence in finding.evidence:
            about = bag(finding.about)
            numbers[finding.code, about, evidence.name] = evidence.measured
    for measurement in report.measurements:
        numbers[measurement.about, measurement.metric, bag(measurement.note)] = measurement.value
    files = Counter(
        (one.kind, one.sop_instance_uid, one.sha256)
        for one in report.provenance
        if not one.kind.endswith("series")
    )
    judged = report.plan_label, sorted(report.dose_sop_instance_uids), report.verdict
    return told, files, judged, numbers


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.__name__)
def test_no_name_and_no_order_of_files_changes_a_report(export, tmp_path):
    encoded = [as_bytes(dataset) for dataset in export()]
    expected = None
    for seed in range(NAMINGS):
        folder = tmp_path / str(seed)
        token_of = written(encoded, folder, random.Random(seed))
        assert sorted(token_of.values()) == sorted(set(token_of.values()))
        *said, numbers = said_by(folder, token_of)
        if expected is None:
            expected = said, numbers
            assert said[0]
            continue
        assert said == expected[0]
        assert numbers.keys() == expected[1].keys()
        for key, value in numbers.items():
            is_number = isinstance(value, float)
            assert value == (pytest.approx(expected[1][key], rel=SAME) if is_number else value)


@pytest.mark.parametrize("how", HARMLESS)
def test_no_encoding_of_images_and_objects_changes_what_is_told(how, tmp_path):
    told = []
    for number, encoded_by in enumerate((as_bytes, HARMLESS[how])):
        folder = tmp_path / str(number)
        folder.mkdir()
        for place, dataset in enumerate(with_images()):
            (folder / f"{place:02d}.dcm").write_bytes(encoded_by(dataset))
        findings = intake_findings(oligort.read(folder))
        told.append([(one.code, one.grade, one.message) for one in findings])
    assert told[0] == told[1]
    assert {"OL018", "OL019", "OL020"} <= {code for code, _, _ in told[0]}


def test_the_courses_whose_targets_lie_apart_are_added(tmp_path):
    for number, dataset in enumerate(courses_apart()):
        (tmp_path / str(number)).write_bytes(as_bytes(dataset))
    assert oligort.read(tmp_path).dose_sop_instance_uids == ("1.2.3", "1.2.33")


def test_a_report_that_says_something_else_is_seen(tmp_path):
    """What the test above compares tells two exports apart that differ in a reference alone."""
    reports = []
    for number, uid in enumerate(("1.2.1", "1.2.99")):
        other = plan()
        other.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID = uid
        encoded = [as_bytes(one) for one in (structures(), other, dose())]
        folder = tmp_path / str(number)
        reports.append(said_by(folder, written(encoded, folder, random.Random(1)))[0])
    assert reports[0] != reports[1]
