"""The checks: one function, one code."""
