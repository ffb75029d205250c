"""Compile the native core: when slxrd is installed, or in a checkout with ``python hatch_build.py``.

The core is compiled by the C compiler of the system, or else by that of the package ``ziglang``, and lies
beside the modules that load it. Where neither works, slxrd is installed without it and calculates with NumPy.

These variables of the environment are read:

``CC``
    The C compiler, with its options; by default cc, gcc or clang.
``SLXRD_NATIVE``
    0: install without the core; 1: stop if the core cannot be compiled.
``SLXRD_TARGET``
    Name of a system in `RELEASED` for which a wheel is made, on any system, by ``ziglang``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # not needed in a checkout
    BuildHookInterface = object

#: Folder of the sources, and of the library, in the package.
NATIVE = "slxrd/model/kernel/native"
ZIGLANG = "ziglang>=0.13"
#: The systems for which wheels are published: as zig knows them, and the platform tag of the wheel.
RELEASED = {
    "linux-x86_64": ("x86_64-linux-gnu.2.17", "manylinux_2_17_x86_64"),
    "linux-arm64": ("aarch64-linux-gnu.2.17", "manylinux_2_17_aarch64"),
    "windows-x86_64": ("x86_64-windows-gnu", "win_amd64"),
    "macos-x86_64": ("x86_64-macos.11.0", "macosx_11_0_x86_64"),
    "macos-arm64": ("aarch64-macos.11.0", "macosx_11_0_arm64"),
}
FLAGS = (
    "-std=c11", "-O3", "-fvisibility=hidden", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math",
    "-Wall", "-Wextra",
)  # fmt: skip
#: Options for each further set of instructions, of x86-64 only.
INSTRUCTIONS = {
    "avx2": ("-mavx2", "-mfma"),
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma"),
}
#: Loads a library as slxrd does.
LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).slxrd_sources"
#: Sources in the place of the core's, with which a compiler is tried.
TRIAL = {
    "core.c": """
#include <math.h>
#include <stdlib.h>
#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
static double f(double x) { return exp(x); }
double (*NAMED(f_, VARIANT))(double) = f;
""",
    "dispatch.c": """
#ifdef _WIN32
__declspec(dllexport)
#else
__attribute__((visibility("default")))
#endif
const char *slxrd_sources(void) { return SLXRD_SOURCES; }
""",
}


class CompileError(Exception):
    """The core cannot be compiled."""


def this_system() -> str:
    """Return system and processor, as in `RELEASED`."""
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    machine = sysconfig.get_platform().split("-")[-1]
    machine = platform.machine() if machine == "universal2" else machine
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)
    return f"{system}-{machine if sys.maxsize > 2**32 else '32'}"


def library_name(system: str) -> str:
    """Name of the library's file, as in library.py."""
    return "_core.native" + {"windows": ".dll", "macos": ".dylib"}.get(system.split("-")[0], ".so")


def local_tag() -> str:
    """Platform tag of a wheel for this machine alone."""
    from packaging.tags import platform_tags

    tags = list(platform_tags())
    return next((tag for tag in tags if tag.startswith("linux_")), tags[0])


def digest(folder: Path, compiler: list[str], options: Sequence[str] = ()) -> str:
    """Name for what is compiled from these sources in this way; the library contains it."""
    whole = hashlib.sha256(" ".join([*compiler, *FLAGS, *options]).encode())
    for path in sorted([*folder.glob("*.c"), *folder.glob("*.h")]):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def run(command: list[str], folder: Path) -> None:
    """Run a command in a folder; its output is the error if it fails."""
    environment = {**os.environ, "ZIG_LOCAL_CACHE_DIR": str(folder)}
    environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(folder))
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        raise CompileError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise CompileError(f"{shlex.join(command)}\n{done.stdout}{done.stderr}".strip())
    if done.stderr.strip():
        print(done.stderr, file=sys.stderr)


def compile_library(
    sources: Path, compiler: list[str], system: str, folder: Path, options: Sequence[str] = ()
) -> Path:
    """Compile the core of a system into a folder, with further options; return the library."""
    position = [] if system.startswith("windows") else ["-fPIC"]
    name = f'-DSLXRD_SOURCES="{digest(sources, compiler, options)}"'
    common = [*compiler, *FLAGS, *position, *options, name]
    extra = INSTRUCTIONS if system.endswith("-x86_64") else {}
    parts = {"dispatch": [f"-DHAVE_{name.upper()}" for name in extra], "generic": ["-DVARIANT=generic"]}
    parts |= {name: [f"-DVARIANT={name}", *options] for name, options in extra.items()}

    def compile_part(name: str) -> str:
        source = sources / ("dispatch.c" if name == "dispatch" else "core.c")
        run([*common, *parts[name], "-c", str(source), "-o", f"{name}.o"], folder)
        return f"{name}.o"

    with ThreadPoolExecutor(len(parts)) as threads:
        objects = list(threads.map(compile_part, parts))
    library = folder / library_name(system)
    strip = ["-s"] if "ziglang" in compiler else []
    mathematics = [] if system.startswith(("windows", "macos")) else ["-lm"]
    run([*compiler, *options, "-shared", *strip, *objects, *mathematics, "-o", library.name], folder)
    if system == this_system():
        run([sys.executable, "-c", LOAD, str(library)], folder)
    return library


def try_compiler(compiler: list[str]) -> None:
    """Raise an error if a compiler does not make libraries that this Python can load."""
    with tempfile.TemporaryDirectory() as temporary:
        for name, text in TRIAL.items():
            Path(temporary, name).write_text(text, encoding="utf-8")
        compile_library(Path(temporary), compiler, this_system(), Path(temporary))


def system_compilers() -> Iterator[list[str]]:
    """Commands of the C compilers of this system."""
    named = shlex.split(os.environ.get("CC", ""), posix=os.name != "nt")
    if named:
        yield named
    # gcc for Windows does not align the stack as AVX needs it, and clang needs another compiler's headers.
    for name in () if os.name == "nt" else ("cc", "gcc", "clang"):
        if shutil.which(name):
            yield [name, "-arch", platform.machine()] if sys.platform == "darwin" else [name]


def system_compiler() -> tuple[list[str] | None, list[str]]:
    """Return the first compiler of this system that works, and what was wrong with those before it."""
    failures = []
    for compiler in system_compilers():
        try:
            try_compiler(compiler)
        except CompileError as error:
            failures.append(str(error))
        else:
            return compiler, failures
    return None, failures


def zig(system: str) -> list[str] | None:
    """Command of zig's compiler for a system; None where it is not used."""
    if system not in RELEASED:
        return None
    target = RELEASED[system][0]
    if system == this_system() and sys.platform == "linux" and not platform.libc_ver()[0]:
        target = target.split("-gnu")[0] + "-musl"
    return [sys.executable, "-m", "ziglang", "cc", "-target", target]


def choose_compiler(target: str) -> list[str]:
    """Return the compiler for a released system, or for this system if none is named."""
    compiler, failures = (None, []) if target else system_compiler()
    if compiler is not None:
        return compiler
    compiler = zig(target or this_system())
    if compiler is not None and find_spec("ziglang"):
        return compiler
    raise CompileError("\n".join([*failures, "no C compiler was found"]))


def place(library: Path, target: Path) -> None:
    """Put a library in its place, whole at any moment."""
    new = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(library, new)
        os.replace(new, target)
    except OSError as error:
        raise CompileError(f"{target}: cannot be replaced ({error}); end programs that use slxrd") from None
    finally:
        new.unlink(missing_ok=True)


def compile_in_place(root: Path, options: Sequence[str] = ()) -> Path:
    """Compile the core for this system beside its sources, unless that was done; return the library."""
    sources = root / "src" / NATIVE
    library = sources / library_name(this_system())
    compiler = choose_compiler("")
    if library.is_file() and digest(sources, compiler, options).encode() in library.read_bytes():
        return library
    with tempfile.TemporaryDirectory() as temporary:
        place(compile_library(sources, compiler, this_system(), Path(temporary), options), library)
    return library


def chosen_target() -> str:
    """Return the released system that the environment names, or nothing."""
    target = os.environ.get("SLXRD_TARGET", "")
    if target and target not in RELEASED:
        raise CompileError(f"SLXRD_TARGET={target}: unknown system; known are {', '.join(RELEASED)}")
    return target


class NativeCore(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Add the compiled core to a wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return ``ziglang`` if no other compiler works."""
        system = chosen_target() or this_system()
        if os.environ.get("SLXRD_NATIVE") == "0" or system not in RELEASED:
            return []
        return [ZIGLANG] if chosen_target() or system_compiler()[0] is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the core, and set the tag of the wheel accordingly."""
        target, root = chosen_target(), Path(self.root)
        self._temporary = tempfile.TemporaryDirectory()
        try:
            if os.environ.get("SLXRD_NATIVE") == "0":
                raise CompileError("SLXRD_NATIVE=0")
            if target:
                sources = root / "src" / NATIVE
                library = compile_library(
                    sources, choose_compiler(target), target, Path(self._temporary.name)
                )
            else:
                library = compile_in_place(root)
        except CompileError as error:
            if target or os.environ.get("SLXRD_NATIVE") == "1":
                self.app.abort(f"the native core was not compiled: {error}")
            self.app.display_warning(
                f"slxrd is installed without its native core, and is many times slower: {error}"
            )
            if version == "editable":
                for library in (root / "src" / NATIVE).glob("_core.*"):
                    library.unlink()
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{RELEASED[target][1] if target else local_tag()}"
        if version == "standard":
            build_data["force_include"][str(library)] = f"{NATIVE}/{library.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove temporary files."""
        self._temporary.cleanup()


def main() -> None:
    """Compile the core in this checkout; arguments are further options of the compiler."""
    try:
        print(compile_in_place(Path(__file__).resolve().parent, sys.argv[1:]))
    except CompileError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
