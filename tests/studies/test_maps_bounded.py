"""Stacks and maps that would fill the memory are refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest
from cli_shell import call
from simulated_raster import Q

h5py = pytest.importorskip("h5py")


@pytest.mark.slow
def test_arrays_of_which_little_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with h5py.File("axis.h5", "w") as file:
        file.create_dataset("q", shape=(10**11,), dtype="f8", chunks=(1000,))
        file.create_dataset("intensity", shape=(3, 10**11), dtype="f8", chunks=(1, 1000))
    np.savez_compressed("zeros.npz", q=Q, intensity=np.zeros((15_000_000,)))
    with h5py.File("result.h5", "w") as file:
        file.attrs.update({"kind": "slxrd map", "schema": 1, "slxrd": "0.2"})
        file.create_dataset("patterns/best", shape=(10**9, 6), dtype="f8", chunks=(1000, 6))
    for name in ("axis.h5", "zeros.npz", "result.h5"):
        message = call("map", name).refused()
        assert name in message
        assert "MB are stored; it is damaged" in message


def test_an_axis_from_a_device_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("i.npy", np.ones((3, Q.size)))
    if Path("/dev/zero").exists():
        assert "pipe or a device" in call("map", "i.npy", "--q", "/dev/zero").refused()
    np.savetxt("q.txt", Q)
    np.save("q.npy", Q[:-1])
    assert "do not fit an axis" in call("map", "i.npy", "--q", "q.npy").refused()
