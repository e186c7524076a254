"""Sketches of structure sets: shapes, organs, names, and true lesions where they belong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Loops = list[Floats]

MARGIN_MM = 5.0
"""What margins and rings add to a lesion."""


@dataclass(frozen=True)
class Solid:
    """A shape that every plane cuts in one star-shaped loop.

    `outline` holds the radii of the loop at even angles, as a share of the semi-axes; a flat solid
    keeps its section, a round one narrows to its ends.
    """

    centre_mm: Floats
    semi_axes_mm: Floats
    outline: Floats
    is_flat: bool = False

    def loop(self, z_mm: float) -> Floats:
        """Return the loop (N, 3) of one plane, or an empty array beyond the solid."""
        along = (z_mm - self.centre_mm[2]) / self.semi_axes_mm[2]
        if abs(along) >= 1:
            return np.empty((0, 3))
        scale = 1.0 if self.is_flat else np.sqrt(1 - along**2)
        if scale * self.semi_axes_mm[:2].min() < 0.4:
            return np.empty((0, 3))  # too small for anybody to draw
        turn = np.arange(len(self.outline)) * 2 * np.pi / len(self.outline)
        radii = self.outline * scale
        flat = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radii[:, None]
        return np.column_stack(
            [flat * self.semi_axes_mm[:2] + self.centre_mm[:2], np.full(len(turn), z_mm)]
        )

    def loops(self, planes_mm: Floats) -> Loops:
        """Return the loops of all planes that the solid reaches; one at least."""
        drawn = [loop for z in planes_mm if len(loop := self.loop(float(z)))]
        if drawn:
            return drawn
        nearest = planes_mm[np.abs(planes_mm - self.centre_mm[2]).argmin()]
        section = self.loop(float(self.centre_mm[2]))
        return [np.column_stack([section[:, :2], np.full(len(section), nearest)])]

    def grown(self, margin_mm: float) -> "Solid":
        return replace(self, semi_axes_mm=self.semi_axes_mm + margin_mm)

    def scaled(self, factor: float) -> "Solid":
        return replace(self, semi_axes_mm=self.semi_axes_mm * factor)

    def moved(self, by_mm: Floats) -> "Solid":
        return replace(self, centre_mm=self.centre_mm + by_mm)

    @property
    def reach_mm(self) -> float:
        """Radius of a ball that holds the solid."""
        return float(self.semi_axes_mm.max() * self.outline.max() * (1.5 if self.is_flat else 1))


def ball(centre_mm: Floats, radius_mm: float, points: int = 36) -> Solid:
    return Solid(centre_mm, np.full(3, radius_mm), np.ones(points))


ORGANS: dict[str, tuple[tuple[str, Solid], ...]] = {
    organ: tuple(
        (name, Solid(np.array(centre, float), np.array(axes, float), np.ones(40), flat))
        for name, centre, axes, flat in rois
    )
    for organ, rois in {
        "Liver": [("Liver", (-70, 0, -80), (85, 70, 60), False)],
        "Lungs": [
            ("Lung_L", (85, 0, 90), (60, 75, 95), False),
            ("Lung_R", (-85, 0, 90), (60, 75, 95), False),
        ],
        "Bone": [("Spine", (0, 105, 30), (24, 24, 170), True)],
        "Adrenals": [
            ("Adrenal_L", (60, 30, -45), (24, 22, 26), False),
            ("Adrenal_R", (60, 30, -130), (24, 22, 26), False),
        ],
        "Brain": [("Brain", (0, 0, 300), (68, 80, 62), False)],
    }.items()
}
NODES = Solid(np.array([150.0, 0, -120]), np.array([40.0, 60, 60]), np.ones(8))
OESOPHAGUS = Solid(np.array([0.0, 40, 60]), np.array([9.0, 8, 130]), np.ones(24), True)

WEIGHTS = {"Liver": 25, "Lungs": 27, "Bone": 15, "Adrenals": 6, "Brain": 12, "LymphNodes": 15}

WORDS = {
    "Liver": ("Liver", "liver", "肝"),
    "Lungs": ("Lung", "lung", "肺"),
    "Bone": ("Bone", "bone", "骨"),
    "Adrenals": ("Adrenal", "adrenal", "肾上腺"),
    "Brain": ("Brain", "brain", "脑"),
    "LymphNodes": ("LN", "ln", "淋巴结"),
}

STYLES: dict[str, Callable[[int, tuple[str, str, str]], str]] = {
    "clear": lambda n, words: f"GTVm{n:02d}_{words[0]}",
    "plain": lambda n, _: f"GTVm{n}",
    "site": lambda n, words: f"gtv {words[1]} met {n}",
    "words": lambda n, words: f"Met {n} {words[1]}",
    "chinese": lambda n, words: f"{words[2]}转移瘤{n}",
    "silent": lambda n, _: f"GTV {n}",
}
STYLE_WEIGHTS = {"clear": 50, "plain": 18, "site": 10, "words": 6, "chinese": 6, "silent": 10}


@dataclass
class Roi:
    """One ROI while the set is being drawn."""

    name: str
    loops: Loops
    interpreted_type: str = "GTV"
    geometric_type: str = "CLOSED_PLANAR"


@dataclass
class Lesion:
    """One true metastasis, and the ROI that is drawn for it."""

    solid: Solid
    organ: str
    roi: Roi


@dataclass
class Sketch:
    """A set while it is being drawn."""

    chance: np.random.Generator
    spacing_mm: float
    style: str = "clear"
    rois: list[Roi] = field(default_factory=list)
    lesions: list[Lesion] = field(default_factory=list)
    perhaps: Counter[str] = field(default_factory=Counter)
    taken: list[Solid] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    def planes(self, spacing_mm: float | None = None, offset_mm: float = 0.0) -> Floats:
        return np.arange(-200.0 + offset_mm, 380, spacing_mm or self.spacing_mm)

    def pick(self, *choices: str) -> str:
        return str(self.chance.choice(choices))

    def draw(self, name: str, *solids: Solid, typed: str = "GTV") -> Roi:
        loops = [loop for solid in solids for loop in solid.loops(self.planes())]
        self.rois.append(Roi(name, loops, typed))
        return self.rois[-1]

    def untouched(self) -> Lesion | None:
        """Return a lesion that no other complication has touched, or None."""
        free = [lesion for lesion in self.lesions if id(lesion) not in self.touched]
        if not free:
            return None
        lesion = free[self.chance.integers(len(free))]
        self.touched.add(id(lesion))
        return lesion

    def next_name(self, organ: str, style: str | None = None) -> str:
        return STYLES[style or self.style](len(self.lesions) + 1, WORDS[organ])

    def shape(self, centre_mm: Floats, radius_mm: float) -> Solid:
        """Return a ball, an ellipsoid, a box or something irregular."""
        kind = self.pick("ball", "ellipsoid", "box", "star", "star")
        points = int(self.chance.integers(24, 48))
        turn = np.arange(points) * 2 * np.pi / points
        axes = radius_mm * (np.ones(3) if kind == "ball" else self.chance.uniform(0.75, 1.25, 3))
        outline = np.ones(points)
        if kind == "box":
            outline = 1 / np.maximum(np.abs(np.cos(turn)), np.abs(np.sin(turn)))
        if kind == "star":
            waves = zip((2, 3, 5), (0.08, 0.08, 0.05), strict=True)
            for wave, height in waves:
                phase = self.chance.uniform(0, 2 * np.pi)
                outline = outline + height * np.cos(wave * turn + phase)
        return Solid(centre_mm, axes, outline, kind == "box")

    def place(self, organ: str) -> Solid | None:
        """Return a solid within an organ and clear of everything else, or None if it is full."""
        radius = float(self.chance.uniform(4, 8 if organ == "Adrenals" else 18))
        holders = [solid for _, solid in ORGANS.get(organ, (("", NODES),))]
        for _ in range(60):
            holder = holders[self.chance.integers(len(holders))]
            inner = np.maximum(holder.semi_axes_mm - 1.6 * radius, 0)
            way = self.chance.normal(size=3)
            way *= self.chance.uniform(0, 1) ** (1 / 3) / np.linalg.norm(way)
            solid = self.shape(holder.centre_mm + way * inner, radius)
            if self.is_clear(solid):
                self.taken.append(solid)
                return solid
        return None

    def is_clear(self, solid: Solid, but: Solid | None = None) -> bool:
        """Whether a solid, with a margin drawn around it, stays clear of the others but one."""
        return all(
            np.linalg.norm(solid.centre_mm - other.centre_mm)
            > solid.reach_mm + other.reach_mm + MARGIN_MM + 5
            for other in self.taken
            if other is not but
        )


def add_lesion(sketch: Sketch, solid: Solid, organ: str, roi: Roi | None = None) -> Lesion:
    """Add a true metastasis, in an ROI of its own or in a given one."""
    # A node that is a metastasis says so: "GTV LN" alone would be any node.
    style = "clear" if organ == "LymphNodes" and sketch.style == "silent" else None
    drawn = roi or sketch.draw(sketch.next_name(organ, style), solid)
    sketch.lesions.append(Lesion(solid, organ, drawn))
    return sketch.lesions[-1]


def draw_anatomy(sketch: Sketch) -> None:
    chance = sketch.chance
    if chance.random() < 0.75:
        for rois in ORGANS.values():
            for name, solid in rois:
                sketch.draw(name, solid, typed="ORGAN")
        sketch.draw("Esophagus", OESOPHAGUS, typed="ORGAN")
    if chance.random() < 0.7:
        centre = np.array([0.0, 40, chance.uniform(0, 120)])
        primary = Solid(centre, np.array([14.0, 12, 30]), np.ones(32))
        sketch.draw(sketch.pick("GTVp", "GTV_eso", "GTV primary", "GTVp", "GTV"), primary)
        sketch.taken.append(primary)
    for node in range(int(chance.integers(0, 4)) if chance.random() < 0.5 else 0):
        centre = np.array([30.0 * node - 30, -60, 100.0])
        name = sketch.pick(f"GTVn{node + 1}", f"GTVn_LN{node + 1}", f"GTVnd {node + 1}")
        sketch.taken.append(ball(centre, 7.0))
        sketch.draw(name, sketch.taken[-1])
