r"""Checks of a site: a Python file whose functions are checks as ours are.

from oligort.checks.registry import check
from oligort.finding import Finding, Grade, Source

@check("SITE101", "Name of the plan")
def plan_name(case):
    '''What it checks: ...'''
    yield Finding(code="SITE101", grade=Grade.PASS, message="...", source=Source(document="..."))
"""

import hashlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from oligort.checks.registry import forget, has_checks
from oligort.display import safe_text
from oligort.document import Setting
from oligort.errors import SelectionError
from oligort.strict import content_of, shown_file

FAULTS = (
    SyntaxError,
    ImportError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    OSError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    SystemExit,
)
"""What goes wrong in a file that is run as it is read; a refused check is a ValueError.

A file that leaves the program would end it, with success, before anything was checked.
"""

_LONGEST = 500


@dataclass(frozen=True)
class SiteChecks:
    """The checks of one file: the module that holds them, and the file as a report names it."""

    module: str
    record: Setting


def load_checks(file: str | Path) -> SiteChecks:
    """Run a Python file whose functions are checks.

    A file that was loaded before is not run again.

    Raises
    ------
    SelectionError
        If it cannot be read, is no Python, has no check, or one that cannot be registered.
    """
    path = Path(file)
    if path.suffix != ".py":
        raise SelectionError(f"{shown_file(path)}: expected a Python file, one that ends in .py")
    digest = hashlib.sha256(content_of(path, SelectionError)).hexdigest()
    name = f"oligort_site_checks_{digest}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise SelectionError(
                f"{shown_file(path)}: expected a Python file, one that ends in .py"
            )
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except FAULTS as failure:
            forget(name)
            del sys.modules[name]
            told = f"{type(failure).__name__}: {safe_text(failure, _LONGEST)}"
            raise SelectionError(
                f"{shown_file(path)}: its checks cannot be loaded: {told}"
            ) from failure
    if not has_checks(name):
        raise SelectionError(
            f"{shown_file(path)}: expected a check, a function under @check(CODE, TITLE), found "
            f"none; of what the file imports nothing counts, hand over that file itself"
        )
    told = f"{path.name}, SHA-256 {digest}"
    return SiteChecks(name, Setting(name="site_checks", value=told, source="the user"))
