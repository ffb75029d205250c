"""Options of a fit: parameters, residuals, background, and systematic effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypedDict, get_args

from slxrd.data.backgrounds import BACKGROUNDS
from slxrd.fitting.objective.settings import AUTO, ObjectiveName, Scale
from slxrd.fitting.request.effects import DEFAULT_EFFECTS, Effects
from slxrd.fitting.request.kinds import Choice, Number, Text
from slxrd.fitting.request.named import Expressions, Pairs, Values
from slxrd.fitting.request.option import Option
from slxrd.fitting.request.physical import (
    ParameterNames,
    ParameterSet,
)
from slxrd.fitting.search.budget import DEFAULT_BUDGET
from slxrd.parameters.definitions import TABLE


class RefinementOptions(TypedDict, total=False):
    """Parameters: start values, bounds, priors and ties, and which are refined."""

    parameters: Annotated[
        Any,
        Option(
            ParameterSet(), "A set of parameters that the others change; default: the table's.", typed=False
        ),
    ]
    start: Annotated[
        Mapping[str, float] | None,
        Option(Values(), f"Start values ({', '.join(TABLE)}).", metavar="NAME=VALUE"),
    ]
    fix: Annotated[
        Mapping[str, float] | None,
        Option(Values(), "Fix a parameter at a value.", metavar="NAME=VALUE"),
    ]
    bounds: Annotated[
        Mapping[str, tuple[float, float]] | None,
        Option(
            Pairs(),
            "Bounds of a parameter.",
            metavar="NAME=A:B",
            label="bounds",
            placeholder="L=20:60, N=5:30",
        ),
    ]
    free: Annotated[
        Iterable[str],
        Option(ParameterNames(), "Refine a parameter (q_zero is decided from the data).", (), metavar="NAME"),
    ]
    tie: Annotated[
        Mapping[str, str] | None,
        Option(
            Expressions(),
            "Tie a parameter to others, sigma_N=0.1*N.",
            metavar="NAME=EXPRESSION",
            label="ties",
            placeholder="sigma_N=0.1*N",
        ),
    ]
    prior: Annotated[
        Mapping[str, tuple[float, float]] | None,
        Option(
            Pairs(),
            "Gaussian prior of a parameter.",
            note="As mean and standard deviation.",
            metavar="NAME=MEAN:SIGMA",
            label="priors",
            placeholder="L=36:2 (mean:σ)",
        ),
    ]
    ligand: Annotated[
        str | None,
        Option(
            Text(),
            "Ligand or chain length, which bounds L.",
            metavar="NAME|C18",
            label="ligand",
            placeholder="oleylamine, C18",
        ),
    ]
    budget: Annotated[
        float,
        Option(
            Number(above=0.0, error="must be a positive number of seconds"),
            "Wall time in seconds after which the search for solutions ends.",
            DEFAULT_BUDGET,
            "What was not examined by then is in the notes.",
            metavar="SECONDS",
            label="time budget (s)",
        ),
    ]


class ResidualOptions(TypedDict, total=False):
    """Residuals, scale, background and systematic errors."""

    objective: Annotated[
        ObjectiveName,
        Option(
            Choice(get_args(ObjectiveName)),
            "Residuals of intensities, of logarithms, or as in 2021.",
            "linear",
            label="residuals",
        ),
    ]
    scale: Annotated[
        Scale | None,
        Option(
            Choice(get_args(Scale)),
            "Scale: a free factor per region, or equal maxima.",
            label="scale",
        ),
    ]
    background: Annotated[
        str,
        Option(
            Choice(lambda: (*BACKGROUNDS.names, AUTO)),
            "Background per region, not negative: none, constant, linear, quadratic, cubic, or one that an "
            "installed package adds; auto: the evidence decides. signed-linear and so on may be negative.",
            AUTO,
            metavar="NAME",
            label="background",
        ),
    ]

    systematics: Annotated[
        Any,
        Option(
            Effects(),
            "Systematic effects in the errors: default, none, or other priors (0 leaves an effect out).",
            DEFAULT_EFFECTS,
            metavar="none|NAME=PRIOR",
            label="systematic effects",
            placeholder="resolution_width=0.05",
        ),
    ]
