"""Options of a fit: reading of a file, corrections, and selection of the points."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypedDict

from slxrd.data.pattern import FILE_AXES, FileAxis, Pattern
from slxrd.data.regions import Noise, RegionLike
from slxrd.fitting.request.kinds import Choice, Flag, Number, Whole
from slxrd.fitting.request.option import Option
from slxrd.fitting.request.physical import (
    Columns,
    Intervals,
    NoiseLevel,
    Radiation,
    Regions,
)
from slxrd.fitting.request.scans import FurtherScans, Resolutions
from slxrd.instrument.broadening import ResolutionShape


class ReadingOptions(TypedDict, total=False):
    """Reading of a file: keywords of :func:`slxrd.read`."""

    axis: Annotated[
        FileAxis | None,
        Option(Choice(FILE_AXES), "Quantity of the first column of a text file; default: from the file."),
    ]
    wavelength: Annotated[
        float | str | None,
        Option(Radiation(), "In Å, or CuKa for the doublet, CuKa1 for the line.", metavar="Å|NAME"),
    ]
    trust_axis: Annotated[
        bool, Option(Flag(), "Accept the axis even if its range contradicts its name or unit.", False)
    ]
    scan: Annotated[int | None, Option(Whole(1), "Number of the scan in a file with several, from 1.")]
    columns: Annotated[
        str | None,
        Option(
            Columns(),
            "Columns of a text file: 1,3 or 2theta=1,intensity=3,sigma=4 or their names.",
            metavar="X,Y[,SIGMA]",
        ),
    ]


class PreparationOptions(TypedDict, total=False):
    """Corrections before the fit: arguments of :func:`slxrd.data.corrections.prepare_pattern`."""

    monochromator: Annotated[
        float | None,
        Option(
            Number(0.0, below=90.0, error="its Bragg angle must be between 0 and 90°"),
            "Bragg angle θ of the monochromator crystal.",
            metavar="DEGREES",
        ),
    ]
    no_lp: Annotated[
        bool, Option(Flag(), "No Lorentz-polarisation correction of data over 2θ.", default=False)
    ]


class DataOptions(TypedDict, total=False):
    """Selection of the points, their σ, and the order of reflection."""

    regions: Annotated[
        Iterable[RegionLike],
        Option(
            Regions(),
            "Regions in Å⁻¹; default: around the Bragg peaks.",
            (),
            "The weight multiplies the region's share of χ².",
            metavar="QMIN:QMAX[:WEIGHT]",
            flag="region",
        ),
    ]
    mask: Annotated[
        Iterable[tuple[float, float]],
        Option(
            Intervals(),
            "Leave out q from A to B in Å⁻¹; default: the peak of a substrate.",
            (),
            metavar="A:B",
        ),
    ]
    further_scans: Annotated[
        Iterable[Pattern | str | Path],
        Option(
            FurtherScans(),
            "Another scan of the same sample that is fitted with it.",
            (),
            "Each has its own wavelength, zero error, scale and background; the structure is shared. Files "
            "are read and corrected as the first scan was.",
            metavar="FILE",
            flag="with",
        ),
    ]
    further_resolutions: Annotated[
        Iterable[float | ResolutionShape],
        Option(
            Resolutions(),
            "Resolution of each further scan, in their order; default: as of the first.",
            (),
            metavar="SIGMA|FILE",
        ),
    ]
    noise: Annotated[
        Noise | None,
        Option(
            NoiseLevel(),
            "σ: a fraction of each region's maximum, from counting statistics, or the file's third column; "
            "with +0.05, also 0.05 of each point's intensity. Default: the file's, else 0.03.",
            metavar="FRACTION|counting|file[+FRACTION]",
            label="σ of the points",
            placeholder="from file; 0.03; counting+0.05",
        ),
    ]
    order: Annotated[
        int | None,
        Option(
            Whole(1),
            "Order of the strongest peak: d is this many times 2π/q, and N counts planes that far apart.",
            note="At a 002 reflection, 1 counts the planes that scatter, 2 the unit cells.",
            metavar="N",
            label="order of the strongest peak",
            placeholder="from the orders found",
        ),
    ]
