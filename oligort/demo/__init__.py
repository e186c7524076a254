"""Synthetic submissions by formula."""
