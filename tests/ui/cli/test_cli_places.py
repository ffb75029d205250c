"""Closed streams, full disks, links and signals: results are printed, files are complete or absent."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slxrd._files import write_together
from slxrd.errors import FileError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs the streams and signals of POSIX")
VALUES = {"N": 12.0, "d": 5.85, "L": 36.0, "sigma_L": 1.0, "sigma_N": 0.5}
STARTS = " ".join(f"--start {name}={value}" for name, value in VALUES.items())
FIT = f"fit film.csv --axis q --coherent 5 --region 0.9:1.3 --budget 2 {STARTS}"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    import slxrd

    q = [0.8 + 0.0025 * i for i in range(241)]
    made = slxrd.simulate(q, VALUES, coherent=5, noise=0.01, seed=1)
    rows = zip(made.q.tolist(), made.intensity.tolist(), strict=True)
    (tmp_path / "film.csv").write_text("q,intensity\n" + "".join(f"{a},{b}\n" for a, b in rows))
    return tmp_path


def run(line: str, folder: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    command = f"{before} exec {sys.executable} -m slxrd {line}"
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_fit_without_standard_error_is_printed(film: Path) -> None:
    done = run(f"{FIT} 2>&-", film)
    assert done.returncode == 0
    assert "reduced χ²" in done.stdout


@pytest.mark.slow
def test_a_fit_without_standard_output_is_written(film: Path) -> None:
    done = run(f"{FIT} --out out >&-", film)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in (film / "out").iterdir()} == {
        "result.json",
        "fit.csv",
        "fit.png",
        "fit.caption.txt",
    }


@pytest.mark.slow
def test_mistakes_without_streams_have_their_exit_code(tmp_path: Path) -> None:
    assert run("info nofile.xy >&- 2>&-", tmp_path).returncode == 2


@pytest.mark.slow
def test_a_fit_that_cannot_be_written_is_printed_and_leaves_no_file(film: Path) -> None:
    # The limit lies between the sizes of fit.csv and result.json.
    done = run(f"{FIT} --out out", film, "ulimit -f 40;")
    assert done.returncode == 2
    assert "reduced χ²" in done.stdout
    assert "cannot be written (File too large)" in done.stderr
    assert list((film / "out").iterdir()) == []


def test_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a").write_text("before")
    with pytest.raises(FileError, match="cannot be written"):
        write_together([(tmp_path / "a", "after"), (tmp_path / "a" / "inside", "text")])
    assert (tmp_path / "a").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder"]


def test_links_lead_to_the_file_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_together([(tmp_path / "link", "text")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"


ENDS = """
import signal, sys
from slxrd import __main__ as program
interruption = program._Interruption()
signal.signal(signal.{signal}, interruption)
interruption.importing = {importing}
try:
    signal.raise_signal(signal.{signal})
except KeyboardInterrupt:
    print("raised", flush=True)
signal.raise_signal(signal.{signal})
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize("importing", [True, False])
def test_a_signal_ends_an_import_and_interrupts_what_runs(name: str, code: int, importing: bool) -> None:
    script = ENDS.format(signal=name, importing=importing)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout == ("" if importing else "raised\n")
    assert done.stderr == ("slxrd: interrupted; nothing was written\n" if importing else "")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_program_ends_in_one_line_when_it_is_stopped_early(
    number: signal.Signals, code: int, film: Path
) -> None:
    # The first import of the command line stops the process, as a signal at that moment would.
    script = (
        "import os, sys, importlib.abc\n"
        "class Stop(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'typer': os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Stop())\n"
        f"sys.argv[1:] = {FIT.split()!r}\n"
        "from slxrd.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=film, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == "slxrd: interrupted; nothing was written\n"


@pytest.mark.slow
def test_a_fit_without_a_home_from_a_package_that_cannot_be_written(film: Path) -> None:
    import slxrd

    places = film / "places"
    shutil.copytree(
        Path(slxrd.__file__).parent, places / "slxrd", ignore=shutil.ignore_patterns("__pycache__")
    )
    for path in [places, *places.rglob("*")]:
        path.chmod(0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444)
    before = sorted(places.rglob("*"))
    unset = {"MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "PYTHONPYCACHEPREFIX"}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in unset},
        # No one can make a folder there, not even an administrator.
        "HOME": "/dev/null/home",
        "PYTHONPATH": str(places),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", "slxrd", *FIT.split(), "--out", "out"],
        cwd=film, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "wrote out/result.json" in done.stdout
    written = {path.name for path in (film / "out").iterdir()}
    assert written == {"result.json", "fit.csv", "fit.png", "fit.caption.txt"}
    assert sorted(places.rglob("*")) == before
    for path in [places, *places.rglob("*")]:
        path.chmod(0o755)
