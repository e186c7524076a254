"""Solids and dose fields by formula, with their closed forms."""
