"""Check the published wheels and the sdist: ``python tests/helpers/released_wheels.py FOLDER SYSTEM...``.

Each wheel must have the tag of its system, the same modules as the others, and one library. This must be made
for the system's processor, export the functions of dispatch.c, and need nothing that the system may lack.
"""

from __future__ import annotations

import re
import runpy
import sys
import tarfile
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import lief

ROOT = Path(__file__).resolve().parents[2]
BUILD = runpy.run_path(str(ROOT / "hatch_build.py"))
SOURCES = ROOT / "src" / BUILD["NATIVE"]
#: Libraries that every system of a kind has.
PRESENT = {
    "linux": {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"},
    "windows": {"kernel32.dll", "ntdll.dll"},
    "macos": {"/usr/lib/libSystem.B.dylib"},
}
#: Format of the library and processor, as lief names them.
KIND = {
    "linux-x86_64": ("ELF", "X86_64"),
    "linux-arm64": ("ELF", "AARCH64"),
    "windows-x86_64": ("PE", "AMD64"),
    "macos-x86_64": ("MACHO", "X86_64"),
    "macos-arm64": ("MACHO", "ARM64"),
}


def version(text: str) -> tuple[int, ...]:
    """Return the numbers in a text."""
    return tuple(int(number) for number in re.findall(r"\d+", text))


def processor(library: Any) -> str:
    """Return the processor of a library."""
    header = library.header
    names = ("machine_type", "cpu_type", "machine")
    return next(getattr(header, name).name for name in names if hasattr(header, name))


def needed(library: Any) -> set[str]:
    """Names of the libraries that a library needs."""
    names = {getattr(entry, "name", entry) for entry in library.libraries}
    return {name for name in names if not name.startswith(("api-ms-win-crt-", "_core", "@rpath/_core"))}


def too_new(library: Any, tag: str) -> list[str]:
    """What a library needs of a newer system than its tag states."""
    if library.format.name == "ELF":
        promised = version(tag.removesuffix("x86_64").removesuffix("aarch64"))
        needs = [
            each.name
            for entry in library.symbols_version_requirement
            for each in entry.get_auxiliary_symbols()
        ]
        return [name for name in needs if not name.startswith("GLIBC_") or version(name) > promised]
    if library.format.name == "MACHO":
        least = tuple(library.build_version.minos[:2])
        return [] if least <= version(tag)[:2] else [f"macOS {least}"]
    return []


def check_library(path: str, system: str, tag: str) -> None:
    """Check the library of a wheel, written to a path."""
    library: Any = lief.parse(path)
    assert (library.format.name, processor(library)) == KIND[system], (library.format, library.header)
    exported = {function.name.removeprefix("_") for function in library.exported_functions}
    declared = set(
        re.findall(r"^EXPORT [^(]*?(slxrd_\w+)\(", (SOURCES / "dispatch.c").read_text(), re.MULTILINE)
    )
    assert declared, "dispatch.c exports no functions"
    assert {name for name in exported if name.startswith("slxrd")} == declared, exported ^ declared
    present = {name.lower() for name in PRESENT[system.split("-")[0]]}
    assert {name.lower() for name in needed(library)} <= present, needed(library)
    assert not too_new(library, tag), too_new(library, tag)
    if system == "macos-arm64":
        assert library.has_code_signature


def check_wheel(path: Path, system: str, folder: Path) -> set[str]:
    """Check a wheel; return the names of its files but for the library."""
    tag = BUILD["RELEASED"][system][1]
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        (about,) = (name for name in names if name.endswith(".dist-info/WHEEL"))
        stated = Parser().parsestr(wheel.read(about).decode())
        assert stated.get_all("Tag") == [f"py3-none-{tag}"], stated.get_all("Tag")
        assert stated["Root-Is-Purelib"] == "false"
        library = f"{BUILD['NATIVE']}/{BUILD['library_name'](system)}"
        assert {name for name in names if "/_core." in name} == {library}
        assert not [name for name in names if name.endswith((".c", ".h"))]
        check_library(wheel.extract(library, folder), system, tag)
    modules = {file.relative_to(ROOT / "src").as_posix() for file in (ROOT / "src").rglob("*.py")}
    assert modules <= names, modules - names
    return names - {library}


def check_sdist(path: Path) -> None:
    """Check that an sdist has what is needed to compile the core."""
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    sources = {
        file.relative_to(ROOT).as_posix() for file in SOURCES.iterdir() if file.suffix in (".c", ".h", ".py")
    }
    assert {"pyproject.toml", "hatch_build.py", *sources} <= names, sources - names
    assert not [name for name in names if "/_core." in name]


def main() -> None:
    """Check the files of a folder."""
    folder, systems = Path(sys.argv[1]), sys.argv[2:]
    (sdist,) = folder.glob("*.tar.gz")
    check_sdist(sdist)
    contents = []
    for system in systems:
        (wheel,) = folder.glob(f"*-py3-none-{BUILD['RELEASED'][system][1]}.whl")
        with tempfile.TemporaryDirectory() as temporary:
            contents.append(check_wheel(wheel, system, Path(temporary)))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB")
    assert all(each == contents[0] for each in contents)
    assert len(list(folder.iterdir())) == 1 + len(systems), sorted(folder.iterdir())
    print(f"{sdist.name}: {sdist.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
