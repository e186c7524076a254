"""The tables of names: every entry is found, and no word means two things."""

import tomllib
from importlib import resources

import pytest

from oligort.lesions.aliases import languages, side_words
from oligort.lesions.naming import read_roi_name
from oligort.lesions.vocabulary import GTV_ROLES, Organ, Role, Side
from oligort.lesions.words import words_of


def table(file):
    return tomllib.loads(resources.files("oligort.lesions").joinpath(file).read_text("utf-8"))


ORGANS = table("organs.toml")
LANGUAGES = table("languages.toml")
ROLES = table("roles.toml")
OWN = [
    (text, organ, key) for organ, lists in ORGANS.items() for key in lists
    if isinstance(lists[key], list) for text in lists[key]
]  # fmt: skip
FOREIGN = [
    (text, organ, key) for one in LANGUAGES.values() for key in ("organs", "pairs")
    for organ, texts in one.get(key, {}).items() for text in texts
]  # fmt: skip


def test_no_phrase_stands_for_two_organs():
    meanings = {}
    for text, organ, key in OWN + FOREIGN:
        meanings.setdefault(text, set()).add((organ, key in ("both", "pairs")))
    assert [text for text, found in meanings.items() if len(found) > 1] == []


def test_every_entry_of_the_tables_can_be_met_in_a_name():
    """An entry that words_of cuts otherwise is never found: "m1" was listed, "m", "1" was read."""
    lists = [*ORGANS.values(), *ROLES.values(), *LANGUAGES.values()]
    lists += [one[key] for one in LANGUAGES.values() for key in ("organs", "pairs") if key in one]
    entries = [
        text for one in lists for key in one if isinstance(one[key], list) for text in one[key]
    ]
    assert len(entries) > 1500
    numbered = {text: words_of(text.replace("#", "8"))[:1] for text in entries if "#" in text}
    assert numbered == {text: [text] for text in numbered}
    assert [t for t in entries if "#" not in t and words_of(t) != t.split()] == []


def test_every_word_for_gross_tumour_is_understood_by_the_reader():
    """Each in a name of its own, so that none is dead in the code that looks it up."""
    roles = {"metastasis": Role.GTV_METASTASIS, "distant": Role.GTV_METASTASIS}
    roles |= {"metastasis_letters": Role.GTV_METASTASIS, "primary": Role.GTV_PRIMARY}
    roles |= {"primary_letters": Role.GTV_PRIMARY, "node_letters": Role.GTV_NODE}
    for key, role in roles.items():
        for text in ROLES["extent"][key]:
            assert read_roi_name(f"GTV {text}").role is role, text
    for text in ROLES["extent"]["distant"]:
        assert read_roi_name(f"GTV LN {text}").role is Role.GTV_METASTASIS, text
    for text in ROLES["extent"]["perhaps_distant"]:
        assert read_roi_name(f"GTV LN {text}").role is Role.GTV, text
    for text in ROLES["targets"]["gtv"] + ROLES["gross_tumour"]["aliases"]:
        assert read_roi_name(text).role in GTV_ROLES, text


def test_every_entry_is_read_as_its_organ():
    wrong = []
    for text, organ, key in OWN + FOREIGN:
        read = read_roi_name(text.replace("th#", "Th8"))
        expected = None if organ == "other" or key == "parts" else Organ(organ)
        # Nodes alone may be gross tumour.
        role = Role.UNKNOWN if organ == "LymphNodes" else Role.ORGAN
        is_both = key not in ("both", "pairs") or read.side is Side.BOTH
        if (read.role, read.organ) != (role, expected) or not is_both:
            wrong.append(text)
    assert wrong == []


def test_no_entry_makes_gross_tumour_of_another_organ():
    """A target in an organ is in that organ or in none that is said, and no lesion elsewhere."""
    wrong = []
    for text, organ, _ in OWN + FOREIGN:
        read = read_roi_name(f"GTV {text.replace('th#', 'Th8')}")
        is_distant = organ != "other" and ORGANS[organ].get("distant", False)
        is_right_organ = read.organ in {None, None if organ == "other" else Organ(organ)}
        is_metastasis = read.role is Role.GTV_METASTASIS
        is_target = read.role in {*GTV_ROLES, Role.UNION}
        if not is_right_organ or not is_target or (is_metastasis and not is_distant):
            wrong.append(text)
    assert wrong == []


def test_sides_of_a_language_are_apart_and_agree_with_its_neighbours():
    shared = {}
    for language in languages():
        words = side_words(language)
        for word, side in words.items():
            assert words_of(word) == [word]
            shared.setdefault(word, set()).add(side)
    assert [word for word, sides in shared.items() if len(sides) > 1] == []


@pytest.mark.parametrize("organ", ["Lungs", "Kidneys"])
@pytest.mark.parametrize("language", ["German", "French", "Italian"])
def test_a_short_word_for_a_side_counts_beside_its_own_language_alone(organ, language):
    organs = LANGUAGES[language]["organs"][organ]
    for word, side in side_words(language).items():
        if side is not Side.BOTH:
            assert read_roi_name(f"{organs[0]} {word}").side is side
    foreign_side = {"German": "li", "French": "gche", "Italian": "sn"}[language]
    assert read_roi_name(f"Heart {foreign_side}").role is Role.UNKNOWN


def test_words_written_as_one_are_the_same_as_apart():
    wrong = []
    for text, _, key in OWN + FOREIGN:
        apart, glued = read_roi_name(text), read_roi_name(text.replace(" ", ""))
        if " " in text and text.isascii() and key != "parts":
            wrong += [text] if (apart.role, apart.organ) != (glued.role, glued.organ) else []
    assert wrong == []
