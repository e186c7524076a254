"""Structure expressions: precedence, quoting, round trip and refusals."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligort.errors import ExpressionError, NotEvaluable
from oligort.geometry import algebra
from oligort.geometry.algebra import (
    MOST_OPERANDS,
    Combination,
    Operand,
    Shape,
    operand_names,
    parse,
    resolve,
)
from oligort.geometry.structure import Structure

A, B, C = Operand("A"), Operand("B"), Operand("C")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", A),
        ("A-B", Combination("-", A, B)),
        ("A-B-C", Combination("-", Combination("-", A, B), C)),
        ("A-B|C", Combination("|", Combination("-", A, B), C)),
        ("A|B-C", Combination("-", Combination("|", A, B), C)),
        ("A-B&C", Combination("-", A, Combination("&", B, C))),
        ("A&B-C", Combination("-", Combination("&", A, B), C)),
        ("A&B&C", Combination("&", Combination("&", A, B), C)),
        ("A-(B|C)", Combination("-", A, Combination("|", B, C))),
        ("((A))", A),
        ("  A  -  B ", Combination("-", A, B)),
        ('"A"-B', Combination("-", A, B)),
    ],
)
def test_and_binds_tighter_and_equal_ranks_go_from_the_left(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Lungs-GTV", ("Lungs", "GTV")),
        ("LUNGS MINUS ITV's", ("LUNGS MINUS ITV's",)),
        ('"LUNGS-ITV\'s"', ("LUNGS-ITV's",)),
        ('"a (b)"|"c&d"', ("a (b)", "c&d")),
        ("(PTV01&Liver)-'GTV 1'", ("PTV01", "Liver", "'GTV 1'")),
        ('"-"', ("-",)),
        ('"("-")"', ("(", ")")),
    ],
)
def test_names_may_hold_spaces_apostrophes_and_in_quotes_operators(text, names):
    assert operand_names(parse(text)) == names


NAMES = st.text(st.characters(exclude_characters='"', exclude_categories=["C"]), min_size=1).map(
    str.strip
)
OPERANDS = NAMES.filter(bool).map(Operand)
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.builds(Combination, st.sampled_from(["-", "|", "&"]), inner, inner),
    max_leaves=12,
)


@given(EXPRESSIONS)
@settings(deadline=None)
def test_what_is_printed_is_read_as_the_same_expression(expression):
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found the end"),
        ("   ", "found the end"),
        ("A-", "found the end"),
        ("-A", 'found "-"'),
        ("A--B", 'found "-"'),
        ("A|&B", 'found "&"'),
        ("(A", "closing parenthesis"),
        ("(A-B", "closing parenthesis"),
        ("A)", "expected an operator before"),
        ("()", r'found "\)"'),
        ('A "B"', "expected an operator before"),
        ("A(B)", "expected an operator before"),
        ('A-"B', "closing quote"),
        ('""', "name between the quotes"),
        ('A-"  "', "name between the quotes"),
    ],
)
def test_what_is_no_expression_is_refused(text, message):
    with pytest.raises(ExpressionError, match=message):
        parse(text)


@pytest.mark.parametrize("operator", "-|&")
def test_two_hundred_names_are_read_and_one_more_is_refused(operator):
    assert len(operand_names(parse(operator.join(["A"] * MOST_OPERANDS)))) == 200
    with pytest.raises(ExpressionError, match="at most 200 names"):
        parse(operator.join(["A"] * (MOST_OPERANDS + 1)))


def test_fifty_parentheses_are_read_and_one_more_is_refused():
    assert parse("(" * 50 + "A" + ")" * 50) == Operand("A")
    with pytest.raises(ExpressionError, match="50 parentheses"):
        parse("(" * 51 + "A" + ")" * 51)


def test_the_examples_of_the_module_are_read():
    title, _, _ = algebra.__doc__.partition("\n")
    (examples,) = re.findall(r"Structure algebra: ``(.+)``\.", title)
    assert [operand_names(parse(example)) for example in examples.split("``, ``")] == [
        ("Lungs", "GTV"),
        ("Lung_L", "Lung_R"),
        ("PTV01", "Liver", "GTV-1"),
    ]


def test_a_hostile_name_is_made_harmless_in_the_message():
    with pytest.raises(ExpressionError) as refused:
        parse("A-\x1b[31m(")
    assert "\x1b" not in str(refused.value)


def structures_of(name):
    if name == "missing":
        raise NotEvaluable("no such ROI")
    return (Structure(1, name), Structure(2, name)) if name == "Lungs" else (Structure(3, name),)


def test_a_name_may_stand_for_several_structures():
    shape = resolve(parse("Lungs-GTV|Heart"), structures_of)
    assert [leaf.roi_name for leaf in shape.leaves] == ["Lungs", "Lungs", "GTV", "Heart"]
    assert shape.operator == "|"
    assert shape.left is not None
    assert shape.left.operator == "-"


def test_a_missing_operand_is_never_nothing_to_subtract():
    with pytest.raises(NotEvaluable, match="no such ROI"):
        resolve(parse("Lungs-missing"), structures_of)


def test_a_shape_is_a_leaf_or_a_combination():
    leaf = Shape((Structure(1, "A"),))
    for parts in (
        {},
        {"operator": "-"},
        {"left": leaf, "right": leaf},
        {"left": leaf, "operator": "-"},
        {"structures": leaf.structures, "operator": "-", "left": leaf, "right": leaf},
    ):
        with pytest.raises(ValueError, match="either structures, or"):
            Shape(**parts)
