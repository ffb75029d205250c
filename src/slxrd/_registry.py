"""Named things of one kind: those of slxrd, and those that other installed packages add by entry points."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from slxrd._cached import cached_property
from slxrd._entry_points import entry_points_of
from slxrd.errors import SlxrdError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Item = TypeVar("Item")


class PluginWarning(UserWarning):
    """An installed package offers an addition to slxrd that cannot be used."""


class Registry(Generic[Item]):
    """Things of one kind by their names.

    Entry points of the group are listed at the first look-up, and each is imported when its name is looked
    up, or when all are iterated over. One that cannot be used is left out with a :class:`PluginWarning`.

    Parameters
    ----------
    kind : str
        Singular name of the entries, for messages: ``"background"``.
    group : str
        Group of the entry points, such as ``"slxrd.backgrounds"``.
    package : str, optional
        Name of a package, all of whose modules are imported before the first look-up so that they register
        what they define.
    accepts : callable, optional
        Whether an object that a plugin offers is such a thing.

    Examples
    --------
    >>> shapes = Registry[str]("shape", "slxrd.doctest_shapes")
    >>> shapes.register("round", "o")
    'o'
    >>> shapes["square"]
    Traceback (most recent call last):
        ...
    slxrd.errors.SlxrdError: unknown shape 'square'; known are round
    """

    def __init__(
        self,
        kind: str,
        group: str,
        package: str | None = None,
        accepts: Callable[[object], bool] = lambda item: True,
    ) -> None:
        self.kind = kind
        self.group = group
        self._accepts = accepts
        self._package = package
        self._items: dict[str, Item] = {}
        self._failed: dict[str, str] = {}

    def register(self, name: str, item: Item) -> Item:
        """Add a thing of slxrd itself, and return it.

        Raises
        ------
        SlxrdError
            If the name is taken.
        """
        if name in self._items:
            raise SlxrdError(f"the {self.kind} {name!r} is registered twice; rename one of the two")
        self._items[name] = item
        return item

    @property
    def names(self) -> tuple[str, ...]:
        """All names, those of slxrd first; a plugin is not imported for it."""
        plugins = self._plugins
        return tuple(dict.fromkeys((*self._items, *plugins)))

    def __getitem__(self, name: str) -> Item:
        """Look up a name.

        Raises
        ------
        SlxrdError
            If the name is unknown, taken twice, or that of a plugin that cannot be used.
        """
        plugins = self._plugins
        if name not in self._items and name in plugins and name not in self._failed:
            self._load(plugins[name])
        if name in self._failed:
            raise SlxrdError(self._failed[name])
        if name not in self._items:
            raise SlxrdError(f"unknown {self.kind} {name!r}; known are {', '.join(self.names)}")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def items(self) -> Iterator[tuple[str, Item]]:
        """Iterate over names and things; plugins that cannot be used are left out, each with a warning."""
        plugins = self._plugins
        for name in self.names:
            if name not in self._items and name not in self._failed:
                self._load(plugins[name])
                if name in self._failed:
                    warnings.warn(self._failed[name], PluginWarning, stacklevel=3)
            if name in self._items:
                yield name, self._items[name]

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        """Entry points by name; the modules of slxrd have registered theirs before."""
        if self._package is not None:
            package = importlib.import_module(self._package)
            for module in pkgutil.walk_packages(package.__path__, f"{self._package}."):
                importlib.import_module(module.name)
        found: dict[str, EntryPoint] = {}
        for point in sorted(entry_points_of(self.group), key=_distribution):
            # The same distribution may be found twice, in two folders of sys.path.
            other = found.get(point.name)
            if other is not None and _distribution(other) == _distribution(point):
                continue
            if point.name in self._items or other is not None:
                owner = "slxrd" if other is None else f"the package {_distribution(other)}"
                raise SlxrdError(
                    f"the {self.kind} {point.name!r} of the package {_distribution(point)} has the name of "
                    f"one of {owner}; uninstall the package, or rename its entry point in {self.group}"
                )
            found[point.name] = point
        return found

    def _load(self, point: EntryPoint) -> None:
        try:
            item = point.load()
            if not self._accepts(item):
                raise TypeError(f"{point.value} is no {self.kind}")
            self._items[point.name] = cast(Item, item)
        except Exception as error:  # whatever a foreign package may raise while it is imported
            self._failed[point.name] = (
                f"the {self.kind} {point.name!r} of the package {_distribution(point)} cannot be used "
                f"({type(error).__name__}: {error}); update or uninstall the package"
            )


def _distribution(point: EntryPoint) -> str:
    return "(name unknown)" if point.dist is None else point.dist.name
