"""Stations: which one nodes are of, by a name or the register, and whether it is a regional one."""

from oligort.lesions.aliases import Phrase, role_words, side_words
from oligort.lesions.phrases import Parsed, is_idle, parse, position
from oligort.lesions.vocabulary import Organ, Side
from oligort.lesions.words import words_of


def are_regional(parsed: Parsed) -> bool:
    """Whether nodes are regional by their name: the N of TNM, or a station of the oesophagus.

    Every other word must be known to leave that alone: "GTVn_axilla" is not said to be regional,
    and neither is what is only called nodes ("GTV LN").
    """
    if parsed.negated:
        return False
    stations = {
        word
        for phrase in role_words("nodes", "regional")
        if position(parsed.spoken, phrase) is not None
        for word in phrase
    }
    places = {
        word
        for phrase, alias in parsed.organs
        if alias.organ is not Organ.LYMPH_NODES
        for word in phrase
    }
    neutral: frozenset[Phrase] = frozenset().union(
        role_words("nodes", "beside"),
        role_words("extent", "node_letters"),
        role_words("union", "words"),
    )
    unsaid = {word for word in parsed.rest if not is_idle(word) and (word,) not in neutral}
    is_n = (parsed.letter,) in role_words("nodes", "n_of_tnm")
    return bool(stations or is_n) and unsaid | places <= stations


def regional_words(written: str) -> str:
    """Return the words by which a station, or the name of nodes, says that it is regional, or "".

    Not those of a name that says another place as well, and not the N of TNM: a distant node is
    called a GTVn too.

    Examples
    --------
    >>> regional_words("GTVn_subcarinal"), regional_words("GTVn01"), regional_words("not regional")
    ('subcarinal', '', '')
    """
    parsed = parse(words_of(written))
    said = _said_of_nodes(parsed, "regional")
    within = {word for phrase in said for word in phrase}
    elsewhere = [
        phrase
        for phrase, alias in parsed.organs
        if alias.organ is not Organ.LYMPH_NODES and not within.issuperset(phrase)
    ]
    is_elsewhere = elsewhere or _said_of_nodes(parsed, "never_regional")
    return "" if is_elsewhere or not said else " ".join(said[0])


def never_regional_words(written: str) -> str:
    """Return the words of a place where no node is regional of the oesophagus, or "".

    Examples
    --------
    >>> never_regional_words("GTV LN axilla L"), never_regional_words("supraclavicular")
    ('axilla', '')
    """
    said = _said_of_nodes(parse(words_of(written)), "never_regional")
    return " ".join(said[0]) if said else ""


def is_regional_station(stated: str) -> bool:
    """Whether a station that the register says is regional, by its words or its number."""
    numbers = [word for word in words_of(stated) if word.isdigit()]
    is_number = len(numbers) == 1 and (numbers[0],) in role_words("nodes", "regional_numbers")
    return bool(regional_words(stated)) or (is_number and not never_regional_words(stated))


def _said_of_nodes(parsed: Parsed, key: str) -> list[Phrase]:
    """Return the phrases of one list for nodes that a name holds and does not deny."""
    found = (one for one in role_words("nodes", key) if position(parsed.spoken, one) is not None)
    return sorted(one for one in found if parsed.negated.isdisjoint(one))


_SHORTEST_NUMBER = 3
"""Digits of a number that is a station by itself ("104"): "LN 2" may be the second node."""

_SHORTEST_BEGINNING = 4
"""Letters from which on a word may be short for another: "axil", not the "a" of "16a2"."""

_NO_STATION = frozenset({"station", "stations", "no", "number", "level", "group", "-", "+"})
"""Words beside a station that are none."""


def are_of_one_station(stated: str, roi_name: str) -> bool:
    """Whether an ROI of nodes may be of a station that the register says, by the ROI's name.

    So it is where one of them says none, or no more than the other. A word stands for each that it
    begins ("supraclav" for "supraclavicular").
    """
    of_name = _station_words(roi_name)
    if all(word.isdigit() and len(word) < _SHORTEST_NUMBER for word in of_name):
        return True
    fewer, more = sorted((_station_words(stated), of_name), key=len)
    is_within = all(any(_is_short_for(word, other) for other in more) for word in fewer)
    return is_within or "".join(fewer) == "".join(more)


def _station_words(written: str) -> tuple[str, ...]:
    """Return the words that may be a station's, in their order: of "GTVm01_LN_16a2" 16, a and 2.

    That is without the target and its number, the words for nodes and sides, and idle ones.
    """
    parsed = parse(words_of(written))
    words = parsed.words
    start = position(words, parsed.target_phrase) if parsed.target_phrase else None
    if start is not None:
        words = words[start + len(parsed.target_phrase) :]
        words = words[words[:1] == (parsed.letter,) :]
        words = words[bool(words) and words[0].isdigit() :]
    nodes = {
        word
        for phrase, organ in Organ.other_words().items()
        if organ is Organ.LYMPH_NODES
        for word in phrase.split()
    }
    none = nodes | _NO_STATION | side_words().keys()
    return tuple(word for word in words if word not in none and not is_idle(word))


def _is_short_for(word: str, other: str) -> bool:
    """Whether two words are one, or one of them the beginning of the other."""
    shorter, longer = sorted((word, other), key=len)
    is_beginning = len(shorter) >= _SHORTEST_BEGINNING and longer.startswith(shorter)
    return word == other or is_beginning


def side_of_station(written: str) -> Side | None:
    """Return the side that the words of a station say ("supraclavicular L"), or None."""
    return parse(words_of(written)).side
