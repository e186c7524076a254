"""What a histogram and `oligort dvh` say of a dose that a check would grade nothing on."""

import json
import sys
from dataclasses import replace

import pytest

import oligort
from oligort.cli import main


def test_a_dose_that_fits_its_prescription_has_none(build):
    assert build().dose_doubts == ()
    # That nobody prescribes anything is no reason to grade nothing.
    assert build(prescription_gy=None).dose_doubts == ()


@pytest.mark.parametrize("dose_type", ["EFFECTIVE", "ERROR", ""])
def test_the_dose_type_is_told(dose_type, build):
    (told,) = build(dose_type=dose_type).dose_doubts
    assert f"the Dose Type is {dose_type or chr(34) * 2}".replace("ERROR", '"ERROR"') in told


def test_trap_a_dose_of_one_fraction_is_told(build):
    (told,) = build(scale=0.1).dose_doubts
    assert told.startswith("the dose does not fit the prescription: prescription 32.5 Gy")


def test_what_cannot_be_held_against_its_prescription_is_told(build):
    without = build(without=["GTVm01_Lung_L", "GTVp", "PTVm01"])
    (told,) = without.dose_doubts
    assert told.startswith("whether the dose fits its prescription is not evaluable, because ")


def test_a_dose_of_beams_is_told_as_before(build):
    submission = build(scale=0.1)
    (dose,) = submission.doses
    beams = replace(submission, doses=(replace(dose, summation_type="BEAM"),))
    (told,) = beams.selected(dose="RD.dcm").dose_doubts
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


def test_trap_a_histogram_says_itself_that_its_dose_does_not_fit_its_prescription(build):
    """V20 of one fraction, labelled as the plan's, is 0 % and looks like a fine pass."""
    one_fraction = build(scale=0.1)
    told = "the dose does not fit the prescription: prescription 32.5 Gy"
    both = one_fraction.dvhs("Lungs", "Lungs-GTV")
    for dvh in (one_fraction.dvh("Lungs-GTV"), both["Lungs"], both["Lungs-GTV"]):
        (note,) = dvh.notes
        assert note.startswith(told)
    open_question = build(without=["GTVm01_Lung_L", "GTVp", "PTVm01"]).dvh("Lungs")
    (note,) = open_question.notes
    assert note.startswith("whether the dose fits its prescription is not evaluable, because ")
    assert build().dvh("Lungs").notes == ()


def test_of_added_courses_each_is_held_against_its_own_prescription(build):
    whole, one_fraction = build(), build(scale=0.1)
    (dose,), (plan,) = one_fraction.doses, one_fraction.plans
    boost = replace(
        one_fraction,
        plans=(replace(plan, sop_instance_uid="1.2.9", label="boost"),),
        doses=(replace(dose, sop_instance_uid="1.2.8", plan_uids=("1.2.9",)),),
    )
    (note,) = whole.after(boost).dvh("Lungs").notes
    assert note.startswith("the dose does not fit the prescription: PLAN dose")
    assert "of an earlier course: prescription 32.5 Gy" in note


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
