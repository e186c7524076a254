"""Protocols as documents: limits, settings, sources."""
