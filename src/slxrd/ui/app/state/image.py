"""State of the image step, without widgets: what is asked of an image, and what was found."""

from __future__ import annotations

import os
import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from slxrd.detector.cuts import Cut, Kind, Side
from slxrd.errors import SlxrdError
from slxrd.fitting.record.write import pattern_csv
from slxrd.fitting.request import parsing
from slxrd.fitting.search.scan import Progress
from slxrd.studies.images.remapping.options import flags_of, values_of
from slxrd.ui.app.state.cut_ranges import starting_cut
from slxrd.ui.app.state.image_files import ImageFiles
from slxrd.ui.app.state.image_picture import Picture, map_picture, pixel_picture

if TYPE_CHECKING:
    from slxrd.data.pattern import Pattern
    from slxrd.detector.geometry import Geometry
    from slxrd.detector.image import DetectorImage
    from slxrd.detector.maps import CartesianMap
    from slxrd.ui.app.state.directions import ChosenCut

T = TypeVar("T")
#: Options that name files.
_FILES = ("poni", "mask_file")
#: Steps of the progress: reading, masks, geometry, map, cut.
_STEPS = 5


@dataclass(frozen=True)
class ImageRequest:
    """What is asked of an image, as it is typed.

    Parameters
    ----------
    file : str
        Name of a dropped file, or a path.
    typed : mapping
        Texts and ticks of the options of :data:`slxrd.studies.images.remapping.options.OPTIONS`.
    kind : str
        Kind of the cut.
    ranges : mapping of str to str
        Ranges by kind of cut; one that is missing is chosen from the map.
    side : {"both", "left", "right"}
        Sides of the normal that the cut uses.
    bins : str
        Number of its bins; empty for bins of a pixel.
    """

    file: str = ""
    typed: Mapping[str, str | bool] = field(default_factory=dict)
    kind: Kind = "in-plane"
    ranges: Mapping[str, str] = field(default_factory=dict)
    side: Side = "both"
    bins: str = ""

    @property
    def cut_text(self) -> str:
        """The cut as the command line has it."""
        ends = self.ranges.get(self.kind, "").strip()
        return f"{self.kind}:{ends}" if ends else self.kind

    @property
    def stem(self) -> str:
        """Name of the outputs: that of the file without suffix and dataset."""
        return Path(self.file.split("::")[0].strip()).stem or "image"

    def command(self) -> str:
        """Return the command that writes the cut and the picture."""
        words = ["slxrd", "image", self.file.strip(), *flags_of(self.typed), "--cut", self.cut_text]
        if self.side != "both":
            words += ["--side", self.side]
        if self.bins.strip():
            words += ["--bins", self.bins.strip()]
        return shlex.join([*words, "--out", "cuts"])


@dataclass(frozen=True, eq=False)
class ShownImage:
    """An image and what follows from it, as far as it was possible.

    Parameters
    ----------
    image : DetectorImage
        The image, with the pixels that are left out.
    geometry : Geometry, optional
        Where the detector stands.
    found : CartesianMap, optional
        Its map.
    doubts : sequence of str
        What makes geometry or σ doubtful.
    cut : Cut, optional
        The cut.
    pattern : Pattern, optional
        Its curve.
    problem : str
        Why something is missing; empty if nothing is.
    pixels, map : Picture, optional
        Pictures of the pixels and of the map.
    """

    image: DetectorImage
    geometry: Geometry | None = None
    found: CartesianMap | None = None
    doubts: tuple[str, ...] = ()
    cut: Cut | None = None
    pattern: Pattern | None = None
    problem: str = ""
    pixels: Picture | None = None
    map: Picture | None = None


class ImageState:
    """The image of a workspace.

    Attributes
    ----------
    files : ImageFiles
        Dropped files.
    cut_files : ImageFiles
        Files of cuts that are fitted together.
    request : ImageRequest
        What is asked.
    processed : ImageRequest
        What was asked when that was found.
    shown : ShownImage or None
        What was found.
    with_fit : bool
        Whether the fit of the page is of the same sample as the image.
    cuts : tuple of ChosenCut
        Cuts that are fitted together.
    lock : threading.Lock
        Held while it is decided whether a job is started now, or after the one that runs.
    again : bool
        Whether something else was asked while the job ran.
    """

    def __init__(self) -> None:
        self.files, self.cut_files = ImageFiles(), ImageFiles()
        self.request = self.processed = ImageRequest()
        self.shown: ShownImage | None = None
        self.with_fit = True
        self.cuts: tuple[ChosenCut, ...] = ()
        self.lock = threading.Lock()
        self.again = False
        self._kept: dict[str, tuple[object, Any]] = {}
        self._chosen: dict[str, tuple[str, Geometry]] = {}

    def process(self, request: ImageRequest, report: Progress) -> tuple[ImageRequest, ShownImage]:
        """Read an image, remap and cut it; what has not changed is not done again.

        Parameters
        ----------
        request : ImageRequest
            What is asked.
        report : callable
            Progress callback ``report(done, total)``.

        Returns
        -------
        request : ImageRequest
            With the range of a cut that was chosen from the map.
        shown : ShownImage
            What was found; if options do not suit the image, it has a problem.

        Raises
        ------
        SlxrdError
            If the file cannot be read.
        """
        report(0, _STEPS)
        try:
            raw = self._read(request)
        except SlxrdError as error:
            raise SlxrdError(self.files.named(str(error))) from None
        shown = ShownImage(raw)
        try:
            for done, step in enumerate((self._mask, self._place, self._remap, self._cut), start=1):
                report(done, _STEPS)
                request, shown = step(request, shown)
        except SlxrdError as error:
            shown = replace(shown, problem=self.files.named(str(error)))
        return request, self._drawn(shown)

    def _drawn(self, shown: ShownImage) -> ShownImage:
        """Make the pictures."""
        image, geometry, found = shown.image, shown.geometry, shown.found
        pixels = self._once("pixels", (image, geometry), lambda: pixel_picture(image, geometry))
        if geometry is None or found is None:
            return replace(shown, pixels=pixels)
        drawn = self._once("picture", found, lambda: map_picture(found, geometry))
        return replace(shown, pixels=pixels, map=drawn)

    def _values(self, request: ImageRequest) -> dict[str, Any]:
        values = values_of(request.typed)
        return values | {
            name: self.files.path(str(values[name])) for name in _FILES if values[name] is not None
        }

    def _read(self, request: ImageRequest) -> DetectorImage:
        from slxrd.studies.images.remapping.request import read_unmasked

        path = self.files.path(request.file)
        reading = {name: request.typed.get(name, "") for name in ("frame", "photon")}

        def read() -> DetectorImage:
            image = read_unmasked(values_of(reading), path)
            history = tuple(map(self.files.named, image.history))
            return replace(image, name=self.files.named(image.name), history=history)

        key = (path, self.files.version(request.file), tuple(reading.values()))
        return self._once("raw", key, read)

    def _mask(self, request: ImageRequest, shown: ShownImage) -> tuple[ImageRequest, ShownImage]:
        from slxrd.studies.images.remapping.request import masked

        raw, typed = shown.image, dict(request.typed)
        file = str(typed.get("mask_file", ""))
        names = ("mask_file", "beam_stop", "saturated", "keep_hot", "keep_negative")
        key = (raw, self.files.version(file), tuple(typed.get(name, "") for name in names))

        def mask() -> DetectorImage:
            image = masked(self._values(request), raw)
            return replace(image, history=tuple(map(self.files.named, image.history)))

        return request, replace(shown, image=self._once("masked", key, mask))

    def _place(self, request: ImageRequest, shown: ShownImage) -> tuple[ImageRequest, ShownImage]:
        from slxrd.studies.images.remapping.request import geometry_of

        geometry = geometry_of(self._values(request), shown.image)
        geometry = replace(geometry, source=self.files.named(geometry.source))
        geometry.check(shown.image)
        return request, replace(shown, geometry=geometry)

    def _remap(self, request: ImageRequest, shown: ShownImage) -> tuple[ImageRequest, ShownImage]:
        from slxrd.detector.maps import cartesian_map
        from slxrd.studies.images.remapping.doubts import doubts_of
        from slxrd.studies.images.remapping.request import polarisation_of

        image, geometry = shown.image, shown.geometry
        assert geometry is not None
        polarisation = polarisation_of(self._values(request))

        def remap() -> tuple[CartesianMap, tuple[str, ...]]:
            found = cartesian_map(image, geometry, polarisation=polarisation)
            return found, tuple(doubts_of(image, geometry, found))

        found, doubts = self._once("map", (image, geometry, polarisation), remap)
        return request, replace(shown, found=found, doubts=doubts)

    def _cut(self, request: ImageRequest, shown: ShownImage) -> tuple[ImageRequest, ShownImage]:
        from slxrd.detector.cuts import cut_image
        from slxrd.studies.images.remapping.request import polarisation_of

        image, geometry, found = shown.image, shown.geometry, shown.found
        assert geometry is not None
        assert found is not None
        if request.kind != "radial" and self._needs_range(request, geometry):
            cut = starting_cut(request.kind, request.side, geometry, found)
            text = str(cut).partition(":")[2]
            request = replace(request, ranges={**request.ranges, cut.kind: text})
            self._chosen[cut.kind] = text, geometry
        cut = Cut.parse(request.cut_text, request.side)
        cut.limits(geometry)  # fails where the cut cannot be drawn either
        shown = replace(shown, cut=cut)
        bins = parsing.numbers(request.bins, "--bins")[0] if request.bins.strip() else None
        polarisation = polarisation_of(self._values(request))
        try:
            pattern = cut_image(image, geometry, cut, bins=bins, polarisation=polarisation)
        except SlxrdError as error:
            return request, replace(shown, problem=str(error))
        return request, replace(shown, pattern=pattern)

    def _needs_range(self, request: ImageRequest, geometry: Geometry) -> bool:
        """Whether the range has to be chosen: none is given, or it was chosen for another geometry."""
        given = request.ranges.get(request.kind, "").strip()
        chosen = self._chosen.get(request.kind)
        return not given or (chosen is not None and given == chosen[0] and geometry != chosen[1])

    def _once(self, what: str, key: object, make: Callable[[], T]) -> T:
        """Return what was made last if the key is the same; otherwise make it."""
        found = self._kept.get(what)
        if found is None or found[0] != key:
            found = self._kept[what] = (key, make())
        made: T = found[1]
        return made

    def cut_csv(self) -> tuple[str, str]:
        """Return the name and the contents of the cut as a file that ``slxrd fit`` takes.

        Raises
        ------
        SlxrdError
            If there is no cut.
        """
        if self.shown is None or self.shown.pattern is None:
            raise SlxrdError("there is no cut yet; open an image, and set its geometry and the cut")
        return f"{self.request.stem}-{self.request.kind}.csv", pattern_csv(self.shown.pattern)

    def picture(self, kind: str) -> bytes:
        """Draw the map with the cut and its curve as ``"png"``, ``"svg"`` or ``"pdf"``.

        Raises
        ------
        SlxrdError
            If there is no map.
        """
        from slxrd.ui.plotting.fit import figure_bytes
        from slxrd.ui.plotting.image import image_figure

        shown = self.shown
        if shown is None or shown.found is None or shown.geometry is None:
            raise SlxrdError("there is no map yet; open an image, and set its geometry")
        cuts = [(shown.cut, shown.pattern)] if shown.cut is not None and shown.pattern is not None else []
        figure = image_figure(shown.found, shown.geometry, cuts, os.path.basename(shown.image.name))
        return figure_bytes(figure, kind)
