"""The site map: names of a site go before what the names say, and no misspelling is silent."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oligort.errors import NamesError, NotEvaluable
from oligort.geometry.structure import StructureSet
from oligort.lesions.lesion import Count
from oligort.lesions.naming import read_roi_name
from oligort.lesions.site_map import SiteMap
from oligort.lesions.vocabulary import Organ, Role, Side
from oligort.phantoms import Box
from oligort.submission import Submission

PLANES_MM = np.arange(-30.0, 31.0, 5.0)


def site_map(**rois):
    return SiteMap.from_dict({"schema_version": 1, "rois": rois})


def of_table(rois):
    return SiteMap.from_dict({"schema_version": 1, "rois": rois})


def drawn(*rois):
    """A submission with these ROIs, each a box of 10 cc away from the others."""
    structures = [
        Box((100.0 * n, 0.0, 0.0), (20.0, 20.0, 25.0)).structure(name, n, PLANES_MM)
        for n, name in enumerate(rois, start=1)
    ]
    return Submission(structure_sets=(StructureSet(tuple(structures), "1.2.1", "set", "RS"),))


def test_the_map_decides_where_it_speaks_and_the_name_elsewhere():
    names = site_map(Red={"role": "gtv_metastasis", "organ": "Liver"}, GTV_Liver={"organ": "Bone"})
    red = names.read("Red")
    assert (red.role, red.organ, red.evidence) == (
        Role.GTV_METASTASIS,
        Organ.LIVER,
        "from the site map",
    )
    assert names.read("GTV_Liver").role is Role.GTV_METASTASIS
    assert names.read("GTV_Liver").organ is Organ.BONE
    assert names.read("Heart") == read_roi_name("Heart")


def test_an_exact_name_goes_before_patterns_and_the_first_pattern_before_the_next():
    names = of_table(
        {
            "T*": {"role": "helper"},
            "T1*": {"role": "ptv"},
            "T1": {"role": "gtv"},
            "*_x*y": {"role": "ring"},
        }
    )
    assert [names.read(name).role for name in ("T1", "T12", "T", "a_xby", "a_xb")] == [
        Role.GTV,
        Role.HELPER,
        Role.HELPER,
        Role.RING,
        Role.UNKNOWN,
    ]


def test_a_pattern_holds_no_other_sign_than_its_star():
    names = of_table({"GTV.*(1)": {"role": "helper"}})
    assert names.read("GTV.a(1)").role is Role.HELPER
    assert names.entry_of("GTVxa1") is None


def test_accents_as_characters_of_their_own_are_the_same_name():
    names = of_table({"L\u00e4sion": {"role": "gtv_metastasis"}})
    assert names.read("La\u0308sion").role is Role.GTV_METASTASIS


def test_what_is_cut_out_of_an_organ_can_be_said():
    names = site_map(LungsGTV={"role": "organ", "organ": "Lungs", "side": "", "subtracted": "GTV"})
    read = names.read("LungsGTV", "GTV")
    assert (read.role, read.side, read.subtracted) == (Role.ORGAN, Side.BOTH, "GTV")


def test_a_name_that_says_old_is_meant_when_the_map_names_it():
    names = site_map(GTVm01_old={"role": "gtv_metastasis"})
    assert names.read("GTVm01_old").superseded == ""
    assert names.read("GTVm02_old").superseded == "old"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"schema_version": 1, "rois": {"A": {"role": "gtv_metastases"}}},
         'f.toml: rois.A.role: expected "gtv_primary" or .*; did you mean "gtv_metastasis"?'),
        ({"schema_version": 1, "rois": {"A": {"organ": "Livr"}}},
         'f.toml: rois.A.organ: expected .* found "Livr"; did you mean "Liver"?'),
        ({"schema_version": 1, "rois": {"A": {"rol": "gtv"}}},
         'f.toml: rois.A: expected one of its keys .*, found "rol"; did you mean "role"?'),
        ({"schema_version": 1, "roi": {}}, 'found "roi"; did you mean "rois"?'),
        ({"schema_version": 2, "rois": {}}, "f.toml: schema_version: "),
        ({"schema_version": 1, "rois": {"A": {}}}, "f.toml: rois.A: expected a role, an organ"),
        ({"schema_version": 1, "rois": {"A": {"role": "ptv", "subtracted": "GTV"}}},
         "f.toml: rois.A: expected subtracted only beside"),
        ({"schema_version": 1, "rois": {"A": {"side": "left"}}}, "f.toml: rois.A.side: expected"),
        ({"schema_version": 1, "rois": {" * ": {"role": "gtv"}}}, "empty or only"),
    ],
)  # fmt: skip
def test_a_fault_in_the_file_is_named_with_the_nearest_right_word(table, sentence):
    pattern = sentence.replace("?", r"\?").replace(".toml", r"\.toml")
    with pytest.raises(NamesError, match=pattern):
        SiteMap.from_dict(table, file="f.toml")


def test_a_file_is_read_and_a_missing_one_refused(tmp_path):
    path = tmp_path / "names.toml"
    path.write_text('schema_version = 1\n[rois."食管 A"]\nrole = "gtv_primary"\n', "utf-8")
    assert SiteMap.load(path).read("食管 A").role is Role.GTV_PRIMARY
    assert SiteMap.of(path) == SiteMap.load(path)
    with pytest.raises(NamesError, match="cannot be read"):
        SiteMap.load(tmp_path / "other.toml")


def test_the_example_is_a_site_map():
    names = SiteMap.load(Path(__file__).parents[2] / "examples" / "names.toml")
    assert names.read("LungsGTV").subtracted == "GTV"
    assert names.read("Help_7").role is Role.HELPER


@pytest.mark.parametrize(
    ("name", "base", "most"),
    [
        *(("Boost all", Role.GTV, 1), ("Red dose", Role.GTV, 1), ("Lungs x", Role.GTV, 1)),
        *(("GTVm 1", Role.GTV_METASTASIS, 1), ("GTV_opt", Role.GTV, 1)),
        *(("PTV x", Role.PTV, 0), ("PTV_opt", Role.PTV, 0)),
    ],
)
def test_a_union_of_which_no_name_tells_may_be_one_of_gross_tumour(name, base, most):
    """What nobody else draws was none for certain, though "GTV_ALL" may be one."""
    names = of_table({name: {"role": "union"}})
    assert names.read(name).base is base
    assert drawn(name).with_names(names).lesions().count == Count(0, most)


def test_entries_that_fit_no_roi_are_told():
    submission = drawn("GTVm01", "Red").with_names(
        of_table({"GTVm1": {"role": "ptv"}, "Red": {"role": "ptv"}, "Z*": {"role": "helper"}})
    )
    assert submission.site_map.notes_on(submission.structure_set) == (
        'no ROI goes by "GTVm1", "Z*"',
    )
    assert SiteMap().notes_on(submission.structure_set) == ()


def test_the_census_counts_by_the_map():
    """Three boxes: a metastasis by the map, one that it calls a helper, and a name that says so."""
    rois = ("Red", "GTVm_Liver", "GTVm02_Bone")
    before = drawn(*rois).lesions()
    assert [lesion.roi_name for lesion in before] == ["GTVm_Liver", "GTVm02_Bone"]
    names = of_table(
        {
            "Red": {"role": "gtv_metastasis", "organ": "Brain"},
            "GTVm_Liver": {"role": "helper"},
            "GTVm02*": {"organ": "Lungs"},
        }
    )
    census = drawn(*rois).with_names(names).lesions()
    assert [(it.roi_name, it.organ, it.organ_evidence) for it in census] == [
        ("Red", Organ.BRAIN, "from the site map"),
        ("GTVm02_Bone", Organ.LUNGS, "from the site map"),
    ]
    assert (census.count.least, census.count.most) == (2, 2)
    assert census.lesions[0].said.evidence == "from the site map"
    (excluded,) = census.excluded
    assert (excluded.roi_name, "site map" in excluded.reason) == ("GTVm_Liver", True)


def test_a_lesion_lies_in_the_organ_that_the_map_names():
    """An organ whose name says nothing holds the lesion once the map says what it is."""
    organ = Box((0.0, 0.0, 0.0), (50.0, 50.0, 45.0)).structure("OAR 7", 1, PLANES_MM)
    lesion = Box((0.0, 0.0, 0.0), (20.0, 20.0, 15.0)).structure("GTVm", 2, PLANES_MM)
    submission = Submission(structure_sets=(StructureSet((organ, lesion), "1.2.1", "set", "RS"),))
    assert [it.organ for it in submission.lesions()] == [None]
    named = submission.with_names(of_table({"OAR 7": {"role": "organ", "organ": "Liver"}}))
    assert [it.organ for it in named.lesions()] == [Organ.LIVER]


def test_expressions_by_role_and_organ_follow_the_map():
    submission = drawn("Red", "GTV", "Luftikus")
    (red, gtv, lungs) = submission.structure_set.structures
    body = Box((300.0, 0.0, 0.0), (90.0, 90.0, 25.0)).structure("BODY", 4, PLANES_MM)
    whole = replace(submission.structure_set, structures=(red, gtv, lungs, body))
    submission = replace(submission, structure_sets=(whole,))
    names = of_table(
        {
            "Red": {"role": "gtv_metastasis"},
            "GTV": {"role": "helper"},
            "Luftikus": {"role": "organ", "organ": "Lungs", "side": ""},
        }
    )
    named = submission.with_names(names)
    (gtv,) = named.structures_of("GTV")
    (lungs,) = named.structures_of("Lungs")
    assert (gtv.roi_name, lungs.roi_name) == ("Red", "Luftikus")
    assert named.role_of("Red") is Role.GTV_METASTASIS
    with pytest.raises(NotEvaluable):
        submission.structures_of("Lungs")
