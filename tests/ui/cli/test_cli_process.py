"""The command line as a program of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_shell import CUBES, FEW, QUICK, call, contents, run, start, untouched

import slxrd


@pytest.mark.slow
def test_version(tmp_path: Path) -> None:
    outcome = run("--version", folder=tmp_path)
    assert (outcome.code, outcome.out, outcome.err) == (0, f"slxrd {slxrd.__version__}\n", "")


@pytest.mark.slow
def test_linear_algebra_has_one_thread_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    """Threads for small matrices wait for each other, on busy cores 25 times as long as one calculates."""
    code = (
        "import os, sys\n"
        "from slxrd.__main__ import main\n"
        "assert 'numpy' not in sys.modules\n"
        "sys.argv = ['slxrd', '--version']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    print(os.environ['OPENBLAS_NUM_THREADS'], os.environ['OMP_NUM_THREADS'])\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment["OMP_NUM_THREADS"] = "3"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [f"slxrd {slxrd.__version__}", "1 3"]


@pytest.mark.slow
def test_help_and_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["--help"], *([command, "--help"] for command in ("fit", "simulate", "demo"))):
        outcome = call(*words)
        assert outcome.code == 0
        assert outcome.out.startswith("Usage: ")
        assert outcome.err == ""
    assert call().code in (0, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_installed_command(here: Path) -> None:
    program = Path(sys.executable).with_name("slxrd.exe" if os.name == "nt" else "slxrd")
    done = subprocess.run([program, "--version"], cwd=here, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"slxrd {slxrd.__version__}\n"


@pytest.mark.slow
def test_fit_to_standard_output(here: Path) -> None:
    """Of a file whose name has blanks and letters outside of ASCII."""
    (here / "cubes.csv").rename(here / "Würfel 25 °C.csv")
    with untouched(here):
        outcome = run("fit", "Würfel 25 °C.csv", *QUICK, "--json", "-", folder=here)
    assert outcome.code == 0
    assert outcome.err == ""
    content = json.loads(outcome.out)
    assert content["parameters"]["L"]["status"] == "determined"
    assert content["input"]["file"] == "Würfel 25 °C.csv"


@pytest.mark.slow
def test_table_in_an_old_code_page(here: Path) -> None:
    """A console that is not UTF-8 must not make it fail."""
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0", "LC_ALL": "C"}
    call("fit", "cubes.csv", *QUICK, "--json", "result.json")
    words = [sys.executable, "-m", "slxrd", "show", "result.json"]
    done = subprocess.run(words, cwd=here, env=environment, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "σ_L" in done.stdout.decode("utf-8")


@pytest.mark.slow
def test_refusal(here: Path) -> None:
    with untouched(here):
        outcome = run("fit", "cubes.csv", "--region", "5:6", "--out", "results", folder=here)
    assert "region 5:6" in outcome.refused()


#: The command line, with a fit that reports its beginning on standard error.
FITTING = """
import sys
import slxrd
from slxrd.ui.cli.main import main
fit = slxrd.fit
def reporting(*given, **named):
    print("fitting", file=sys.stderr, flush=True)
    return fit(*given, **named)
slxrd.fit = reporting
main()
"""


def started(program: str, *words: str, folder: Path) -> subprocess.Popen[str]:
    """Start a program that runs the command line."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=folder, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_interrupt_leaves_nothing(here: Path) -> None:
    """Ctrl-C in the middle of a search over many gaps."""
    before = contents(here)
    search = ["--bounds", "L=5:119", "--bounds", "d=1:49", "--resolution", "0.002", "--objective", "log"]
    words = ["fit", "cubes.csv", *search, "--background", "linear", "--out", "results"]
    process = started(FITTING, *words, folder=here)
    assert process.stderr is not None
    assert process.stderr.readline() == "fitting\n"
    time.sleep(0.5)
    assert process.poll() is None, "finished before it could be interrupted"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.strip().splitlines()[-1] == "slxrd: interrupted; nothing was written"
    assert "Traceback" not in err
    assert contents(here) == before


#: The command line, with a chain that reports its progress on standard error.
REPORTING = """
import sys
from slxrd.ui.cli.main import main
from slxrd.ui.followup import samples
sample = samples.sample_posterior
def reporting(*given, report, **named):
    return sample(*given, report=lambda done, of: print("step", done, file=sys.stderr, flush=True), **named)
samples.sample_posterior = reporting
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_interrupted_chain_is_kept_without_a_traceback(here: Path) -> None:
    """Ctrl-C while the density is being calculated, most likely; emcee would print a traceback."""
    pytest.importorskip("emcee")
    words = ["fit", "cubes.csv", *FEW, "--out", "results", "--posterior", "100000"]
    process = started(REPORTING, *words, folder=here)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line == "step 150\n":
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in "".join(lines) + err
    assert "emcee" not in out + err
    assert err.splitlines()[-1] == "slxrd: interrupted; the files written hold what was done until then"
    assert "of 100000 steps" in out
    assert (here / "results" / "corner.png").is_file()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_an_interrupted_demonstration_reports_what_was_done(here: Path) -> None:
    """What is finished stays, whole; and it is not said that nothing was written."""
    process = start("demo", "--out", "demo", folder=here)
    first = here / "demo" / "cspbbr3-cubes" / "fit.png"
    for _ in range(900):
        if first.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "nothing was written" not in err
    assert first.is_file()
    for folder in (here / "demo").iterdir():
        written = {path.name for path in folder.iterdir()}
        order = ("result.json", "fit.csv", "fit.png", "fit.caption.txt")
        assert written in [set(order[:k]) for k in range(1, 5)]


#: The program, which receives SIGTERM while the interpreter is taken down.
ENDING = """
import atexit, os, signal, sys
from slxrd.__main__ import main
def end():
    os.kill(os.getpid(), signal.SIGTERM)
    print("goes on", file=sys.stderr)
atexit.register(end)
sys.argv = ["slxrd", "--version"]
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")
def test_a_signal_at_the_very_end_prints_nothing(tmp_path: Path) -> None:
    process = started(ENDING, folder=tmp_path)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert out.startswith("slxrd ")
    assert err == ""


#: The program, whose command receives SIGTERM while an object is removed, where its exception is lost.
LOST = """
import os, signal, time, weakref
from slxrd import __main__ as program
from slxrd.ui.cli import main as commands
class Removed:
    pass
def receive_signal(_):
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass
def command():
    removed = Removed()
    reference = weakref.ref(removed, receive_signal)
    del removed
    try:
        time.sleep(30)
    except KeyboardInterrupt:
        print("what is finished is written", flush=True)
        raise SystemExit(130)
commands.main = command
program.main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")
def test_a_signal_while_an_object_is_removed_is_not_lost(tmp_path: Path) -> None:
    process = started(LOST, folder=tmp_path)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("what is finished is written\n", "")
    assert process.returncode == 128 + signal.SIGTERM


#: A compiled module that is being imported makes another exception of the interruption.
CONVERTED = """
import os, signal
from slxrd import __main__ as program
from slxrd.ui.cli import main as commands

def run():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    except KeyboardInterrupt as error:
        raise ImportError("initialization failed") from error

commands.main = run
program.main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_an_interruption_that_becomes_another_exception_prints_no_traceback(tmp_path: Path) -> None:
    words = [sys.executable, "-c", CONVERTED]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (143, "")
    assert done.stderr == "slxrd: interrupted; nothing was written\n"


#: Fits within 6 GB of memory, one after the other; exit codes and messages are printed as JSON.
MEMORY = """
import contextlib, io, json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
except ImportError:
    pass
from slxrd.ui.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["slxrd", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, err.getvalue()]), flush=True)
"""
ABSURD = (
    "--fix sigma_N=1e8",
    "--size-window 1e9",
    "--stack alternating --size-window 1e9",
    "--noise 1e-9",
    "--coherent 1000000000000000000000",
    "--bounds L=5:1e9",
)


@pytest.fixture(scope="module")
def absurd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Exit code and standard error of each fit with absurd values."""
    fits = [
        ["fit", str(CUBES), "--region", "0.9:1.25", "--budget", "2", *options.split()] for options in ABSURD
    ]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, json.dumps(fits)],
        cwd=tmp_path_factory.mktemp("absurd"), capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(ABSURD), (done.returncode, done.stderr[-300:])
    return dict(zip(ABSURD, lines, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("options", ABSURD)
def test_absurd_values_neither_hang_nor_fill_the_memory(
    absurd: dict[str, tuple[int, str]], options: str
) -> None:
    code, err = absurd[options]
    assert code in (0, 2), err[-300:]
    assert "Traceback" not in err
    assert err.count("\n") == (1 if code else 0)
