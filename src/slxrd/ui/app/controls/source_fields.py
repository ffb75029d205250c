"""Fields for options that are a number or a source: σ of the points, and the resolution."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import panel as pn
import param

from slxrd.data.noise import noise_source
from slxrd.ui.app.controls.widgets import NARROW, row

_FRACTION, _NUMBER, _FILE, _LINE = "fraction", "number", "path", "line"


class _SourceField(pn.viewable.Viewer):
    """A list of sources, and the fields that belong to the chosen one."""

    value = param.Parameter(default=None, doc="The option as plain data, or None.")
    label = param.String()
    sources: ClassVar[dict[str, str]]

    def __init__(self, label: str, help: str, *fields: Any) -> None:
        super().__init__(label=label)
        self._filling = False
        self._source = pn.widgets.Select(label=label, options=self.sources, width=NARROW, description=help)
        self._view = row(self._source, *fields)
        for each in (self._source, *fields):
            each.param.watch(lambda _: self._changed(), "value")
        self.param.watch(lambda _: self._show(), "value")
        self._show()

    def __panel__(self) -> pn.Row:
        """Return what is shown."""
        return self._view

    def _changed(self) -> None:
        if self._filling:
            return
        self._arrange()
        value = self._read()
        if value is not ...:
            self.value = value

    def _show(self) -> None:
        self._filling = True
        try:
            self._fill()
        finally:
            self._filling = False
        self._arrange()

    @abstractmethod
    def _read(self) -> Any:
        """Return the value, or an ellipsis while a field is empty."""

    @abstractmethod
    def _fill(self) -> None:
        """Show the value in the fields."""

    @abstractmethod
    def _arrange(self) -> None:
        """Show the fields of the chosen source only."""


class NoiseField(_SourceField):
    """σ of the points: its source, and a fraction of each intensity that is added."""

    sources: ClassVar[dict[str, str]] = {
        "file, or 3 %": "",
        "counting statistics": "counting",
        "the file": "file",
        "scatter of the points": "scatter",
        "fraction of the maximum": _FRACTION,
    }

    def __init__(self, label: str, help: str) -> None:
        width: dict[str, Any] = {"width": 84, "step": 0.01, "format": "0.[0000]", "start": 0.0}
        self._fraction = pn.widgets.FloatInput(
            label="fraction", value=0.03, **width, description="σ, as a fraction of each region's maximum."
        )
        self._relative = pn.widgets.FloatInput(
            label="+ own",
            value=None,
            **width,
            description="A fraction of each point's intensity is added.",
        )
        super().__init__(label, help, self._fraction, self._relative)

    def _read(self) -> Any:
        source, relative = self._source.value, self._relative.value
        if source == _FRACTION:
            if self._fraction.value is None:
                return ...
            source = f"{self._fraction.value:.12g}" if relative else self._fraction.value
        return f"{source}+{relative:.12g}" if source and relative else source or None

    def _fill(self) -> None:
        if self.value is None:
            self._source.value, self._relative.value = "", None
            return
        found = noise_source(self.value)
        if isinstance(found.source, str):
            known = found.source in self.sources.values()
            self._source.options = self.sources if known else {**self.sources, found.source: found.source}
            self._source.value = found.source
        else:
            self._source.value, self._fraction.value = _FRACTION, found.source
        self._relative.value = found.relative or None

    def _arrange(self) -> None:
        self._fraction.visible = self._source.value == _FRACTION
        self._relative.visible = bool(self._source.value)


class ResolutionField(_SourceField):
    """Resolution of the instrument: from the pattern, σ_G, or a file."""

    sources: ClassVar[dict[str, str]] = {"from the pattern": "", "a value": _NUMBER, "measured: file": _FILE}

    def __init__(self, label: str, help: str) -> None:
        self._number = pn.widgets.FloatInput(
            label="σ of the line (Å⁻¹)",
            value=0.007,
            start=0.0,
            step=0.001,
            format="0.[000000]",
            width=NARROW,
            description="Standard deviation of the instrument's line; 0: none.",
        )
        self._path = pn.widgets.TextInput(
            label="file",
            placeholder="resolution.json",
            width=NARROW,
            description="The file that slxrd resolution wrote from the pattern of a standard.",
        )
        super().__init__(label, help, self._number, self._path)

    def _read(self) -> Any:
        if self._source.value == _NUMBER:
            return ... if self._number.value is None else self._number.value
        if self._source.value == _FILE:
            return self._path.value.strip() or ...
        return self.value if self._source.value == _LINE else None

    def _fill(self) -> None:
        if isinstance(self.value, Mapping):
            self._source.param.update(options={**self.sources, "measured line": _LINE}, value=_LINE)
        elif isinstance(self.value, str):
            self._source.value, self._path.value = _FILE, self.value
        elif self.value is None:
            self._source.value = ""
        else:
            self._source.value, self._number.value = _NUMBER, self.value

    def _arrange(self) -> None:
        self._number.visible = self._source.value == _NUMBER
        self._path.visible = self._source.value == _FILE
