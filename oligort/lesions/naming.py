"""ROI names: which role, which organ, which side. Known words decide; nothing is guessed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from oligort.lesions.aliases import (
    Phrase,
    known_words,
    primary_organs,
    role_words,
)
from oligort.lesions.derived import (
    helper_of,
    is_joined,
    margin_of,
    may_hold_tumour,
    union_of,
    without_planning,
)
from oligort.lesions.doubts import (
    ACRONYMS,
    is_after_letters,
    is_after_p,
    is_no_metastasis,
    why_no_target,
)
from oligort.lesions.gross_tumour import extent_of_gtv
from oligort.lesions.phrases import (
    Parsed,
    is_idle,
    is_one_of,
    is_superseded,
    parse,
    target_of,
)
from oligort.lesions.remains import absence_of, is_of_remains
from oligort.lesions.roi_name import RoiName
from oligort.lesions.stations import are_regional
from oligort.lesions.suggestions import nearest_name
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side
from oligort.lesions.words import GLUE, SIGNS, misread_chinese, plain_text, words_of

__all__ = ["NEVER_CUT_OUT", "RoiName", "is_margin", "read_roi_name"]

_LONGEST = 256
"""Characters of the longest name that is read: DICOM allows 64, time grows with their square."""

_TYPED_ROLES = {
    "EXTERNAL": Role.EXTERNAL,
    "GTV": Role.GTV,
    "CTV": Role.CTV,
    "PTV": Role.PTV,
}
"""RT ROI Interpreted Types (3006,00A4) that may speak where the name says nothing."""

_NAMES = frozenset(name for (name,) in ACRONYMS)

_NODES_TYPED = frozenset({"ORGAN", "AVOIDANCE"})
"""Types that make nodes without any other word an organ; else they may be gross tumour."""

_SIZES = {Role.PTV: 2, Role.ITV: 1, Role.CTV: 1}
"""Targets from small to large; gross tumour is 0. A larger one is cut out of no smaller one."""

NEVER_CUT_OUT = frozenset({Organ.BONE, Organ.LYMPH_NODES, Organ.ADRENALS, None})
"""Organs that no target is cropped by, or cut out of: the hyphen of "PTV-LN" and of "Rib-GTV" only
holds the words together."""


@lru_cache(maxsize=4 * 4096)  # of four structure sets of the most ROIs that are read
def read_roi_name(roi_name: str, interpreted_type: str = "") -> RoiName:
    """Read an ROI name; the RT ROI Interpreted Type decides only where the name says nothing.

    Parameters
    ----------
    roi_name : str
        ROI Name (3006,0026).
    interpreted_type : str
        RT ROI Interpreted Type (3006,00A4), or "". An organ's name typed GTV stays an organ,
        and no type turns an unknown name into an organ.

    Examples
    --------
    >>> read_roi_name("GTVm01_Liver").role, read_roi_name("Lt Lung").side
    (<Role.GTV_METASTASIS: 'gtv_metastasis'>, <Side.LEFT: 'L'>)
    """
    read = _read(roi_name)
    kind = interpreted_type.strip().upper()
    typed = _TYPED_ROLES.get(kind)
    says_nothing = read.role is Role.UNKNOWN and read.base is Role.UNKNOWN
    if says_nothing and typed is not None:
        return replace(read, role=typed, evidence=f"from the interpreted type {typed.upper()}")
    is_made = read.subtracted or read.base not in {*GTV_ROLES, Role.UNKNOWN}
    if read.role is Role.HELPER and typed is Role.GTV and not is_made and not is_margin(roi_name):
        return replace(read, may_be_tumour=True)
    are_nodes = read.organ is Organ.LYMPH_NODES and not read.may_be_tumour
    if says_nothing and are_nodes and kind in _NODES_TYPED:
        return replace(
            read, role=Role.ORGAN, evidence=f"from nodes, of the interpreted type {kind}"
        )
    return read


def _read(roi_name: str) -> RoiName:
    if len(roi_name) > _LONGEST:
        return RoiName(Role.UNKNOWN, evidence=f"the ROI name has {len(roi_name)} characters")
    if "\N{REPLACEMENT CHARACTER}" in roi_name:
        may_be = _may_hold_tumour(_read(roi_name.replace("\N{REPLACEMENT CHARACTER}", " ")))
        evidence = "characters of the ROI name are lost"
        return RoiName(Role.UNKNOWN, evidence=evidence, may_be_tumour=may_be)
    if chinese := misread_chinese(roi_name):
        evidence = "the ROI name was written in another character set than its file declares"
        may_be = _may_hold_tumour(_read(chinese))
        return RoiName(Role.UNKNOWN, evidence=evidence, nearest=chinese, may_be_tumour=may_be)
    words = words_of(roi_name)
    parsed = parse(words)
    superseded = next((w for w in parsed.spoken if is_superseded(parsed, w)), "")
    read = _cut_out(roi_name, words) or _external(parsed) or _read_words(words)
    return replace(read, superseded=superseded)


def is_margin(roi_name: str) -> bool:
    """Whether a name says that an ROI is a margin around a volume, of whatever type."""
    return bool(margin_of(parse(words_of(roi_name))))


def may_be_target(roi_name: str) -> bool:
    """Whether a name is that of a target after a "p", or after a letter or two ("RPTV").

    Of "pGTV" the target is the primary, or planned; of the others nobody knows which one.
    """
    parsed = parse(words_of(roi_name))
    is_open = is_after_p(parsed) or is_after_letters(parsed)
    return parsed.target is not Role.UNKNOWN and is_open


def _may_hold_tumour(read: RoiName) -> bool:
    """Whether what a damaged name seems to say is gross tumour, or may be."""
    is_union = read.role is Role.UNION and read.base in GTV_ROLES
    return read.role in GTV_ROLES or is_union or read.may_be_tumour


def _external(parsed: Parsed) -> RoiName | None:
    if _is_shrunk(parsed.words):
        return None
    meaning = [word for word in parsed.spoken if not is_idle(word)]
    for spoken in (parsed.spoken, tuple(meaning)):
        if is_one_of(spoken, role_words("external", "aliases")):
            return RoiName(Role.EXTERNAL, evidence=f'from "{" ".join(spoken)}" in the ROI name')
    return None


def _read_words(words: Sequence[str]) -> RoiName:
    """Read a name that nothing is cut out of."""
    parsed = parse(words)
    helper, word = helper_of(parsed)
    if helper is Role.HELPER and (plain := without_planning(parsed)) != parsed.words:
        read = _read_words(plain)
        if read.role is Role.GTV_METASTASIS:
            return read
    if helper is not None:
        role = extent_of_gtv(parsed)[0] if parsed.target is Role.GTV else parsed.target
        may_be = helper is Role.HELPER and role in GTV_ROLES and may_hold_tumour(parsed)
        return RoiName(
            helper,
            parsed.organ,
            parsed.side,
            base=role,
            evidence=_from(word),
            may_be_tumour=may_be,
        )
    if parsed.target is not Role.UNKNOWN:
        return _without_it(parsed) or _read_target(parsed)
    return _read_organ(parsed)


def _read_target(parsed: Parsed) -> RoiName:
    role, evidence = parsed.target, _from(" ".join(parsed.target_phrase))
    if role is Role.GTV:
        role, evidence = extent_of_gtv(parsed)
    doubt, base = why_no_target(parsed, role)
    if doubt:
        organ = parsed.organ if base is Role.UNKNOWN else None
        return RoiName(
            Role.UNKNOWN,
            organ,
            parsed.side,
            base=base,
            evidence=doubt,
            may_be_tumour=role in GTV_ROLES and not is_no_metastasis(parsed),
        )
    is_regional = role is Role.GTV_NODE and are_regional(parsed)
    union, is_mixed = union_of(parsed)
    if union and is_mixed:
        role = Role.GTV if role in GTV_ROLES else role
        return RoiName(Role.UNION, base=role, evidence=_from(union))
    if union:
        return RoiName(
            Role.UNION,
            parsed.organ,
            parsed.side,
            base=role,
            evidence=_from(union),
            is_regional=is_regional,
        )
    if is_joined(parsed):
        evidence = "the ROI name joins a target to something else"
        may_be = role in GTV_ROLES
        return RoiName(Role.UNKNOWN, base=role, evidence=evidence, may_be_tumour=may_be)
    return RoiName(role, parsed.organ, parsed.side, evidence=evidence, is_regional=is_regional)


def _read_organ(parsed: Parsed) -> RoiName:
    alias, side = parsed.only_organ, parsed.side
    if alias is not None and parsed.is_torn:
        evidence = "the words for a side in the ROI name leave open which one"
        return RoiName(Role.UNKNOWN, evidence=evidence)
    united = [word for word in parsed.rest if (word,) in role_words("union", "words")]
    if alias is None or [w for w in parsed.rest if not is_idle(w) and w not in united]:
        evidence = "the ROI name holds no known words"
        return RoiName(Role.UNKNOWN, evidence=evidence, nearest=nearest_name(parsed.rest))
    if alias.organ is Organ.SKIN and _is_shrunk(parsed.words):
        return RoiName(Role.UNKNOWN, evidence="the skin, or a rind of it")
    if alias.organ is Organ.LYMPH_NODES:
        evidence = "nodes may be anatomy or gross tumour, and the ROI name does not say which"
        return RoiName(Role.UNKNOWN, alias.organ, side, evidence=evidence)
    is_pair = alias.is_pair or (united and alias.is_sided)
    if is_pair and side is None:
        side = Side.BOTH
    organ = None if any(one.is_part for _, one in parsed.organs) else alias.organ
    phrase = " ".join(parsed.organs[0][0]).replace("#", "")
    return RoiName(Role.ORGAN, organ, side, evidence=f'from "{phrase}"')


def _is_shrunk(words: Sequence[str]) -> bool:
    """Whether a number follows a hyphen: "Skin-5" is the skin less 5 mm."""
    return any(word == "-" and after.isdigit() for word, after in pairwise(words))


def _cut_out(roi_name: str, words: Sequence[str]) -> RoiName | None:
    """Read "Lungs-GTV": what is left of the sign, with what is cut out; None if nothing is."""
    for place, word in enumerate(words[1:-1], start=1):
        if (word,) not in role_words("subtraction", "words") or words[place + 1].isdigit():
            continue
        after = words[place + 1 :]
        after = after[2:] if after[1:2] == [GLUE] else after  # "Lungs-rGTV"
        right = [w for w in after if not w.isdigit() and w not in SIGNS]
        if word == "-" and words[place + 1] in _NAMES and not _is_said(words[:place]):
            # It may be an organ in a language, or with characters, that are not known here.
            doubt = f'"- {words[place + 1]}" after words that are not known'
            may_be = words[place + 1] == "gtv"
            return RoiName(Role.UNKNOWN, evidence=doubt, may_be_tumour=may_be)
        left = _read_words(words[:place])
        if left.role is Role.UNKNOWN:
            left = _external(parse(words[:place])) or left
        if left.role is Role.UNKNOWN:
            whole = _read_words([one for one in words[:place] if not is_of_remains(one)])
            left = whole if whole.role is Role.ORGAN else left
        taken = target_of(right[:1])
        if left.role is Role.UNKNOWN and (read := _beside_unknown(words[:place], word, *taken)):
            return read
        if left.role is Role.UNKNOWN or not right:
            continue
        if taken[0] is Role.UNKNOWN:
            read = _cropped(left, word, words[place + 1 :])
        else:
            read = _without_target(left, word, *taken)
        if read is not None:
            subtracted = _subtracted(roi_name, words, place) if read.subtracted else ""
            return replace(read, subtracted=subtracted)
    return None


def _is_said(words: Sequence[str]) -> bool:
    """Whether words of a name mean anything; one letter may be anybody's."""
    spoken = parse(words).spoken
    others = [word for word in spoken if not is_of_remains(word)]
    longer = [word for word in others if len(word) > 1]
    if spoken and not others:
        return False
    return not longer or any(word in known_words() for word in longer)


def _beside_unknown(left: Sequence[str], word: str, taken: Role, phrase: Phrase) -> RoiName | None:
    """Read "SBRT Liver-GTV", an organ beside unknown words: without the target, or one in it.

    Of organs that nothing is cut out of only a GTV is in doubt, as in "Rib-GTV1"; nodes are by
    themselves; of the organ of the primary neither is a metastasis.
    """
    parsed = parse(left)
    groups = {alias.organ for _, alias in parsed.organs}
    is_none = parsed.target is not Role.UNKNOWN or phrase not in ACRONYMS or not groups
    if is_none or Organ.LYMPH_NODES in groups or groups & primary_organs():
        return None
    if groups <= NEVER_CUT_OUT and taken is not Role.GTV:
        return None
    open_ = f'"{word} {" ".join(phrase)}" after an organ and other words: one in it, or without it'
    base, may_be = (Role.UNKNOWN, True) if taken is Role.GTV else (taken, False)
    return RoiName(
        Role.UNKNOWN, parsed.organ, parsed.side, base=base, evidence=open_, may_be_tumour=may_be
    )


def _without_it(parsed: Parsed) -> RoiName | None:
    """Read "tumour-free liver": an organ without the target, or a name that may be neither."""
    if not (word := absence_of(parsed)):
        return None
    evidence = f'from "{word}" beside "{" ".join(parsed.target_phrase)}" in the ROI name'
    alias = parsed.only_organ
    is_numbered = (parsed.letter,) in role_words("extent", "metastasis_letters")
    is_open = alias is None or alias.organ in NEVER_CUT_OUT or is_numbered
    if parsed.target is not Role.GTV or alias is None or is_open:
        may_be = parsed.target is Role.GTV and not is_no_metastasis(parsed)
        base = Role.UNKNOWN if may_be else parsed.target
        return RoiName(Role.UNKNOWN, parsed.organ, parsed.side, "", base, "", evidence, "", may_be)
    side = Side.BOTH if alias.is_pair and parsed.side is None else parsed.side
    subtracted, may_be = " ".join(parsed.target_phrase), side is not Side.BOTH
    return RoiName(
        Role.ORGAN, alias.organ, side, subtracted, evidence=evidence, may_be_tumour=may_be
    )


def _without_target(left: RoiName, word: str, taken: Role, phrase: Phrase) -> RoiName | None:
    """Read an organ or a target that a target is cut out of; `subtracted` only says whether."""
    evidence = f'from "{word} {" ".join(phrase)}" in the ROI name'
    is_bound = word == "-" and left.role is Role.ORGAN and left.organ in NEVER_CUT_OUT
    if is_bound and taken in {Role.GTV, Role.ITV}:
        # Nobody plans with "the ribs less the GTV": "Rib-GTV1" is the first one in a rib.
        open_ = f'"- {" ".join(phrase)}" after an organ that no target is cut out of'
        base, may_be = (taken, False) if taken is Role.ITV else (Role.UNKNOWN, True)
        return RoiName(Role.UNKNOWN, left.organ, left.side, "", base, "", open_, "", may_be)
    if phrase not in ACRONYMS and left.role is Role.ORGAN:
        # "Liver-Met" is a metastasis with a hyphen, or the liver without it.
        if (word,) in role_words("negation", "words"):
            return None
        if left.side is not Side.BOTH:
            open_ = f'"{word} {" ".join(phrase)}": the organ without it, or a lesion in the organ'
            return RoiName(Role.UNKNOWN, left.organ, left.side, evidence=open_, may_be_tumour=True)
    if left.role is Role.ORGAN:
        may_be = word == "-" and taken is Role.GTV and left.side is not Side.BOTH
        return replace(left, subtracted=word, evidence=evidence, may_be_tumour=may_be)
    if left.role in {*GTV_ROLES, *_SIZES} and _SIZES.get(left.role, 0) <= _SIZES.get(taken, 0):
        same = f'"{word} {" ".join(phrase)}": nothing is left of the smaller, or two in one'
        # What is left of all of it without the primary or the nodes are the metastases.
        may_be = left.role is taken is Role.GTV
        return RoiName(Role.UNKNOWN, base=left.role, evidence=same, may_be_tumour=may_be)
    return RoiName(Role.HELPER, subtracted=word, base=left.role, evidence=evidence)


def _cropped(left: RoiName, word: str, right: Sequence[str]) -> RoiName | None:
    """Read "PTV-Lung": a target that an organ is cut out of, or one in that organ."""
    organ = _read_words(right)
    is_margin = left.role in _SIZES
    if not is_margin or organ.role is not Role.ORGAN or organ.organ in NEVER_CUT_OUT:
        return None
    evidence = f'from "{word} {" ".join(right)}" in the ROI name'
    if word == "-" and extent_of_gtv(parse(["gtv", *right]))[0] is not Role.GTV:
        evidence = f"{evidence}: the target in the organ, or without it"
        return RoiName(Role.UNKNOWN, base=left.role, evidence=evidence)
    return RoiName(Role.HELPER, organ.organ, subtracted=word, base=left.role, evidence=evidence)


def _subtracted(roi_name: str, words: Sequence[str], place: int) -> str:
    """Return what is cut out, as written."""
    word = words[place]
    times = words[: place + 1].count(word)
    # The word by itself, else within another ("LungsNoGTV", and Chinese, which has no spaces).
    for edge in (r"(?<![^\W_])(?i:{})(?![^\W_])", "(?i:{})"):
        pieces = re.split(edge.format(re.escape(word)), plain_text(roi_name), maxsplit=times)
        if len(pieces) > times:
            return pieces[-1].strip(" _.") if "(" in pieces[-1] else pieces[-1].strip(" _.)")
    return " ".join(words[place + 1 :])


def _from(word: str) -> str:
    return f'from "{word}" in the ROI name'
