"""The command line: one file a command, nothing slow imported before it is needed."""

import sys


def main() -> None:
    """Run the command line and leave with its exit status."""
    from oligort.cli.application import app

    # A terminal of another encoding must not turn a Chinese ROI name into a crash.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()
