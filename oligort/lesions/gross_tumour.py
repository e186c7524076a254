"""Which gross tumour a name means: the primary, a node or a metastasis."""

from itertools import pairwise

from oligort.lesions.aliases import Phrase, organ_aliases, role_words
from oligort.lesions.phrases import Parsed, position
from oligort.lesions.vocabulary import Organ, Role

_UNDECIDED = "primary or metastasis is not said"

_M1: Phrase = ("m", "1")
"""Distant metastases, of TNM."""

_STAGES = range(1, 5)
"""Numbers that a "T" may count tumours or stages by: there are four stages, and "T5" is a vertebra;
"T00" to "T90" are phases of the breath."""

_DOSES = frozenset({"gy", "cgy"})


def extent_of_gtv(parsed: Parsed) -> tuple[Role, str]:
    """Tell primary, node and metastasis apart, with the reason; what is open stays GTV.

    Words that contradict each other ("GTVp_LN"), a primary in an organ of metastases, a node that
    is called a metastasis without saying that it is a distant one, and what is only said not to
    be ("not primary") leave it open.
    """
    said: set[Phrase] = {(word,) for word in parsed.spoken if word not in parsed.negated}
    letter: Phrase = (_letter(parsed),)
    words: dict[Role, set[Phrase]] = {
        Role.GTV_METASTASIS: said & role_words("extent", "metastasis"),
        Role.GTV_PRIMARY: said & role_words("extent", "primary")
        or {letter} & role_words("extent", "primary_letters"),
        Role.GTV_NODE: {letter} & role_words("extent", "node_letters"),
    }
    surely_distant = _distant(parsed, said) or {letter} & role_words("extent", "metastasis_letters")
    if _M1 in surely_distant and parsed.letter != "m" and "n" in parsed.spoken:
        # Of "T3N1M1" the T and the N are the stage of the patient.
        words[Role.GTV_PRIMARY] |= {("t",)} if {"t", "t#"} & set(parsed.spoken) else set()
    organ = parsed.organ
    is_distant, is_primary = _place_of(organ)
    if organ is Organ.LYMPH_NODES and not words[Role.GTV_NODE]:
        words[Role.GTV_NODE] = {_nodes_in(parsed)}
    if surely_distant and not words[Role.GTV_PRIMARY]:
        return Role.GTV_METASTASIS, _from(surely_distant)
    words[Role.GTV_METASTASIS] |= surely_distant
    if words[Role.GTV_NODE]:
        words[Role.GTV_METASTASIS] |= _perhaps_distant(parsed, said)
    roles = [role for role, found in words.items() if found]
    contradicts = {
        Role.GTV_METASTASIS: is_primary,
        Role.GTV_NODE: organ is None,
        Role.GTV_PRIMARY: is_distant,
    }
    if len(roles) == 1 and not contradicts[roles[0]]:
        return roles[0], _from(words[roles[0]])
    if roles:
        said_by = [" ".join(min(words[role])) for role in roles]
        if contradicts[roles[0]] and parsed.organs:
            said_by.append(" ".join(parsed.organs[0][0]).replace("#", ""))
        named = " and ".join(f'"{word}"' for word in dict.fromkeys(said_by))
        return Role.GTV, f"from the ROI name, where {named} leave open what it is"
    if denied := _denied(parsed):
        return Role.GTV, f'from the ROI name, which says no more than that it is not "{denied}"'
    return _by_organ(parsed)


def _distant(parsed: Parsed, said: set[Phrase]) -> set[Phrase]:
    """Return the words that say a metastasis, of nodes as well; "M01" is "M1"."""
    words = tuple(str(int(w)) if w.isdecimal() else w for w in parsed.words)
    phrases = role_words("extent", "distant")
    longer = {phrase for phrase in phrases if len(phrase) > 1 and phrase[0] not in parsed.negated}
    return said & phrases | {phrase for phrase in longer if position(words, phrase) is not None}


def _perhaps_distant(parsed: Parsed, said: set[Phrase]) -> set[Phrase]:
    """Return the words of a node that leave open whether it is regional; "M0" says it is."""
    numbers = {w: after for w, after in pairwise(parsed.words) if after.isdecimal()}
    found = said & role_words("extent", "perhaps_distant")
    return {phrase for phrase in found if int(numbers.get(phrase[0], "1"))}


def _by_organ(parsed: Parsed) -> tuple[Role, str]:
    """Return what the organ says of gross tumour, where no other word does."""
    is_distant, is_primary = _place_of(parsed.organ)
    where = " ".join(parsed.organs[0][0]).replace("#", "") if parsed.organs else ""
    if is_distant:
        return Role.GTV_METASTASIS, f'from the distant organ "{where}" in the ROI name'
    if is_primary:
        return Role.GTV_PRIMARY, f'from "{where}" in the ROI name, the organ of the primary'
    return Role.GTV, f'from "{" ".join(parsed.target_phrase)}" in the ROI name: {_UNDECIDED}'


def _letter(parsed: Parsed) -> str:
    """Return the letter after the target, or "" where it is the time of a phase ("T50", "P0")."""
    if parsed.letter not in {"t", "p"}:
        return parsed.letter
    start = position(parsed.words, parsed.target_phrase) or 0
    place = parsed.words.index(parsed.letter, start + len(parsed.target_phrase))
    after = [word for word in parsed.words[place + 1 :] if word != "-"]
    number, unit = (*after, "", "")[:2]
    if not number.isdecimal() or unit in _DOSES:
        return parsed.letter
    is_stage = int(number) in _STAGES and unit != "%"
    is_phase = not is_stage if parsed.letter == "t" else int(number) == 0
    return "" if is_phase else parsed.letter


def _denied(parsed: Parsed) -> str:
    """Return the word for an extent or for nodes that the name says it is not, or ""."""
    lists = ("metastasis", "distant", "primary", "node_letters")
    known = {phrase for key in lists for phrase in role_words("extent", key)}
    nodes = {phrase for phrase, one in organ_aliases().items() if one.organ is Organ.LYMPH_NODES}
    return next((word for word in sorted(parsed.negated) if (word,) in known | nodes), "")


def _nodes_in(parsed: Parsed) -> Phrase:
    """Return the words for nodes, of a name that may hold another organ's as well."""
    return next(phrase for phrase, alias in parsed.organs if alias.organ is Organ.LYMPH_NODES)


def _place_of(organ: Organ | None) -> tuple[bool, bool]:
    """Return whether gross tumour of an organ is a metastasis, and whether it is the primary."""
    aliases = [alias for alias in organ_aliases().values() if alias.organ is organ]
    if organ is None:
        return False, False
    return aliases[0].is_distant, aliases[0].is_primary


def _from(phrases: frozenset[Phrase] | set[Phrase]) -> str:
    return f'from "{" ".join(min(phrases))}" in the ROI name'
