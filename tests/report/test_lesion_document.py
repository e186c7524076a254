"""The JSON of the census: its keys are a contract."""

import json
from dataclasses import replace

import numpy as np

from oligort.checks.lesion_dose import LesionDose
from oligort.lesions.lesion import Count, Exclusion, Lesion, LesionCensus
from oligort.lesions.vocabulary import Organ, Role
from oligort.measure import Measure
from oligort.report.lesion_document import LesionDocument, UnmappedRecord
from oligort.report.lesion_listing import lesion_view
from oligort.report.text import plain_text
from oligort.report.unanswered import Unanswered

PROMISED = {
    "roi_name", "label", "role", "organ", "part", "volume_cc", "longest_axial_mm",
    "short_axis_mm", "maximum_3d_mm", "plane_mm", "axial_end_points_mm",
    "maximum_3d_end_points_mm",
}  # fmt: skip


def lesion_named(roi_name: str, organ: Organ | None, plane_mm: float | None) -> Lesion:
    ends = np.array([[0.0, 0.0, 5.0], [30.0, 40.0, 5.0]])
    return Lesion(
        roi_name=roi_name,
        roi_number=7,
        label=roi_name,
        part=1,
        role=Role.GTV_METASTASIS,
        organ=organ,
        organ_evidence="from the ROI name",
        volume_cc=12.3456,
        longest_axial_mm=Measure(50.0, "mm"),
        short_axis_mm=Measure(20.0, "mm"),
        plane_mm=plane_mm,
        axial_end_points_mm=ends,
        maximum_3d_mm=Measure(56.0, "mm", convention=(53.0, 59.0)),
        maximum_3d_end_points_mm=ends + 1,
        centroid_mm=np.array([15.0, 20.0, 5.0]),
        counted=Count(0, 1),
    )


CENSUS = LesionCensus(
    lesions=(
        lesion_named("GTVm01", Organ.LIVER, 5.0),
        lesion_named("[red]GTVm02\x1b", None, None),
    ),
    count=Count(1, 2),
    per_organ={Organ.LIVER: Count(1, 1), None: Count(0, 1)},
    excluded=(Exclusion("ring", "a ring is no lesion"),),
    notes=("one speck",),
)


def test_every_promised_key_is_there_with_plain_values() -> None:
    document = json.loads(LesionDocument.of(CENSUS).to_json())
    first, second = document["lesions"]
    assert first.keys() >= PROMISED
    assert document["schema_version"] == 1
    assert (first["role"], first["organ"], first["part"]) == ("gtv_metastasis", "Liver", 1)
    assert (first["volume_cc"], first["longest_axial_mm"], first["maximum_3d_mm"]) == (
        12.3456, 50.0, 56.0,
    )  # fmt: skip
    assert first["axial_end_points_mm"] == [[0.0, 0.0, 5.0], [30.0, 40.0, 5.0]]
    assert first["maximum_3d_end_points_mm"] == [[1.0, 1.0, 6.0], [31.0, 41.0, 6.0]]
    assert first["maximum_3d_interval_mm"] == [53.0, 59.0]
    assert (second["organ"], second["plane_mm"]) == (None, None)
    assert document["count"] == {"least": 1, "most": 2}
    assert document["per_organ"] == {
        "Liver": {"least": 1, "most": 1},
        "unknown": {"least": 0, "most": 1},
    }
    assert document["excluded"] == [{"roi_name": "ring", "reason": "a ring is no lesion"}]


def test_nothing_counted_is_not_a_count_of_none() -> None:
    unread = LesionDocument(not_evaluable=(Unanswered(roi_name="", reason="no RTSTRUCT"),))
    assert json.loads(unread.to_json())["count"] is None
    assert "Distant metastases: not counted" in plain_text(lesion_view(unread))


def test_the_table_shows_sizes_counts_and_what_was_left_out() -> None:
    text = plain_text(lesion_view(LesionDocument.of(CENSUS)))
    first = next(line for line in text.splitlines() if line.startswith("GTVm01"))
    assert first.split()[:11] == [
        "GTVm01", "Liver", "50.0", "x", "20.0", "56.0", "12.35", "0", "to", "1", "gtv_metastasis,",
    ]  # fmt: skip
    assert "gtv_metastasis, Liver from the ROI name" in " ".join(text.split())
    assert "[red]GTVm02?" in text
    assert "\x1b" not in text
    assert "Distant metastases: 1 to 2" in text
    assert "Per organ: Liver 1, unknown 0 to 1" in text
    assert "ring          a ring is no lesion" in text
    assert "Note: one speck" in text


def dose_of(**values: Measure | str) -> LesionDose:
    told = {
        "prescription": Measure(50.0, "Gy"),
        "prescription_from": '"PTVm01" holds 100% of it',
        "d95": Measure(51.254, "Gy", numerical=(51.0, 51.5)),
        "minimum": Measure(49.0, "Gy"),
        "prescription_bed10": Measure(60.0, "Gy"),
        "d95_bed10": Measure(61.8, "Gy"),
        "isodose_margin": Measure(-2.34, "mm", convention=(-3.5, -1.0)),
    }
    return LesionDose(**(told | values))  # type: ignore[arg-type]


def test_doses_stand_in_a_table_of_their_own_with_the_reasons_below() -> None:
    reason = 'plan "A" does not state its number of fractions'
    doses = [dose_of(), dose_of(prescription_bed10=reason, d95_bed10=reason)]
    document = LesionDocument.of(CENSUS, doses=doses, dose_sop_instance_uids=("1.2.3",))
    first, second = (one["dose"] for one in json.loads(document.to_json())["lesions"])
    assert (first["prescription_gy"], first["d95_gy"], first["minimum_gy"]) == (50.0, 51.254, 49.0)
    assert (first["prescription_bed10_gy"], first["d95_bed10_gy"]) == (60.0, 61.8)
    assert first["isodose_margin_mm"] == -2.34
    assert first["intervals"] == {"d95_gy": [51.0, 51.5], "isodose_margin_mm": [-3.5, -1.0]}
    assert first["prescription_from"] == '"PTVm01" holds 100% of it'
    assert first["reasons"] == {}
    assert second["d95_bed10_gy"] is None
    assert second["reasons"] == {"prescription_bed10_gy": reason, "d95_bed10_gy": reason}
    text = plain_text(lesion_view(document))
    row = [line for line in text.splitlines() if line.startswith("GTVm01 ")][1]
    assert row.split() == ["GTVm01", "50.00", "51.25", "49.00", "60.00", "61.80", "-2.3"]
    told = " ".join(text.split())
    assert f"Not told of [red]GTVm02?: BED10 of prescribed, BED10 of D95%, because {reason}" in told
    assert "Margin: the least distance" in text
    assert max(map(len, text.splitlines())) <= 100


def test_without_a_dose_nothing_is_said_of_one() -> None:
    document = LesionDocument.of(CENSUS)
    assert [one["dose"] for one in json.loads(document.to_json())["lesions"]] == [None, None]
    assert "Gy" not in plain_text(lesion_view(document))


def test_unknown_names_are_listed_once_with_the_nearest_known() -> None:
    census = replace(CENSUS, excluded=(*CENSUS.excluded, Exclusion("Livr", "name not known")))
    unmapped = (UnmappedRecord(roi_name="Livr", nearest="Liver"),)
    document = LesionDocument.of(
        census, unmapped=unmapped, role_evidence={"GTVm01": 'from "gtvm" in the ROI name'}
    )
    written = json.loads(document.to_json())
    assert written["unmapped"] == [{"roi_name": "Livr", "nearest": "Liver"}]
    assert [one["roi_name"] for one in written["excluded"]] == ["ring", "Livr"]
    assert written["lesions"][0]["role_evidence"] == 'from "gtvm" in the ROI name'
    lines = plain_text(lesion_view(document)).splitlines()
    assert [line.split() for line in lines if "Livr" in line] == [["Livr", "Liver"]]
