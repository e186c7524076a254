"""Figures judged by the numbers in them, in data coordinates."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from matplotlib.axes import Axes
from pages import parsed

from oligort.conventions import DEFAULT
from oligort.dose.dvh import Dvh
from oligort.geometry.algebra import Shape
from oligort.geometry.region import Region
from oligort.geometry.structure import Contour
from oligort.lesions.lesion import Lesion
from oligort.protocol.limits import DoseLimit, Variation
from oligort.report.figures import (
    MARKS,
    SERIES,
    Curve,
    Wall,
    dvh_figure,
    legend_dash,
    plot_dvh,
    style,
    svg_of,
)
from oligort.report.isodose_picture import _fullest_plane, isodose_picture
from oligort.report.lesion_pictures import lesion_picture
from oligort.report.page_dose import MOST_CURVES, _wall, dose_view
from oligort.report.plane_picture import (
    LESION,
    Isodoses,
    Outline,
    Pen,
    PlanePicture,
    Ruler,
    sampled_dose,
)
from oligort.report.underlay import Box, Underlay

Made = Callable[[int], Any]

RAMP = Dvh(
    roi_name="Ramp",
    roi_number=None,
    edges_gy=np.linspace(0, 40, 401),
    cumulative_cc=np.linspace(200, 0, 401),
    volume_cc=200.0,
    uncovered_cc=0.0,
    min_gy=0.0,
    mean_gy=20.0,
    max_gy=40.0,
    prescription_gy=25.0,
)
"""A linear ramp: V20 is 50 %, D25% is 30 Gy. Its prescription is 25 Gy."""


def of_gid(axes: Axes, gid: str) -> Any:
    (found,) = [child for child in axes.get_children() if child.get_gid() == gid]
    return found


def limit(metric: str, value: float, relation: str = "<=", unit: str = "%") -> DoseLimit:
    return DoseLimit(
        criterion="X6",
        description="what",
        source={"document": "D"},  # type: ignore[arg-type]
        structure="Ramp",
        metric=metric,
        limit=value,
        relation=relation,  # type: ignore[arg-type]
        unit=unit,  # type: ignore[arg-type]
    )


def test_a_curve_is_drawn_in_percent_of_its_whole_volume() -> None:
    half = replace(RAMP, cumulative_cc=RAMP.cumulative_cc / 2, uncovered_cc=100.0)
    with style("t"):
        (axes,) = dvh_figure([Curve("Ramp", RAMP, True), Curve("half", half)], []).axes
    for gid, at_20 in (("curve-A", 50.0), ("curve-B", 25.0)):
        x, y = of_gid(axes, gid).get_data()
        assert np.interp(20, x, y) == pytest.approx(at_20)
    assert axes.get_xlim()[1] > 40


@pytest.mark.parametrize(
    ("rule", "dose", "volume", "measured"),
    [
        (limit("V20Gy[%]", 25), (20, 20), (25, 100), (20, 50)),
        (limit("V20Gy[cc]", 60, unit="cc"), (20, 20), (30, 100), (20, 50)),
        (limit("V20Gy[%]", 95, ">="), (20, 20), (95, 0), (20, 50)),
        (limit("D50cc[Gy]", 12, unit="Gy"), (12, 80), (25, 25), (30, 25)),
        (limit("D25%[Gy]", 12, ">=", unit="Gy"), (12, 0), (25, 25), (30, 25)),
        (limit("Mean[Gy]", 15, unit="Gy"), (15, 15), (0, 8), (20, 0)),
        (limit("Max[Gy]", 45, unit="Gy"), (45, 45), (0, 8), (40, 0)),
        (limit("Min[Gy]", 5, ">=", unit="Gy"), (5, 0), (100, 100), (0, 100)),
        # Of 25 Gy, as `RAMP` is relative to.
        (limit("V80%[%]", 95, ">="), (20, 20), (95, 0), (20, 50)),
        (limit("D25%[%]", 48, ">="), (12, 0), (25, 25), (30, 25)),
    ],
    ids=lambda value: value.metric + value.relation if isinstance(value, DoseLimit) else "",
)
def test_a_limit_is_a_wall_on_the_forbidden_side(
    rule: DoseLimit,
    dose: tuple[float, float],
    volume: tuple[float, float],
    measured: tuple[float, float],
) -> None:
    wall = _wall(rule, RAMP, 0)
    assert wall is not None
    assert wall.measured is not None
    with style("t"):
        (axes,) = dvh_figure([Curve("Ramp", RAMP, True)], [wall]).axes
    x, y = of_gid(axes, f"limit-A-{rule.metric}").get_data()
    assert x == pytest.approx(dose)
    assert y == pytest.approx(volume)
    dot = of_gid(axes, f"measured-A-{rule.metric}").get_data()
    assert np.ravel(dot) == pytest.approx(measured, abs=0.02)


@pytest.mark.parametrize(
    "rule",
    [
        limit("HI", 0.2, unit=""),
        limit("CV20Gy[cc]", 50, ">=", unit="cc"),
        limit("gEUD(8)[Gy]", 30, unit="Gy"),
        limit("Max[Gy]", 45, ">=", unit="Gy"),
        limit("Min[Gy]", 45, unit="Gy"),
    ],
    ids=lambda rule: rule.metric,
)
def test_what_no_curve_can_show_is_no_wall(rule: DoseLimit) -> None:
    assert _wall(rule, RAMP, 0) is None


def test_a_limit_without_a_wall_is_told(demo_page: Made) -> None:
    case = demo_page(1).case
    (rule,) = case.protocol.dose_limits
    even = msgspec.structs.replace(rule, metric="HI", unit="", limit=0.2)
    rules = msgspec.structs.replace(case.protocol, dose_limits=(rule, even))
    told = dose_view(demo_page(1).report, replace(case, protocol=rules))
    assert told.no_walls == ("HI of Lungs-GTV: no curve shows it",)
    assert not told.has_means
    mean = msgspec.structs.replace(rule, metric="Mean[Gy]", unit="Gy", limit=20, beside=())
    rules = msgspec.structs.replace(case.protocol, dose_limits=(mean,))
    assert dose_view(demo_page(1).report, replace(case, protocol=rules)).has_means


def test_a_limit_relative_to_a_prescription_is_in_words_beside_one_in_gy(demo_page: Made) -> None:
    case = demo_page(1).case
    (rule,) = case.protocol.dose_limits
    of_target = {"structure": "PTV", "family": (), "parts": (), "beside": ()}
    covered = msgspec.structs.replace(
        rule, metric="V95%[%]", relation=">=", limit=95, unit="%", **of_target
    )
    hottest = msgspec.structs.replace(rule, metric="Max[Gy]", limit=60, unit="Gy", **of_target)
    rules = msgspec.structs.replace(case.protocol, dose_limits=(covered, hottest))
    told = dose_view(demo_page(1).report, replace(case, protocol=rules)).walls
    assert told[0] == "V95%[%] of PTV is 100.00 %; the limit is >= 95 %."
    assert told[1].startswith("Max[Gy] of PTV is 53.43 Gy")


def test_each_of_twelve_curves_has_a_colour_and_dashes_of_its_own() -> None:
    curves = [Curve(f"Ramp {number}", RAMP, number < 10) for number in range(MOST_CURVES)]
    with style("t"):
        (axes,) = dvh_figure(curves, []).axes
    lines = [of_gid(axes, f"curve-{MARKS[number]}") for number in range(MOST_CURVES)]
    drawn = {(line.get_color(), str(line._dash_pattern[1])) for line in lines}
    in_legend = {(number % len(SERIES), legend_dash(number)) for number in range(MOST_CURVES)}
    assert len(drawn) == len(in_legend) == MOST_CURVES
    assert legend_dash(0) == ""


def test_labels_of_walls_say_of_which_curve_and_cover_no_other() -> None:
    """Ten limits of three curves near one point, as a site has for its targets."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    walls = [Wall("D95%[Gy]", f">= {38 + n % 2} Gy", (38, 0), (95, 95), n % 3) for n in range(7)]
    walls += [Wall("Max[Gy]", "<= 39 Gy", (39, 39), (0, 8), 0) for _ in range(3)]
    with style("t"):
        figure = dvh_figure([Curve(name, RAMP, True) for name in "abc"], walls)
        (axes,) = figure.axes
        renderer = FigureCanvasAgg(figure).get_renderer()
        labels = [text for text in axes.texts if "limit" in text.get_text()]
        boxes = [text.get_window_extent(renderer) for text in labels]
        frame = axes.get_window_extent(renderer)
    assert [text.get_text()[:7] for text in labels[:3]] == ["A limit", "B limit", "C limit"]
    assert len(boxes) == 10
    for number, box in enumerate(boxes):
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1 + 1
        assert not any(map(box.overlaps, boxes[:number]))


BOX = Box(-50, 50, -30, 70, 12.0)
ROUND = np.column_stack(
    [10 * np.cos(np.arange(0, 6.28, 0.1)), 10 * np.sin(np.arange(0, 6.28, 0.1))]
)


def drawn(picture: PlanePicture) -> Axes:
    with style("t"):
        (axes,) = picture.figure().axes
    return axes


def test_left_is_on_the_right_and_the_front_on_top() -> None:
    axes = drawn(PlanePicture(BOX, Underlay()))
    assert axes.get_xlim() == (-50, 50)  # LPS x grows to the patient's left
    assert axes.get_ylim() == (70, -30)  # LPS y grows to the back


def test_a_ruler_ends_where_the_diameter_does_and_says_its_length() -> None:
    ends = np.array([[-9.5, 3.0], [8.0, -4.0]])
    axes = drawn(PlanePicture(BOX, Underlay(), rulers=(Ruler(ends, LESION, "18.8 mm"),)))
    np.testing.assert_array_equal(np.transpose(of_gid(axes, "ruler").get_data()), ends)
    assert "18.8 mm" in [text.get_text() for text in axes.texts]
    length = np.ptp(of_gid(axes, "scale").get_xdata())
    assert f"{length:g} mm" in [text.get_text() for text in axes.texts]


def test_an_isodose_runs_where_the_dose_is_its_level() -> None:
    x, y = np.linspace(-50, 50, 101), np.linspace(-30, 70, 101)
    radius = np.hypot(*np.meshgrid(x, y))
    isodoses = Isodoses(x, y, 60 - radius, ((40.0, Pen("#ff7a3c")), (99.0, Pen("#ffffff"))), 40.0)
    axes = drawn(PlanePicture(BOX, Underlay(), (Outline((ROUND,), LESION),), isodoses))
    (path,) = of_gid(axes, "isodose-40").get_paths()
    np.testing.assert_allclose(np.hypot(*path.vertices.T), 20, atol=0.02)
    assert not [child for child in axes.get_children() if child.get_gid() == "isodose-99"]
    assert of_gid(axes, "tinted").get_alpha() == 0.28


def test_an_svg_takes_its_colours_from_the_page_and_keeps_its_ids_to_itself() -> None:
    def made(name: str) -> str:
        with style(name):
            figure = dvh_figure([Curve("Ramp", RAMP, True)], [])
            return svg_of(figure, name, 'A "Ramp" <b>')

    one, other = made("one"), made("other")
    assert made("one") == one
    assert "#0102" not in one
    assert "var(--series-1)" in one
    assert "<style" not in one
    assert "Date" not in one
    assert 'aria-label="A &#34;Ramp&#34; &lt;b&gt;"' in one
    assert one.replace("one-", "") != one
    assert 'id="one-figure_1"' in one
    assert 'id="other-figure_1"' in other
    assert "DejaVu" not in one


def lesion_of(made: Any, label: str) -> Lesion:
    (lesion,) = [one for one in made.case.census if one.label == label]
    return lesion


def spied(monkeypatch: pytest.MonkeyPatch) -> list[PlanePicture]:
    """The pictures that are drawn from here on."""
    kept: list[PlanePicture] = []
    real = PlanePicture.svg

    def svg(self: PlanePicture, name: str, description: str) -> str:
        kept.append(self)
        return real(self, name, description)

    monkeypatch.setattr(PlanePicture, "svg", svg)
    return kept


def test_a_lesion_is_shown_with_the_diameters_that_were_measured(
    demo_page: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kept = demo_page(0), spied(monkeypatch)
    lesion = lesion_of(made, "GTVm02_Liver")
    told = lesion_picture(made.case, lesion, None, "x")
    (picture,) = kept
    short, longest = picture.rulers
    np.testing.assert_array_equal(longest.ends_mm, lesion.axial_end_points_mm[:, :2])
    assert np.hypot(*np.diff(longest.ends_mm, axis=0)[0]) == pytest.approx(lesion.longest_axial_mm)
    across = np.diff(short.ends_mm, axis=0)[0]
    assert np.hypot(*across) == pytest.approx(lesion.short_axis_mm)
    assert across @ np.diff(longest.ends_mm, axis=0)[0] == pytest.approx(0, abs=1e-6)
    assert picture.box.z_mm == lesion.plane_mm
    assert picture.isodoses is None
    assert "no dose in the submission" in told.caption
    assert picture.underlay.jpeg[:3] == b"\xff\xd8\xff"
    assert "soft tissue window" in told.caption
    (target,) = [one for one in picture.outlines if one.pen is not LESION]
    assert np.vstack(target.loops)[:, 0].max() > np.vstack(picture.outlines[-1].loops)[:, 0].max()


def test_a_diameter_that_has_no_ends_of_its_own_is_not_drawn(
    demo_page: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kept = demo_page(0), spied(monkeypatch)
    lesion = lesion_of(made, "GTVm02_Liver")
    moved = replace(lesion, axial_end_points_mm=lesion.axial_end_points_mm * 1.1)
    lesion_picture(made.case, moved, None, "x")
    assert kept[0].rulers == ()


def test_the_isodose_of_a_limit_is_shown_where_most_of_it_lies(
    demo_page: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, kept = demo_page(1), spied(monkeypatch)
    (rule,) = made.case.protocol.dose_limits
    told = isodose_picture(made.case, rule, "x")
    assert told is not None
    (picture,) = kept
    z_mm = picture.box.z_mm
    # By an engine of its own: V20 of the lungs cut down to one plane each.
    submission = made.case.submission
    lungs = submission.structures_of("Lungs")
    planes = {round(float(c.points_mm[0, 2]), 1) for one in lungs for c in one.contours}
    cuts = {
        plane: [
            replace(
                one,
                contours=tuple(c for c in one.contours if abs(c.points_mm[0, 2] - plane) < 0.01),
            )
            for one in lungs
        ]
        for plane in sorted(planes)
        if abs(plane - z_mm) < 13
    }
    by_plane = {
        plane: sum(float(submission.dvh_of(one, DEFAULT)["V20Gy[cc]"]) for one in cut)
        for plane, cut in cuts.items()
    }
    best = max(by_plane.values())
    assert by_plane[round(z_mm, 1)] > 0.97 * best
    area_cm2 = by_plane[round(z_mm, 1)] / 0.3
    said = float(told.caption.split("mm: ")[1].split(" cm2")[0])
    assert said == pytest.approx(area_cm2, rel=0.05)
    assert picture.isodoses is not None
    assert [gy for gy, _ in picture.isodoses.levels] == [20, 5]


def test_an_organ_is_shown_in_a_window_of_its_own(demo_page: Made) -> None:
    made = demo_page(1)
    (rule,) = made.case.protocol.dose_limits
    told = isodose_picture(made.case, rule, "x")
    assert told is not None
    assert "lung window" in told.caption
    heart = msgspec.structs.replace(rule, structure="Heart", family=(), parts=())
    told = isodose_picture(made.case, heart, "x")
    assert told is not None
    assert "soft tissue window" in told.caption


def test_plot_draws_on_the_axes_of_the_user() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    named = replace(RAMP, roi_name="_GTV $x$\x1b")
    assert named.plot(axes) is axes
    (line,) = axes.get_lines()
    assert np.interp(20, *line.get_data()) == pytest.approx(50)
    assert line.get_label() == r" _GTV \$x\$?"
    assert axes.get_ylabel() == "volume (%)"
    assert plot_dvh(RAMP, axes) is axes


def test_plot_makes_axes_where_none_are_given() -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("agg")
    axes = RAMP.plot()
    assert len(axes.get_lines()) == 1
    plt.close(axes.figure)


def test_a_wall_is_nothing_but_its_ends() -> None:
    wall = Wall("V20Gy[%]", "<= 25 %", (20, 20), (25, 100), 0)
    with style("t"):
        (axes,) = dvh_figure([Curve("Ramp", RAMP)], [wall]).axes
    assert not [one for one in axes.get_children() if one.get_gid() == "measured-A-V20Gy[%]"]


def test_contours_that_leave_the_patient_by_kilometres_cost_no_memory(demo_page: Made) -> None:
    made = demo_page(4)
    submission = made.case.submission
    wide = 4e6 * ROUND
    field = submission.dose_grid.field()
    isodoses = sampled_dose(field, Box(-4e7, 4e7, -4e7, 4e7, 0.0), ())
    assert isodoses.dose_gy.size < 500_000
    (structure,) = submission.structure_set.named("Heart")
    contours = tuple(
        Contour(np.column_stack([wide, np.full(len(wide), z_mm)])) for z_mm in (0.0, 3.0, 6.0)
    )
    region = Region(Shape((replace(structure, contours=contours),)), 3.0)
    plane_mm, area_mm2 = _fullest_plane(made.case, region, 20.0)
    assert plane_mm in {0.0, 3.0, 6.0}
    assert area_mm2 >= 0


def test_a_rule_named_by_markup_makes_no_markup(demo_page: Made) -> None:
    made = demo_page(1)
    (rule,) = made.case.protocol.dose_limits
    named = msgspec.structs.replace(rule, criterion='"><script>')
    protocol = msgspec.structs.replace(made.case.protocol, dose_limits=(named,))
    view = dose_view(made.report, replace(made.case, protocol=protocol))
    tree = parsed(f"<div>{view.figure}{''.join(one.svg for one in view.pictures)}</div>")
    assert not tree.all("script")
    assert len(tree.all("svg")) == 2


def test_an_acceptable_variation_is_a_second_thinner_wall(demo_page: Made) -> None:
    case = demo_page(1).case
    (rule,) = case.protocol.dose_limits
    variation = Variation(limit=31, source=rule.source)
    rules = msgspec.structs.replace(
        case.protocol, dose_limits=(msgspec.structs.replace(rule, variation=variation),)
    )
    told = dose_view(demo_page(1).report, replace(case, protocol=rules))
    assert [text.split("; ")[1] for text in told.walls] == [
        "the limit is <= 25 %.",
        "an acceptable variation is <= 31 %.",
    ]
    walls = (
        Wall("V20Gy[%]", "<= 25 %", (20, 20), (25, 100), 0),
        Wall("V20Gy[%]", "<= 31 %", (20, 20), (31, 100), 0, is_variation=True),
    )
    axes = dvh_figure([Curve("Ramp", RAMP, True)], walls).axes[0]
    limit_line, further = (of_gid(axes, f"{it}-A-V20Gy[%]") for it in ("limit", "variation"))
    assert further.get_ydata()[0] == 31
    assert further.get_linewidth() < limit_line.get_linewidth()


def test_a_limit_that_no_histogram_can_be_held_against_is_told_and_has_no_wall(
    demo_page: Made,
) -> None:
    """The target has a curve in Gy; its coverage in percent needs one prescription, not two."""
    case = demo_page(1).case
    (rule,) = case.protocol.dose_limits
    coverage = replace_rule(rule, structure="PTVp", metric="D95%[%]", limit=95.0, relation=">=")
    rules = msgspec.structs.replace(case.protocol, dose_limits=(rule, coverage))
    (plan,) = case.submission.plans
    first, *others = plan.prescriptions
    lower = replace(first, dose_gy=first.dose_gy - 1)
    plans = (replace(plan, prescriptions=(first, *others, lower)),)
    submission = replace(case.submission, plans=plans)
    told = dose_view(demo_page(1).report, replace(case, protocol=rules, submission=submission))
    assert "PTVp" in [line.name for line in told.legend]
    assert [text.split(" is ")[0] for text in told.walls] == ["V20Gy[%] of Lungs-GTV"]
    (reason,) = told.no_walls
    assert reason.startswith("D95%[%] of PTVp: ")
    assert "needs one" in reason
    assert not any("PTVp" in text for text in told.left_out)


def replace_rule(rule: DoseLimit, **changed: Any) -> DoseLimit:
    keys = {"family": (), "parts": (), "beside": (), "definition": None}
    return msgspec.structs.replace(rule, **keys, **changed)
