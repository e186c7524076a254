"""Shapes in patient space: grids, contours, area coverage, slabs, algebra, diameters."""
