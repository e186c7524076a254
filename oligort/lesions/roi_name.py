"""What an ROI name says, in the one vocabulary."""

from dataclasses import dataclass

from oligort.lesions.vocabulary import Organ, Role, Side


@dataclass(frozen=True)
class RoiName:
    """What an ROI name says.

    Parameters
    ----------
    role : Role
        UNKNOWN where the words are not all known.
    organ, side : Organ or None, Side or None
        As far as the name says so; an organ without a group of its own is None.
    subtracted : str
        What is cut out of the organ or target, as written ("GTV", "ITV's"), or "": hostile text.
    base : Role
        For unions, rings and helpers the role of the volume they are made from; of an unknown
        name the role that it says it is not ("not GTV").
    superseded : str
        The word ("old", "copy", "auto") that marks a likely repetition, or "".
    evidence : str
        What the role rests on, as a sentence's tail.
    nearest : str
        For an unknown name the known one that looks most like it, or "": only a suggestion.
    may_be_tumour : bool
        Whether an unknown name may be that of gross tumour all the same ("LiverGTV"), that of a
        helper ("GTV_fiducials"), or that of an organ less a GTV ("Liver-GTV1", whose hyphen may
        only hold the words together).
    is_regional : bool
        Whether the name of nodes says that they are regional ("GTVn", "GTV LN subcarinal").
    """

    role: Role
    organ: Organ | None = None
    side: Side | None = None
    subtracted: str = ""
    base: Role = Role.UNKNOWN
    superseded: str = ""
    evidence: str = ""
    nearest: str = ""
    may_be_tumour: bool = False
    is_regional: bool = False
