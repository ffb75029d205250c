"""The kind of value that chooses systematic effects and their priors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.fitting.request.kinds import Kind, Schema
from slxrd.fitting.request.plain import is_number, number_text
from slxrd.fitting.systematics.settings import NONE, Systematics

#: All effects with their usual priors, and no effect.
DEFAULT_EFFECTS, NO_EFFECTS = "default", "none"


def as_systematics(value: str | Mapping[str, float] | Systematics) -> Systematics:
    """Return the choice of systematic effects from the option of a fit.

    Parameters
    ----------
    value : str, mapping or Systematics
        "default", "none", or the priors of some effects.

    Raises
    ------
    SlxrdError
        If an effect is unknown, or its prior is invalid.
    """
    if isinstance(value, Systematics):
        return value
    if isinstance(value, str):
        return NONE if value == NO_EFFECTS else Systematics()
    return Systematics(priors={name: float(prior) for name, prior in value.items()})


@dataclass(frozen=True)
class Effects(Kind):
    """Systematic effects: all, none, or the priors of some; typed ``NAME=PRIOR``, one by one."""

    repeatable = True
    documented = '{"default", "none"} or mapping of str to float'
    python = (Systematics,)

    def check(self, name: str, value: Any) -> None:
        """See :meth:`Kind.check`."""
        if value in (DEFAULT_EFFECTS, NO_EFFECTS):
            return
        if not (isinstance(value, Mapping) and all(map(is_number, value.values()))):
            raise SlxrdError(
                f"{name} {value!r}: give {DEFAULT_EFFECTS}, {NO_EFFECTS}, or names of effects with the "
                "standard deviation of each (0 leaves it out)"
            )
        as_systematics(value)

    def schema(self) -> Schema:
        """See :meth:`Kind.schema`."""
        named = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
        return {"anyOf": [{"enum": [DEFAULT_EFFECTS, NO_EFFECTS]}, named]}

    def parse(self, texts: Sequence[str], flag: str) -> str | dict[str, float]:
        """See :meth:`Kind.parse`."""
        if len(texts) == 1 and texts[0] in (DEFAULT_EFFECTS, NO_EFFECTS):
            return texts[0]
        return parsing.values(texts, flag)

    def texts(self, name: str, value: Any) -> list[str]:
        """See :meth:`Kind.texts`."""
        if isinstance(value, str):
            return [value]
        return [f"{key}={number_text(item)}" for key, item in value.items()]
