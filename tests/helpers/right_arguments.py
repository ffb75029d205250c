"""Right arguments of all public functions, and of the classes that users make."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import simulated_micrographs as micrographs
import simulated_rings as rings
import simulated_saed as electrons
import simulated_spots as spots
from powder import powder

import slxrd

FILES = Path(__file__).parents[1] / "files"
TRUTH = {"N": 12.0, "sigma_N": 1.2, "d": 5.85, "L": 36.0, "sigma_L": 1.0}
#: A fit without a long search.
QUICK: dict[str, Any] = {
    "regions": [(0.9, 1.3)],
    "coherent": 5,
    "budget": 1.0,
    "bounds": {"L": (30.0, 42.0)},
    "fix": {"q_zero": 0.0},
}
CIF = """data_cubic
_cell_length_a 5.87
_cell_length_b 5.87
_cell_length_c 5.87
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'P m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cs Cs 0 0 0
Pb Pb 0.5 0.5 0.5
Br Br 0.5 0.5 0
"""


def simulated(seed: int = 1, low: float = 0.8, L: float = 36.0, **options: Any) -> slxrd.Pattern:
    """A simulated pattern of 200 points."""
    q = np.linspace(low, 1.4, 241)
    given: dict[str, Any] = {"coherent": 5, "noise": "counting", "seed": seed, **options}
    return slxrd.simulate(q, {**TRUTH, "L": L}, **given)


class Base:
    """Right arguments of the public functions.

    Parameters
    ----------
    folder : Path
        For files.
    fitted : bool
        Whether fits and other results are made where a function needs them; without, such a function gets
        None or a number.
    """

    def __init__(self, folder: Path, fitted: bool = True) -> None:
        for library in ("gemmi", "fabio", "matplotlib.figure", "skimage.measure"):
            importlib.import_module(library)  # an interrupted import could not be repeated
        self.folder, self.fitted = folder, fitted
        (folder / "a.cif").write_text(CIF, encoding="utf-8")
        self.pattern = simulated(wavelength="CuKa1", raw=True)
        self.clean = simulated(noise=0.01)
        estimate = slxrd.Estimate(5.8, 0.1, "Å")
        shape, geometry = (60, 80), rings.GEOMETRY
        self.image = slxrd.DetectorImage(
            np.random.default_rng(1).poisson(20.0, shape).astype(float), name="simulated"
        )
        self.by_name: dict[str, Any] = {
            "pattern": self.clean, "name": "L", "name_x": "L", "name_y": "d", "x": [35.0, 36.0],
            "y": [5.8, 5.85], "values": [35.0, 36.0, 37.0], "folder": folder / "out", "sigma_L": estimate,
            "N": estimate, "d": estimate, "bulk": 5.8, "low": 0.9, "high": 1.3,
            "region": slxrd.Region(0.9, 1.3), "patterns": [self.clean, simulated(2), simulated(3)],
            "wavelength": 1.54, "radius": 200.0, "slit": 0.1, "thickness": 1.0, "beam": 0.1, "sample": 10.0,
            "instrument": slxrd.Instrument(), "coherent": 5, "against": "q",
            "q": np.linspace(0.8, 1.4, 241), "text": "Si", "image": self.image, "geometry": geometry,
            "shape": shape,
        }  # fmt: skip
        #: Values of optional arguments, where None is the default.
        self.optional: dict[str, Any] = {
            "regions": [(0.9, 1.3)], "mask": [(1.0, 1.01)], "noise": 0.03, "start": {"L": 36.0},
            "fix": {"q_zero": 0.0}, "bounds": {"L": (30.0, 40.0)}, "free": ["q_zero"],
            "tie": {"sigma_N": "sigma_L"},
            "prior": {"L": (36.0, 1.0)}, "crystal": "CsPbBr3", "partner": "CsPbBr3", "slab": 1.0,
            "substrate": "SrTiO3:002", "resolution": 0.007, "q_xy": (0.1, 1.0), "q_z": (0.1, 1.0),
            "bins": (10, 10), "critical": 0.035, "spacings": [5.84, 2.92], "size": 80.0,
            "threshold": 100.0, "rows": (0, 100), "columns": (0, 100), "smallest": 10.0, "pixel_error": 0.01,
            "centre": (200.0, 210.0), "camera_error": 5.0, "saturated": 1000.0, "monochromator": 26.6,
            "width": 0.2, "signal": [(0.9, 1.1)], "period": 0.1, "count": 2, "truth": TRUTH, "seed": 1,
            "numbers": [2, 5], "slits": [0.1, 1.0], "termination": "CsBr", "scan": 1, "saturation": 1e5,
            "low_angles": (0.12, 0.5), "shared": ["N"], "smooth": ["d"], "share": ["d"], "axis": "q",
            "wavelength": "CuKa1", "lattice": "CsPbBr3", "mu": 10.0, "formula": "CsPbBr3", "density": 4.8,
            "polarisation": 0.5, "bottom": 0, "top": 1, "reference": 0,
        }  # fmt: skip
        self.of: dict[str, Callable[[], dict[str, Any]]] = {
            "simulate": lambda: {"values": TRUTH},
            "plan": lambda: {
                "values": TRUTH, "q_low": 0.9, "q_high": 1.3, "step": 0.01, "counts": 100.0, "n": 2,
            },
            "crystal": lambda: {"name": "CsPbBr3"},
            "example": lambda: {"name": "cspbbr3-cubes"},
            "example_series": lambda: {"name": "cspbbr3-annealing"},
            "standard": lambda: {"text": "LaB6"},
            "fit_map": lambda: {
                "intensity": np.tile(self.clean.intensity, (4, 1)), "regions": [(0.9, 1.3)], "workers": 1,
            },
            "crystal_from_cif": lambda: {"path": folder / "a.cif", "hkl": (0, 0, 1)},
            "undo_correction": lambda: {
                "pattern": slxrd.correct_lorentz_polarisation(self.pattern), "name": "Lorentz-polarisation",
            },
            "correct_absorption": lambda: {"pattern": self.pattern, "mu": 10.0},
            "correct_footprint": lambda: {"pattern": self.pattern},
            "correct_lorentz_polarisation": lambda: {"pattern": self.pattern},
            "counting_statistics": lambda: {"pattern": self.pattern},
            "laue_fringes": lambda: {"pattern": simulated(noise=None, coherent=1), "low": 0.8, "high": 1.4},
            "fit_low_angle": lambda: {"pattern": slxrd.read(self._old("lowangle", "film.csv"), axis="q")},
            "compare_models": lambda: {"models": ["planes", "CsPbBr3"], **QUICK},
            "fit_series": lambda: {"values": [1.0, 2.0, 3.0], "processes": 1, **QUICK},
            "fit_directions": lambda: {"cuts": self._cuts(), "coherent": 6, "budget": 1.0},
            "compare_disorder": lambda: {"cuts": self._cuts(), "coherent": 6, "budget": 1.0},
            "measure_resolution": lambda: {
                "pattern": powder(slxrd.standard("LaB6"), span=(18.0, 80.0)),
                "standard": slxrd.standard("LaB6"),
            },
            "histogram_matrix": lambda: {"samples": {"L": np.arange(30.0), "d": np.arange(30.0) ** 2}},
            "find_outlines": lambda: {"picture": self._micrograph, "pixel": 2.0},
            "measure_orientation": lambda: {"image": self._rings, "lattice": "CsPbBr3"},
            "measure_periods": lambda: {"image": spots.gisaxs(1), "geometry": spots.GEOMETRY},
            "measure_saed": lambda: {
                "image": self._electrons, "camera_constant": electrons.CONSTANT, "lattice": "CsPbBr3",
            },
            "cut_image": lambda: {"image": self._rings, "cut": slxrd.Cut("in-plane", (0.1, 0.5))},
            "cartesian_map": lambda: {"image": self._rings},
            "polar_map": lambda: {"image": self._rings},
            "read": lambda: {"path": self._old("fits", "raw.csv"), "wavelength": "CuKa"},
            "read_scans": lambda: {"path": self._old("fits", "raw.csv"), "wavelength": "CuKa"},
            "read_image": lambda: {"path": self._edf},
            "read_mask": lambda: {"path": self._edf},
            "read_resolution": lambda: {"path": self._old("fits", "resolution.toml")},
            "Pattern": lambda: {"x": [1.0, 2.0, 3.0], "intensity": [3.0, 2.0, 1.0]},
            "Broadening": lambda: {
                "U": 0.0, "V": 0.0, "W": 0.01, "lorentzian": 0.1, "wavelength": 1.54,
            },
            "Standard": lambda: {"name": "Si", "lattice": "D", "a": 5.43},
            "Crystal": lambda: {
                "name": "plane", "period": 5.8, "repeat": slxrd.crystal("CsPbBr3").repeat,
            },
            "Step": lambda: {"name": "mask"},
            "Cut": lambda: {"kind": "in-plane", "ranges": (0.1, 0.5)},
            "DetectorImage": lambda: {"counts": np.ones((5, 6))},
            "Estimate": lambda: {"value": 5.8, "error": 0.1, "unit": "Å"},
            "Geometry": lambda: {
                "distance": 200.0, "centre_row": 100.0, "centre_column": 100.0, "pixel_row": 172.0,
                "pixel_column": 172.0, "wavelength": 1.0,
            },
            "MaskCircle": lambda: {"row": 5.0, "column": 5.0, "radius": 2.0},
            "MaskRectangle": lambda: {
                "row_min": 1.0, "row_max": 4.0, "column_min": 1.0, "column_max": 4.0,
            },
        }  # fmt: skip
        if fitted:
            self.of.update(self._of_results())

    def _of_results(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Arguments that are results of other functions."""
        return {
            "load": lambda: {"path": self._saved},
            "read_map": lambda: {"path": self._map_file},
            "compare_fits": lambda: {"fits": {"one": self.fit, "two": self.fit}},
            "compare_lp": lambda: {"pattern": self.pattern, "fit": lambda _: self.fit},
            "bootstrap": lambda: {"n": 2, "workers": 1},
            "profile": lambda: {"values": [35.8, 36.0, 36.2]},
            "directions_figure": lambda: {"fit": slxrd.fit_directions(**self.of["fit_directions"]())},
            "sample_table": lambda: {"results": [self._saved, self.fit]},
            "background_figure": lambda: {"done": slxrd.subtract_background(self.clean)},
            "subtract_peaks": lambda: {"decomposition": self._parts, "numbers": [1]},
            "decomposition_figure": lambda: {"parts": self._parts},
            "chi2_map_2d_figure": lambda: {
                "one": slxrd.chi2_map_2d(
                    self.fit, "L", "d", [35.9, 36.0, 36.1], [5.84, 5.85, 5.86], kind="section"
                ),
            },
            "chi2_maps_figure": lambda: {
                "maps": [slxrd.chi2_map(self.fit, "L", [35.9, 36.0, 36.1], profiled=False)],
            },
            "comparison_figure": lambda: {
                "comparison": slxrd.compare_fits({"one": self.fit, "two": self.fit}),
            },
            "fluctuation_figure": lambda: {
                "measured": slxrd.fluctuation(self.by_name["patterns"], slxrd.Region(0.9, 1.3)),
            },
            "image_figure": lambda: {"found": slxrd.cartesian_map(self._rings, rings.GEOMETRY)},
            "low_angle_figure": lambda: {"found": slxrd.fit_low_angle(**self.of["fit_low_angle"]())},
            "lp_figure": lambda: {"found": slxrd.compare_lp(self.pattern, lambda _: self.fit)},
            "map_figure": lambda: {"found": self._map},
            "merit_figure": lambda: {
                "disorder": slxrd.disorder_from_fringes(self.clean, [(0.9, 1.3)], coherent=5),
            },
            "orientation_figure": lambda: {
                "found": slxrd.measure_orientation(self._rings, rings.GEOMETRY, "CsPbBr3"),
            },
            "outlines_figure": lambda: {"found": slxrd.find_outlines(self._micrograph, 2.0)},
            "periods_figure": lambda: {"found": slxrd.measure_periods(spots.gisaxs(1), spots.GEOMETRY)},
            "plan_figure": lambda: {"plans": [slxrd.plan(**self.of["plan"]())]},
            "resolution_figure": lambda: {"measured": self._resolution},
            "write_resolution": lambda: {"path": self.folder / "new.toml", "measured": self._resolution},
            "robust_figure": lambda: {"found": slxrd.compare_robust(self.fit)},
            "saed_figure": lambda: {"found": slxrd.measure_saed(self._electrons, electrons.CONSTANT)},
            **{
                f"series_{kind}_figure": lambda: {"fit": self._series}
                for kind in ("gap", "heat", "parameters", "stack")
            },
        }

    @cached_property
    def fit(self) -> Any:
        """A fit, unless none are made."""
        return slxrd.fit(self.clean, **QUICK) if self.fitted else None

    @cached_property
    def _saved(self) -> Path:
        return slxrd.save(self.fit, self.folder / "saved")[0]

    @cached_property
    def _series(self) -> slxrd.SeriesFit:
        return slxrd.fit_series(
            self.by_name["patterns"], [1.0, 2.0, 3.0], processes=1, low_angles=(0.8, 0.9), **QUICK
        )

    @cached_property
    def _map(self) -> slxrd.MapFit:
        return slxrd.fit_map(
            self.by_name["q"], np.tile(self.clean.intensity, (4, 1)), check=1, workers=1, **QUICK
        )

    @cached_property
    def _map_file(self) -> Path:
        from slxrd.studies.maps.files.results import write_map

        write_map(self.folder / "map.h5", self._map)
        return self.folder / "map.h5"

    @cached_property
    def _parts(self) -> slxrd.Decomposition:
        return slxrd.decompose(self.clean, 0.9, 1.3, count=2)

    @cached_property
    def _resolution(self) -> slxrd.Resolution:
        return slxrd.measure_resolution(**self.of["measure_resolution"]())

    @cached_property
    def _rings(self) -> slxrd.DetectorImage:
        return rings.measured(rings.film(families=2, counts=40.0))

    @cached_property
    def _electrons(self) -> slxrd.DetectorImage:
        return electrons.measured(electrons.diffraction())

    @cached_property
    def _micrograph(self) -> np.ndarray:
        shapes, size = micrographs.grid(1, across=2, down=2)
        return micrographs.micrograph(shapes, size, np.random.default_rng(1))

    @cached_property
    def _edf(self) -> Path:
        return spots.write_edf(self.folder / "image.edf", self.image)

    def _cuts(self) -> list[Any]:
        return [(simulated(noise=0.03), "001"), (simulated(2, noise=0.03), "100")]

    @staticmethod
    def _old(*parts: str) -> Path:
        return FILES.joinpath("v0.1", *parts)

    def arguments(
        self, name: str, function: Callable[..., Any], report: Callable[..., None] | None = None
    ) -> dict[str, Any]:
        """Right values of the arguments that a function needs; and what is called with its progress."""
        result = self.of[name]() if name in self.of else {}
        for key, parameter in inspect.signature(function).parameters.items():
            if key in result or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if key == "report":
                result[key] = report
            elif parameter.default is parameter.empty:
                result[key] = self.fit if key == "fit" else self.by_name.get(key, 1.0)
        return result
