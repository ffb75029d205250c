"""Compiled kernels, kept between environments: ``python tests/helpers/kernel_cache.py restore|warm|save``.

numba files what it compiles under the path of the installed package, so that a new environment compiles all
kernels again, in every process. This copies the files to a folder named after the sources of the kernels, the
versions of Python and numba and the processor, and from there to where numba looks for them in another
environment. The folder is in ``$SLXRD_KERNEL_CACHE``, or else in ``slxrd-ci`` of the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

#: Packages whose functions are compiled.
COMPILED = ("model/kernel", "model/kernel/compiled", "fitting/minimise")
#: Sources that compiled functions depend on.
SOURCES = ("model/kernel", "fitting/minimise")
#: Older folders than this many are removed.
KEPT = 5

#: Calls each kernel and each compiled refinement once, with the types that they always have.
PROGRAM = """
import slxrd
pattern = slxrd.example("cspbbr3-cubes").pattern()
for options in ({}, {"crystal": "CsPbBr3:Br"}, {"stack": "alternating"}, {"stack": "mixed"}):
    slxrd.fit(pattern, regions=[(0.9, 1.25)], start={"d": 5.84, "L": 36.9, "N": 13.0}, **options)
slxrd.example("cumnsb-film").fit()
"""


def package() -> Path | None:
    """Folder of the slxrd that this Python imports; None where there is no numba."""
    found = find_spec("slxrd")
    if find_spec("numba") is None or found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0])


def key(folder: Path) -> str:
    """Name for what is compiled from these sources, by this numba, for this processor."""
    from llvmlite import binding

    digest = hashlib.sha256()
    facts = (platform.python_version(), platform.machine(), binding.get_host_cpu_name())
    for fact in (*facts, *(version(name) for name in ("numba", "llvmlite", "numpy"))):
        digest.update(f"{fact}\n".encode())
    for part in SOURCES:
        for path in sorted((folder / part).rglob("*.py")):
            digest.update(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:24]


def kept(folder: Path) -> Path:
    """Where the files of these kernels are kept."""
    chosen = os.environ.get("SLXRD_KERNEL_CACHE")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (Path(chosen) if chosen else cache / "slxrd-ci") / key(folder)


def of_numba(folder: Path, part: str) -> Path:
    """Where numba keeps what it compiles of a package."""
    from numba.core.caching import _CacheLocator

    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if not chosen:
        return folder / part / "__pycache__"
    return Path(chosen) / _CacheLocator.get_suitable_cache_subpath(str(folder / part / "any.py"))


def mark(folder: Path) -> Path:
    """File that is there once all kernels are compiled."""
    return of_numba(folder, COMPILED[0]) / f"compiled-{key(folder)}"


def restore(folder: Path) -> bool:
    """Give numba the files that are kept; False if there are none."""
    store = kept(folder)
    if not store.is_dir():
        return False
    for part in COMPILED:
        target = of_numba(folder, part)
        target.mkdir(parents=True, exist_ok=True)
        for path in (store / part).iterdir():
            if path.is_file():
                shutil.copyfile(path, target / path.name)
        for source in (folder / part).glob("*.py"):
            os.utime(source, (1e9, 1e9))  # earlier versions of numba compare times
    return True


def warm(folder: Path) -> None:
    """Compile all kernels in a process of its own, unless that was done."""
    if mark(folder).exists():
        return
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=tempfile.gettempdir())
    mark(folder).touch()


def save(folder: Path) -> None:
    """Keep what numba compiled, in place of what was kept before unless that is all."""
    store = kept(folder)
    if (store / COMPILED[0] / mark(folder).name).exists():
        return
    store.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store.parent) as temporary:
        for part in COMPILED:
            target = Path(temporary) / "kernels" / part
            target.mkdir(parents=True)
            found = of_numba(folder, part)
            for path in [*found.glob("*.nb?"), *found.glob(mark(folder).name)]:
                shutil.copyfile(path, target / path.name)
        shutil.rmtree(store, ignore_errors=True)
        try:
            os.replace(Path(temporary) / "kernels", store)
        except OSError:
            return  # another run was quicker
    others = sorted((p for p in store.parent.iterdir() if len(p.name) == 24), key=lambda p: p.stat().st_mtime)
    for old in others[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def prepare() -> None:
    """Compile the kernels before several processes need them; keep them where the variable names a folder."""
    folder = package()
    if folder is None:
        return
    try:
        if os.environ.get("SLXRD_KERNEL_CACHE") and not mark(folder).exists():
            restore(folder)
        warm(folder)
        if os.environ.get("SLXRD_KERNEL_CACHE"):
            save(folder)
    except (OSError, subprocess.CalledProcessError) as error:  # every process compiles for itself
        print(f"the kernels were not compiled before the workers start: {error}", file=sys.stderr)


def main() -> None:
    """Do what the command line names, in order."""
    folder = package()
    for word in sys.argv[1:] if folder is not None else ():
        {"restore": restore, "warm": warm, "save": save}[word](folder)


if __name__ == "__main__":
    main()
