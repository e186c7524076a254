"""Asked: the plans and doses that options name, in the export and in those of earlier courses."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oligort.submission import Submission


def with_asked(
    submission: "Submission", plan: Sequence[str] | None, dose: Sequence[str] | None
) -> "Submission":
    """Return a submission with the plans and doses chosen that `--plan` and `--dose` name.

    A name that nothing of it has is one of its earlier exports', of each that has it. So two
    courses that look like one are both named where one of them comes by `--prior`.

    Raises
    ------
    SelectionError
        As `Submission.selected`, of the export that a name is asked of.
    """
    if not plan and not dose:
        return submission
    if not submission.earlier:
        return submission.selected(plan=plan, dose=dose)
    from oligort.selection import names_by_export

    exports = (submission, *submission.earlier)
    plans = names_by_export(plan or (), [export.plans for export in exports])
    doses = names_by_export(dose or (), [export.doses for export in exports])
    chosen = [
        export.selected(plan=own_plans, dose=own_doses) if own_plans or own_doses else export
        for export, own_plans, own_doses in zip(exports, plans, doses, strict=True)
    ]
    return replace(chosen[0], earlier=tuple(chosen[1:]))
