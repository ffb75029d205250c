"""The package of docs/extending.md, installed and used from Python and from the command line."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import slxrd

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
WAVELENGTH = 1.5405929
HALO = 400.0

USE = f"""
import json, slxrd
pattern = slxrd.read("film.lab", wavelength={WAVELENGTH})
fit = slxrd.fit(pattern, regions=[(0.9, 1.28)], background="halo", noise="counting", start={TRUTH!r})
(region,) = fit.regions
print(json.dumps({{
    "format": pattern.metadata["format"], "background": region.background, "chi2": fit.reduced_chi2,
    "L": fit.parameters["L"].value,
}}))
"""


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return text


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """A folder with the page's package as pip installs it, and a measurement in its format."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads(block("toml"))["project"]
    (folder / "lab_extension.py").write_text(block("python"), encoding="utf-8")
    info = folder / "lab_extension-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )
    q = np.arange(0.85, 1.32, 0.002)
    curve = slxrd.simulate(q, TRUTH).intensity
    expected = 3000.0 * curve / curve.max() + 50.0 + HALO * np.exp(-0.5 * ((q - 1.1) / 0.1) ** 2)
    counts = np.random.default_rng(7).poisson(expected)
    two_theta = np.degrees(2.0 * np.arcsin(q * WAVELENGTH / (4.0 * np.pi)))
    lines = [f"{x:.6f} {y}" for x, y in zip(two_theta, counts, strict=True)]
    (folder / "film.lab").write_text("\n".join(["LABSCAN", *lines]) + "\n")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


def test_the_example_is_short() -> None:
    assert len(block("python").strip().splitlines()) < 30


@pytest.mark.slow
def test_a_format_and_a_background_of_another_package(installed: Path) -> None:
    done = run(installed, "-W", "error", "-c", USE)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["format"] == "LABSCAN"
    constant, halo = found["background"]
    assert constant == pytest.approx(50.0, abs=30.0)
    assert halo == pytest.approx(HALO, rel=0.1)
    assert found["chi2"] == pytest.approx(1.0, abs=0.35)
    assert found["L"] == pytest.approx(TRUTH["L"], abs=0.5)


@pytest.mark.slow
def test_they_are_used_on_the_command_line(installed: Path) -> None:
    words = f"film.lab --wavelength {WAVELENGTH} --region 0.9:1.28 --noise counting --bounds L=34:40"
    starts = (word for name, value in TRUTH.items() for word in ("--start", f"{name}={value}"))
    options = [*words.split(), *starts]
    done = run(installed, "-m", "slxrd", "fit", *options, "--background", "halo", "--out", "results")
    assert done.returncode == 0, done.stderr
    (result,) = (installed / "results").rglob("*.json")
    assert json.loads(result.read_text(encoding="utf-8"))["input"]["background"] == "halo"
    refused = run(installed, "-m", "slxrd", "fit", *options, "--background", "hallo")
    assert refused.returncode == 2
    assert "hallo" in refused.stderr
    assert "cubic, halo" in refused.stderr


@pytest.mark.slow
def test_without_the_package_they_are_unknown(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "film.lab").write_bytes((installed / "film.lab").read_bytes())
    done = run(tmp_path, "-m", "slxrd", "fit", "film.lab", "--wavelength", "CuKa1", "--background", "halo")
    assert done.returncode == 2
    assert "known are none, constant" in done.stderr or "is not one of none, constant" in done.stderr
