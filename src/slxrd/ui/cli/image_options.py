"""The options of commands that read detector images, as options of typer."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer

from slxrd.studies.images.remapping.options import OPTIONS, ImageOption, flag_of
from slxrd.ui.cli.options import Given, Take


@dataclass(frozen=True)
class TakeImage(Take):
    """The options of images, or some of them; the metadata of an argument that is a :class:`Given`."""

    names: tuple[str, ...] = ()

    def parameters(self) -> list[inspect.Parameter]:
        """The options as parameters of a function, annotated for typer."""
        chosen = self.names or tuple(OPTIONS)
        return [_parameter(name, option) for name, option in OPTIONS.items() if name in chosen]


#: How an image is read, and where its detector stands.
ImageOptions = Annotated[Given, TakeImage()]
#: Crystals whose planes reflect rings, and how near a ring must be to planes.
RingLattice = Annotated[
    str | None,
    typer.Option(
        "--lattice",
        metavar="CRYSTAL|A[,B,C][:P|I|F]",
        help="A crystal of the library, or edges in Å (right angles) and centring, such as 5.94:F.",
    ),
]
RingTolerance = Annotated[
    float,
    typer.Option("--tolerance", help="Largest relative difference of q between a ring and its planes."),
]


def _parameter(name: str, option: ImageOption) -> inspect.Parameter:
    typed = typer.Option(
        flag_of(name), metavar=option.metavar, help=option.help, rich_help_panel=option.heading
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[option.kind, typed],
    )
