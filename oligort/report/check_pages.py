"""The pages of the checks as Markdown: one a check, and an index by family."""

from collections.abc import Sequence

from oligort.checks.registry import HEADINGS, OWN_PREFIX, Check

INDEX = "README.md"

FAMILIES = {
    "OL0": "Intake",
    "OL1": "Eligibility",
    "OL2": "Lesions",
    "OL3": "Dose limits",
    "OL4": "Targets and prescription",
}
"""What the checks ask of, by how their codes begin."""

OTHERS = "Of others"
"""The family of the checks that do not come with oligort."""


def pages_of(checks: Sequence[Check]) -> dict[str, str]:
    """Return the text of each page by its file name, an index among them."""
    pages = {f"{one.code}.md": _page(one) for one in checks}
    return {INDEX: _index(checks), **pages}


def _page(one: Check) -> str:
    parts = [f"# {one.code}: {one.title}"]
    for heading in HEADINGS:
        parts += [f"## {heading}", one.sections[heading][:1].upper() + one.sections[heading][1:]]
    return "\n\n".join(parts) + "\n"


def _index(checks: Sequence[Check]) -> str:
    families: dict[str, list[Check]] = {}
    for one in checks:
        is_own = one.code.startswith(OWN_PREFIX)
        family = FAMILIES.get(one.code[: len(OWN_PREFIX) + 1], OTHERS) if is_own else OTHERS
        families.setdefault(family, []).append(one)
    parts = [
        "# The checks",
        "One function, one code, one page. These pages are written by `oligort checks --write "
        "docs/checks` from the checks themselves; `oligort explain CODE` prints one.",
    ]
    for family, members in families.items():
        rows = [f"| [{one.code}]({one.code}.md) | {one.title} |" for one in members]
        parts += [f"## {family}", "\n".join(["| code | check |", "|---|---|", *rows])]
    return "\n\n".join(parts) + "\n"
