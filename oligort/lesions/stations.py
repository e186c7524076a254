"""Stations: whether the name of nodes says that they are regional ones."""

from oligort.lesions.aliases import Phrase, role_words
from oligort.lesions.phrases import Parsed, is_idle, position
from oligort.lesions.vocabulary import Organ


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
