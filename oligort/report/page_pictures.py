"""Pictures into the cards of lesions, as many as a page has room for."""

from dataclasses import replace

from oligort.checks.case import Case
from oligort.report.lesion_pictures import LesionPicture, lesion_picture
from oligort.report.page_lesions import Card, LesionsView

MOST_PICTURES = 24
"""Pictures of lesions on one page: three times what any oligometastatic trial counts."""


def with_pictures(lesions: LesionsView, case: Case | None) -> LesionsView:
    """Return lesions whose counted ones have their pictures, or the reason why not."""
    if case is None:
        return lesions
    cards = tuple(
        replace(card, picture=_picture(case, card, number))
        for number, card in enumerate(lesions.cards, 1)
    )
    return replace(lesions, cards=cards)


def _picture(case: Case, card: Card, number: int) -> LesionPicture:
    assert card.lesion is not None
    if number > MOST_PICTURES:
        return LesionPicture("", f"No picture: the page shows those of {MOST_PICTURES} lesions.")
    return lesion_picture(case, card.lesion, card.dose_record, f"lesion-{number}")
