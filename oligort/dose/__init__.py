"""Dose: grids, dose-volume histograms and the metrics read from them."""
