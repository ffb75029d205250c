"""Read the specification of a model, such as ``CsPbBr3:Br+mixed+slab=0.28``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, get_args

from slxrd.errors import SlxrdError
from slxrd.fitting.request.declaration import options_of
from slxrd.sample.stack import StackKind

#: Terms of a specification after the crystal, with their meanings.
TERMS: dict[str, str] = {
    "pure": "stacks of one size each (default)",
    "mixed": "sizes mixed inside stacks",
    "alternating": "two kinds of crystals in turn",
    "volume": "size distribution by number of cubes",
    "slab=DENSITY|LIGAND": "material that fills the gaps",
    "partner=CRYSTAL": "a second crystal that alternates with the first",
    "spread=SIGMA": "standard deviation of M",
    "coherent=M": "number of crystals that scatter coherently",
    "free=NAME": "refine a parameter",
    "fix=NAME:VALUE": "fix a parameter",
}
_CIF = ".cif:"


def model_names(texts: Iterable[str]) -> list[str]:
    """Split lists of models at their commas; a text that names a CIF, with its h,k,l, is one model.

    Parameters
    ----------
    texts : iterable of str
        Lists of models, ``"planes,CsPbBr3:Br"``, or one model from a CIF, ``"file.cif:1,0,0"``.

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
    """Read the specification of a model.

    Parameters
    ----------
    text : str
        Terms joined by ``+``: first ``planes`` (identical planes) or a crystal as in
        :func:`slxrd.sample.specification.as_crystal`, then any of :data:`TERMS`, such as
        ``"CsPbBr3:Br+mixed+slab=oleylamine+free=rho"``, and any other option of the sample,
        ``size_window=3``.

    Returns
    -------
    dict
        Arguments of :func:`slxrd.fit`; only those specified.

    Raises
    ------
    SlxrdError
        If a term is unknown, given twice, or lacks its value.
    """
    first, *terms = (term.strip() for term in text.split("+"))
    if not first or first.partition("=")[0] in {known.partition("=")[0] for known in TERMS}:
        raise SlxrdError(
            f"model {text}: begin with planes or a crystal, such as planes+mixed, CsPbBr3:Br+mixed"
        )
    options: dict[str, Any] = {} if first == "planes" else {"crystal": first}
    for term in terms:
        key, value = _read(text, term)
        if key == "free":
            options.setdefault("free", []).append(value)
        elif key == "fix":
            name, number = value
            if name in options.setdefault("fix", {}):
                raise SlxrdError(f"model {text}: {name} is fixed twice")
            options["fix"][name] = number
        elif key in options:
            raise SlxrdError(f"model {text}: {term} repeats or contradicts an earlier term; leave one out")
        else:
            options[key] = value
    return options


def _read(text: str, term: str) -> tuple[str, Any]:
    """Return the argument of a term, and its value."""
    if term in get_args(StackKind):
        return "stack", term
    if term == "volume":
        return "weighting", "volume"
    key, sign, value = (part.strip() for part in term.partition("="))
    sample = options_of("sample")
    if sign and value and key in sample and key not in ("slab", "coherent"):
        read = sample[key].kind.parse([value], f"model {text}: {key}")
        sample[key].kind.check(f"model {text}: {key}", read)
        return key, read
    if not (sign and value) or key not in ("slab", "spread", "coherent", "free", "fix"):
        raise SlxrdError(f"model {text}: {term!r} is none of {', '.join(TERMS)}")
    if key == "free":
        return key, value
    if key == "slab":
        return key, float(value) if _is_number(value) else value
    if key == "fix":
        name, colon, fixed = (part.strip() for part in value.partition(":"))
        if not (name and colon):
            raise SlxrdError(f"model {text}: write {term} as fix=NAME:VALUE")
        return key, (name, _number(text, term, fixed))
    number = _number(text, term, value)
    return ("coherent_spread", number) if key == "spread" else ("coherent", number)


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
