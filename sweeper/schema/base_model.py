"""The base of all sections of a space: pydantic models whose errors are `Invalid`."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sweeper.errors import Invalid, choices, shown

S = TypeVar("S", bound=BaseModel)


class Section(BaseModel):
    """A mapping with known keys; a null stands for the key's absence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        valid = list(cls.model_fields)
        if not isinstance(data, dict):
            raise Invalid(f"must be a mapping of {', '.join(valid)}, but got {shown(data)}")
        for key in data:
            if key not in valid:
                raise Invalid(f"is an unknown key{choices(key, valid)}", (key,))
        present = {key: value for key, value in data.items() if value is not None}
        for key, field in cls.model_fields.items():
            if field.is_required() and key not in present:
                raise Invalid(f"needs the key {key!r}")
        return present


def validated(schema: type[S], data: Any, context: Any = None) -> S:
    """`data` as a `schema`; raises the first error as `Invalid`."""
    try:
        return schema.model_validate(data, context=context)
    except ValidationError as error:
        raise _first(error) from error


def _first(error: ValidationError) -> Invalid:
    details = error.errors(include_url=False)[0]
    cause = details.get("ctx", {}).get("error")
    where = tuple(details["loc"])
    if isinstance(cause, Invalid):
        return cause.under(*where)
    return Invalid(f"is not valid: {details['msg']}, but got {shown(details['input'])}", where)
