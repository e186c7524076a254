"""Metrics: spellings read, the spelling printed, and refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.dose.metric import Metric
from oligort.errors import MetricError


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("V20Gy[%]", "V20Gy[%]"),
        ("V20Gy[cc]", "V20Gy[cc]"),
        ("V20Gy[cm3]", "V20Gy[cc]"),
        ("V20", "V20Gy[%]"),
        ("V20Gy", "V20Gy[%]"),
        ("v20gy", "V20Gy[%]"),
        ("V 20 Gy [%]", "V20Gy[%]"),
        (" V20Gy[%] ", "V20Gy[%]"),
        ("V2000cGy[%]", "V20Gy[%]"),
        ("V2055cGy", "V20.55Gy[%]"),
        ("V12.5Gy[cc]", "V12.5Gy[cc]"),
        ("V.5Gy", "V0.5Gy[%]"),
        ("V5.Gy", "V5Gy[%]"),
        ("V0Gy[cc]", "V0Gy[cc]"),
        ("V95%[%]", "V95%[%]"),
        ("D95%[Gy]", "D95%[Gy]"),
        ("D95", "D95%[Gy]"),
        ("D95%", "D95%[Gy]"),
        ("D95%[%]", "D95%[%]"),
        ("D2cc[Gy]", "D2cc[Gy]"),
        ("D2cc", "D2cc[Gy]"),
        ("D2cm3", "D2cc[Gy]"),
        ("D0.03cc[Gy]", "D0.03cc[Gy]"),
        ("D100%[Gy]", "D100%[Gy]"),
        ("Mean[Gy]", "Mean[Gy]"),
        ("Min[Gy]", "Min[Gy]"),
        ("Max[Gy]", "Max[Gy]"),
        ("Dmean", "Mean[Gy]"),
        ("Dmin", "Min[Gy]"),
        ("Dmax", "Max[Gy]"),
        ("D_max", "Max[Gy]"),
        ("mean", "Mean[Gy]"),
        ("Max[%]", "Max[%]"),
        ("CV20Gy[cc]", "CV20Gy[cc]"),
        ("CV20", "CV20Gy[%]"),
        ("cv 2000 cGy [cm3]", "CV20Gy[cc]"),
        ("CV95%[cc]", "CV95%[cc]"),
        ("DC2cc[Gy]", "DC2cc[Gy]"),
        ("DC5%", "DC5%[Gy]"),
        ("dc5", "DC5%[Gy]"),
        ("DC2cc[%]", "DC2cc[%]"),
        ("gEUD(8)[Gy]", "gEUD(8)[Gy]"),
        ("gEUD(8)", "gEUD(8)[Gy]"),
        ("gEUD8", "gEUD(8)[Gy]"),
        ("EUD_8", "gEUD(8)[Gy]"),
        ("geud(a=-10)[%]", "gEUD(-10)[%]"),
        ("gEUD( 0.5 ) [Gy]", "gEUD(0.5)[Gy]"),
        ("gEUD(+2.)", "gEUD(2)[Gy]"),
        ("HI", "HI"),
        ("hi", "HI"),
        ("CI", "CI"),
        ("PCI", "CI"),
    ],
)
def test_every_spelling_is_printed_as_tg263_has_it(text, printed):
    assert str(Metric.parse(text)) == printed
    assert Metric.parse(printed) == Metric.parse(text)


POSITIVE = st.floats(1e-12, 1e12)
METRICS = st.one_of(
    st.builds(
        Metric,
        st.sampled_from(["V", "CV"]),
        st.sampled_from(["%", "cc"]),
        POSITIVE | st.just(0.0),
        st.sampled_from(["Gy", "%"]),
    ),
    st.builds(
        Metric,
        st.sampled_from(["D", "DC"]),
        st.sampled_from(["Gy", "%"]),
        POSITIVE,
        st.just("cc"),
    ),
    st.builds(
        Metric,
        st.sampled_from(["D", "DC"]),
        st.sampled_from(["Gy", "%"]),
        st.floats(1e-12, 100),
        st.just("%"),
    ),
    st.builds(
        Metric,
        st.just("gEUD"),
        st.sampled_from(["Gy", "%"]),
        POSITIVE | POSITIVE.map(lambda exponent: -exponent),
    ),
    st.builds(Metric, st.sampled_from(["HI", "CI"]), st.just("")),
    st.builds(Metric, st.sampled_from(["Min", "Mean", "Max"]), st.sampled_from(["Gy", "%"])),
)


@given(METRICS)
@settings(deadline=None)
def test_what_is_printed_is_read_as_the_same_metric(metric):
    assert Metric.parse(str(metric)) == metric


@pytest.mark.parametrize(
    "text",
    [
        "",
        "V",
        "20Gy",
        "V20Gy[Gy]",
        "V20cc[%]",
        "V-20Gy",
        "V20Gy[%",
        "V20Gy]",
        "D95Gy",
        "D95%[cc]",
        "D0%",
        "D101%",
        "D2cc[cGy]",
        "Mean[cGy]",
        "Mean[cc]",
        "Mean20",
        "Median",
        "V20Gy[%];rm",
        "V1e2Gy",
        "Vnan",
        "V" + "9" * 400,
        "CV20Gy[Gy]",
        "CV2cc",
        "DC95Gy",
        "DC0%",
        "DC2cc[cGy]",
        "gEUD",
        "gEUD(0)",
        "gEUD()",
        "gEUD(8",
        "gEUD8)",
        "gEUD(8)[cc]",
        "gEUD(8)[cGy]",
        "gEUD(inf)",
        "gEUD(" + "9" * 400 + ")",
        "HI[%]",
        "CI[]",
        "HI2",
    ],
)
def test_what_is_no_metric_is_refused(text):
    with pytest.raises(MetricError, match="expected"):
        Metric.parse(text)


def test_a_hostile_metric_is_made_harmless_in_the_message():
    with pytest.raises(MetricError) as refused:
        Metric.parse("V20\x1b[2J")
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    "parts",
    [
        ("V", "%", None, "Gy"),
        ("V", "Gy", 20.0, "Gy"),
        ("V", "%", 20.0, "cc"),
        ("V", "%", float("nan"), "Gy"),
        ("V", "%", -1.0, "Gy"),
        ("D", "Gy", 0.0, "%"),
        ("D", "Gy", float("inf"), "cc"),
        ("Mean", "Gy", 20.0, ""),
        ("Mean", "Gy", None, "cc"),
        ("CV", "Gy", 20.0, "Gy"),
        ("CV", "cc", 20.0, "cc"),
        ("CV", "cc", -1.0, "Gy"),
        ("DC", "cc", 2.0, "cc"),
        ("DC", "Gy", 101.0, "%"),
        ("gEUD", "Gy", None, ""),
        ("gEUD", "Gy", 0.0, ""),
        ("gEUD", "Gy", float("inf"), ""),
        ("gEUD", "Gy", float("nan"), ""),
        ("gEUD", "cc", 8.0, ""),
        ("gEUD", "Gy", 8.0, "Gy"),
        ("HI", "%", None, ""),
        ("HI", "", 2.0, ""),
        ("CI", "cc", None, ""),
    ],
)
def test_parts_that_make_no_metric_are_refused(parts):
    with pytest.raises(MetricError, match="expected"):
        Metric(*parts)


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("V20Gy[%]", False),
        ("V95%[%]", True),
        ("V95%[cc]", True),
        ("CV20Gy[%]", False),
        ("CV95%[cc]", True),
        ("D95%[Gy]", False),
        ("D95%[%]", True),
        ("DC5%[Gy]", False),
        ("DC2cc[%]", True),
        ("Mean[Gy]", False),
        ("Mean[%]", True),
        ("gEUD(8)[Gy]", False),
        ("gEUD(8)[%]", True),
        ("HI", False),
        ("CI", True),
    ],
)
def test_what_is_relative_to_a_prescription_says_so(text, needs):
    assert Metric.parse(text).needs_prescription is needs


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("V20Gy[%]", True),
        ("V20Gy[cc]", False),
        ("CV20Gy[cc]", True),
        ("D95%[Gy]", True),
        ("D2cc[Gy]", False),
        ("D2cc[%]", False),
        ("DC2cc[Gy]", True),
        ("Mean[Gy]", True),
        ("Min[Gy]", True),
        ("Max[Gy]", False),
        ("gEUD(8)[Gy]", True),
        ("HI", True),
        ("CI", True),
    ],
)
def test_what_a_cold_part_that_is_not_drawn_changes(text, needs):
    assert Metric.parse(text).needs_whole_volume is needs


@pytest.mark.parametrize("text", ["D0.03", "D0.035[Gy]", "D.1", "d 0.5", "D0.03[%]", "DC0.5"])
def test_trap_a_dose_of_a_bare_number_below_one_is_no_percent(text):
    with pytest.raises(MetricError, match=r"say DC?0?\.\d+cc\[.*\] or DC?0?\.\d+%\["):
        Metric.parse(text)
    assert Metric.parse("D1") == Metric.parse("D1%[Gy]")
    assert Metric.parse("D0.03cc") == Metric("D", "Gy", 0.03, "cc")
    assert Metric.parse("D0.03%") == Metric("D", "Gy", 0.03, "%")


@pytest.mark.parametrize("text", ["V95", "V100", "V107[cc]", "CV95", "v 90"])
def test_a_volume_at_a_bare_number_that_may_be_percent_is_refused(text):
    with pytest.raises(MetricError, match=r"say C?V\d+Gy\[.*\] or C?V\d+%\["):
        Metric.parse(text)
    assert Metric.parse("V79") == Metric.parse("V79Gy[%]")
    assert Metric.parse("V95Gy") == Metric("V", "%", 95, "Gy")
    assert Metric.parse("V95%") == Metric("V", "%", 95, "%")
