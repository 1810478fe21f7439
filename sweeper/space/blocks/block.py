"""A block of a space, as its file holds it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from sweeper.errors import Invalid, Mistakes, shown
from sweeper.schema.base_model import Section, validated
from sweeper.schema.rules import accepts, distinct, mapping, text
from sweeper.space.keys.axes_rule import axes_rule
from sweeper.space.keys.validators import (
    constraints_rule,
    derived_rule,
    fixed_rule,
    zip_rule,
)

BLOCK = "block"
"""The axis that says which block a trial is of."""


class Block(Section):
    """What some trials have besides, or otherwise than, what the space says for all."""

    fixed: Annotated[dict[str, Any], BeforeValidator(fixed_rule)] = Field(default_factory=dict)
    """Parameters that its trials share, in the place of fixed ones and of axes of that name."""
    axes: Annotated[dict[str, Any], BeforeValidator(axes_rule)] = Field(default_factory=dict)
    """Its axes: besides the space's, or in the place of those of the same name."""
    zip: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(zip_rule)] = ()
    """Further groups of axes that move together."""
    derived: Annotated[dict[str, str], BeforeValidator(derived_rule)] = Field(default_factory=dict)
    """Further parameters that are computed."""
    constraints: Annotated[tuple[str, ...], BeforeValidator(constraints_rule)] = ()
    """What must hold besides."""


@accepts({"$ref": "#/definitions/blocks"})
def blocks_rule(value: Any, info: ValidationInfo) -> dict[str, Block]:
    """Named blocks; those of a list have a `name`, or are called by their place: 1, 2, …"""
    if isinstance(value, list | tuple):
        return _listed(value, info)
    blocks, mistakes = {}, Mistakes()
    for name, keys in mapping(value).items():
        with mistakes.under(name):
            if keys is None:
                raise Invalid("must be a mapping, {} for a block with nothing of its own")
            blocks[text(name)] = validated(Block, keys, info.context)
    mistakes.check()
    return blocks


def _listed(value: list[Any] | tuple[Any, ...], info: ValidationInfo) -> dict[str, Block]:
    names, blocks, mistakes = [], [], Mistakes()
    for index, given in enumerate(value):
        with mistakes.under(index):
            if not isinstance(given, dict):
                raise Invalid(
                    f"must be a mapping, like {{fixed: …, axes: …}}, but got {shown(given)}"
                )
            named = given.get("name")
            names.append(str(index + 1) if named is None else _name(named))
            keys = {key: item for key, item in given.items() if key != "name"}
            blocks.append(validated(Block, keys, info.context))
    mistakes.check()
    distinct(names)
    return dict(zip(names, blocks, strict=True))


def _name(value: Any) -> str:
    try:
        return text(value)
    except Invalid as error:
        raise error.under("name") from None
