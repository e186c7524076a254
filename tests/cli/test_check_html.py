"""`oligort check --html`: the page that the report has, whole or not at all."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oligort.cli import main
from oligort.cli.output import write_page
from oligort.document import Report
from oligort.errors import OutputError

Made = Callable[[int], Any]


def status_of(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
    with pytest.raises(SystemExit) as leaving:
        main()
    return int(leaving.value.code or 0)


def test_the_page_and_the_json_are_of_one_check(
    demo_page: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = demo_page(4)
    html, json = tmp_path / "page.html", tmp_path / "report.json"
    register = made.folder.with_name(f"{made.folder.name}.toml")
    html.write_text("an earlier page")
    status = status_of(
        monkeypatch,
        "check", made.folder, "--register", register, "--html", html, "--json", json, "--quiet",
    )  # fmt: skip
    assert status == 3
    assert html.read_text(encoding="utf-8") == made.html
    assert json.read_text(encoding="utf-8") == made.report.to_json()
    assert capsys.readouterr().out.startswith("NOT EVALUABLE  DEMO-05")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "report.json"]


def test_a_page_that_fails_takes_nothing_from_the_json(
    demo_page: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("oligort.report.html.page", fail)
    html, json = tmp_path / "page.html", tmp_path / "report.json"
    folder, only = demo_page(4).folder, ("--only", "OL002")
    assert status_of(monkeypatch, "check", folder, "--html", html, "--json", json, *only) == 4
    assert Report.load(json).subject == "DEMO-05"
    assert not html.exists()


@pytest.mark.parametrize("name", ["-", "register.toml", "one.html"])
def test_a_page_goes_to_a_file_of_its_own(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("register.toml").write_text("kept")
    status = status_of(
        monkeypatch,
        "check", tmp_path, "--register", "register.toml", "--json", "one.html", "--html", name,
    )  # fmt: skip
    assert status == 2
    assert "oligort: expected" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["register.toml"]


def test_a_page_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    write_page("first", page)
    assert page.stat().st_mode & 0o777 == 0o666 & ~_mask()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_page("second", page)
    assert page.read_text() == "first"
    assert list(tmp_path.iterdir()) == [page]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="a folder that exists"):
        write_page("page", tmp_path / "none" / "page.html")


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
