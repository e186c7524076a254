"""What `oligort dvh` says of a dose that a check would grade nothing on."""

import json
import sys
from dataclasses import replace

import pytest

import oligort
from oligort.checks.dose_doubts import doubts_on_dose
from oligort.cli import main
from oligort.protocol.model import Protocol

PROTOCOL = Protocol.load("nct06190782")


def test_a_dose_that_fits_its_prescription_has_none(build):
    assert doubts_on_dose(build(), PROTOCOL) == ()
    # That nobody prescribes anything is no reason to grade nothing.
    assert doubts_on_dose(build(prescription_gy=None), PROTOCOL) == ()


@pytest.mark.parametrize("dose_type", ["EFFECTIVE", "ERROR", ""])
def test_the_dose_type_is_told(dose_type, build):
    (told,) = doubts_on_dose(build(dose_type=dose_type), PROTOCOL)
    assert f"the Dose Type is {dose_type or chr(34) * 2}".replace("ERROR", '"ERROR"') in told


def test_trap_a_dose_of_one_fraction_is_told(build):
    (told,) = doubts_on_dose(build(scale=0.1), PROTOCOL)
    assert told.startswith("the dose does not fit the prescription: prescription 32.5 Gy")


def test_what_cannot_be_held_against_its_prescription_is_told(build):
    without = build(without=["GTVm01_Lung_L", "GTVp", "PTVm01"])
    (told,) = doubts_on_dose(without, PROTOCOL)
    assert told.startswith("whether the dose fits its prescription is not evaluable, because ")


def test_a_dose_of_beams_is_told_as_before(build):
    submission = build(scale=0.1)
    (dose,) = submission.doses
    beams = replace(submission, doses=(replace(dose, summation_type="BEAM"),))
    (told,) = doubts_on_dose(beams.selected(dose="RD.dcm"), PROTOCOL)
    assert told == '"RD.dcm" is of a part of a plan (BEAM)'


def test_trap_a_histogram_says_itself_that_its_dose_is_no_physical_one_of_a_plan(build):
    """A script that calls no command reads V20 of one beam like that of the plan."""
    submission = build()
    (dose,) = submission.doses
    beam = replace(submission, doses=(replace(dose, summation_type="BEAM"),)).selected(
        dose="RD.dcm"
    )
    told = '"RD.dcm" is of a part of a plan (BEAM)'
    assert told in beam.dvh("Lungs-GTV").notes
    assert told in beam.dvhs("Lungs", "Lungs-GTV")["Lungs"].notes
    effective = build(dose_type="EFFECTIVE").dvh("Lungs")
    assert any("the Dose Type is EFFECTIVE" in note for note in effective.notes)
    assert not any(
        "Dose Type" in note or "part of" in note for note in submission.dvh("Lungs").notes
    )


@pytest.mark.parametrize(
    ("altered", "told"),
    [
        ({"scale": 0.1}, "the dose does not fit the prescription: prescription 32.5 Gy"),
        ({"dose_type": "EFFECTIVE"}, "the Dose Type is EFFECTIVE"),
    ],
)
def test_trap_the_command_says_it_beside_its_numbers(
    altered, told, build, monkeypatch, capfd, tmp_path
):
    monkeypatch.setattr(oligort, "read", lambda *paths: build(**altered))

    def answered(*options):
        roi = ("--roi", "Lungs-GTV", "--metric", "V20Gy[%]")
        monkeypatch.setattr(sys, "argv", ["oligort", "dvh", str(tmp_path), *roi, *options])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert not leaving.value.code
        sys.stdout.flush()
        return capfd.readouterr()

    assert f"dose: {told}" in answered().err
    in_json = answered("--json", "-")
    (note,) = json.loads(in_json.out)["notes"]
    assert note.startswith(told)
    assert f"dose: {told}" in in_json.err
