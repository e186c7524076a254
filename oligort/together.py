"""Together: histograms that are asked for at once, those that share structures computed jointly."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from oligort.anatomy import Anatomy
from oligort.conventions import Conventions
from oligort.display import listed
from oligort.dose.composite import CompositeDose
from oligort.dose.dvh import Dvh
from oligort.dose.grid import DoseGrid
from oligort.dose.jointly import Asked, compute_dvhs
from oligort.errors import NotEvaluable
from oligort.geometry.cells import MOST_SETS, groups_of, small_enough
from oligort.meant import Meant

Answer = Dvh | NotEvaluable


@dataclass(frozen=True, eq=False)
class Together:
    """Where the histograms come from.

    Parameters
    ----------
    anatomy, dose, alone : callable
        What names stand for, the dose, and the histogram of a shape by itself.
    told : callable
        Returns the histogram of what a text means with what is to be said of it.
    conventions : Conventions
        Those that all follow.

    The callables may raise NotEvaluable: an answer, and none to what else is asked.
    """

    anatomy: Callable[[], Anatomy]
    dose: Callable[[], DoseGrid | CompositeDose]
    alone: Callable[[Asked], Dvh]
    told: Callable[[Meant, Dvh], Dvh]
    conventions: Conventions

    def answers(self, texts: Sequence[str]) -> Mapping[str, Answer]:
        """Return the histogram of each text, or why there is none.

        Raises
        ------
        ExpressionError
            If a text is no ROI's name and no expression.
        """
        refused: dict[str, Answer] = {}
        meant: dict[str, Meant] = {}
        for text in texts:
            try:
                meant[text] = self.anatomy().meant_by(text)
            except NotEvaluable as error:
                refused[text] = error
        found = self.of([Asked.of(one.shape, one.name) for one in meant.values()])
        answers = refused | {
            text: answer if isinstance(answer, NotEvaluable) else self.told(meant[text], answer)
            for text, answer in zip(meant, found, strict=True)
        }
        return MappingProxyType({text: answers[text] for text in texts})

    def of(self, asked: Sequence[Asked]) -> tuple[Answer, ...]:
        """Return the histogram of each shape, or why there is none.

        Those that share structures and a part are computed jointly. What cannot be, because they
        are of more than `MOST_SETS` structures or one of them is refused, adds up within intervals
        only, and a note says so. The order of the shapes decides which go together.
        """
        answers: dict[int, Answer] = {}
        shapes = [one.shape for one in asked]
        for related in groups_of(shapes):
            for group in small_enough(shapes, related):
                some = [asked[place] for place in group]
                others = [asked[place].roi_name for place in related if place not in group]
                answers.update(zip(group, self._of_group(some, others), strict=True))
        return tuple(answers[place] for place in range(len(asked)))

    def _of_group(self, asked: Sequence[Asked], others: Sequence[str]) -> Sequence[Answer]:
        """Return the histograms of a group, less the `others` that it belongs to."""
        why = f"together they are of more than {MOST_SETS} structures"
        if len(asked) > 1:
            try:
                spacing_mm = self.anatomy().usual_spacing_mm
                notes = _apart(others, why)
                return compute_dvhs(asked, self.dose(), spacing_mm, self.conventions, notes)
            except NotEvaluable as error:
                # What refuses one of them need not refuse the others.
                others, why = [*(one.roi_name for one in asked), *others], str(error)
        return [self._alone(one, others, why) for one in asked]

    def _alone(self, one: Asked, others: Sequence[str], why: str) -> Answer:
        try:
            dvh = self.alone(one)
        except NotEvaluable as error:
            return error
        notes = _apart([name for name in others if name != one.roi_name], why)
        return replace(dvh, notes=(*dvh.notes, *notes)) if notes else dvh


def _apart(others: Sequence[str], why: str) -> tuple[str, ...]:
    """Return what to say of a histogram that is not computed with others that it belongs to."""
    if not others:
        return ()
    return (f"adds up with {listed(others)} within the numerical intervals only: {why}",)
