"""`--names` and `oligort schema`: the map is in force, its faults stop, its misfits are told."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import oligort
from oligort.cli import main
from oligort.geometry.structure import StructureSet
from oligort.lesions.vocabulary import Organ, Role
from oligort.phantoms import Box
from oligort.submission import Submission

PLANES_MM = np.arange(-30.0, 31.0, 5.0)


@dataclass
class Answer:
    status: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    lesion = Box((0.0, 0.0, 0.0), (20.0, 20.0, 20.0)).structure("Red", 1, PLANES_MM)
    submission = Submission(structure_sets=(StructureSet((lesion,), "1.2.1", "set", "RS"),))

    def run_main(*arguments: object) -> Answer:
        monkeypatch.setattr(oligort, "read", lambda *_: submission, raising=False)
        monkeypatch.setattr(sys, "argv", ["oligort", *map(str, arguments)])
        with pytest.raises(SystemExit) as leaving:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return Answer(int(leaving.value.code or 0), out, err)

    return run_main


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.toml"
    path.write_text(
        'schema_version = 1\n[rois.Red]\nrole = "gtv_metastasis"\norgan = "Liver"\n'
        '[rois.Rde]\nrole = "ptv"\n'
    )
    return path


def test_lesions_are_those_of_the_map_and_a_misfit_is_told(
    run: Run, names: Path, tmp_path: Path
) -> None:
    assert run("lesions", tmp_path).status == 3
    answer = run("lesions", tmp_path, "--names", names, "--json", "-")
    (lesion,) = json.loads(answer.out)["lesions"]
    assert (answer.status, lesion["roi_name"], lesion["organ"]) == (0, "Red", "Liver")
    assert 'site map: no ROI goes by "Rde"' in answer.err


@pytest.mark.parametrize("command", ["check", "dvh", "lesions"])
def test_a_fault_in_the_map_could_not_run(
    command: str, run: Run, names: Path, tmp_path: Path
) -> None:
    names.write_text(names.read_text().replace("Liver", "Livre"))
    answer = run(command, tmp_path, "--names", names)
    assert (answer.status, answer.out) == (2, "")
    assert "rois.Red.organ: expected" in answer.err
    assert 'did you mean "Liver"?' in answer.err


@pytest.mark.parametrize("command", ["check", "dvh"])
def test_a_misfit_is_told_by_every_command(
    command: str, run: Run, names: Path, tmp_path: Path
) -> None:
    assert 'site map: no ROI goes by "Rde"' in run(command, tmp_path, "--names", names).err


def test_the_schema_holds_the_one_vocabulary(run: Run) -> None:
    schema = json.loads(run("schema", "names").out)
    assert set(schema["$defs"]["Role"]["enum"]) == set(Role)
    assert set(schema["$defs"]["Organ"]["enum"]) == set(Organ)
    assert schema["$defs"]["SiteMapFile"]["required"] == ["schema_version", "rois"]
    assert "Raises" not in json.dumps(schema)


def test_the_schema_of_the_register_is_portable(run: Run) -> None:
    schema = json.loads(run("schema", "register").out)
    subject = schema["$defs"]["Register"]["properties"]["subject"]
    assert subject["pattern"] == r"^\S(.*\S)?$"
    assert set(schema["$defs"]["Organ"]["enum"]) == set(Organ)
