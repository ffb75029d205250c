"""The named tasks of the project: ``nox -l`` lists them, ``nox -s lint types`` runs two of them.

Each makes an environment of its own. In one that has all they need, ``nox --no-venv --no-install -s TASK``
runs them there; .ci/run does that, so that several share an installation.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2024.3.2"
nox.options.sessions = ["lint", "types", "contracts", "tests"]
nox.options.reuse_existing_virtualenvs = True

EXAMPLES = ("cspbbr3-cubes", "cspbbr3-platelets", "pbs-sheets", "pbs-spheres", "cumnsb-film")
#: Notebooks of the paper that are executed; those of the heated cubes differ in their data only.
OF_PAPER = ("anneal_RT", "CsPbBr3_nanoplatelets", "PbS_nanoplatelets", "PbS_nanocrystals")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
#: What is needed to make and check wheels for other systems.
WHEEL_TOOLS = ("hatchling>=1.24", "ziglang>=0.13", "lief>=0.16")
#: Tests that are run in unusual places.
PLACES = ("tests/contract/test_core.py", "tests/contract/test_file_names.py", "tests/ui/cli")
#: What the lowest versions need in turn: the import of Matplotlib 3.8 calls what later versions deprecate.
OF_MINIMUM = ("pyparsing<3.3",)
#: Where the modules of the audit and of the fuzzing are.
AUDITED = os.pathsep.join(("tests", "tests/helpers"))
#: Tests that are run with the native core compiled with sanitizers.
SANITIZED = ("tests/model/test_native.py", "tests/fitting/test_native_threads.py")
#: gcc's sanitizers, and the library of each.
SANITIZERS = {"address": ("libasan.so", "address,undefined"), "thread": ("libtsan.so", "thread")}


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting and rules of style."""
    session.install("ruff>=0.9")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Static types."""
    session.install(".[dev]")
    session.run("mypy")


@nox.session
def contracts(session: nox.Session) -> None:
    """Which package may import which."""
    session.install(".[dev]")
    session.run("lint-imports", "--no-cache")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests; arguments go to pytest: ``nox -s tests -- -m "not slow"``."""
    session.install(".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def core(session: nox.Session) -> None:
    """The core alone: no extras, with the native core and without."""
    session.install(".", "pytest")
    for native in ("", "0"):
        session.run(
            "python", "-m", "pytest", "--override-ini", "addopts=", "tests/contract/test_core.py",
            env={"SLXRD_NATIVE": native},
        )  # fmt: skip


@nox.session
def sanitize(session: nox.Session) -> None:
    """Tests of the native core with a sanitizer of gcc: ``-- address``, the default, or ``-- thread``."""
    if not sys.platform.startswith("linux") or not shutil.which("gcc"):
        session.skip("needs gcc on Linux")
    session.install(".[test]")
    tree = Path(session.create_tmp()).resolve() / "sanitized"
    library, sanitizers = SANITIZERS[session.posargs[0] if session.posargs else "address"]
    replace_sources(tree)
    found = session.run("gcc", f"-print-file-name={library}", external=True, silent=True)
    version = str(session.run("gcc", "-dumpfullversion", external=True, silent=True)).strip()
    env = {
        "CC": "env -u LD_PRELOAD gcc", "LD_PRELOAD": str(found).strip(), "PYTHONPATH": str(tree / "src"),
        "ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "exitcode=66", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    # The sanitizer of threads knows addresses that are not random.
    fixed = ("setarch", "--addr-no-randomize") if sanitizers == "thread" else ()
    # The options are part of what names a library: one by another gcc is compiled again.
    options = ("-O1", "-g", f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", f"-DGCC={version}")
    session.run(*fixed, "python", str(tree / "hatch_build.py"), *options, env=env, external=True)
    tests = ("python", "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow", *SANITIZED)
    session.run(*fixed, *tests, env=env, external=True)


def replace_sources(tree: Path) -> None:
    """Copy the sources; the library of an earlier run stays, which hatch_build.py compares with them."""
    native = tree / "src" / "slxrd" / "model" / "kernel" / "native"
    kept = {path.name: path.read_bytes() for path in native.glob("_core.*")}
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree("src", tree / "src", ignore=shutil.ignore_patterns("_core.*", "__pycache__"))
    for name, content in kept.items():
        (native / name).write_bytes(content)
    shutil.copy("hatch_build.py", tree)


@nox.session
def wheels(session: nox.Session) -> None:
    """The wheels and the sdist that are published, in dist/, made on Linux; or some: ``-- linux-x86_64``.

    That of this system is installed in a fresh environment, where no compiler is found, and tested.
    """
    session.install(*WHEEL_TOOLS)
    build = runpy.run_path("hatch_build.py")
    systems, dist = session.posargs or list(build["RELEASED"]), Path("dist").resolve()
    make_artefacts(session, dist, systems)
    session.run("python", "tests/helpers/released_wheels.py", str(dist), *systems)
    if build["this_system"]() in systems:
        without_compiler(session, next(dist.glob(f"*-{build['RELEASED'][build['this_system']()][1]}.whl")))


def make_artefacts(session: nox.Session, dist: Path, systems: Sequence[str]) -> None:
    """Make the sdist, and from it the wheels of some systems."""
    temporary = Path(session.create_tmp()).resolve()
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "hatchling", "build", "-t", "sdist", "-d", str(dist))
    (sdist,) = dist.glob("*.tar.gz")
    sources = temporary / f"sources-{dist.name}"
    shutil.rmtree(sources, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(sources, filter="data")
    cache = os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(temporary / "zig"))
    with session.chdir(sources / sdist.name.removesuffix(".tar.gz")):
        for system in systems:
            env = {"SLXRD_TARGET": system, "ZIG_GLOBAL_CACHE_DIR": cache}
            session.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist), env=env)


@nox.session
def release(session: nox.Session) -> None:
    """What is released, in dist/: as wheels, made twice with the same bytes, with SBOM and checksums."""
    time = session.run("git", "log", "-1", "--format=%ct", external=True, silent=True)
    session.env.setdefault("SOURCE_DATE_EPOCH", str(time).strip())
    wheels(session)
    build = runpy.run_path("hatch_build.py")
    dist, again = Path("dist").resolve(), Path(session.create_tmp()).resolve() / "again"
    make_artefacts(session, again, session.posargs or list(build["RELEASED"]))
    for file in sorted(dist.iterdir()):
        if file.read_bytes() != (again / file.name).read_bytes():
            session.error(f"{file.name}: not the same bytes when it is made again")
        session.log(f"{file.name}: the same bytes when it is made again")
    wheel = next(dist.glob(f"*-{build['RELEASED'][build['this_system']()][1]}.whl"), None)
    if wheel is None:
        session.error("no wheel of this system, of which the SBOM is made")
    bill_of_materials(session, wheel, dist / f"slxrd-{wheel.name.split('-')[1]}.cdx.json")
    files = [file for file in sorted(dist.iterdir()) if file.name != "SHA256SUMS"]
    sums = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (dist / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


def bill_of_materials(session: nox.Session, wheel: Path, file: Path) -> None:
    """Write the SBOM (CycloneDX) of an environment with a wheel and what it needs alone."""
    session.install("cyclonedx-bom>=5.1")
    alone = Path(session.create_tmp()).resolve() / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    session.run("python", "-m", "venv", "--without-pip", str(alone))
    python = str(alone / "bin" / "python")
    session.run("python", "-m", "pip", "--python", python, "install", "--quiet", str(wheel))
    session.run(
        "cyclonedx-py", "environment", "--pyproject", "pyproject.toml", "--output-reproducible",
        "--of", "JSON", "-o", str(file), python,
    )  # fmt: skip


def without_compiler(session: nox.Session, wheel: Path) -> None:
    """Install a wheel in a fresh environment, and test it where nothing else is found."""
    fresh = Path(session.create_tmp()).resolve() / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    session.run("python", "-m", "venv", str(fresh))
    python = str(fresh / "bin" / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), "pytest", external=True)
    env = {"PATH": str(fresh / "bin"), "HOME": str(fresh), "MPLBACKEND": "Agg"}
    for arguments in (
        ("-c", "from slxrd.model.kernel.dispatch import is_native; assert is_native()"),
        ("-m", "pytest", "--override-ini", "addopts=", "tests/contract/test_core.py"),
    ):
        session.log(" ".join(arguments))
        if subprocess.run([python, *arguments], env=env, check=False).returncode:
            session.error("the wheel does not work where there is no compiler")


@nox.session
def places(session: nox.Session) -> None:
    """Quick tests in unusual places on Linux: ``-- read-only``, ``-- offline``, ``-- locale``, or all."""
    session.install(".[test]")
    home = Path(session.create_tmp()).resolve() / "home"
    for place in session.posargs or ("read-only", "offline", "locale"):
        words, env = ["python", "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-m", "not slow"], {}
        if place == "read-only":
            where = session.run("python", "-c", "import slxrd; print(slxrd.__path__[0])", silent=True)
            session.run("chmod", "-R", "a-w", str(where).strip(), external=True)
            env = {"HOME": str(home / "missing"), "PYTHONPYCACHEPREFIX": "", "MPLCONFIGDIR": ""}
        elif place == "offline":
            words = ["unshare", "--map-root-user", "--net", *words]
        else:
            env = {"LC_ALL": "C"}
        session.run(*words, *PLACES, env=env, external=True)


@nox.session
def minimum(session: nox.Session) -> None:
    """The quick tests with the lowest versions of the libraries that pyproject.toml allows."""
    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    constraints = Path(session.create_tmp()).resolve() / "constraints.txt"
    lines = [*(each.replace(">=", "==") for each in needed), *OF_MINIMUM]
    constraints.write_text("\n".join(lines) + "\n", encoding="utf-8")
    session.install("-c", str(constraints), ".[test]")
    # Earlier versions state their licences in other words than the list in the documentation.
    options = (
        "--deselect",
        "tests/contract/test_release.py::test_the_licences_of_all_dependencies_are_listed",
    )
    session.run("python", "-m", "pytest", "-m", "not slow", *options, *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """The first command of the README, and the files that it writes; or those in a folder: ``-- FOLDER``."""
    session.install(".")
    folder = Path(session.posargs[0]) if session.posargs else Path(session.create_tmp()).resolve() / "demo"
    if not session.posargs:
        session.run("slxrd", "demo", "--out", str(folder), "--force")
    for example in EXAMPLES:
        for file in ("result.json", "fit.csv", "fit.png"):
            path = folder / example / file
            if not path.is_file() or not path.stat().st_size:
                session.error(f"{path} is missing or empty")


@nox.session
def page(session: nox.Session) -> None:
    """The page, in Chromium too if that is installed."""
    session.install(".[test,app-test]")
    session.run("python", "-m", "pytest", "-n", "0", "tests/ui/app", "tests/ui/browser", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The pages, with their notebooks, and the notebooks of ``slxrd paper``."""
    session.install(".[docs]")
    session.env.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads would wait for each other
    site = Path(session.create_tmp()).resolve() / "site"
    version = session.run("python", "-c", "import slxrd; print(slxrd.__version__)", silent=True)
    where = site / str(version).strip()
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(where))
    session.run("python", "docs/versions.py", str(site))
    paper = Path(session.create_tmp()).resolve() / "paper"
    shutil.rmtree(paper, ignore_errors=True)
    only = (word for name in OF_PAPER for word in ("--only", name))
    session.run("slxrd", "paper", "--out", str(paper), "--quick", *only)
    session.run("jupyter", "execute", *(str(paper / f"{name}.ipynb") for name in OF_PAPER))


@nox.session
def commands(session: nox.Session) -> None:
    """Every command in the pages, or in some: ``-- docs/start.md``; ``-- --not-in-tests`` leaves out some."""
    session.install(".[docs]")
    session.env.setdefault("OPENBLAS_NUM_THREADS", "1")
    session.run("python", "tests/ui/cli/documented.py", *session.posargs, env={"PYTHONPATH": "tests/helpers"})


@nox.session(python=VERSIONS)
def versions(session: nox.Session) -> None:
    """The core with every supported version of Python that is installed."""
    session.install(".", "pytest")
    session.run("python", "-m", "pytest", "--override-ini", "addopts=", "tests/contract/test_core.py")


@nox.session
def audit(session: nox.Session) -> None:
    """Hostile input, misuse and kills in large numbers; ``-- --count 100``: a quick one (docs/audit.md)."""
    if sys.platform == "win32":
        session.skip("needs the signals of POSIX")
    session.install(".[test]")
    session.run("python", "-m", "audit", *session.posargs, env={"PYTHONPATH": AUDITED})


@nox.session(python="3.11")
def fuzz(session: nox.Session) -> None:
    """Coverage-guided fuzzing of readers and documents on Linux, for an hour; ``-- 60``: for 60 s."""
    if not sys.platform.startswith("linux"):
        session.skip("Atheris is published for Linux")
    session.install(".[test]", "atheris>=2.3")
    seconds = int(session.posargs[0]) if session.posargs else 3600
    # The memory of Atheris grows with the number of inputs: each process goes on where the last one ended.
    longest = 10
    for target in ("readers", "documents"):
        for number, start in enumerate(range(0, seconds // 2, longest), 1):
            options = ("--seconds", str(min(longest, seconds // 2 - start)), "--seed", str(number))
            session.run("python", "-m", "fuzz", target, *options, env={"PYTHONPATH": AUDITED})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Speed, and the structure of the code; for information."""
    session.install(".[test]")
    session.run("python", "benchmarks/structure.py")
    if sys.platform != "win32":
        session.run("python", "benchmarks/run.py", "--quick", *session.posargs)


@nox.session
def budgets(session: nox.Session) -> None:
    """Processor time and memory of each command against what is recorded; ``-- --renew`` records them."""
    if sys.platform == "win32":
        session.skip("processes are measured as on POSIX")
    session.install(".[test]")
    session.run(
        "python", "benchmarks/command_budgets.py", *session.posargs, env={"PYTHONPATH": "tests/helpers"}
    )
