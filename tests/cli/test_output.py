"""Notes on standard error: a file that is used is never called unused."""

import pytest

from oligort.cli.output import note_faults
from oligort.objects import Fault, FaultKind


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (FaultKind.FOREIGN, "not used"),
        (FaultKind.UNREADABLE, "not used"),
        (FaultKind.LEFT_OUT, "not used"),
        (FaultKind.DOUBT, "used, in doubt"),
    ],
)
def test_fault_says_whether_its_file_is_used(
    capsys: pytest.CaptureFixture[str], kind: FaultKind, fate: str
) -> None:
    note_faults([Fault("a.dcm", "because", kind)])
    assert capsys.readouterr().err == f'{fate}: "a.dcm": because\n'
