"""Partition: boxes and pieces share a region out among them, without rest and without overlap."""

import numpy as np
import pytest

from oligort.dose.grid import DoseGrid
from oligort.dose.partition import Partition
from oligort.geometry.algebra import Shape
from oligort.geometry.grid import Grid
from oligort.geometry.raster import CoverageRaster
from oligort.geometry.region import Region
from oligort.phantoms import Ellipsoid, HollowSphere

SAME_MM3 = 1e-9
"""Sums of some thousand volumes of a few mm3, rounded at 1e-16."""

UNEVEN = np.cumsum([0, 2.5, 2.5, 3.1, 2.2, 2.5, 2.9, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5]) - 18


def field_of(frames_mm, axes=((1, 0, 0), (0, 1, 0))):
    grid = Grid((-20, -20, frames_mm[0]), *axes, 2.5, 2.5, 17, 17, frames_mm - frames_mm[0])
    return DoseGrid(grid, np.full(grid.shape, 30.0)).field()


def volumes(partition, region):
    """What the sub-voxels hold of each box (B, u, v), and the boxes that are filled."""
    lattice = partition.lattice
    found = np.zeros((len(partition.levels_mm) - 1, lattice.u_count * lattice.v_count))
    filled = np.zeros(found.shape, dtype=bool)
    for together in partition.sub_voxels(region):
        for some in together:
            box = np.searchsorted(partition.levels_mm, some.position_mm) - 1
            volume = some.covered * some.thickness_mm[some.layer] * lattice.pixel_area_mm2
            np.add.at(found, (box[some.layer], some.pixel), volume)
            if len(some.rim) == 0:
                filled[box[some.layer], some.pixel] = True
    return found, filled


def truth(partition, region):
    """The same from every slab with every layer of boxes, and the boxes that slabs fill."""
    (model,) = region.models
    area = CoverageRaster(model.slabs, partition.lattice).coverage(0, len(model.slabs)).area
    lower = np.array([slab.lower_mm for slab in model.slabs])
    upper = np.array([slab.upper_mm for slab in model.slabs])
    levels = partition.levels_mm
    common = np.minimum(upper[:, None], levels[1:]) - np.maximum(lower[:, None], levels[:-1])
    return (
        np.einsum("sb,sp->bp", np.maximum(common, 0), area.reshape(len(area), -1))
        * partition.lattice.pixel_area_mm2
    )


SOLIDS = {
    "ellipsoid": Ellipsoid((1, -2, 0.5), (15, 11, 13)),
    "hollow sphere": HollowSphere((0.3, 0.2, -0.4), 14, 6),
}


@pytest.mark.parametrize("solid", SOLIDS)
@pytest.mark.parametrize("step_mm", [2.5, 1.3, 0.7])
@pytest.mark.parametrize("frames", [np.arange(-20, 21, 2.5), UNEVEN], ids=["even", "uneven"])
def test_sub_voxels_hold_what_the_slabs_cover_of_each_box(solid, step_mm, frames, monkeypatch):
    """However many are rastered and sampled at a time."""
    region = Region(Shape((SOLIDS[solid].structure("S", 1, np.arange(-13.5, 14, 3.0), 80),)))
    partition = Partition.of(region, field_of(frames), step_mm)
    assert partition.follows_voxels
    for rastered, together in ((400_000, 100_000), (1500, 500)):
        monkeypatch.setattr("oligort.dose.partition.RASTERED", rastered)
        monkeypatch.setattr("oligort.dose.partition.TOGETHER", together)
        found, filled = volumes(partition, region)
        expected = truth(partition, region)
        assert found == pytest.approx(expected, abs=SAME_MM3)
        box_mm3 = np.diff(partition.levels_mm) * partition.lattice.pixel_area_mm2
        assert filled.sum() > 100
        assert (found >= box_mm3[:, None] * (1 - 1e-9))[filled].all()


def test_an_oblique_dose_has_boxes_too():
    turned = ((np.cos(0.3), np.sin(0.3), 0), (-np.sin(0.3), np.cos(0.3), 0))
    region = Region(Shape((SOLIDS["ellipsoid"].structure("S", 1, np.arange(-12, 13, 2.0), 80),)))
    partition = Partition.of(region, field_of(np.arange(-20, 21, 2.5), turned), 1.5)
    assert not partition.follows_voxels
    found, _ = volumes(partition, region)
    assert found == pytest.approx(truth(partition, region), abs=SAME_MM3)


@pytest.mark.parametrize("step_mm", [2.5, 1.2, 0.6])
def test_levels_are_voxel_planes_halved_so_that_halving_keeps_them(step_mm):
    region = Region(Shape((SOLIDS["ellipsoid"].structure("S", 1, np.arange(-12, 13, 2.0), 80),)))
    field = field_of(UNEVEN)
    coarse, fine = (Partition.of(region, field, step).levels_mm for step in (step_mm, step_mm / 2))
    inside = UNEVEN[np.searchsorted(UNEVEN, coarse[0]) : np.searchsorted(UNEVEN, coarse[-1])]
    for levels in (coarse, fine):
        assert np.abs(levels[:, None] - inside).min(axis=0) == pytest.approx(0, abs=1e-9)
    assert np.abs(fine[:, None] - coarse).min(axis=0)[1:-1] == pytest.approx(0, abs=1e-9)
    assert len(fine) > 1.5 * len(coarse)


def test_blocks_are_two_by_two_by_two_boxes():
    region = Region(Shape((SOLIDS["ellipsoid"].structure("S", 1, np.arange(-12, 13, 2.0), 80),)))
    partition = Partition.of(region, field_of(np.arange(-20, 21, 2.5)), 1.25)
    lattice = partition.lattice
    for together in partition.sub_voxels(region):
        boxes: dict[int, set[tuple[int, ...]]] = {}
        for some in together:
            level = np.searchsorted(partition.levels_mm, some.position_mm) - 1
            u, v = np.divmod(some.pixel, lattice.v_count)
            places = np.stack([level[some.layer], u, v], axis=1)
            for block, place in zip(some.block.tolist(), places.tolist(), strict=True):
                boxes.setdefault(block, set()).add(tuple(place))
        spans = np.array([np.ptp(np.array(list(places)), axis=0) for places in boxes.values()])
        assert (spans <= 1).all()
        assert max(map(len, boxes.values())) == 8
