"""Expressions in a space: `1 - asymmetry.alpha`, `network.units % critic.norm.groups == 0`.

A small part of Python's grammar, turned into functions of the values of its names; nothing is ever
evaluated as Python, and no step of it can grow without bound. Of `if`, `and`, `or` and chained
comparisons only the parts that decide are evaluated.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sweeper.errors import Invalid, shown
from sweeper.schema.arithmetic import BINARY, COMPARE, FUNCTIONS, UNARY, truth

MAX_LENGTH = 500
"""The most characters of an expression."""

_MAX_DEPTH = 40
_LARGEST = 2**53
_LONGEST = 120

_WORDS = {"true": True, "false": False, "null": None}

Scope = Mapping[str, Any]
Step = Callable[[Scope], Any]


class Absent(Exception):
    """Raised where a name that decides an expression has no value; `name` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has no value")
        self.name = name


@dataclass(frozen=True)
class Expression:
    """A parsed expression."""

    text: str
    names: tuple[str, ...]
    """The dotted names in it, in their order."""
    _step: Step = field(repr=False, compare=False)

    def value(self, scope: Scope) -> Any:
        """Its value where each name stands for its value in `scope`.

        Raises `Absent` where a name that it needs is not in `scope`, and `Invalid` where it has no
        value: a division by zero, text where a number must be.
        """
        try:
            result = self._step(scope)
        except (ArithmeticError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:_LONGEST]
            raise Invalid(f"has no value: {reason}") from error
        if isinstance(result, int) and abs(result) > _LARGEST:
            raise Invalid("has no value: the result is larger than 2**53")
        return result


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Parses an expression; raises `Invalid` where `text` is none."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"must be at most {MAX_LENGTH} characters long, but has {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python finds odd is refused below
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        problem = getattr(error, "msg", None) or type(error).__name__
        raise Invalid(f"must be an expression, but got {shown(text)}: {problem}") from error
    builder = _Builder(text.strip())
    step = builder.step(tree.body, 0)
    return Expression(text, tuple(dict.fromkeys(builder.names)), step)


class _Builder:
    """Turns the allowed nodes of a syntax tree into steps, and notes the names."""

    def __init__(self, text: str) -> None:
        self.names: list[str] = []
        self._text = text

    def step(self, node: ast.expr, depth: int) -> Step:
        """What computes `node`, which stands `depth` levels deep."""
        if depth > _MAX_DEPTH:
            raise Invalid(f"must nest at most {_MAX_DEPTH} deep, but goes deeper")
        build = _NODES.get(type(node))
        if build is None:
            raise self.refusal(node)
        return build(self, node, depth + 1)

    def steps(self, nodes: list[ast.expr], depth: int) -> list[Step]:
        """A step for each of `nodes`."""
        return [self.step(node, depth) for node in nodes]

    def refusal(self, node: ast.AST) -> Invalid:
        """The error for a node that is not allowed."""
        part = ast.get_source_segment(self._text, node) if isinstance(node, ast.expr) else None
        return Invalid(
            "may hold numbers, text, true, false, null, names, + - * / // % **, comparisons, in, "
            f"and, or, not, if-else, lists and calls of {', '.join(FUNCTIONS)}, but got "
            f"{shown(part if part is not None else type(node).__name__)}"
        )


def _constant(builder: _Builder, node: Any, depth: int) -> Step:
    value = node.value
    if not isinstance(value, bool | int | float | str) or value in (math.inf, -math.inf):
        raise builder.refusal(node)
    return lambda scope: value


def _name(builder: _Builder, node: Any, depth: int) -> Step:
    if node.id in _WORDS:
        value = _WORDS[node.id]
        return lambda scope: value
    return _looked_up(builder, node.id)


def _attribute(builder: _Builder, node: Any, depth: int) -> Step:
    parts = [node.attr]
    inner = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name):
        raise builder.refusal(node)
    return _looked_up(builder, ".".join([inner.id, *reversed(parts)]))


def _looked_up(builder: _Builder, name: str) -> Step:
    builder.names.append(name)

    def look(scope: Scope) -> Any:
        try:
            return scope[name]
        except KeyError:
            raise Absent(name) from None

    return look


def _binary(builder: _Builder, node: Any, depth: int) -> Step:
    compute = BINARY.get(type(node.op))
    if compute is None:
        raise builder.refusal(node)
    left, right = builder.steps([node.left, node.right], depth)
    return lambda scope: compute(left(scope), right(scope))


def _unary(builder: _Builder, node: Any, depth: int) -> Step:
    compute = UNARY.get(type(node.op))
    if compute is None:
        raise builder.refusal(node)
    inner = builder.step(node.operand, depth)
    return lambda scope: compute(inner(scope))


def _logical(builder: _Builder, node: Any, depth: int) -> Step:
    steps = builder.steps(node.values, depth)
    decide = all if isinstance(node.op, ast.And) else any
    return lambda scope: decide(truth(step(scope)) for step in steps)


def _compare(builder: _Builder, node: Any, depth: int) -> Step:
    first, *others = builder.steps([node.left, *node.comparators], depth)
    if any(type(op) not in COMPARE for op in node.ops):
        raise builder.refusal(node)
    pairs = list(zip([COMPARE[type(op)] for op in node.ops], others, strict=True))

    def compute(scope: Scope) -> bool:
        left = first(scope)
        for holds, step in pairs:
            right = step(scope)
            if not holds(left, right):
                return False
            left = right
        return True

    return compute


def _choice(builder: _Builder, node: Any, depth: int) -> Step:
    test, yes, no = builder.steps([node.test, node.body, node.orelse], depth)
    return lambda scope: yes(scope) if truth(test(scope)) else no(scope)


def _sequence(builder: _Builder, node: Any, depth: int) -> Step:
    steps = builder.steps(node.elts, depth)
    return lambda scope: tuple([step(scope) for step in steps])


def _call(builder: _Builder, node: Any, depth: int) -> Step:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords:
        raise builder.refusal(node)
    function = FUNCTIONS[name]
    steps = builder.steps(node.args, depth)
    return lambda scope: function(*[step(scope) for step in steps])


_NODES: dict[type, Callable[[_Builder, Any, int], Step]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logical,
    ast.Compare: _compare,
    ast.IfExp: _choice,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.Call: _call,
}
