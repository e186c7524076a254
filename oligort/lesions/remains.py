"""What a name says is left of an organ, or of the whole of it, where a tumour is named as well."""

from oligort.lesions.aliases import role_words
from oligort.lesions.phrases import Parsed, position


def is_of_remains(word: str) -> bool:
    """Whether a word beside an organ says that it is the organ, or what is left of it."""
    return any((word,) in role_words("remains", key) for key in ("organ", "side"))


def absence_of(parsed: Parsed) -> str:
    """Return the word that says of a target that the ROI holds none of it, or "".

    "Rest" and "normal" say so beside an organ alone: a "GTV_rest" is what is left of a tumour.
    """
    breath = {word for phrase in role_words("remains", "breath") for word in phrase}
    phrases = role_words("remains", "breath")
    is_breath = any(position(parsed.spoken, phrase) is not None for phrase in phrases)
    absent = role_words("remains", "absent")
    words = [word for word in parsed.rest if not (is_breath and word in breath)]
    found = [word for word in words if (word,) in absent]
    if parsed.organs:
        found += [word for word in words if (word,) in role_words("remains", "organ")]
    return next(iter(found), "")
