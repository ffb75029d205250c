"""A process may be forked while one of its threads fits, as pools of other libraries do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_FORKS = """
import os, signal, sys, threading, time
import slxrd
pattern = slxrd.read(sys.argv[1])
options = dict(regions=[(0.9, 1.25)], start={"d": 5.84, "L": 36.9, "N": 13},
               fix={"sigma_L": 1.4, "sigma_N": 1.5}, resolution=0.007)
expected = slxrd.fit(pattern, **options).chi2
ended = threading.Event()
def fits():
    while not ended.is_set():
        slxrd.fit(pattern, **options)
thread = threading.Thread(target=fits)
thread.start()
for k in range(4):
    time.sleep(0.1 * k)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if slxrd.fit(pattern, **options).chi2 == expected else 3)
    print(os.waitpid(child, 0)[1])
ended.set()
thread.join()
"""


_PROPERTIES = """
import os, signal, threading
from slxrd._cached import cached_property
begun, going_on = threading.Event(), threading.Event()
class Calculated:
    def __init__(self, waits):
        self.waits = waits
    @cached_property
    def value(self):
        if self.waits:
            begun.set()
            going_on.wait()
        return object()
first = Calculated(True)
thread = threading.Thread(target=lambda: first.value)
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    second = Calculated(False)
    os._exit(0 if second.value is second.value else 3)
print(os.waitpid(child, 0)[1])
going_on.set()
thread.join()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_property_can_be_calculated_after_a_fork_during_another() -> None:
    done = subprocess.run([sys.executable, "-c", _PROPERTIES], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["0"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fit_after_a_fork_ends_with_the_same_numbers() -> None:
    import slxrd

    cubes = Path(slxrd.__file__).parent / "io" / "examples" / "cspbbr3-cubes.csv"
    done = subprocess.run(
        [sys.executable, "-c", _FORKS, str(cubes)], capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["0"] * 4
