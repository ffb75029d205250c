"""Bootstrap and maps after a fit, and the noise of repeated measurements; see also test_cli_posterior."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import FEW, QUICK, call, contents, untouched, write_columns

from slxrd.errors import SlxrdError
from slxrd.ui.followup import maps as followup_maps
from slxrd.ui.followup import samples as followup_samples
from slxrd.ui.followup.steps import FollowUp

PNG = b"\x89PNG\r\n\x1a\n"
FILES = {"result.json", "fit.csv", "fit.png", "fit.caption.txt"}
BOOTSTRAP = {"bootstrap.csv", "bootstrap.json", "bootstrap.png", "bootstrap.caption.txt"}


def repeated(here: Path, count: int = 3, noise: str = "0.03") -> list[str]:
    """Simulate measurements of one sample that differ by their noise."""
    values = ("d=5.84", "L=36.9", "sigma_L=1.4", "N=13", "sigma_N=1.5")
    words = [word for value in values for word in ("--set", value)]
    names = [f"{k}.csv" for k in range(count)]
    for k, name in enumerate(names):
        options = ["--range", "0.85:1.3", "--noise", noise, "--seed", k]
        assert call("simulate", name, *words, *options).code == 0
    return names


@pytest.mark.slow
def test_bootstrap(here: Path) -> None:
    pytest.importorskip("corner")
    noise = ["--systematics", "none"]  # replicates scatter by the noise alone
    outcome = call("fit", "cubes.csv", *FEW, *noise, "--out", "results", "--bootstrap", 20, "--seed", 3)
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == FILES | BOOTSTRAP
    assert "bootstrap (noise, seed 3): 20 of 20 replicates" in outcome.out
    with (here / "results/bootstrap.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    result = json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    for name in result["refined"]:
        estimate = result["parameters"][name]
        spread = np.std([float(row[name]) for row in rows], ddof=1)
        assert 0.4 < spread / estimate["error"] < 2.0, name
        assert abs(np.mean([float(row[name]) for row in rows]) - estimate["value"]) < 1.5 * estimate["error"]
    assert (here / "results/bootstrap.png").read_bytes().startswith(PNG)
    document = json.loads((here / "results/bootstrap.json").read_text(encoding="utf-8"))
    assert (document["kind"], document["seed"], document["asked"], document["done"], document["failed"]) == (
        "noise",
        3,
        20,
        20,
        0,
    )
    assert document["refined"] == result["refined"]
    assert np.shape(document["correlation"]) == (len(result["refined"]),) * 2
    periods = [float(row["period"]) for row in rows]
    assert document["quantities"]["period"]["mean"] == pytest.approx(np.mean(periods))
    assert document["quantities"]["period"]["std"] == pytest.approx(np.std(periods, ddof=1))


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_few_replicates_need_not_be_drawn_and_are_the_same_for_the_same_seed(here: Path) -> None:
    """Too few for a picture of every pair of parameters, and still worth their table."""
    pytest.importorskip("corner")
    for folder, seed in (("same", 0), ("other", 2)):
        call("fit", "cubes.csv", *FEW, "--out", folder, "--bootstrap", 4, "--seed", seed)
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", "--bootstrap", 4)
    first, same, other = (
        (here / folder / "bootstrap.csv").read_bytes() for folder in ("results", "same", "other")
    )
    assert first == same != other
    assert outcome.code == 0, outcome.err
    written = {path.name for path in (here / "results").iterdir()}
    assert written == FILES | {"bootstrap.csv", "bootstrap.json"}
    assert "too few replicates to draw" in outcome.out
    assert {
        Path(line.removeprefix("wrote ")).name for line in outcome.out.splitlines() if "wrote" in line
    } == written


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_ways_to_resample(here: Path) -> None:
    """Of the ways, which are compared in Python, the one that is given is used."""
    pytest.importorskip("corner")
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", "--bootstrap", 4, "--resample", "block")
    assert outcome.code == 0, outcome.err
    assert "bootstrap (block, seed 0): 4 of 4 replicates" in outcome.out


@pytest.mark.slow
def test_maps(here: Path) -> None:
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", "--maps")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == FILES | {
        "chi2maps.png",
        "chi2maps.caption.txt",
    }
    assert (here / "results/chi2maps.png").read_bytes().startswith(PNG)


def read_map(path: Path, *names: str) -> tuple[list[float], list[float], dict[tuple[float, float], float]]:
    """Values along both sides of a map, and how far χ² lies above the best at each point."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [*names, "chi2", "rise"]
    rise = {tuple(float(row[name]) for name in names): float(row["rise"]) for row in rows}
    x, y = (sorted({place[k] for place in rise}) for k in (0, 1))
    assert len(x) * len(y) == len(rows)
    return x, y, rise  # type: ignore[return-value]


@pytest.mark.slow
def test_map_of_two_parameters(here: Path) -> None:
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", "--map", "L,N")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in (here / "results").iterdir()} == FILES | {
        "map-L-N.csv",
        "map-L-N.png",
        "map-L-N.caption.txt",
    }
    assert (here / "results/map-L-N.png").read_bytes().startswith(PNG)
    result = json.loads((here / "results/result.json").read_text(encoding="utf-8"))
    x, y, rise = read_map(here / "results/map-L-N.csv", "L", "N")
    assert min(rise.values()) == pytest.approx(0.0, abs=0.01)
    lowest = min(rise, key=lambda place: rise[place])
    for name, place, axis in zip(("L", "N"), lowest, (x, y), strict=True):
        value, error = result["parameters"][name]["value"], result["parameters"][name]["error"]
        assert place == pytest.approx(value, abs=0.02 * error)
        assert axis[0] < value - 3.0 * error < value + 3.0 * error < axis[-1]
    ranges = re.search(r"  95 %: L ([\d.]+) to ([\d.]+) Å, N ([\d.]+) to ([\d.]+) planes", outcome.out)
    assert ranges is not None
    inside = [place for place, height in rise.items() if height <= 5.99]
    # The contour crosses between the outermost point inside and the next one.
    first, last = min(place[0] for place in inside), max(place[1] for place in inside)
    assert x[x.index(first) - 1] < float(ranges[1]) < first
    assert last < float(ranges[4]) < y[y.index(last) + 1]
    half = (float(ranges[2]) - float(ranges[1])) / 2.0 / result["parameters"]["L"]["error"]
    assert 1.9 < half < 2.5 * 1.05, "√5.99 standard errors"


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_ranges_points_and_kinds_of_maps(here: Path) -> None:
    heights = {}
    for kind in ("profile", "section"):
        words = ["--map", "N=12:14:7,L=36:38", *(["--map", "sigma_N=1:2:5,N"] if kind == "section" else [])]
        outcome = call(
            "fit", "cubes.csv", *QUICK, "--resolution", 0, "--out", kind, *words, "--map-kind", kind
        )
        assert outcome.code == 0, outcome.err
        assert ("the others refined" in outcome.out) == (kind == "profile")
        x, y, heights[kind] = read_map(here / kind / "map-N-L.csv", "N", "L")
        assert (x[0], x[-1], y[0], y[-1]) == (12.0, 14.0, 36.0, 38.0)
        assert 7 < len(x) < len(y)
    x, _, _ = read_map(here / "section" / "map-sigma_N-N.csv", "sigma_N", "N")
    assert {1.0, 1.25, 1.5, 1.75, 2.0} <= set(x)
    assert all(heights["profile"][place] <= height + 0.01 for place, height in heights["section"].items())
    assert any(heights["profile"][place] < 0.9 * height for place, height in heights["section"].items())


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_an_interruption_keeps_what_was_done(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit is written, the map as far as it came, and not what would have come after it."""

    def interrupted(fit: Any, *names: str, **named: Any) -> Any:
        def stop(done: int, of: int) -> None:
            if done > 0.3 * of:
                raise KeyboardInterrupt

        return made(fit, *names, **{**named, "report": stop})

    made = followup_maps.chi2_map_2d
    monkeypatch.setattr(followup_maps, "chi2_map_2d", interrupted)
    words = ["--bootstrap", 8, "--map", "L,N", "--map", "d,N"]
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", *words)
    assert outcome.code == 130
    written = {path.name for path in (here / "results").iterdir()}
    assert written == FILES | BOOTSTRAP | {"map-L-N.csv", "map-L-N.png", "map-L-N.caption.txt"}
    found = re.search(r"! interrupted after (\d+) of (\d+) points", outcome.out)
    assert found is not None
    assert 0.3 < int(found[1]) / int(found[2]) < 0.6
    assert len((here / "results/map-L-N.csv").read_text().splitlines()) == 1 + int(found[1])
    assert "! --map d,N: not started because of the interruption" in outcome.out
    assert "the files written hold what was done until then" in outcome.err


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_an_interruption_before_anything_was_done_keeps_the_fit(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(followup_maps, "chi2_maps", interrupted)
    outcome = call("fit", "cubes.csv", *FEW, "--out", "results", "--maps")
    assert outcome.code == 130
    assert {path.name for path in (here / "results").iterdir()} == FILES
    assert "! --maps: interrupted before the first result" in outcome.out


@pytest.mark.slow
@pytest.mark.usefixtures("without_pictures")
def test_an_interrupted_bootstrap_keeps_its_replicates(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = followup_samples.bootstrap

    def interrupted(*given: Any, **named: Any) -> Any:
        def stop(done: int, of: int) -> None:
            raise KeyboardInterrupt

        return made(*given, **{**named, "report": stop})

    monkeypatch.setattr(followup_samples, "bootstrap", interrupted)
    noise = ["--systematics", "none"]  # every replicate converges
    outcome = call("fit", "cubes.csv", *FEW, *noise, "--out", "results", "--bootstrap", 500)
    assert outcome.code == 130
    found = re.search(r"bootstrap \(noise, seed 0\): (\d+) of 500 replicates", outcome.out)
    assert found is not None
    assert len((here / "results/bootstrap.csv").read_text().splitlines()) == 1 + int(found[1]) < 501


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "culprit", "remedy"),
    [
        (["--map", "L,N"], "--map", "--out DIR"),
        (["--out", "r", "--map", "L"], "--map L", "two parameters"),
        (["--out", "r", "--map", "L,N,d"], "--map L,N,d", "two parameters"),
        (["--out", "r", "--map", ""], "--map", "two parameters"),
        (["--out", "r", "--map", "L,L"], "--map L,L", "two different"),
        (["--out", "r", "--map", "L,x"], "'x'", "d, L, sigma_L"),
        (["--out", "r", "--map", "L=30,N"], "--map L=30,N", "L=A:B"),
        (["--out", "r", "--map", "L=,N"], "--map L=,N", "L=A:B"),
        (["--out", "r", "--map", "L=30:a,N"], "'a'", "number"),
        (["--out", "r", "--map", "L=nan:40,N"], "'nan'", "finite"),
        (["--out", "r", "--map", "L=40:30,N"], "L=40:30", "lower end must come first"),
        (["--out", "r", "--map", "L=30:30,N"], "L=30:30", "lower end must come first"),
        (["--out", "r", "--map", "L=30:40:2,N"], "2 points", "3 to 200"),
        (["--out", "r", "--map", "L=30:40:1000,N"], "1000 points", "3 to 200"),
        (["--out", "r", "--map", "L=30:40:5.5,N"], "'5.5'", "number of points"),
        (["--out", "r", "--map", "L=1:40,N"], "--map L=1:40,N", "within them"),
        (["--out", "r", "--map", "L,N=0:20"], "--map L,N=0:20", "--bounds"),
        (["--out", "r", "--fix", "q_zero=0", "--map", "L,q_zero"], "--map L,q_zero", "--free q_zero"),
        (["--out", "r", "--map", "L,N", "--fix", "sigma_N=1.5", "--map", "L,sigma_N"], "sigma_N", "--free"),
        (["--out", "r", "--map", "L,N", "--map", "L=30:40,N"], "same name", "each its own"),
        (["--out", "r", "--map", "L,N", "--map-kind", "both"], "--map-kind", "section"),
    ],
    ids=str,
)
def test_map_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    fixed = "sigma_N=1.5" in options
    quick = [word for word in QUICK if word != "sigma_N=1.5"] if fixed else list(QUICK)
    if fixed:
        quick.pop()  # the --start that the word belonged to
    with untouched(here):
        said = call("fit", "cubes.csv", *quick, *options).refused()
    assert culprit in said
    assert re.search(remedy, said), said


@pytest.mark.parametrize(
    ("options", "culprit", "remedy"),
    [
        (["--bootstrap", "10"], "--bootstrap", "--out DIR"),
        (["--maps"], "--maps", "--out DIR"),
        (["--out", "r", "--bootstrap", "1"], "--bootstrap 1", "at least 2"),
        (["--out", "r", "--bootstrap", "0"], "--bootstrap 0", "at least 2"),
        (["--out", "r", "--bootstrap", "-5"], "--bootstrap -5", "at least 2"),
        (["--out", "r", "--bootstrap", "ten"], "--bootstrap", "integer|whole"),
        (["--out", "r", "--bootstrap", "5", "--seed", "-1"], "--seed -1", "0 or more"),
        (["--out", "r", "--bootstrap", "5", "--resample", "dice"], "--resample", "residual"),
        (["--out", "r", "--maps", "--resample", "dice"], "--resample", "residual"),
    ],
    ids=str,
)
def test_refused(here: Path, options: list[str], culprit: str, remedy: str) -> None:
    with untouched(here):
        said = call("fit", "cubes.csv", *QUICK, *options).refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_an_unknown_way_to_resample_is_refused_without_a_bootstrap() -> None:
    with pytest.raises(SlxrdError, match="--resample dice"):
        FollowUp(maps=True, resample="dice").check(Path("r"))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["bootstrap.csv", "bootstrap.json", "bootstrap.png", "chi2maps.png", "map-L-N.csv", "map-L-N.png"]
)
def test_existing_files_are_kept(here: Path, name: str) -> None:
    pytest.importorskip("corner")
    (here / "results").mkdir()
    (here / "results" / name).write_text("mine")
    with untouched(here):
        said = call(
            "fit", "cubes.csv", *QUICK, "--out", "results", "--bootstrap", 4, "--maps", "--map", "L,N"
        ).refused()
    assert name in said
    assert "--force" in said


@pytest.mark.slow
def test_noise_of_repeated_measurements(here: Path) -> None:
    names = repeated(here)
    outcome = call("noise", *names, "--region", "0.9:1.25", "--out", "noise.csv")
    assert outcome.code == 0, outcome.err
    found = re.search(r"fluctuation ([\d.]+) ± ([\d.]+) % of the maximum", outcome.out)
    assert found is not None
    # The maximum of a noisy pattern is some σ above that of the pattern without noise.
    assert abs(float(found[1]) - 3.0 / 1.05) < 4.0 * float(found[2])
    q, mean, std = np.loadtxt(here / "noise.csv", delimiter=",", skiprows=6).T
    assert q[0] == pytest.approx(0.9)
    assert q[-1] == pytest.approx(1.25)
    assert np.all(std >= 0.0)
    assert np.all(np.isfinite(mean))


@pytest.mark.parametrize(
    ("words", "culprit", "remedy"),
    [
        (["0.csv", "--region", "0.9:1.25"], "1 pattern", "two or more"),
        (["0.csv", "0.csv", "--region", "0.9:1.25"], "the same", "not copies"),
        (["0.csv", "1.csv"], "--region", ""),
        (["0.csv", "1.csv", "--region", "5:6"], "5", "covers|outside|widen|choose|another"),
        (["0.csv", "1.csv", "--region", "1.2:0.9"], "region 1.2:0.9", "lower end must come first"),
        (["0.csv", "cubes.csv", "--region", "0.9:1.25"], "cubes.csv", "same points|interpolat|steps|axis"),
        (["0.csv", "missing.csv", "--region", "0.9:1.25"], "missing.csv", "check the path"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--scaling", "height"], "--scaling", "maximum"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--out", "cubes.csv"], "cubes.csv", "--force"),
        (["0.csv", "1.csv", "--region", "0.9:1.25", "--out", "0.csv", "--force"], "0.csv", "another name"),
    ],
    ids=str,
)
def test_noise_refused(here: Path, words: list[str], culprit: str, remedy: str) -> None:
    repeated(here, 2)
    if "cubes.csv" in words[:2]:
        q, intensity, sigma = np.loadtxt(here / "1.csv", delimiter=",").T
        write_columns(here / "cubes.csv", [q + 0.001, intensity, sigma])
    with untouched(here):
        said = call("noise", *words).refused()
    assert culprit in said
    assert re.search(remedy, said), said


def test_noise_without_a_file_writes_nothing(here: Path) -> None:
    names = repeated(here)
    before = contents(here)
    assert call("noise", *names, "--region", "0.9:1.25", "--scaling", "maximum").code == 0
    assert contents(here) == before
