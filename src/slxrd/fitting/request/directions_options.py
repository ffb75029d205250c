"""Options of a fit of cuts in several directions, beside those that it shares with a fit of one pattern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, TypedDict, get_args

from slxrd.fitting.request.kinds import Choice, Whole
from slxrd.fitting.request.named import NameList
from slxrd.fitting.request.option import Option
from slxrd.model.directions.axes import BASES

#: Declared options that apply to cuts, in the order of ``--help``; the resolution is given for each cut.
OF_CUTS = (
    "share", "separate", "disorder", "coherent_in_plane", "regions", "mask", "noise", "coherent",
    "background", "start", "fix", "bounds", "free", "budget",
)  # fmt: skip
#: Help texts of options that mean something else here.
HELP = {
    "regions": "Regions in Å⁻¹; of each cut, those with points in it; default: around its Bragg peaks.",
    "coherent": "M, number of crystals along the normal of the film that scatter coherently.",
    "background": "Background of each region; auto is a straight line.",
    "free": "Refine zero errors: q_zero of the first cut, q_zero_2 of the second, ….",
}
#: Kind of disorder; ``"compare"`` fits both kinds.
DisorderChoice = Literal["cumulative", "sinusoidal", "compare"]


class DirectionsOptions(TypedDict, total=False):
    """What the axes of the superlattice share, and the kind of disorder."""

    share: Annotated[
        Iterable[str] | None,
        Option(
            NameList(BASES),
            "Parameters that all axes share, such as d,N,sigma_N.",
            metavar="NAME,...",
            label="equal in and out of the plane",
        ),
    ]
    separate: Annotated[
        Iterable[str] | None,
        Option(
            NameList(BASES),
            "Parameters that differ between x and y; others are equal.",
            metavar="NAME,...",
            label="different along x and y",
        ),
    ]
    disorder: Annotated[
        DisorderChoice,
        Option(
            Choice(get_args(DisorderChoice)),
            "Kind of disorder; compare fits both and states which the data prefer.",
            "cumulative",
            label="disorder",
            choice_labels={"compare": "compare both"},
        ),
    ]
    coherent_in_plane: Annotated[
        int | None,
        Option(
            Whole(1, "crystals"),
            "The same as --coherent in the plane; default: as it.",
            metavar="M",
            label="M in the plane",
            placeholder="as M",
        ),
    ]
