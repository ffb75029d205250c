"""What importing does and does not do; what is public; what may be absent."""

import importlib.util
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from contract_helpers import ROOT, modules_after, python

import slxrd
from slxrd.model.kernel.dispatch import is_native

HEAVY = {
    "matplotlib",
    "scipy.optimize",
    "typer",
    "lmfit",
    "pandas",
    "fairmat_readers_xrd",
    "pybaselines",
    "xraydb",
}
NETWORK = {
    "socket",
    "ssl",
    "http",
    "http.client",
    "urllib.request",
    "urllib3",
    "requests",
    "ftplib",
    "asyncio",
}


#: SciPy and Pydantic, which take as long to load as the rest of the program, and libraries of other commands.
NOT_FOR_A_FIT = {
    "scipy",
    "pydantic",
    "jinja2",
    "openpyxl",
    "rich",
    "sqlite3",
}


@pytest.mark.slow
def test_importing_is_light() -> None:
    """Matplotlib and SciPy may be needed for the work; the network never."""
    nothing, few, every = modules_after(
        "import slxrd",
        "slxrd.Pattern; slxrd.Region; slxrd.SlxrdError",
        "for name in slxrd.__all__: getattr(slxrd, name)",
    )
    assert not nothing & (HEAVY | NETWORK)
    assert not few & (HEAVY | NETWORK)
    assert not every & (HEAVY - {"scipy.optimize"}), "a name is imported with more than it needs"
    assert not {name for name in every if name.partition(".")[0] in {"requests", "urllib3", "aiohttp"}}
    assert "ftplib" not in every


def after_typing(*commands: list[str]) -> list[set[str]]:
    """Names of the modules that are loaded after each command of a process; nothing printed is checked."""
    setup = "import io, sys\nfrom slxrd.ui.cli import main as cli\n"
    setup += "def type_in(words):\n    sys.argv, screen = ['slxrd', *words], sys.stdout\n"
    setup += "    sys.stdout = io.StringIO()\n    try:\n        cli.main()\n"
    setup += "    except SystemExit as done:\n        assert not done.code\n    sys.stdout = screen\n"
    return modules_after(setup, *(f"type_in({words!r})" for words in commands))[1:]


@pytest.mark.slow
def test_the_command_line_starts_light() -> None:
    version, usage = after_typing(["--version"], ["fit", "--help"])
    assert not version & (HEAVY - {"typer"})
    assert not any(name.startswith(("slxrd.fitting", "slxrd.ui.cli.commands.")) for name in version)
    assert not {name.partition(".")[0] for name in usage} & {"matplotlib", "scipy"}
    assert {name for name in usage if name.startswith("slxrd.ui.cli.commands.")} == {
        "slxrd.ui.cli.commands.fit"
    }


@pytest.mark.slow
def test_a_fit_loads_only_what_it_needs() -> None:
    """A plain one; and one with atoms, which needs no database."""
    fit = [
        "fit",
        str(ROOT / "src" / "slxrd" / "io" / "examples" / "cspbbr3-cubes.csv"),
        "--region",
        "0.9:1.25",
    ]
    plain, atoms = after_typing(fit, [*fit, "--crystal", "CsPbBr3"])
    assert not plain & (HEAVY - {"typer"} | NOT_FOR_A_FIT)
    assert {"sqlite3", "sqlalchemy", "xraydb"}.isdisjoint(atoms)


#: The page in the browser, which needs an extra.
PAGE = "slxrd.ui.app." if importlib.util.find_spec("panel") is None else "-"


@pytest.mark.slow
def test_importing_prints_nothing_and_leaves_the_drawing_backend_alone() -> None:
    everything = "import sys, matplotlib\nbefore = matplotlib.rcParams.copy()\n"
    everything += "import slxrd, pkgutil, importlib\n"
    everything += "for m in pkgutil.walk_packages(slxrd.__path__, 'slxrd.'):\n"
    everything += f"    if m.name.endswith('__main__') or m.name.startswith({PAGE!r}): continue\n"
    everything += "    importlib.import_module(m.name)\n"
    everything += "assert matplotlib.rcParams.copy() == before\n"
    everything += "assert 'matplotlib.pyplot' not in sys.modules\n"
    assert python(everything) == ""


def test_public_names_resolve() -> None:
    assert sorted(slxrd.__all__) == slxrd.__all__
    for name in slxrd.__all__:
        thing = getattr(slxrd, name)
        assert thing is not None
        assert name in dir(slxrd)
    with pytest.raises(AttributeError, match="no_such_name"):
        slxrd.no_such_name  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    """The imports under TYPE_CHECKING are those that are made when a name is first used."""
    text = (ROOT / "src" / "slxrd" / "__init__.py").read_text(encoding="utf-8")
    imports = re.findall(r"^    from slxrd\.(\S+) import (\w+) as (\w+)$", text, re.M)
    assert all(name == again for _, name, again in imports)
    assert {name: module for module, name, _ in imports} == slxrd._MODULE_OF
    assert len(imports) == len(slxrd.__all__)


def modules() -> list[ModuleType]:
    found = [path for path in (ROOT / "src" / "slxrd").rglob("*.py") if path.name != "__main__.py"]
    names = [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in found]
    there = [name for name in names if not name.startswith(PAGE)]
    return [importlib.import_module(name.removesuffix(".__init__")) for name in there]


def public_things() -> dict[str, object]:
    things: dict[str, object] = {f"slxrd.{name}": getattr(slxrd, name) for name in slxrd.__all__}
    for module in modules():
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == module.__name__
            if own and not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
                things[f"{module.__name__}.{name}"] = thing
    return things


@pytest.mark.slow
def test_public_things_are_described() -> None:
    bare = [name for name, thing in public_things().items() if not (inspect.getdoc(thing) or "").strip()]
    assert bare == []


def test_public_names_describe_their_parameters() -> None:
    """Every argument of what a user calls stands in the section Parameters of its docstring."""
    lacking = []
    for name in slxrd.__all__:
        thing = getattr(slxrd, name)
        if inspect.isclass(thing) and issubclass(thing, Exception):
            continue
        text = inspect.getdoc(thing) or ""
        arguments = [p for p in inspect.signature(thing).parameters if p not in ("self", "args", "kwargs")]
        described = text.partition("Parameters\n----------\n")[2].split("\n\n")
        section = re.split(r"\n\w+\n-{3,}", "\n\n".join(described))[0]
        lines = [line.split(":")[0] for line in section.splitlines() if line[:1].strip()]
        heads = {head.strip().lstrip("*") for line in lines for head in line.split(",")}
        lacking += [f"{name}: {argument}" for argument in arguments if argument not in heads]
    assert lacking == []


QUICK_FIT = """
import json, slxrd
truth = {"d": 5.84, "L": 36.9, "sigma_L": 1.43, "N": 13.0, "sigma_N": 1.55}
pattern = slxrd.example("cspbbr3-cubes").pattern()
result = slxrd.fit(pattern, regions=[(0.9, 1.25)], bounds={"L": (30.0, 44.0)}, start=truth)
found = [result.parameters[name] for name in truth]
curve = slxrd.simulate(result.regions[0].q, truth).intensity.tolist()
print(json.dumps([result.chi2, [p.value for p in found], [p.error for p in found], curve]))
"""


WITHOUT_CORE = "import os\nos.environ['SLXRD_NATIVE'] = '0'\n"


@pytest.mark.slow
def test_without_optional_packages() -> None:
    """A fit needs none of them, its numbers are the same in NumPy, and lmfit is named where needed."""
    code = QUICK_FIT + "assert result.parameters['L'].status == 'determined'\n"
    code += "from slxrd.parameters.lmfit_bridge import to_lmfit\n"
    code += "try:\n    to_lmfit(slxrd.Parameters().start(d=5.0))\n"
    code += "except (ImportError, slxrd.SlxrdError) as error:\n    print(error)\n"
    optional = ("lmfit", "hypothesis", "mpmath", "pandas")
    found, message = python(code, withheld=optional).splitlines()
    assert "lmfit" in message
    if not is_native():
        return
    chi2, values, errors, curve = json.loads(found)
    chi2_, values_, errors_, curve_ = json.loads(python(WITHOUT_CORE + QUICK_FIT))
    assert curve == pytest.approx(curve_, rel=1e-8, abs=1e-8)
    # The rows of the systematic effects are those at the minimum without them, found by either optimiser.
    assert chi2 == pytest.approx(chi2_, rel=1e-6)
    # Two optimisers end at the same minimum, as far as χ² is flat there: a change of 1e-10 χ² is 1e-4 errors,
    # of the minimum without systematic effects, where their rows are calculated, and of the one with them.
    for one, other, error in zip(values, values_, errors, strict=True):
        assert abs(one - other) < 5e-4 * error
    # There the errors are those of the covariance alone.
    assert errors == pytest.approx(errors_, rel=0.1)


def built_wheel(folder: Path) -> Path:
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    code = "import hatchling.build as b, sys; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=source, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")
def test_wheel_holds_what_it_must(tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(built_wheel(tmp_path)).namelist())
    assert "slxrd/py.typed" in names
    for path in (ROOT / "src" / "slxrd" / "io" / "examples").iterdir():
        if path.is_file():
            assert f"slxrd/io/examples/{path.name}" in names
    assert not [name for name in names if "tests" in name or "__pycache__" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_package_is_typed() -> None:
    assert (Path(slxrd.__file__).parent / "py.typed").is_file()


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == slxrd.__version__
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: ['\"]?([\d.]+)", citation, re.M)[1] == slxrd.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[?(\d[\d.]*)", changes, re.M)[1] == slxrd.__version__


def test_lines_of_the_oldest_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert sys.version_info >= (3, 11)
