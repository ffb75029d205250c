"""``slxrd image``: maps and cuts of simulated images, files, batches, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_shell import call, contents
from simulated_images import simulated_image, spots

import slxrd

pytestmark = pytest.mark.slow  # the import of pyFAI takes seconds
fabio_edf = pytest.importorskip("fabio.edfimage")

GEOMETRY = slxrd.Geometry(1000.0, 80.0, 40.0, 200.0, 200.0, 1.0, incidence=0.3)
TYPED = ["--distance", "1000", "--centre", "80,40", "--pixel", "200", "--wavelength", "1.0"]
FILM = [*TYPED, "--incidence", "0.3"]
CUT = ["--cut", "in-plane:0.045:0.055"]
COUNTS = simulated_image(GEOMETRY, (90, 80), spots([(0.03, 0.05), (0.03, 0.08)], 0.004, 200.0, 5.0)).counts


def write_image(path: Path, counts: np.ndarray, **header: str) -> Path:
    fabio_edf.EdfImage(data=counts.astype(np.int32), header={"simulated": "yes", **header}).write(str(path))
    return path


@pytest.fixture
def film(here: Path) -> Path:
    return write_image(here / "film.edf", COUNTS)


def test_a_map_and_its_cuts(film: Path) -> None:
    two = [*CUT, "--cut", "in-plane:0.075:0.085"]
    done = call("image", "film.edf", *FILM, *two, "--out", "cuts", "--json", "a.json")
    assert done.code == 0, done.err
    assert "film.edf: 90 × 80 pixels, 0 left out" in done.out
    assert "in-plane:0.045:0.055: " in done.out
    assert "!" not in done.out
    folder = film.parent / "cuts"
    assert sorted(contents(folder)) == [
        "film-in-plane-2.csv",
        "film-in-plane.csv",
        "film.caption.txt",
        "film.png",
    ]
    pattern = slxrd.read(folder / "film-in-plane.csv")
    assert pattern.sigma is not None
    assert pattern.x[np.argmax(pattern.intensity)] == pytest.approx(0.03, abs=0.003)
    caption = (folder / "film.caption.txt").read_text(encoding="utf-8")
    assert "(simulated)" in caption
    assert "incidence 0.3°" in caption
    (image,) = json.loads((film.parent / "a.json").read_text(encoding="utf-8"))["images"]
    assert image["geometry"]["incidence"] == 0.3
    assert image["cuts"][0]["q"] == pytest.approx(pattern.x.tolist())
    assert len(image["sha256"]) == 64


def test_geometry_of_the_header_and_of_a_poni(here: Path) -> None:
    header = {
        "SampleDistance": "1.0", "PSize_1": "2e-4", "PSize_2": "2e-4", "Center_1": "40", "Center_2": "80",
        "WaveLength": "1e-10",
    }  # fmt: skip
    write_image(here / "film.edf", COUNTS, **header)
    (here / "a.poni").write_text(
        "poni_version: 2.1\nDetector: Detector\n"
        'Detector_config: {"pixel1": 2e-4, "pixel2": 2e-4, "max_shape": [90, 80], "orientation": 3}\n'
        "Distance: 1.0\nPoni1: 0.016\nPoni2: 0.008\nRot1: 0.0\nRot2: 0.0\nRot3: 0.0\nWavelength: 1e-10\n"
    )
    found = []
    for given in ([], ["--poni", "a.poni"], TYPED):
        done = call("image", "film.edf", *given, "--incidence", "0.3", *CUT, "--json", "-")
        assert done.code == 0, done.err
        found.append(json.loads(done.out)["images"][0]["cuts"][0])
    for other in found[1:]:
        for key in ("q", "intensity", "sigma"):
            assert other[key] == pytest.approx(found[0][key], rel=1e-6)
    refused = call("image", "film.edf", "--poni", "a.poni", "--distance", "900").refused()
    assert refused == "--poni and --distance both give the geometry; leave one of them out"
    write_image(here / "other.edf", COUNTS[:, :70])
    assert "is for a detector of 90 × 80" in call("image", "other.edf", "--poni", "a.poni").refused()


def test_a_folder(here: Path) -> None:
    (here / "images").mkdir()
    for name in ("a", "b"):
        write_image(here / "images" / f"{name}.edf", COUNTS)
    write_image(here / "images" / "dark.edf", np.zeros((90, 80)))
    done = call("image", "images", *FILM, *CUT, "--out", "cuts")
    assert done.code == 2
    assert done.err.startswith("slxrd: 1 of 3 images were left out: ")
    assert "dark.edf: all pixels are zero" in done.err
    assert done.err.count("\n") == 1
    written = sorted(name for name in contents(here / "cuts") if name.endswith(".csv"))
    assert written == ["a-in-plane.csv", "b-in-plane.csv"]
    assert "use --out, which draws each" in call("image", "images", *FILM, "--plot", "a.png").refused()


def test_pixels_that_are_left_out(film: Path) -> None:
    np.save(film.parent / "mask.npy", np.eye(90, 80))
    done = call(
        "image", "film.edf", *FILM, "--mask-file", "mask.npy", "--saturated", "150",
        "--beam-stop", "80,40,5", "--beam-stop", "80:90,38:42",
    )  # fmt: skip
    assert done.code == 0, done.err
    for text in (
        "mask mask.npy (80 pixels)",
        "circle of 5 pixels at row 80",
        "rows 80 to 90",
        "values from 150 on",
    ):
        assert text in done.out


def test_what_is_doubtful_is_noted(here: Path) -> None:
    upside_down = write_image(here / "down.edf", COUNTS[::-1])
    centre = [*FILM[:2], "--centre", "10,40", *FILM[4:]]
    done = call("image", upside_down, *centre)
    assert "is the normal where --up says" in done.out
    assert "--up" not in call("image", upside_down, *centre, "--up", "down").out
    fabio_edf.EdfImage(data=(COUNTS * 0.37).astype(np.float32)).write("gain.edf")
    assert "values are not whole numbers of photons" in call("image", "gain.edf", *FILM).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["film.edf"], "the geometry is not known without distance (mm), centre row (pixels)"),
        (["film.edf", *FILM, "--cut", "in-plane:5:6"], "there is no pixel, outside the detector"),
        (["film.edf", *FILM, "--cut", "across:1:2"], "--cut across:1:2: write one of out-of-plane:QXY"),
        (["film.edf", *TYPED, "--cut", "yoneda:0.1:0.2"], "exit angles need the angle of incidence"),
        (["film.edf", *FILM, "--beam-stop", "45,40,300"], "all pixels are left out"),
        (["film.edf", *FILM, "--beam-stop", "80,40"], "write ROW,COLUMN,RADIUS or ROW:ROW,COLUMN:COLUMN"),
        (["film.edf", *FILM, "--frame", "2"], "film.edf: has no frame 2; it holds 1"),
        (["film.edf", *FILM, "--frame", "last"], "--frame last: write a number from 1, or sum"),
        (["film.edf", *FILM, "--centre", "5"], "--centre 5: write ROW,COLUMN"),
        (["film.edf", *FILM, "--distance", "0.25"], "check its unit"),
        (["film.edf", *FILM, "--polarisation", "high"], "'high' is not a number"),
        (["film.edf", *FILM, "--bins", "0", *CUT], "bins 0: must be from 1"),
        (["film.edf", *FILM, "--mask-file", "cubes.csv"], "cubes.csv: cannot be read as a detector image"),
        (["film.edf", *FILM, "--poni", "cubes.csv"], "both give the geometry"),
        (["film.edf", "--poni", "cubes.csv"], "cubes.csv: is not a .poni file"),
        (["missing.edf", *FILM], "missing.edf: does not exist"),
        (["cubes.csv", *FILM], "cubes.csv: cannot be read as a detector image"),
        (["film.edf", "film.edf", *FILM], "two images are named film"),
        (["film.edf", *FILM, "--plot", "film.edf"], "film.edf"),
    ],
)  # fmt: skip
def test_one_sentence(film: Path, words: list[str], message: str) -> None:
    before = contents(film.parent)
    assert message in call("image", *words).refused()
    assert contents(film.parent) == before
