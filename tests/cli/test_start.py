"""What is loaded to start: nothing slow, so that importing and asking for help stay quick.

What it costs in seconds is measured by tests/benchmarks/start.py.
"""

import json
import subprocess
import sys

SLOW = sorted({"numpy", "pydicom", "skimage", "scipy", "rich", "jinja2", "matplotlib", "PIL"})

SHOW_LOADED = (
    f"print(json.dumps([name for name in {SLOW!r} if name in sys.modules]), file=sys.stderr)"
)

RUN_HELP = f"""
import json, sys
from oligort.cli import main
sys.argv = ["oligort", "--help"]
try:
    main()
finally:
    {SHOW_LOADED}
"""

IMPORT_ALONE = f"""
import json, sys
import oligort
{SHOW_LOADED}
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_help_loads_nothing_slow_and_names_the_commands() -> None:
    result = run(RUN_HELP)
    assert json.loads(result.stderr) == []
    for command in ("check", "batch", "cohort", "dvh", "lesions", "intake", "demo", "explain"):
        assert f"\n  {command} " in result.stdout


def test_the_front_door_loads_nothing_slow() -> None:
    assert json.loads(run(IMPORT_ALONE).stderr) == []


def test_every_name_of_the_front_door_opens() -> None:
    import oligort

    for name in oligort.__all__:
        assert getattr(oligort, name).__name__ == name
    assert set(oligort.__all__) <= set(dir(oligort))
