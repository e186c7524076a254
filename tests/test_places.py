"""Lines of keys and entries, against texts whose writer knows where it put them."""

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.errors import RegisterError
from oligort.places import lines_of
from oligort.strict import table_of

TOML = '''\
# a comment with [brackets] and "quotes"
version = 1   # here too
"quoted key" = "a = b"
dotted.inner = 3
text = """
[no.table]
no = "key" """
raw = \'\'\'
[[none]] \'\'\'

[patient] # one
age = 61
dates = [
  2024-01-01,  # first
  2024-02-01T10:00:00,
]

[deep.er."est"]
"a\\u0062\\tc" = { one = 1, two = [1, 2] }

[[lesions]]
id = "a"
names = ["x", "y"]
[lesions.size]
mm = 1.0

[[lesions]]
id = \'b\'
[[lesions.parts]]
n = 1
[[lesions.parts]]
n = 2
'''

WHERE = {
    ("version",): 2,
    ("quoted key",): 3,
    ("dotted",): 4,
    ("dotted", "inner"): 4,
    ("text",): 5,
    ("raw",): 8,
    ("patient",): 11,
    ("patient", "age"): 12,
    ("patient", "dates"): 13,
    ("patient", "dates", 1): 14,
    ("patient", "dates", 2): 15,
    ("deep",): 18,
    ("deep", "er"): 18,
    ("deep", "er", "est"): 18,
    ("deep", "er", "est", "ab\tc"): 19,
    ("deep", "er", "est", "ab\tc", "one"): 19,
    ("deep", "er", "est", "ab\tc", "two"): 19,
    ("deep", "er", "est", "ab\tc", "two", 1): 19,
    ("deep", "er", "est", "ab\tc", "two", 2): 19,
    ("lesions",): 21,
    ("lesions", 1): 21,
    ("lesions", 1, "id"): 22,
    ("lesions", 1, "names"): 23,
    ("lesions", 1, "names", 1): 23,
    ("lesions", 1, "names", 2): 23,
    ("lesions", 1, "size"): 24,
    ("lesions", 1, "size", "mm"): 25,
    ("lesions", 2): 27,
    ("lesions", 2, "id"): 28,
    ("lesions", 2, "parts"): 29,
    ("lesions", 2, "parts", 1): 29,
    ("lesions", 2, "parts", 1, "n"): 30,
    ("lesions", 2, "parts", 2): 31,
    ("lesions", 2, "parts", 2, "n"): 32,
}


def test_every_place_of_a_toml_text_and_no_other():
    tomllib.loads(TOML)
    assert lines_of(TOML, is_json=False) == WHERE
    assert lines_of(TOML.replace("\n", "\r\n"), is_json=False) == WHERE


TEXTS = st.text(st.sampled_from("ab\"\\[]{}:,= #\n\t'é"), max_size=6)
VALUES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.none(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=12,
)


def written(value, steps, lines, out):
    """Write JSON one place a line, as "key" and as entry, and note the line of each."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value, 1)
        out.append("{" if isinstance(value, dict) else "[")
        for number, (step, item) in enumerate(pairs):
            out.append(",\n" if number else "\n")
            lines[*steps, step] = "".join(out).count("\n") + 1
            if isinstance(value, dict):
                out.append(json.dumps(step) + ": ")
            written(item, (*steps, step), lines, out)
        out.append("}" if isinstance(value, dict) else "]")
    else:
        out.append(json.dumps(value))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_every_place_of_a_json_text(table):
    lines, out = {}, []
    written(table, (), lines, out)
    assert json.loads("".join(out)) == table
    assert lines_of("".join(out), is_json=True) == lines


@pytest.mark.parametrize("depth", [50, 400])
def test_a_deep_text_is_refused_and_no_bug(depth):
    text = '{"a": ' + "[" * depth + "]" * depth + "}"
    table_of(text.encode(), "r.json", RegisterError)
    from oligort.clinical.register import Register

    with pytest.raises(RegisterError, match="expected"):
        Register.from_dict(json.loads(text))
    from oligort.strict import document_of

    with pytest.raises(RegisterError, match='found "a"'):
        document_of(text.encode(), Register, "r.json", RegisterError)
