"""Archives made to harm are refused in one sentence, with bounded memory, by everything that opens them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from damaged_files import VALID
from hostile_archives import WAYS, hostile

#: A member of each archive that is read.
READ_MEMBER = {
    "small.brml": "Experiment0/RawData0.xml",
    "small.rasx": "Data0/Profile0.txt",
    "made.xlsx": "xl/worksheets/sheet1.xml",
    "stack.npz": "intensity.npy",
}


def _stack() -> bytes:
    buffer = io.BytesIO()
    q = np.linspace(0.9, 1.3, 20)
    np.savez(buffer, q=q, intensity=np.arange(120).reshape(2, 3, 20).astype(np.uint16))
    return buffer.getvalue()


#: Reads each file in a process of limited memory, and prints what it is: points, or the message.
READ = """
import contextlib, json, resource, sys
from pathlib import Path
import slxrd, slxrd.io.text.xlsx, openpyxl
from slxrd.errors import SlxrdError
from slxrd.studies.maps.files.stacks import Choice, open_stack
def read(path):
    if path.suffix != ".npz":
        return [len(x) if isinstance(x, slxrd.Pattern) else str(x) for x in slxrd.read_scans(path)]
    with contextlib.ExitStack() as opened:
        found = open_stack([path], Choice(), opened, slxrd.read)
        return [found.rows(0, min(found.count, 100)).size]
pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (pages + 450_000_000,) * 2)
for path in map(Path, sys.argv[1:]):
    try:
        found = read(path)
    except SlxrdError as error:
        found = [str(error)]
    print(json.dumps(found), flush=True)
"""


def read_in_process(files: list[Path]) -> list[list[int | str]]:
    """What is read of files, each a number of points or a message."""
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, files)], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr[-1000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux only")
@pytest.mark.parametrize("name", READ_MEMBER)
def test_hostile_archives_are_refused(name: str, tmp_path: Path) -> None:
    valid = next((each.content for each in VALID if each.name == name), None) or _stack()
    with zipfile.ZipFile(io.BytesIO(valid)) as opened:
        number = opened.namelist().index(READ_MEMBER[name])
    contents = {"valid": valid} | {way: hostile(valid, way, number) for way in WAYS}
    files = [tmp_path / f"{i}{Path(name).suffix}" for i in range(len(contents))]
    for file, content in zip(files, contents.values(), strict=True):
        file.write_bytes(content)
    whole, *refused = read_in_process(files)
    assert all(isinstance(points, int) for points in whole)
    for way, file, messages in zip(WAYS, files[1:], refused, strict=True):
        for message in messages:
            assert isinstance(message, str), (way, message)
            assert message.startswith(str(file)), (way, message)
            assert "\n" not in message, way
