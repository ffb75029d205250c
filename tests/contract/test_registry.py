"""Registries: built-in names, names of installed packages, and what goes wrong with them."""

import sys
import warnings
from pathlib import Path

import pytest

from slxrd._entry_points import _has_group
from slxrd._registry import PluginWarning, Registry
from slxrd.errors import SlxrdError

GROUP = "slxrd.test_registry"


def install(folder: Path, distribution: str, entries: dict[str, str], modules: dict[str, str]) -> None:
    """Write an installed distribution as pip leaves it: its modules, and a .dist-info beside them."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def registry(**options) -> Registry:
    made = Registry("colour", GROUP, **options)
    made.register("red", 1)
    return made


def test_look_up_of_a_built_in_name(site):
    colours = registry()
    assert colours["red"] == 1
    assert "red" in colours
    assert list(colours) == ["red"]
    assert len(colours) == 1
    assert list(colours.items()) == [("red", 1)]


def test_an_unknown_name_raises_with_the_known_ones(site):
    colours = registry()
    colours.register("blue", 2)
    with pytest.raises(SlxrdError, match=r"unknown colour 'bleu'; known are red, blue$"):
        colours["bleu"]


def test_a_name_registered_twice_raises():
    with pytest.raises(SlxrdError, match="colour 'red' is registered twice"):
        registry().register("red", 2)


def test_a_plugin_is_imported_when_its_name_is_looked_up(site):
    install(site, "paint-box", {"green": "paint_box:GREEN"}, {"paint_box": "GREEN = 3\n"})
    colours = registry()
    assert colours.names == ("red", "green")
    assert "paint_box" not in sys.modules
    assert colours["green"] == 3
    assert list(colours.items()) == [("red", 1), ("green", 3)]


def test_a_plugin_that_fails_is_reported_and_leaves_the_others_alone(site):
    install(site, "paint-box", {"green": "paint_box:GREEN"}, {"paint_box": "GREEN = 3\n"})
    install(site, "bad-box", {"black": "bad_box:BLACK"}, {"bad_box": "import a_module_that_is_missing\n"})
    colours = registry()
    with pytest.warns(PluginWarning) as caught:
        assert dict(colours.items()) == {"red": 1, "green": 3}
    assert len(caught) == 1
    assert str(caught[0].message) == (
        "the colour 'black' of the package bad-box cannot be used (ModuleNotFoundError: No module named "
        "'a_module_that_is_missing'); update or uninstall the package"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # reported once
        assert dict(colours.items()) == {"red": 1, "green": 3}
    with pytest.raises(SlxrdError, match="'black' of the package bad-box cannot be used"):
        colours["black"]


def test_a_plugin_of_another_type_cannot_be_used(site):
    install(site, "paint-box", {"green": "paint_box:GREEN"}, {"paint_box": "GREEN = 'three'\n"})
    with pytest.raises(SlxrdError, match="paint_box:GREEN is no colour"):
        registry(accepts=lambda item: isinstance(item, int))["green"]


def test_the_name_of_a_built_in_thing_cannot_be_taken(site):
    install(site, "paint-box", {"red": "paint_box:RED"}, {"paint_box": "RED = 3\n"})
    with pytest.raises(
        SlxrdError, match=r"'red' of the package paint-box has the name of one of slxrd; uninstall"
    ):
        registry()["red"]


def test_two_packages_cannot_share_a_name(site):
    for name in ("first", "second"):
        install(site, name, {"green": f"{name}:GREEN"}, {name: "GREEN = 3\n"})
    with pytest.raises(SlxrdError, match="of the package second has the name of one of the package first"):
        registry()["green"]


def test_a_distribution_found_in_two_folders_counts_once(site, tmp_path, monkeypatch):
    for folder in (site, tmp_path / "another"):
        install(folder, "paint-box", {"green": "paint_box:GREEN"}, {"paint_box": "GREEN = 3\n"})
    monkeypatch.syspath_prepend(str(tmp_path / "another"))
    assert registry()["green"] == 3


def test_modules_of_a_package_register_themselves(site):
    package = site / "crayons"
    (package / "dark").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "shelf.py").write_text(
        f"from slxrd._registry import Registry\nCOLOURS = Registry('colour', {GROUP!r}, package='crayons')\n"
    )
    (package / "dark" / "__init__.py").write_text("")
    (package / "dark" / "grey.py").write_text(
        "from crayons.shelf import COLOURS\nCOLOURS.register('grey', 4)\n"
    )
    from crayons.shelf import COLOURS

    assert COLOURS["grey"] == 4


@pytest.mark.parametrize("suffix", ["dist-info", "egg-info"])
def test_packages_are_listed_only_where_one_has_a_group_of_slxrd(site, suffix):
    info = site / f"other-1.0.{suffix}"
    info.mkdir()
    (info / "entry_points.txt").write_text("[console_scripts]\nslxrd = slxrd.__main__:main\n")
    assert not _has_group(str(site))
    (info / "entry_points.txt").write_text("[console_scripts]\na = b:c\n\n[slxrd.formats]\na = b:c\n")
    assert _has_group(str(site))


def test_packages_in_archives_are_listed(tmp_path):
    (tmp_path / "packages.zip").touch()
    (tmp_path / "package-1.0.egg").mkdir()
    assert all(_has_group(str(path)) for path in tmp_path.iterdir())
    assert not _has_group(str(tmp_path / "missing"))
