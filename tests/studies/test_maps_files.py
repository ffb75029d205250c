"""Stacks of patterns from files, with what is wrong in them named; results are read as they were written."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_shell import call
from simulated_raster import Q, fitted, raster

import slxrd
from slxrd.errors import FileError, SlxrdError
from slxrd.studies.maps.files.results import is_map, read_map, write_map
from slxrd.studies.maps.files.stacks import Choice, open_stack
from slxrd.studies.maps.pattern_stack import PatternStack, make_stack

h5py = pytest.importorskip("h5py")
SMALL = np.arange(2 * 3 * 20).reshape(2, 3, 20).astype(np.uint16)
AXIS = np.linspace(0.9, 1.3, 20)


def opened(path: Path | str, stack: ExitStack | None = None, **choice: Any) -> PatternStack:
    with ExitStack() as own:
        found = open_stack([Path(path)], Choice(**choice), stack or own, slxrd.read)
        found.rows(0, found.count)
        return found


def hdf5(path: Path, **datasets: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name.replace("__", "/"), data=values)
    return path


@pytest.mark.slow
def test_the_only_stack_of_an_hdf5_file_is_found(tmp_path: Path) -> None:
    path = hdf5(tmp_path / "a.h5", entry__data__I=SMALL, entry__data__q=AXIS, entry__title=np.ones(3))
    with ExitStack() as stack:
        found = opened(path, stack)
        assert found.shape == (2, 3)
        np.testing.assert_array_equal(found.rows(0, 6), SMALL.reshape(6, 20))
        np.testing.assert_array_equal(found.rows(2, 5), SMALL.reshape(6, 20)[2:5])
        np.testing.assert_array_equal(found.chosen(np.array([1, 4])), SMALL.reshape(6, 20)[[1, 4]])
        assert found.per_count is not None


@pytest.mark.slow
def test_nexus_names_signal_and_axis(tmp_path: Path) -> None:
    path = hdf5(
        tmp_path / "a.nxs", entry__data__I=SMALL, entry__data__other=SMALL, entry__data__q=10.0 * AXIS
    )
    with h5py.File(path, "a") as file:
        file.attrs["default"] = "entry"
        file["entry"].attrs["default"] = "data"
        file["entry/data"].attrs.update(signal="I", axes=["y", "x", "q"])
        file["entry/data/q"].attrs["units"] = "nm^-1"
    found = opened(path)
    np.testing.assert_allclose(found.q, AXIS)


@pytest.mark.slow
def test_an_axis_of_two_theta_needs_a_wavelength_and_may_decrease(tmp_path: Path) -> None:
    two_theta = np.linspace(30.0, 10.0, 20)
    path = hdf5(tmp_path / "a.h5", I=SMALL, two_theta=two_theta)
    with pytest.raises(SlxrdError, match="the wavelength is not known"):
        opened(path)
    with ExitStack() as stack:
        found = opened(path, stack, wavelength=0.8, no_lp=True)
        expected = 4.0 * np.pi / 0.8 * np.sin(np.radians(two_theta[::-1]) / 2.0)
        np.testing.assert_allclose(found.q, expected)
        np.testing.assert_array_equal(found.rows(0, 1)[0], SMALL[0, 0, ::-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("datasets", "choice", "said"),
    [
        ({"a": SMALL, "b": SMALL, "q": AXIS}, {}, r"several datasets that may be meant: /a \(2, 3, 20\), /b"),
        ({"a": SMALL, "q": AXIS, "p": AXIS}, {}, r"several axes of 20 points: /p \(20,\), /q"),
        (
            {"a": SMALL, "q": AXIS[:-1]},
            {},
            r"no axis of 20 points for /a; name one .*it contains /a \(2, 3, 20\)",
        ),
        (
            {"q": AXIS},
            {},
            r"no stack of patterns: at least two dimensions are needed; it contains /q \(20,\)",
        ),
        ({"a": SMALL, "q": AXIS}, {"data": "/b"}, r"contains no dataset /b; it contains /a \(2, 3, 20\), /q"),
        ({"a": SMALL, "q": AXIS}, {"q": "/a"}, "is not the axis of /a"),
        ({"g__a": SMALL, "q": AXIS}, {"data": "/g"}, "/g is a group, not a dataset"),
        ({"a": SMALL, "q": AXIS}, {"shape": (4, 2)}, "--shape 4x2: .* has 6 patterns"),
    ],
)
def test_what_is_missing_in_an_hdf5_file_is_listed(
    datasets: dict[str, np.ndarray], choice: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = hdf5(tmp_path / "a.h5", **datasets)
    with pytest.raises(SlxrdError, match=said):
        opened(path, **choice)


@pytest.mark.slow
def test_a_dataset_can_be_named_in_the_path(tmp_path: Path) -> None:
    path = hdf5(tmp_path / "a.h5", a=SMALL, b=SMALL + 1, q=AXIS)
    with ExitStack() as stack:
        assert opened(f"{path}::/b", stack).rows(0, 1)[0, 0] == 1.0
    with pytest.raises(SlxrdError, match="names a dataset, and so does --data"):
        opened(f"{path}::/b", data="/a")


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\x89HDF\r\n\x1a\n cut off", "a.h5", "cannot be read as HDF5"),
        (b"no numbers", "a.npy", "cannot be read as arrays of numbers"),
        (b"", "a.npy", "cannot be read as arrays of numbers"),
        (b"PK\x03\x04 cut off", "a.npz", "cannot be read as arrays of numbers"),
    ],
)
def test_damaged_files(content: bytes, name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=said):
        opened(tmp_path / name)


def test_numpy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SMALL)
    np.save(tmp_path / "q.npy", AXIS)
    np.savetxt(tmp_path / "q.txt", AXIS)
    for axis in ("q.npy", "q.txt"):
        found = opened(tmp_path / "a.npy", q=str(tmp_path / axis))
        np.testing.assert_allclose(found.q, AXIS)
    with pytest.raises(FileError, match="contains intensities only"):
        opened(tmp_path / "a.npy")
    np.savez(tmp_path / "a.npz", first=SMALL, q=AXIS)
    with pytest.raises(FileError, match=r"no array of the usual name: first \(2, 3, 20\), q \(20,\)"):
        opened(tmp_path / "a.npz")
    assert opened(tmp_path / "a.npz", data="first", shape=(6,)).shape == (6,)
    with pytest.raises(FileError, match="contains no array 'second'"):
        opened(tmp_path / "a.npz", data="second")
    with pytest.raises(FileError, match="does not exist"):
        opened(tmp_path / "b.npy")


def test_single_patterns_of_a_folder(tmp_path: Path) -> None:
    for i in range(3):
        np.savetxt(tmp_path / f"p{i}.xy", np.column_stack([Q, raster().intensity[0, 1 + i]]), fmt="%.6f")
    found = open_stack([tmp_path], Choice(), ExitStack(), lambda path: slxrd.read(path, axis="q"))
    assert found.shape == (3,)
    np.testing.assert_allclose(found.rows(1, 2)[0], raster().intensity[0, 2])
    np.savetxt(tmp_path / "p9.xy", np.column_stack([Q + 0.001, raster().intensity[0, 1]]), fmt="%.6f")
    with pytest.raises(FileError, match="has another axis than"):
        open_stack([tmp_path], Choice(), ExitStack(), lambda path: slxrd.read(path, axis="q"))


def test_saturation_is_the_largest_number_of_the_type_or_given() -> None:
    rows = SMALL.copy()
    rows[1, 1, 4] = 65535
    stack = make_stack(AXIS, rows)
    assert stack.saturated(stack.rows(0, 6)).tolist() == [False] * 4 + [True, False]
    stack = make_stack(AXIS, rows, saturation=100.0)
    assert stack.saturated(stack.rows(0, 6)).tolist() == [False] * 4 + [True, True]


@pytest.mark.slow
def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = fitted()
    path = tmp_path / "map.h5"
    write_map(path, found)
    again = read_map(path)
    assert str(again) == str(found)
    for name in ("best", "errors", "status", "grade", "kind", "solutions", "rises", "doubtful"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name), err_msg=name)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["maps/d"][...], found.value("d"))
        assert file["maps/d"].attrs["units"] == "Å"
    assert list(tmp_path.iterdir()) == [path]
    other = hdf5(tmp_path / "other.h5", q=AXIS)
    assert is_map(path)
    assert not is_map(other)
    with pytest.raises(FileError, match="is not the result of slxrd map"):
        read_map(other)


@pytest.mark.slow
def test_the_command_fits_writes_and_draws(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", q=Q, intensity=raster().intensity[3:5, 1:5], simulated=True)
    out, picture = tmp_path / "map.h5", tmp_path / "map.png"
    options = ["--region", "0.9:1.3", "--fix", "q_zero=0", "--systematics", "none", "--bounds", "L=30:40"]
    done = call(
        "map", str(tmp_path / "r.npz"), *options, "--check", "2", "--out", str(out), "--plot", str(picture)
    )
    assert done.code == 0, done.err
    assert "[simulated]" in done.out.splitlines()[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "map.caption.txt",
        "map.h5",
        "map.png",
        "r.npz",
    ]
    again = call("map", str(out), "--json", "-")
    assert '"simulated": true' in again.out
    refused = call("map", str(tmp_path / "r.npz"), *options, "--out", str(out))
    assert "exists" in refused.refused()


def test_options_of_the_command(tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", q=Q, intensity=raster().intensity)
    for options, said in (
        (["--out", "map.csv"], "the result of a map is an HDF5 file"),
        (["--shape", "many"], "--shape many: give the numbers of rows and columns"),
        (["--axis", "theta"], "--axis theta: a stack is over q or 2theta"),
        (["--noise", "file"], "a map has no σ of its own"),
    ):
        done = call("map", str(tmp_path / "r.npz"), "--region", "0.9:1.3", *options)
        assert said in done.refused()
