"""Complications: what departments add to a structure set that makes its lesions hard to count.

Each draws one, and returns whether the set had room for it.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np
from grown_together import merged_loops
from sketch import MARGIN_MM, Floats, Lesion, Loops, Roi, Sketch, Solid, add_lesion, ball


def union_by_name(sketch: Sketch) -> bool:
    """All lesions in one ROI that says so, now and then with the primary or redrawn."""
    if len(sketch.lesions) < 2:
        return False
    name = sketch.pick("GTV_ALL", "GTV total", "GTVm sum", "GTV 1+2")
    some = sketch.lesions[: 2 if name == "GTV 1+2" else None]
    loops = [loop for lesion in some for loop in lesion.roi.loops]
    primaries = [roi for roi in sketch.rois if roi.name == "GTVp"]
    if primaries and name != "GTV 1+2" and sketch.chance.random() < 0.4:
        loops = loops + primaries[0].loops
    sketch.rois.append(Roi(name, [_redrawn(sketch, loop) for loop in loops]))
    return True


def union_unsaid(sketch: Sketch) -> bool:
    """Two or more lesions in one ROI whose name does not tell."""
    if len(sketch.lesions) < 2:
        return False
    count = int(sketch.chance.integers(2, len(sketch.lesions) + 1))
    some = {id(lesion.roi): lesion.roi for lesion in sketch.lesions[:count]}
    if len(some) < 2:
        return False
    loops = [_redrawn(sketch, loop) for roi in some.values() for loop in roi.loops]
    sketch.rois.append(Roi(sketch.pick("GTV 9", "GTVm9", "GTV_mets", "Tumour"), loops))
    return True


def duplicate_exact(sketch: Sketch) -> bool:
    return _repeat(sketch, lambda solid: solid, ("{}_old", "{} copy", "{}_auto", "GTV 8", "{}_2"))


def duplicate_close(sketch: Sketch) -> bool:
    """Redrawn at a Dice of about 0.96 to 0.98."""
    return _repeat(sketch, lambda solid: solid.scaled(0.985), ("{}_old", "{}_auto", "GTV 8"))


def duplicate_near(sketch: Sketch) -> bool:
    """Redrawn at a Dice of about 0.85 to 0.95, by size or by place."""

    def again(solid: Solid) -> Solid:
        if sketch.chance.random() < 0.5:
            return solid.scaled(float(sketch.chance.uniform(0.91, 0.96)))
        away = float(sketch.chance.uniform(0.07, 0.15)) * solid.semi_axes_mm[0]
        return solid.moved(np.array([away, 0, 0]))

    return _repeat(sketch, again, ("{}_old", "{}_auto", "GTV 8", "{} obs2"))


def duplicate_far(sketch: Sketch) -> bool:
    """Redrawn by somebody who saw it otherwise: a Dice of about 0.6 to 0.85."""
    away = float(sketch.chance.uniform(0.25, 0.45))
    return _repeat(
        sketch,
        lambda solid: solid.moved(np.array([0, away * solid.semi_axes_mm[1], 0])),
        ("{}_old", "{}_auto", "GTV 8", "{} obs2"),
    )


def duplicate_on_other_planes(sketch: Sketch) -> bool:
    """Drawn again on planes of another spacing that lie between those of the set."""
    lesion = sketch.untouched()
    if lesion is None:
        return False
    loops = lesion.solid.loops(sketch.planes(sketch.spacing_mm + 1.0, 0.7))
    sketch.rois.append(Roi(f"{lesion.roi.name}_MR", loops))
    return True


def superseded_alone(sketch: Sketch) -> bool:
    """A lesion marked old that nothing replaces: gone, or still there."""
    organ = "Liver"
    solid = sketch.place(organ)
    if solid is None:
        return False
    sketch.draw("GTVm07_old", solid)
    sketch.perhaps[organ] += 1
    return True


def ring_by_name(sketch: Sketch) -> bool:
    return _ring(sketch, ("Ring_GTVm1", "GTVm1 wall", "GTV shell"))


def ring_unsaid(sketch: Sketch) -> bool:
    return _ring(sketch, ("GTV 12", "GTVm12", "GTVm_x"))


def margins_by_name(sketch: Sketch) -> bool:
    if not sketch.lesions:
        return False
    for lesion in sketch.lesions:
        for prefix, margin in (("CTV", 3.0), ("PTV", MARGIN_MM), ("ITV", 4.0)):
            if sketch.chance.random() < 0.6:
                sketch.draw(
                    f"{prefix} {lesion.roi.name[-8:]}", lesion.solid.grown(margin), typed=""
                )
    return True


def margin_as_gross_tumour(sketch: Sketch) -> bool:
    lesion = sketch.untouched()
    if lesion is None:
        return False
    name = sketch.pick("GTV+5mm", "GTVm1 exp", "GTVm1_margin", "GTV 5mm")
    sketch.draw(name, lesion.solid.grown(float(sketch.chance.uniform(3, MARGIN_MM))))
    return True


def helpers(sketch: Sketch) -> bool:
    """What planners draw: an isodose, a couch, an isocentre, an optimisation structure."""
    centre = np.array([0.0, 0, 0])
    sketch.draw("Dose 50%", ball(centre, 60.0), typed="")
    sketch.draw("zAvoid", ball(centre, 20.0), typed="AVOIDANCE")
    sketch.draw("D2CM LN", ball(centre, 30.0), typed="")
    point = Roi("iso", [np.array([[0.0, 0, 0]])], "ISOCENTER", "POINT")
    sketch.rois.append(point)
    return True


def several_in_one_roi(sketch: Sketch) -> bool:
    """Two or more lesions in one ROI, as parts that lie apart."""
    organs = Counter(one.organ for one in sketch.lesions if id(one) not in sketch.touched)
    if not organs or max(organs.values()) < 2:
        return False
    organ = organs.most_common(1)[0][0]
    some = [o for o in sketch.lesions if o.organ == organ and id(o) not in sketch.touched]
    first, *others = some[: int(sketch.chance.integers(2, 5))]
    for other in others:
        first.roi.loops += other.roi.loops
        sketch.rois.remove(other.roi)
        other.roi = first.roi
    sketch.touched |= {id(one) for one in (first, *others)}
    return True


def plane_missing(sketch: Sketch) -> bool:
    """One plane in the middle of a lesion was forgotten."""
    lesion = sketch.untouched()
    if lesion is None or len(lesion.roi.loops) < 5:
        return False
    del lesion.roi.loops[int(sketch.chance.integers(2, len(lesion.roi.loops) - 2))]
    return True


def touching_rois(sketch: Sketch) -> bool:
    """A second lesion that touches the first, in an ROI of its own."""
    return _companion(sketch, 1.0, in_own_roi=True)


def touching_parts(sketch: Sketch) -> bool:
    """A second lesion that touches the first, in its ROI."""
    return _companion(sketch, 1.0, in_own_roi=False)


def overlapping_rois(sketch: Sketch) -> bool:
    """A second lesion that grows into the first, in an ROI of its own."""
    return _companion(sketch, float(sketch.chance.uniform(0.7, 0.97)), in_own_roi=True)


def overlapping_parts(sketch: Sketch) -> bool:
    """A second lesion that grows into the first, its loops drawn over those of the first."""
    return _companion(sketch, float(sketch.chance.uniform(0.7, 0.97)), in_own_roi=False)


def smaller_beside(sketch: Sketch) -> bool:
    """A second lesion of down to an eighth of the first, touching it, within its outlines."""
    lesion = _as_ball(sketch)
    if lesion is None:
        return False
    radius = float(lesion.solid.semi_axes_mm[0])
    second = max(2.0, radius * float(sketch.chance.uniform(1 / 8, 0.6)))
    planes = sketch.planes()
    for _ in range(20):
        way = _direction(sketch, in_plane=sketch.chance.random() < 0.6)
        apart = radius + second * (1 - 2 * float(sketch.chance.uniform(0, 0.15)))
        other = ball(lesion.solid.centre_mm + way * apart, second)
        if sketch.is_clear(other, lesion.solid) and len(other.loops(planes)) > 1:
            break
    else:
        return False
    sketch.taken.append(other)
    spheres = [(solid.centre_mm, float(solid.semi_axes_mm[0])) for solid in (lesion.solid, other)]
    spacing_mm = float(planes[1] - planes[0])
    lesion.roi.loops[:] = merged_loops(spheres, spacing_mm, float(planes[0] / spacing_mm) % 1)
    sketch.touched.add(id(add_lesion(sketch, other, lesion.organ, lesion.roi)))
    return True


def merged(sketch: Sketch) -> bool:
    """Two bulges within one outline: one lesion, or two that have grown together."""
    lesion = _as_ball(sketch)
    if lesion is None:
        return False
    way, apart = _direction(sketch, in_plane=True), float(sketch.chance.uniform(1.5, 1.8))
    solid, radius = lesion.solid, float(lesion.solid.semi_axes_mm[0])
    other = solid.moved(way * apart * radius)
    if not sketch.is_clear(other, solid):
        return False
    sketch.taken.append(other)
    lesion.roi.loops[:] = _outlines(sketch, solid, other)
    sketch.perhaps[lesion.organ] += 1
    return True


def boost_inside(sketch: Sketch) -> bool:
    return _inside(sketch, ("GTVm1_boost", "GTV boost"), 0.55)


def necrosis_inside(sketch: Sketch) -> bool:
    return _inside(sketch, ("GTVm1_necrosis", "GTV core"), 0.45)


def cavity(sketch: Sketch) -> bool:
    """A lesion whose middle is left out."""
    lesion = sketch.untouched()
    if lesion is None:
        return False
    core = lesion.solid.scaled(0.5)
    lesion.roi.loops += [loop for z in sketch.planes() if len(loop := core.loop(float(z)))]
    return True


def speck_beside(sketch: Sketch) -> bool:
    """Stray clicks in the ROI of a lesion."""
    lesion = sketch.untouched()
    if lesion is None:
        return False
    for _ in range(int(sketch.chance.integers(1, 4))):
        away = _direction(sketch, in_plane=True) * (lesion.solid.reach_mm + 4)
        lesion.roi.loops += ball(lesion.solid.centre_mm + away, 0.7, 6).loops(sketch.planes())[:1]
    return True


def drawn_in_one_plane(sketch: Sketch) -> bool:
    lesion = sketch.untouched()
    if lesion is None:
        return False
    lesion.roi.loops[:] = [lesion.roi.loops[len(lesion.roi.loops) // 2]]
    return True


def never_drawn(sketch: Sketch) -> bool:
    """An ROI that was named for a metastasis and holds no contour: a lesion, or left over."""
    sketch.rois.append(Roi("GTVm9_Liver", []))
    sketch.perhaps["Liver"] += 1
    return True


def primary_repeated(sketch: Sketch) -> bool:
    primaries = [roi for roi in sketch.rois if roi.name in {"GTVp", "GTV_eso", "GTV primary"}]
    if not primaries:
        return False
    name = sketch.pick(f"{primaries[0].name}_old", "GTV")
    sketch.rois.append(Roi(name, [_redrawn(sketch, loop) for loop in primaries[0].loops]))
    return True


def _redrawn(sketch: Sketch, loop: Floats) -> Floats:
    """Return a loop as it comes back from an export: another start, rounded points."""
    return np.roll(np.round(loop, 2), int(sketch.chance.integers(len(loop))), axis=0)


def _repeat(sketch: Sketch, again: Callable[[Solid], Solid], names: tuple[str, ...]) -> bool:
    lesion = sketch.untouched()
    if lesion is None:
        return False
    sketch.draw(sketch.pick(*names).format(lesion.roi.name), again(lesion.solid))
    return True


def _ring(sketch: Sketch, names: tuple[str, ...]) -> bool:
    lesion = sketch.untouched()
    if lesion is None:
        return False
    outer = lesion.solid.grown(MARGIN_MM)
    inner = lesion.solid.grown(float(sketch.chance.choice([0.0, 0.3])))
    sketch.draw(sketch.pick(*names), outer, inner)
    return True


def _inside(sketch: Sketch, names: tuple[str, ...], factor: float) -> bool:
    lesion = sketch.untouched()
    if lesion is None or lesion.solid.semi_axes_mm.min() * factor < sketch.spacing_mm:
        return False
    sketch.draw(sketch.pick(*names), lesion.solid.scaled(factor))
    return True


def _direction(sketch: Sketch, in_plane: bool) -> Floats:
    way = sketch.chance.normal(size=3) * (1, 1, 0 if in_plane else 1)
    return way / np.linalg.norm(way)


def _as_ball(sketch: Sketch) -> Lesion | None:
    """Return an untouched lesion, drawn anew as a ball: of two balls all contacts are known."""
    lesion = sketch.untouched()
    if lesion is None or any(lesion.roi is o.roi for o in sketch.lesions if o is not lesion):
        return None
    sketch.taken = [solid for solid in sketch.taken if solid is not lesion.solid]
    lesion.solid = ball(lesion.solid.centre_mm, float(lesion.solid.semi_axes_mm.min()))
    sketch.taken.append(lesion.solid)
    lesion.roi.loops[:] = lesion.solid.loops(sketch.planes())
    return lesion


def _companion(sketch: Sketch, apart: float, in_own_roi: bool) -> bool:
    """Add a ball whose centre lies `apart` of both radii away from that of a lesion."""
    lesion = _as_ball(sketch)
    if lesion is None:
        return False
    radius = float(lesion.solid.semi_axes_mm[0])
    second = radius * float(sketch.chance.uniform(0.6, 1.0))
    for _ in range(20):
        way = _direction(sketch, in_plane=sketch.chance.random() < 0.6)
        other = ball(lesion.solid.centre_mm + way * apart * (radius + second), second)
        if sketch.is_clear(other, lesion.solid) and len(other.loops(sketch.planes())) > 1:
            break
    else:
        return False
    sketch.taken.append(other)
    if not in_own_roi:
        lesion.roi.loops += other.loops(sketch.planes())
    added = add_lesion(sketch, other, lesion.organ, None if in_own_roi else lesion.roi)
    sketch.touched.add(id(added))
    return True


def _outlines(sketch: Sketch, one: Solid, other: Solid) -> Loops:
    """Return the outlines of two balls together: one where they reach into each other."""
    middle = (one.centre_mm + other.centre_mm)[:2] / 2
    turn = np.arange(72) * 2 * np.pi / 72
    rays = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    loops = []
    for z in sketch.planes():
        squared = one.semi_axes_mm[0] ** 2 - (z - one.centre_mm[2]) ** 2
        half = np.linalg.norm(one.centre_mm[:2] - middle)
        if squared <= half**2:  # the sections do not reach the middle: two loops
            loops += [loop for solid in (one, other) if len(loop := solid.loop(float(z)))]
            continue
        exits = []
        for centre in (one.centre_mm[:2] - middle, other.centre_mm[:2] - middle):
            along = rays @ centre
            exits.append(along + np.sqrt(along**2 - centre @ centre + squared))
        flat = middle + rays * np.maximum(*exits)[:, None]
        loops.append(np.column_stack([flat, np.full(len(turn), z)]))
    return loops


ALL: tuple[Callable[[Sketch], bool], ...] = (
    union_by_name,
    union_unsaid,
    duplicate_exact,
    duplicate_close,
    duplicate_near,
    duplicate_far,
    duplicate_on_other_planes,
    superseded_alone,
    ring_by_name,
    ring_unsaid,
    margins_by_name,
    margin_as_gross_tumour,
    helpers,
    several_in_one_roi,
    plane_missing,
    touching_rois,
    touching_parts,
    overlapping_rois,
    overlapping_parts,
    smaller_beside,
    merged,
    boost_inside,
    necrosis_inside,
    cavity,
    speck_beside,
    drawn_in_one_plane,
    never_drawn,
    primary_repeated,
)
