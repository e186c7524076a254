"""Places: in which line of a TOML or JSON text each key and each entry stands.

The parsers of the standard library do not tell. The text was read by one of them before, so it is
known to be right, and this only has to find its way through it.
"""

import re
from collections.abc import Iterator

Steps = tuple[str | int, ...]
"""The way to a place: names of keys, and numbers of entries from 1."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^\s.=:\[\]{},#\"']+")
_PLAIN = re.compile(r"[^,\]}\n#]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def lines_of(text: str, is_json: bool) -> dict[Steps, int]:
    """Return the line, from 1, of each key, table and entry of a text that could be parsed."""
    reader = _Reader(text)
    places = reader.value(()) if is_json else reader.document()
    lines: dict[Steps, int] = {}
    line, at = 1, 0
    for steps, place in sorted(places, key=lambda one: one[1]):
        line += text.count("\n", at, place)
        at = place
        # A table that is opened twice (a.b, then a.c) stands where it is first.
        lines.setdefault(steps, line)
    return lines


class _Reader:
    """Reads a text from its start; yields the way to each place and its position."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def document(self) -> Iterator[tuple[Steps, int]]:
        """Read a TOML document."""
        table: Steps = ()
        entries: dict[Steps, int] = {}
        while self._next():
            start = self.at
            if self._skip("[["):
                steps = self._resolved(self._key(), entries)
                entries[steps] = entries.get(steps, 0) + 1
                table = (*steps, entries[steps])
                self._skip("]]")
            elif self._skip("["):
                table = self._resolved(self._key(), entries)
                self._skip("]")
            else:
                yield from self._pair(table)
                continue
            yield from ((table[:depth], start) for depth in range(1, len(table) + 1))

    def value(self, steps: Steps) -> Iterator[tuple[Steps, int]]:
        """Read a value, and what stands in it."""
        opening = self._next()
        if self._skip("["):
            number = 0
            while self._next() not in {"]", ""}:
                number += 1
                yield (*steps, number), self.at
                yield from self.value((*steps, number))
                self._next()
                self._skip(",")
            self._skip("]")
        elif self._skip("{"):
            while self._next() not in {"}", ""}:
                yield from self._pair(steps)
                self._next()
                self._skip(",")
            self._skip("}")
        elif opening in {'"', "'"} and (string := _STRING.match(self.text, self.at)):
            self.at = string.end()
        else:
            self._take(_PLAIN)

    def _pair(self, table: Steps) -> Iterator[tuple[Steps, int]]:
        start = self.at
        steps = (*table, *self._key())
        yield from ((steps[:depth], start) for depth in range(len(table) + 1, len(steps) + 1))
        self._next()
        self.at += 1  # the sign between key and value, and progress in any case
        yield from self.value(steps)

    def _key(self) -> Steps:
        parts: list[str] = []
        while True:
            if self._next() in {'"', "'"} and (string := _STRING.match(self.text, self.at)):
                self.at = string.end()
                parts.append(_unquoted(string.group()))
            else:
                parts.append(self._take(_BARE))
            self._next()
            if not self._skip("."):
                return tuple(parts)

    @staticmethod
    def _resolved(key: Steps, entries: dict[Steps, int]) -> Steps:
        """Return a header's key with the number of the latest entry of each list on the way."""
        steps: Steps = ()
        for depth, part in enumerate(key, 1):
            steps = (*steps, part)
            if depth < len(key) and steps in entries:
                steps = (*steps, entries[steps])
        return steps

    def _next(self) -> str:
        """Pass over blanks and comments, and return the sign that follows, or ""."""
        self._take(_BLANK)
        return self.text[self.at : self.at + 1]

    def _skip(self, sign: str) -> bool:
        if found := self.text.startswith(sign, self.at):
            self.at += len(sign)
        return found

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found.group()


def _unquoted(string: str) -> str:
    """Return what a quoted key says."""
    if string.startswith("'"):
        return string[1:-1]
    return _ESCAPE.sub(_character, string[1:-1])


def _character(escape: re.Match[str]) -> str:
    code = escape.group(1)
    if len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number <= 0x10FFFF else ""
    return _ESCAPED.get(code, code)
