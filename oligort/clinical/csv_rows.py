"""CSV rows: the cells of a table that was exported, each with the line it stands in."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from oligort.display import listed, quoted
from oligort.errors import RegisterError
from oligort.spelling import nearest
from oligort.strict import content_of, shown_file

DELIMITERS = (",", ";", "\t", "|")
"""What may stand between cells."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")

_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Parameters
    ----------
    cells : dict of str to str
        By column, without spaces around them; only the columns asked for.
    lines : dict of str to int
        In which line of the file each cell begins, from 1.
    line : int
        Where the row begins.
    """

    cells: dict[str, str]
    lines: dict[str, int]
    line: int


def rows_of(
    path: Path,
    columns: Sequence[str],
    ignored: Sequence[str],
    encoding: str = "utf-8",
    delimiter: str | None = None,
) -> list[Row]:
    """Return the rows of a CSV file, with the cells of some columns alone.

    A cell in double quotes may hold delimiters and line breaks. Rows without any text are left
    out.

    Raises
    ------
    RegisterError
        If the file cannot be read, a column is missing, repeated or neither asked for nor ignored,
        or a row has another number of cells than the first line; with the line.
    """
    text = _text_of(path, encoding)
    sign = delimiter or _delimiter_of(text, columns)
    records = _records(path, text, sign)
    line, header = next(records, (1, []))
    header = [name.strip() for name in header]
    _check_header(path, header, columns, ignored)
    rows = []
    for line, record in records:
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(header):
            raise RegisterError(
                f"{shown_file(path)}, line {line}: expected {len(header)} cells, as in the first "
                f"line, found {len(record)}"
            )
        cells, lines, at = {}, {}, line
        for name, cell in zip(header, record, strict=True):
            if name in columns:
                cells[name], lines[name] = cell.strip(), at
            at += len(_LINE_BREAK.findall(cell))
        rows.append(Row(cells, lines, line))
    return rows


def _text_of(path: Path, encoding: str) -> str:
    content = content_of(path, RegisterError)
    if content.startswith(_BYTE_ORDER_MARKS):
        encoding = "utf-16"
    elif encoding == "utf-8" or content.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeError as failure:
        raise RegisterError(
            f"{shown_file(path)}: expected text in {encoding.removesuffix('-sig').upper()}, found "
            f"other bytes; name its encoding in the column map"
        ) from failure
    if "\0" in text:
        raise RegisterError(
            f"{shown_file(path)}: expected text, found a NUL character; name its encoding in the "
            f"column map"
        )
    return text


def _delimiter_of(text: str, columns: Sequence[str]) -> str:
    """Return the sign that finds the most columns in the first line."""

    def found(sign: str) -> int:
        first = next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), [])
        return len({cell.strip() for cell in first}.intersection(columns))

    return max(DELIMITERS, key=found)


def _records(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            raise RegisterError(
                f"{shown_file(path)}, line {line}: expected cells with their quotes closed, found "
                f"a fault: {failure}"
            ) from failure
        yield line, record


def _check_header(
    path: Path, header: Sequence[str], columns: Sequence[str], ignored: Sequence[str]
) -> None:
    place = f"{shown_file(path)}, line 1"
    for column in columns:
        if column not in header:
            free = [name for name in header if name not in columns]
            raise RegisterError(
                f"{place}: expected the column {quoted(column)} of the column map, found none"
                f"{nearest(column, free)}"
            )
    repeated = [name for name, times in Counter(header).items() if times > 1 and name in columns]
    if repeated:
        raise RegisterError(f"{place}: expected each column once, found twice: {listed(repeated)}")
    unknown = [name for name in header if name not in columns and name not in ignored]
    if unknown and "*" not in ignored:
        raise RegisterError(
            f"{place}: expected only columns that the column map names or ignores, found "
            f"{listed(unknown)}{nearest(unknown[0], columns)}"
        )
