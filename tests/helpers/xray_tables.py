"""Make ``sample/tables/xray.npz`` from the tables of xraydb: ``python tests/helpers/xray_tables.py``."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np

TABLES = Path(__file__).parents[2] / "src" / "slxrd" / "sample" / "tables" / "xray.npz"
#: Energies in eV between which f′ and f″ are needed, with the neighbours that interpolation uses.
LOWEST, HIGHEST, NEIGHBOURS = 100.0, 400_000.0, 5

CHANTLER = ("energy", "f1", "f2")
PHOTOABSORPTION = ("log_energy", "log_photoabsorption", "log_photoabsorption_spline")
SCATTERING = (
    "log_energy",
    "log_coherent_scatter",
    "log_coherent_scatter_spline",
    "log_incoherent_scatter",
    "log_incoherent_scatter_spline",
)


def tables() -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of the file, read from the database that xraydb installs."""
    found = importlib.util.find_spec("xraydb")
    assert found is not None
    assert found.origin is not None
    file = Path(found.origin).with_name("xraydb.sqlite")
    database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        return {**_elements(database), **_form_factors(database), **_by_energy(database)}
    finally:
        database.close()


def _elements(database: sqlite3.Connection) -> dict[str, np.ndarray[Any, Any]]:
    rows = database.execute("SELECT element, molar_mass FROM elements ORDER BY atomic_number").fetchall()
    return {"element": np.array([row[0] for row in rows]), "mass": np.array([row[1] for row in rows])}


def _form_factors(database: sqlite3.Connection) -> dict[str, np.ndarray[Any, Any]]:
    rows = database.execute("SELECT ion, offset, scale, exponents FROM Waasmaier ORDER BY id").fetchall()
    return {
        "f0_ion": np.array([row[0] for row in rows]),
        "f0_constant": np.array([row[1] for row in rows]),
        "f0_amplitude": np.array([json.loads(row[2]) for row in rows]),
        "f0_exponent": np.array([json.loads(row[3]) for row in rows]),
    }


def _by_energy(database: sqlite3.Connection) -> dict[str, np.ndarray[Any, Any]]:
    """Columns of all elements behind one another, by atomic number, and where each element begins."""
    made = {}
    for name, table, columns in (
        ("dispersion", "Chantler", CHANTLER),
        ("photoabsorption", "photoabsorption", PHOTOABSORPTION),
        ("scattering", "scattering", SCATTERING),
    ):
        query = (
            f"SELECT {', '.join(columns)} FROM {table} JOIN elements USING (element) ORDER BY atomic_number"
        )
        parts = [np.array([json.loads(text) for text in row]) for row in database.execute(query)]
        if table == "Chantler":
            parts = [_within(part) for part in parts]
        made[name] = np.concatenate(parts, axis=1)
        made[f"{name}_start"] = np.cumsum([0, *(part.shape[1] for part in parts)])
    return made


def _within(part: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    first, last = np.searchsorted(part[0], (LOWEST, HIGHEST))
    return part[:, max(first - NEIGHBOURS, 0) : last + NEIGHBOURS]


if __name__ == "__main__":
    np.savez_compressed(TABLES, **tables())
