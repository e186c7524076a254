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
    ],
)
def test_every_spelling_is_printed_as_tg263_has_it(text, printed):
    assert str(Metric.parse(text)) == printed
    assert Metric.parse(printed) == Metric.parse(text)


POSITIVE = st.floats(1e-12, 1e12)
METRICS = st.one_of(
    st.builds(
        Metric,
        st.just("V"),
        st.sampled_from(["%", "cc"]),
        POSITIVE | st.just(0.0),
        st.sampled_from(["Gy", "%"]),
    ),
    st.builds(Metric, st.just("D"), st.sampled_from(["Gy", "%"]), POSITIVE, st.just("cc")),
    st.builds(
        Metric, st.just("D"), st.sampled_from(["Gy", "%"]), st.floats(1e-12, 100), st.just("%")
    ),
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
    ],
)
def test_parts_that_make_no_metric_are_refused(parts):
    with pytest.raises(MetricError, match="expected"):
        Metric(*parts)
