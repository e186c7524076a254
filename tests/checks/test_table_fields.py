"""The tables of a report form with a cell emptied, or a column gone, misspelt or of another type.

What `test_register_fields.py` finds of a register without a key holds for the tables too, as an
emptied cell makes the very register that lacks its key.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from test_register_fields import NEEDED, impossible, whole, without

from oligort.clinical.column_map import is_length, lesion_kinds, patient_kinds
from oligort.clinical.register import Register
from oligort.clinical.tables import registers_of
from oligort.errors import RegisterError
from oligort.strict import plain_kind

NOTHING = "none"
"""What a cell of a list says that has no entry; an empty cell says nothing."""

KINDS = {"p": patient_kinds(), "l": lesion_kinds()}
LISTS = {"courses", "screening_plans", "delivered_plans", "roi_names"}


class Row(NamedTuple):
    """A row of one of the tables: its cells by key, and the way of keys to what they say."""

    table: str
    way: tuple[str | int, ...]
    cells: dict[str, str]


def cell_of(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(value) or NOTHING
    return "" if value is None else str(value)


def rows_of(register: dict[str, Any]) -> list[Row]:
    """Return the row of the patient and those of the lesions."""
    flat = {
        f"{name}.{key}" if isinstance(value, dict) else name: it
        for name, value in register.items()
        for key, it in (value.items() if isinstance(value, dict) else [("", value)])
    }
    rows = [Row("p", (), {key: cell_of(flat[key]) for key in KINDS["p"]})]
    for number, lesion in enumerate(register["lesions"]):
        cells = {key: cell_of(lesion.get(key)) for key in KINDS["l"] if key != "subject"}
        rows.append(Row("l", ("lesions", number), {"subject": register["subject"]} | cells))
    return rows


def column_map() -> dict[str, Any]:
    def of(kinds: dict[str, Any]) -> dict[str, Any]:
        lists = LISTS & kinds.keys()
        return {
            "columns": {key: key.upper() for key in kinds},
            "units": {key: "mm" for key in kinds if is_length(key)},
            "separators": dict.fromkeys(lists, "|"),
            "values": {key: {NOTHING: []} for key in lists},
        }

    return {"schema_version": 1, "patients": of(KINDS["p"]), "lesions": of(KINDS["l"])}


def read(folder: Path, rows: list[Row], columns: dict[str, Any] | None = None) -> Register:
    """Return the register that some rows make."""
    for table in KINDS:
        own = [row.cells for row in rows if row.table == table]
        text = io.StringIO()
        writer = csv.DictWriter(text, [key.upper() for key in own[0]])
        writer.writeheader()
        writer.writerows({key.upper(): cell for key, cell in cells.items()} for cells in own)
        (folder / f"{table}.csv").write_text(text.getvalue(), encoding="utf-8")
    file = folder / "c.json"
    file.write_text(json.dumps(columns or column_map()), encoding="utf-8")
    (register,) = registers_of(folder / "p.csv", folder / "l.csv", file).values()
    return register


def altered(rows: list[Row], number: int, key: str, cell: str) -> list[Row]:
    changed = rows[number]._replace(cells=rows[number].cells | {key: cell})
    return [*rows[:number], changed, *rows[number + 1 :]]


def test_an_emptied_cell_makes_the_register_without_its_key(tmp_path):
    table = whole()
    rows = rows_of(table)
    assert read(tmp_path, rows) == Register.from_dict(table)
    emptied = 0
    for number, row in enumerate(rows):
        for key, cell in row.cells.items():
            fewer = altered(rows, number, key, "")
            if key in NEEDED:
                with pytest.raises(RegisterError, match=f'column "{key.upper()}" \\({key}\\)'):
                    read(tmp_path, fewer)
            elif cell:
                emptied += 1
                expected = Register.from_dict(without(table, (*row.way, *key.split("."))))
                assert read(tmp_path, fewer) == expected, (row.way, key)
    assert emptied > 50


def renamed(row: Row, key: str, spelt: str | None) -> Row:
    """Return a row with another name of one column, or without the column."""
    cells = {spelt if it == key else it: cell for it, cell in row.cells.items()}
    return row._replace(cells={it: cell for it, cell in cells.items() if it is not None})


@pytest.mark.parametrize("where", ["p", "l"])
def test_a_column_that_is_gone_or_misspelt_is_asked_for_by_its_name(where, tmp_path):
    rows = rows_of(whole())
    for key in KINDS[where]:
        for spelt in (None, f"{key}s", key[1:] + key[0]):
            others = [renamed(row, key, spelt) if row.table == where else row for row in rows]
            with pytest.raises(RegisterError, match=f'"{key.upper()}"'):
                read(tmp_path, others)


@pytest.mark.parametrize("where", ["p", "l"])
def test_a_key_of_the_map_that_is_misspelt_is_told(where, tmp_path):
    rows = rows_of(whole())
    for key in KINDS[where]:
        columns = column_map()
        keys = columns["patients" if where == "p" else "lesions"]["columns"]
        keys[f"{key}x"] = keys.pop(key)
        with pytest.raises(RegisterError) as refusal:
            read(tmp_path, rows, columns)
        assert f"{key}" in str(refusal.value)


def test_a_cell_of_another_type_is_told_with_its_column(tmp_path):
    rows = rows_of(whole())
    for number in (0, 1):
        for key in rows[number].cells:
            plain = plain_kind(KINDS[rows[number].table][key])
            if plain is str or key in {*LISTS, "subject", "id"}:
                continue
            for wrong in ("?!", "{}", str(impossible(plain)[0])):
                with pytest.raises(RegisterError) as refusal:
                    read(tmp_path, altered(rows, number, key, wrong))
                assert f'column "{key.upper()}" ({key})' in str(refusal.value)
                assert "line 2" in str(refusal.value)
