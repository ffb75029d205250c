"""Generated columns of numbers in all layouts: what is read are the numbers that were written."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slxrd.data.pattern import Pattern
from slxrd.io import read

DATA = Path(__file__).parents[1] / "files"
fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)

#: Separator and decimal mark, such that the layout is beyond doubt.
LAYOUTS = [(s, d) for s in (" ", "  ", "\t", ";", "; ", " \t ") for d in ".,"] + [(",", "."), (", ", ".")]
HEADERS = [
    "",
    "q I{sigma}\n",
    "# q (Å⁻¹), I{sigma}\n",
    "; a remark\n\n! another\n",
    "Sample 12\nmeasured twice\n\n",
]
NUMBERS = ["{:.6f}", "{:.5e}", "{:.4E}", "{:+.3f}", "{:#.9g}"]


def read_bytes(data: bytes, **options: Any) -> Pattern:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        return read(path, **options)


@pytest.mark.slow
@fuzz
@given(
    steps=st.lists(st.integers(1, 400), min_size=5, max_size=20),
    values=st.lists(st.floats(-1e6, 1e9), min_size=20, max_size=20),
    sigma=st.booleans(),
    layout=st.sampled_from(LAYOUTS),
    header=st.sampled_from(HEADERS),
    form=st.sampled_from(NUMBERS),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    order=st.randoms(use_true_random=False),
    tail=st.sampled_from(["", "\n", "\n\n# end\n", "\n!\n\n"]),
)
def test_good_text_comes_back(
    steps: list[int],
    values: list[float],
    sigma: bool,
    layout: tuple[str, str],
    header: str,
    form: str,
    end: str,
    encoding: str,
    order: Any,
    tail: str,
) -> None:
    separator, decimal = layout
    rows = []
    for x, value in zip(np.cumsum(steps) / 1000.0, values, strict=False):
        fields = [f"{x:.3f}", form.format(value), *(["0.25"] if sigma else [])]
        rows.append(fields)
    written = [[float(field) for field in row] for row in rows]
    order.shuffle(rows)
    text = header.format(sigma=", sigma" if sigma else "") + "\n".join(
        separator.join(row).replace(".", decimal) if decimal == "," else separator.join(row) for row in rows
    )
    # A column of one value is σ only if it is named so, in the header or by the reader.
    columns = "1,2,3" if sigma else None
    pattern = read_bytes((text + tail).replace("\n", end).encode(encoding), axis="q", columns=columns)
    assert pattern.x.tolist() == [row[0] for row in written]
    assert pattern.intensity.tolist() == [row[1] for row in written]
    assert (pattern.sigma is not None) == sigma
    if pattern.sigma is not None:
        assert pattern.sigma.tolist() == [0.25] * len(rows)
