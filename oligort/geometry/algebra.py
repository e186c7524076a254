"""Structure algebra: ``Lungs-GTV``, ``Lung_L|Lung_R``, ``(PTV01&Liver)-"GTV-1"``.

``-`` subtracts, ``|`` joins, ``&`` intersects. ``&`` binds tighter than ``-`` and ``|``, which are
of one rank and are read from the left. A name may hold spaces and apostrophes; one that holds an
operator, a parenthesis or a double quote is put in double quotes, in which two stand for one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import reduce
from typing import Literal

import numpy as np
import numpy.typing as npt

from oligort.display import quoted
from oligort.errors import ExpressionError
from oligort.geometry.structure import Structure

Flags = npt.NDArray[np.bool_]

Operator = Literal["-", "|", "&"]

_TOKEN = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<symbol>[-|&()])|(?P<name>[^-|&()"]+))')


MOST_OPERANDS, MOST_PARENTHESES = 200, 50
"""An expression holds no more: none that a person writes does."""


@dataclass(frozen=True)
class Operand:
    """A name in an expression: an ROI, a role or a structure that others make up.

    One in double quotes that it does not need (`is_roi`) is an ROI's, and no role.
    """

    name: str
    is_roi: bool = dataclass_field(default=False, compare=False)

    def __str__(self) -> str:
        """Return the name, in quotes where it would not be read as the same without."""
        if self.is_roi or _needs_quotes(self.name):
            return '"' + self.name.replace('"', '""') + '"'
        return self.name


def _needs_quotes(name: str) -> bool:
    return bool(re.search(r'[-|&()"]', name)) or name != name.strip()


def unquoted(name: str) -> str:
    """Return the name in what `str` makes of an operand in double quotes; any other as it is."""
    is_quoted = len(name) > 2 and name[0] == name[-1] == '"'
    return name[1:-1].replace('""', '"') if is_quoted else name


@dataclass(frozen=True)
class Combination:
    """Two expressions and the operator between them."""

    operator: Operator
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        """Return the expression as it is read, with parentheses where they are needed."""
        sides = []
        for side, needs_parentheses in (
            (self.left, self.operator == "&"),
            (self.right, True),
        ):
            if isinstance(side, Combination) and needs_parentheses:
                sides.append(f"({side})")
            else:
                sides.append(str(side))
        return self.operator.join(sides)


Expression = Operand | Combination


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ExpressionError
        If the text is no expression: an operand, an operator or a parenthesis is missing; or if it
        holds more of them than any that a person writes.
    """
    tokens = _tokens(text)
    names = sum(token.startswith('"') for token in tokens)
    if names > MOST_OPERANDS or tokens.count("(") > MOST_PARENTHESES:
        raise ExpressionError(
            f"expected at most {MOST_OPERANDS} names and {MOST_PARENTHESES} parentheses in "
            f"{quoted(text)}"
        )
    expression, rest = _sum(tokens, text)
    if rest:
        raise ExpressionError(f"expected an operator before {quoted(rest[0])} in {quoted(text)}")
    return expression


def operand_names(expression: Expression) -> tuple[str, ...]:
    """Return the names in an expression, from the left."""
    if isinstance(expression, Operand):
        return (expression.name,)
    return operand_names(expression.left) + operand_names(expression.right)


def operators_of(expression: Expression) -> frozenset[Operator]:
    """Return the operators in an expression."""
    if isinstance(expression, Operand):
        return frozenset()
    inner = operators_of(expression.left) | operators_of(expression.right)
    return inner | {expression.operator}


@dataclass(frozen=True, eq=False)
class Shape:
    """An expression whose names have become structures.

    Parameters
    ----------
    structures : tuple of Structure
        For a leaf, the structures that are joined; empty for a combination.
    operator, left, right
        For a combination; "" and None for a leaf.
    """

    structures: tuple[Structure, ...] = ()
    operator: Operator | Literal[""] = ""
    left: "Shape | None" = None
    right: "Shape | None" = None

    def __post_init__(self) -> None:
        is_combination = self.left is not None and self.right is not None
        if bool(self.structures) == is_combination or bool(self.operator) != is_combination:
            raise ValueError("expected either structures, or an operator and two shapes")

    @property
    def key(self) -> tuple[object, ...]:
        """Equal to that of a shape that combines the same structures in the same way."""
        if self.left is None or self.right is None:
            return self.structures
        return self.operator, self.left.key, self.right.key

    @property
    def leaves(self) -> tuple[Structure, ...]:
        """All structures of the shape, from the left."""
        if self.left is None or self.right is None:
            return self.structures
        return self.left.leaves + self.right.leaves


def resolve(expression: Expression, structures_of: Callable[[str], tuple[Structure, ...]]) -> Shape:
    """Return the shape of an expression; `structures_of` turns a name into its structures.

    The name of an ROI that is meant and no role stands in double quotes.

    Raises
    ------
    NotEvaluable
        If `structures_of` raises it for an operand: nothing missing is ever "nothing to
        subtract".
    """
    if isinstance(expression, Operand):
        # A name that itself stands in double quotes would be read as one without them.
        is_quoted = expression.is_roi or unquoted(expression.name) != expression.name
        return Shape(structures_of(str(expression) if is_quoted else expression.name))
    return Shape(
        operator=expression.operator,
        left=resolve(expression.left, structures_of),
        right=resolve(expression.right, structures_of),
    )


def _tokens(text: str) -> list[str]:
    """Split into symbols and names; names keep a leading quote so that none looks like a symbol.

    Those in quotes that they do not need have an apostrophe in its place.
    """
    tokens: list[str] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise ExpressionError(f"expected a closing quote in {quoted(text)}")
        if match["symbol"]:
            tokens.append(match["symbol"])
        else:
            quoted_name = match["quoted"]
            name = match["name"].strip() if quoted_name is None else quoted_name.replace('""', '"')
            if not name.strip():
                raise ExpressionError(f"expected a name between the quotes in {quoted(text)}")
            is_roi = quoted_name is not None and not _needs_quotes(name)
            tokens.append(f"'{name}" if is_roi else f'"{name}')
        position = match.end()
    return tokens


def _sum(tokens: list[str], text: str) -> tuple[Expression, list[str]]:
    expression, rest = _intersection(tokens, text)
    while rest and rest[0] in ("-", "|"):
        operator: Operator = "-" if rest[0] == "-" else "|"
        right, rest = _intersection(rest[1:], text)
        expression = Combination(operator, expression, right)
    return expression, rest


def _intersection(tokens: list[str], text: str) -> tuple[Expression, list[str]]:
    expression, rest = _operand(tokens, text)
    while rest and rest[0] == "&":
        right, rest = _operand(rest[1:], text)
        expression = Combination("&", expression, right)
    return expression, rest


def _operand(tokens: list[str], text: str) -> tuple[Expression, list[str]]:
    if tokens and tokens[0] == "(":
        expression, rest = _sum(tokens[1:], text)
        if not rest or rest[0] != ")":
            raise ExpressionError(f"expected a closing parenthesis in {quoted(text)}")
        return expression, rest[1:]
    if tokens and tokens[0][0] in "\"'":
        return Operand(tokens[0][1:], is_roi=tokens[0][0] == "'"), tokens[1:]
    found = f"found {quoted(tokens[0])}" if tokens else "found the end"
    raise ExpressionError(f"expected the name of a structure in {quoted(text)}, {found}")


def holds(shape: Shape, inside: Mapping[int, Flags]) -> Flags:
    """Return where a shape holds what lies inside some of its structures, by their ids."""
    if shape.left is None or shape.right is None:
        return reduce(np.logical_or, (inside[id(structure)] for structure in shape.structures))
    left, right = holds(shape.left, inside), holds(shape.right, inside)
    match shape.operator:
        case "|":
            return left | right
        case "&":
            return left & right
        case _:
            return left & ~right
