"""A model in words, ``CsPbBr3:Br+mixed+slab=0.28``, turned into what a fit is told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from slxrd.errors import SlxrdError

#: What may be said of a model, besides its crystal.
WORDS: dict[str, str] = {
    "pure": "stacks of one size each (usual)",
    "mixed": "sizes mixed inside stacks",
    "alternating": "two kinds of crystals in turn",
    "volume": "sizes as shares of the number of cubes",
    "slab=DENSITY|LIGAND": "what fills the gaps",
    "partner=CRYSTAL": "a second crystal in turn with the first",
    "spread=SIGMA": "standard deviation of M",
    "coherent=M": "crystals that scatter coherently",
    "free=NAME": "refine a parameter",
    "fix=NAME:VALUE": "keep a parameter",
}
_STACKS = ("pure", "mixed", "alternating")
_CIF = ".cif:"


def model_names(texts: Iterable[str]) -> list[str]:
    """Take lists of models apart at their commas; one with a CIF's h,k,l stands alone.

    Parameters
    ----------
    texts : iterable of str
        As typed: ``"planes,CsPbBr3:Br"``, or ``"file.cif:1,0,0"``.

    Raises
    ------
    SlxrdError
        If a model is empty or named twice.
    """
    names: list[str] = []
    for text in texts:
        names += [text.strip()] if _CIF in text.lower() else [part.strip() for part in text.split(",")]
    for name in names:
        if not name:
            raise SlxrdError(f"models {','.join(names)}: one of them is empty; write planes,CsPbBr3:Br")
        if names.count(name) > 1:
            raise SlxrdError(f"model {name} is named twice; leave one out")
    return names


def model_options(text: str) -> dict[str, Any]:
    """Read a model in words.

    Parameters
    ----------
    text : str
        Terms joined by ``+``: ``planes`` (the paper's) or a crystal as in
        :func:`slxrd.sample.specification.as_crystal`,
        and then any of :data:`WORDS`; ``"CsPbBr3:Br+mixed+slab=oleylamine+free=rho"``.

    Returns
    -------
    dict
        Arguments of :func:`slxrd.fit`, as far as they are told.

    Raises
    ------
    SlxrdError
        If a word is unknown, told twice, or lacks its value.
    """
    first, *terms = (term.strip() for term in text.split("+"))
    if not first or first.partition("=")[0] in {word.partition("=")[0] for word in WORDS}:
        raise SlxrdError(
            f"model {text}: begin with planes or a crystal, such as planes+mixed, CsPbBr3:Br+mixed"
        )
    told: dict[str, Any] = {} if first == "planes" else {"crystal": first}
    for term in terms:
        key, value = _read(text, term)
        if key == "free":
            told.setdefault("free", []).append(value)
        elif key == "fix":
            name, number = value
            if name in told.setdefault("fix", {}):
                raise SlxrdError(f"model {text}: {name} is fixed twice")
            told["fix"][name] = number
        elif key in told:
            raise SlxrdError(f"model {text}: {term} says again what was said before; leave one out")
        else:
            told[key] = value
    return told


def _read(text: str, term: str) -> tuple[str, Any]:
    """One term: the argument, and its value."""
    if term in _STACKS:
        return "stack", term
    if term == "volume":
        return "weighting", "volume"
    word, sign, value = (part.strip() for part in term.partition("="))
    if not (sign and value) or word not in ("slab", "partner", "spread", "coherent", "free", "fix"):
        raise SlxrdError(f"model {text}: {term!r} is none of {', '.join(WORDS)}")
    if word in ("partner", "free"):
        return word, value
    if word == "slab":
        return word, float(value) if _is_number(value) else value
    if word == "fix":
        name, colon, kept = (part.strip() for part in value.partition(":"))
        if not (name and colon):
            raise SlxrdError(f"model {text}: write {term} as fix=NAME:VALUE")
        return word, (name, _number(text, term, kept))
    number = _number(text, term, value)
    return ("coherent_spread", number) if word == "spread" else ("coherent", number)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _number(text: str, term: str, value: str) -> float:
    if not (_is_number(value) and math.isfinite(float(value))):
        raise SlxrdError(f"model {text}: {value!r} in {term} is not a finite number")
    number = float(value)
    return int(number) if number.is_integer() else number
