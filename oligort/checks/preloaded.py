"""Every check, imported: for processes that are forked from one that has."""

from oligort.checks.registry import all_checks

CODES = tuple(check.code for check in all_checks())
"""The codes of the checks, in order."""
