"""The base of all sections of a space: pydantic models whose errors are `Invalid`."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from sweeper.errors import Invalid, Mistakes, choices, closest, shown

S = TypeVar("S", bound=BaseModel)

_MOST_LISTED = 30
"""For so many unknown keys the valid ones are listed."""


class Section(BaseModel):
    """A mapping with known keys; a null stands for the key's absence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """The section; all its mistakes are raised as one `Invalid`."""
        valid = list(cls.model_fields)
        if isinstance(data, cls):
            return data
        if not isinstance(data, dict):
            raise Invalid(f"must be a mapping of {', '.join(valid)}, but got {shown(data)}")
        mistakes = Mistakes()
        unknown = [key for key in data if key not in valid]
        for number, key in enumerate(unknown):
            near = choices(key, valid) if number < _MOST_LISTED else ""
            mistakes.add(Invalid(f"is an unknown key{near}", (key,)))
        present = {key: data[key] for key in valid if data.get(key) is not None}
        meant = {closest(key, valid) for key in unknown[:_MOST_LISTED]}
        needed = [key for key, field in cls.model_fields.items() if field.is_required()]
        for key in needed:
            if key not in present and key not in meant:
                mistakes.add(Invalid(f"needs the key {key!r}"))
        try:
            found = handler(present)
        except ValidationError as error:
            for one in _each(error):
                if one.path not in {(key,) for key in needed if key not in present}:
                    mistakes.add(one)
        mistakes.check()
        return found


def validated(schema: type[S], data: Any, context: Any = None) -> S:
    """`data` as a `schema`; raises all errors as one `Invalid`."""
    mistakes = Mistakes()
    try:
        return schema.model_validate(data, context=context)
    except ValidationError as error:
        for one in _each(error):
            mistakes.add(one)
        mistakes.check()
        raise


def _each(error: ValidationError) -> list[Invalid]:
    found: list[Invalid] = []
    for details in error.errors(include_url=False):
        cause = details.get("ctx", {}).get("error")
        where = tuple(details["loc"])
        if isinstance(cause, Invalid):
            found += cause.under(*where).each
        else:
            what = f"is not valid: {details['msg']}, but got {shown(details['input'])}"
            found.append(Invalid(what, where))
    return found
