"""Exit statuses: what a command raises becomes the status that the design names."""

import subprocess
import sys

import pytest
import typer

from oligort.cli.status import Status, answering
from oligort.errors import DicomError, NotEvaluable, SelectionError

FLOOD = """
import typer
from oligort.cli.status import Status, answering

def flood() -> Status:
    for number in range(1_000_000):
        print(number)
    return Status.DONE

app = typer.Typer(add_completion=False)
app.command()(answering(flood))
app()
"""


def status_after(error: BaseException) -> int:
    @answering
    def command() -> Status:
        raise error

    with pytest.raises(typer.Exit) as leaving:
        command()
    return leaving.value.exit_code


@pytest.mark.parametrize("status", list(Status))
def test_a_status_that_is_returned_is_the_exit_status(status: Status) -> None:
    @answering
    def command() -> Status:
        return status

    with pytest.raises(typer.Exit) as leaving:
        command()
    assert leaving.value.exit_code == status


@pytest.mark.parametrize("kind", [DicomError, SelectionError, NotEvaluable])
def test_an_error_on_purpose_is_a_sentence_and_status_2(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_after(kind("expected one plan, found \x1b[31mtwo")) == 2
    assert capsys.readouterr().err == "oligort: expected one plan, found ?[31mtwo\n"


@pytest.mark.parametrize("error", [ValueError("\x1b[31m"), ZeroDivisionError(), OSError("disk")])
def test_any_other_error_is_called_a_bug_with_its_traceback(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_after(error) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" in captured.err
    assert type(error).__name__ in captured.err
    assert "this is a bug in oligort" in captured.err
    assert "\x1b" not in captured.err


def test_interruption_is_no_deviation(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_after(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "oligort: interrupted\n"


def test_a_reader_that_goes_away_is_no_deviation_and_no_noise() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FLOOD], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141
