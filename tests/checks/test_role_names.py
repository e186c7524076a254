"""A role's name where an ROI of that very name is drawn beside others of the role."""

import msgspec
import pytest
from conftest import PRESCRIPTION_GY

from oligort.dose.indices import conformity
from oligort.errors import NotEvaluable
from oligort.geometry.algebra import Operand, parse
from oligort.measure import Measure
from oligort.phantoms import Box
from oligort.protocol.model import Protocol

SECOND = Box((-50.0, 0.0, 0.0), (20.0, 20.0, 40.0))
"""16 cc in the right lung; the other GTVs have 8 cc and 1 cc."""


@pytest.fixture
def drawn_too(build):
    """The thorax with a GTV and a PTV named as their roles."""
    return build(extra={"GTV": SECOND, "PTV": SECOND})


@pytest.mark.parametrize(
    ("text", "volume_cc"),
    [
        ("GTV", 25.0),
        (" GTV ", 25.0),
        ("(GTV)", 25.0),
        ("GTV|GTV", 25.0),
        ('"GTV"', 16.0),
        ("PTV", 24.0),
        ("Lungs-GTV", 720.0 - 24.0),
        ('Lungs-"GTV"', 720.0 - 16.0),
        ('("GTV")', 16.0),
    ],
)
def test_a_role_is_the_union_and_quotes_mean_the_roi(text, volume_cc, drawn_too):
    assert drawn_too.dvh(text).volume_cc == pytest.approx(volume_cc)
    assert drawn_too.dvhs(text)[text].volume_cc == pytest.approx(volume_cc)


def test_a_note_says_that_there_is_an_roi_of_that_name(drawn_too, build):
    (note,) = drawn_too.dvh("GTV").notes
    assert '"GTVm01_Lung_L"' in note
    assert '"GTV" in double quotes is that ROI alone' in note
    # Alone it is both, and nothing need be said.
    alone = build(without=("GTVp", "GTVm01_Lung_L"), extra={"GTV": SECOND})
    assert alone.dvh("GTV").notes == ()
    assert alone.dvh("GTV").roi_number is not None


def test_what_is_quoted_and_not_drawn_is_refused(build):
    with pytest.raises(NotEvaluable, match='no ROI is named "GTV"'):
        build().dvh('"GTV"')


@pytest.mark.parametrize("metric", ["CI", "V20Gy[cc]"])
def test_a_limit_on_a_role_is_of_the_union(metric, drawn_too, register_table, findings_of):
    own = Protocol.load("nct06190782")
    (lungs,) = own.dose_limits
    unit = "" if metric == "CI" else "cc"
    asked = {"structure": "PTV", "metric": metric, "relation": ">=", "limit": 0.0001, "unit": unit}
    limit = msgspec.structs.replace(lungs, **asked, family=(), parts=(), beside=())
    protocol = msgspec.structs.replace(own, dose_limits=(limit,))
    (found,) = findings_of("OL301", drawn_too, register_table, protocol=protocol)
    (evidence, *_) = found.evidence
    # 20 Gy lie at z = 35: of the union it is the PTV at z = 40 to 60 alone that gets them.
    if metric == "V20Gy[cc]":
        assert evidence.measured == pytest.approx(8.0, rel=1e-6)
        return
    isodose = drawn_too.isodose("(PTV)", PRESCRIPTION_GY).volume
    expected = drawn_too.dvh("(PTV)").relative_to(PRESCRIPTION_GY, isodose)["CI"]
    assert evidence.measured == pytest.approx(expected, abs=1e-12)


def test_no_conformity_index_exceeds_one():
    # 4 cc of a structure in an isodose of 2 cc: it is not its isodose.
    with pytest.raises(NotEvaluable, match="it is not the isodose"):
        conformity(Measure(4.0, "cc"), 5.0, Measure(2.0, "cc"))
    # By rounding the isodose of a target that fills it may be the smaller one.
    value, intervals = conformity(
        Measure(4.0, "cc", numerical=(3.99, 4.01)), 4.0, Measure(3.98, "cc", numerical=(3.97, 4.0))
    )
    assert value == 1.0
    assert intervals["numerical"].high <= 1.0


def test_quotes_survive_printing_and_reading():
    assert str(parse('Lungs-"GTV"')) == 'Lungs-"GTV"'
    assert str(parse("Lungs-GTV")) == "Lungs-GTV"
    assert parse('"""x"') == Operand('"x')
    assert not parse('"a-b"').is_roi
