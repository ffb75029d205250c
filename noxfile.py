"""The named tasks of the project: ``nox -l`` lists them, ``nox -s lint types`` runs two of them.

Each makes an environment of its own. In one that has all they need, ``nox --no-venv --no-install -s TASK``
runs them there; .ci/run does that, so that several share an installation and its compiled kernels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.3.2"
nox.options.sessions = ["lint", "types", "contracts", "tests"]
nox.options.reuse_existing_virtualenvs = True

EXAMPLES = ("cspbbr3-cubes", "cspbbr3-platelets", "pbs-sheets", "pbs-spheres", "cumnsb-film")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
#: Takes the compiled kernels that were kept, and keeps those that were compiled.
KERNELS = ("tests/helpers/kernel_cache.py",)


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
    """The core alone: no extras, no numba."""
    session.install(".", "pytest")
    session.run("python", "-m", "pip", "uninstall", "--quiet", "--yes", "numba", "llvmlite")
    session.run("python", "-m", "pytest", "--override-ini", "addopts=", "tests/contract/test_core.py")


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
    """The pages, with their notebooks, and every command in them."""
    session.install(".[docs]")
    site = Path(session.create_tmp()).resolve() / "site"
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", str(site))
    session.run("python", "tests/ui/cli/documented.py", *session.posargs, env={"PYTHONPATH": "tests/helpers"})


@nox.session(python=VERSIONS)
def versions(session: nox.Session) -> None:
    """The core with every supported version of Python that is installed."""
    session.install(".", "pytest")
    session.run("python", *KERNELS, "restore")
    session.run("python", "-m", "pytest", "--override-ini", "addopts=", "tests/contract/test_core.py")
    session.run("python", *KERNELS, "save")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Speed, and the structure of the code; for information."""
    session.install(".[test]")
    session.run("python", "benchmarks/structure.py")
    if sys.platform != "win32":
        session.run("python", "benchmarks/run.py", "--quick", *session.posargs)
