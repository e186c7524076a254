"""A site map in a check: every question sees it, the register goes before it."""

from dataclasses import replace

from oligort.checks.case import Case
from oligort.checks.engine import check
from oligort.clinical.register import Register
from oligort.finding import Grade
from oligort.geometry.structure import StructureSet
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import Organ, Role
from oligort.protocol.model import Protocol


def named(submission, names):
    """The submission with ROIs under other names."""
    (drawn,) = submission.structure_sets
    structures = tuple(replace(s, roi_name=names.get(s.roi_name, s.roi_name)) for s in drawn)
    renamed = StructureSet(
        structures, "1.2.1", "set", "RS.dcm", drawn.frame_of_reference_uid, patient_key="patient"
    )
    return replace(submission, structure_sets=(renamed,))


SITE = {
    "Lung_L": "Alpha",
    "Lung_R": "Beta",
    "GTVm01_Lung_L": "Gamma",
    "GTVp": "Delta",
    "PTVm01": "Epsilon",
}
SITE_MAP = SiteMap.from_dict(
    {
        "schema_version": 1,
        "rois": {
            "Alpha": {"role": "organ", "organ": "Lungs", "side": "L"},
            "Beta": {"role": "organ", "organ": "Lungs", "side": "R"},
            "Gamma": {"role": "gtv_metastasis", "organ": "Lungs", "side": "L"},
            "Delta": {"role": "gtv_primary"},
            "Epsilon": {"role": "ptv"},
            "Zeta": {"role": "ptv"},
        },
    }
)


def test_a_check_answers_by_the_map_as_by_names_that_speak(build, register_table, findings_of):
    spoken = findings_of("OL301", build(), register_table)
    register_table["lesions"][0]["roi_names"] = ["Gamma"]
    silent = named(build(), SITE)
    without = findings_of("OL301", silent, register_table)
    mapped = findings_of("OL301", silent.with_names(SITE_MAP), register_table)
    assert [finding.grade for finding in without] == [Grade.NOT_EVALUABLE]
    assert [(f.grade, f.evidence) for f in mapped] == [(f.grade, f.evidence) for f in spoken]
    assert mapped[0].grade is not Grade.NOT_EVALUABLE


def test_the_report_says_that_a_map_was_in_force_and_what_fits_nothing(build):
    report = check(named(build(), SITE).with_names(SITE_MAP))
    (setting,) = [one for one in report.settings if one.source == "site map"]
    assert setting.value.startswith('6 entries; no ROI goes by "Zeta"; SHA-256 ')
    assert all(one.source != "site map" for one in check(build()).settings)


def test_the_register_goes_before_the_map(build, register_table):
    register_table["lesions"][0]["roi_names"] = ["Gamma"]
    register_table["lesions"][0]["organ"] = "Liver"
    map_ = SiteMap(dict(SITE_MAP.entries) | {"Gamma": SITE_MAP.entries["Delta"]})
    submission = named(build(), SITE).with_names(map_)
    case = Case(submission, Protocol.load("nct06190782"), Register.from_dict(register_table))
    (gamma,) = [lesion for lesion in case.census if lesion.roi_name == "Gamma"]
    assert (gamma.role, gamma.organ) == (Role.GTV_METASTASIS, Organ.LIVER)


def test_a_contradiction_of_map_and_register_is_told(build, register_table, findings_of):
    register_table["lesions"][0] |= {"roi_names": ["Gamma"], "organ": "Liver"}
    submission = named(build(), SITE).with_names(SITE_MAP)
    messages = [finding.message for finding in findings_of("OL204", submission, register_table)]
    assert any("Gamma" in text and "Lungs" in text for text in messages)
