"""docs/protocol.md: its files and commands, as they stand there."""

import re
import shlex
import sys
from pathlib import Path

import msgspec
import pytest

from oligort.cli import main
from oligort.protocol.limits import DoseLimit
from oligort.protocol.lint import remarks_on
from oligort.protocol.model import Protocol

PAGE = (Path(__file__).parents[1] / "docs" / "protocol.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```toml ([^\n]+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
COMMANDS = re.findall(r"^    (oligort (?:protocol|schema) .+?)(?:  +#.*)?$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_files_are_right_and_leave_no_remark(folder):
    assert list(FILES) == ["site.toml", "comet3.toml"]
    site, comet = (Protocol.load(name) for name in FILES)
    assert not [*remarks_on(site), *remarks_on(comet)]
    limits = [(one.criterion, one.metric, one.limit) for one in site.dose_limits]
    assert limits == [
        ("X6", "V20Gy[%]", 25),
        ("cord 1", "D0.035cc[Gy]", 14),
        ("cord 5", "D0.035cc[Gy]", 30),
        ("heart", "V25Gy[%]", 10),
    ]
    assert (site.changes, comet.changes) == ((), ("criteria.distant_metastases",))


@pytest.mark.parametrize("line", COMMANDS)
def test_its_commands_run(line, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    with pytest.raises(SystemExit) as leaving:
        main()
    assert int(leaving.value.code or 0) == 0
    assert capsys.readouterr().out


def test_its_table_names_every_key_of_a_dose_limit():
    table = PAGE[PAGE.index("| key |") : PAGE.index("A limit that does not apply")]
    keys = {field.name for field in msgspec.structs.fields(DoseLimit)}
    assert keys - {"criterion", "description", "source"} <= set(re.findall(r"`(\w+)`", table))
