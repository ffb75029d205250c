"""The command ``slxrd image``: detector images over the scattering vector, and cuts through them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from slxrd._files import short_name
from slxrd._version import __version__
from slxrd.detector.cuts import Cut, Side
from slxrd.errors import SlxrdError
from slxrd.studies.images.remapping.doubts import doubts_of
from slxrd.studies.images.remapping.request import geometry_of, polarisation_of, read_masked
from slxrd.ui.cli.frame import command
from slxrd.ui.cli.image_options import ImageOptions
from slxrd.ui.cli.outputs import (
    Force,
    Json,
    Plot,
    as_json,
    check_outputs,
    json_file,
    rendered,
    sha256_of,
    typed,
    write_all,
    written,
)

if TYPE_CHECKING:
    from slxrd.data.pattern import Pattern
    from slxrd.detector.geometry import Geometry
    from slxrd.detector.image import DetectorImage
    from slxrd.detector.maps import CartesianMap


@dataclass(frozen=True)
class _Done:
    """An image, its map and its cuts."""

    image: DetectorImage
    geometry: Geometry
    found: CartesianMap
    cuts: list[tuple[Cut, Pattern]]
    notes: list[str]


@command(
    "image",
    group="Images",
    example="slxrd image film.tif --poni a.poni --incidence 0.2 --plot map.png\n"
    "slxrd image film.tif --poni a.poni --cut in-plane:0.04:0.06 --out cuts",
)
def image_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Images (TIFF, EDF, CBF, HDF5, .gfrm, ...), or folders of them."
        ),
    ],
    *,
    cut: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND:A:B",
            help="out-of-plane:QXY:QXY, in-plane:QZ:QZ, yoneda:EXIT:EXIT (degrees), radial, "
            "sector:AZIMUTH:AZIMUTH (degrees from the normal), or box:QXY:QXY:QZ:QZ; may be repeated.",
        ),
    ] = None,
    side: Annotated[Side, typer.Option(help="Sides of the normal that the cuts use.")] = "both",
    bins: Annotated[
        int | None, typer.Option(metavar="N", help="Bins of a cut; default: one a pixel.")
    ] = None,
    given: ImageOptions,
    out: Annotated[
        Path | None,
        written("--out", "DIR", "Write each cut as CSV for slxrd fit, and the map as PNG, into a folder."),
    ] = None,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Remap detector images to (q_xy, q_z), draw them, and cut patterns out of them."""
    cuts = [Cut.parse(text, side) for text in cut or ()]
    paths = _images(files)
    if plot is not None and len(paths) > 1:
        raise SlxrdError(f"--plot draws one image, and there are {len(paths)}; use --out, which draws each")
    names = _names(cuts)
    tables = [out / f"{_stem(path)}-{name}.csv" for path in paths for name in names] if out else []
    pictures = [out / f"{_stem(path)}.png" for path in paths] if out else []
    as_file = json_file(json)
    check_outputs([as_file, plot, *tables, *pictures], force, measured=paths, figure=plot)
    quiet, documents, failed = json == "-", [], []
    for path in paths:
        try:
            done = _process(path, cuts, bins, given)
        except SlxrdError as error:
            if len(paths) == 1:
                raise
            failed.append(str(error))
            continue
        contents: list[tuple[Path, bytes | str]] = []
        if out is not None:
            from slxrd.fitting.record.write import pattern_csv

            contents += [
                (out / f"{_stem(path)}-{name}.csv", pattern_csv(pattern))
                for name, (_, pattern) in zip(names, done.cuts, strict=True)
            ]
            contents += rendered(_figure(done), out / f"{_stem(path)}.png")
        if plot is not None:
            contents += rendered(_figure(done), plot)
        write_all(contents, _text(done), quiet=quiet)
        documents.append(_document(done, path))
    head = {"slxrd": __version__, "schema": 1}
    document = as_json({**head, "images": documents, "failed": failed, "command": typed()})
    if as_file is not None:
        write_all([(as_file, document)], quiet=quiet)
    if quiet:
        typer.echo(document, nl=False)
    if failed:
        raise SlxrdError(f"{len(failed)} of {len(paths)} images were left out: {'; '.join(failed)}")


def _images(files: Sequence[Path]) -> list[Path]:
    """The files, and the images in the folders among them."""
    from slxrd.detector.files import images_in

    paths = [path for file in files for path in (images_in(file) if file.is_dir() else [file])]
    twice = [stem for stem, count in Counter(map(_stem, paths)).items() if count > 1]
    if twice:
        raise SlxrdError(f"two images are named {twice[0]}; process them one at a time")
    return paths


def _stem(path: Path) -> str:
    """Name of the outputs of an image: that of its file without suffix and dataset, cut if it is long."""
    return short_name(Path(str(path).split("::")[0]).stem, "")


def _names(cuts: Sequence[Cut]) -> list[str]:
    """Endings of the files of the cuts: their kinds, with a number where a kind is repeated."""
    seen: Counter[str] = Counter()
    names = []
    for cut in cuts:
        seen[cut.kind] += 1
        names.append(cut.kind if seen[cut.kind] == 1 else f"{cut.kind}-{seen[cut.kind]}")
    return names


def _process(path: Path, cuts: Sequence[Cut], bins: int | None, given: Any) -> _Done:
    from slxrd.detector.cuts import cut_image
    from slxrd.detector.maps import cartesian_map

    image = read_masked(given.values, path)
    geometry, polarisation = geometry_of(given.values, image), polarisation_of(given.values)
    found = cartesian_map(image, geometry, polarisation=polarisation)
    done = [(cut, cut_image(image, geometry, cut, bins=bins, polarisation=polarisation)) for cut in cuts]
    return _Done(image, geometry, found, done, doubts_of(image, geometry, found))


def _text(done: _Done) -> str:
    image, found = done.image, done.found
    lines = [f"{image.name}: {image.shape[0]} × {image.shape[1]} pixels, {int(image.mask.sum())} left out"]
    lines += [f"  {step}" for step in found.history if not step.startswith("read from")]
    x, z = ("q_xy", "q_z") if done.geometry.incidence is not None else ("q horizontal", "q vertical")
    missing = float(np.isnan(found.intensity).mean())
    lines.append(
        f"  map: {x} {found.q_xy[0]:.4g} to {found.q_xy[-1]:.4g} Å⁻¹, {z} {found.q_z[0]:.4g} to "
        f"{found.q_z[-1]:.4g} Å⁻¹, {found.q_xy.size} × {found.q_z.size} bins, {missing:.0%} not measured"
    )
    for cut, pattern in done.cuts:
        assert pattern.per_count is not None
        counts = float(np.sum(pattern.intensity / pattern.per_count))
        lines.append(
            f"  {cut}: {len(pattern)} points over {cut.along}, {pattern.x[0]:.4g} to {pattern.x[-1]:.4g} "
            f"Å⁻¹, bins of {_step(pattern):.2g} Å⁻¹, {counts:.4g} photons"
        )
    return "\n".join([*lines, *(f"! {note}" for note in done.notes)])


def _step(pattern: Pattern) -> float:
    return float(np.median(np.diff(pattern.x)))


def _document(done: _Done, path: Path) -> dict[str, Any]:
    found = done.found
    return {
        "file": str(path),
        "sha256": sha256_of(Path(str(path).split("::")[0])),
        "rows": done.image.shape[0],
        "columns": done.image.shape[1],
        "left_out": int(done.image.mask.sum()),
        "geometry": dataclasses.asdict(done.geometry),
        "history": list(found.history),
        "map": {"q_xy": [found.q_xy[0], found.q_xy[-1]], "q_z": [found.q_z[0], found.q_z[-1]]},
        "cuts": [
            {
                "cut": str(cut), "side": cut.side, "axis": cut.along, "q": pattern.x.tolist(),
                "intensity": pattern.intensity.tolist(),
                "sigma": [] if pattern.sigma is None else pattern.sigma.tolist(),
            }
            for cut, pattern in done.cuts
        ],
        "notes": done.notes,
    }  # fmt: skip


def _figure(done: _Done) -> Any:
    from slxrd.ui.plotting.image import image_figure

    return image_figure(done.found, done.geometry, done.cuts, done.image.name)
