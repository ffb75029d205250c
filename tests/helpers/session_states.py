"""States of sessions for tests: anything that a user may choose, valid by the table alone."""

from typing import Any

from hypothesis import strategies as st

from slxrd.fitting.record.state import State

#: Free parameters with ranges well inside their default bounds.
RANGES = {"d": (2.0, 10.0), "L": (10.0, 60.0), "sigma_L": (0.1, 3.0), "N": (3.0, 30.0), "sigma_N": (0.3, 4.0)}


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def choices(draw: st.DrawFn) -> dict[str, Any]:
    """Choices of a fit that do not contradict one another."""
    options: dict[str, Any] = {}
    crystal = draw(st.sampled_from([None, None, "CsPbBr3", "CsPbBr3:Br"]))
    edges = sorted(draw(st.lists(numbers(0.5, 3.0), min_size=4, max_size=8, unique=True)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if draw(st.booleans()):
        options["regions"] = [
            span if draw(st.booleans()) else (*span, draw(numbers(0.01, 10.0))) for span in spans
        ]
    if draw(st.booleans()):
        options["mask"] = spans
    for name, (low, high) in RANGES.items():
        way = draw(st.sampled_from(["", "", "start", "fix", "bounds", "prior", "tie", "both"]))
        way = "" if crystal is not None and name == "d" else way  # which keeps near to the crystal's own
        value = draw(numbers(low, high))
        if way in ("start", "fix"):
            options.setdefault(way, {})[name] = value
        if way in ("bounds", "both"):
            options.setdefault("bounds", {})[name] = (value / 2.0, value * 2.0)
        if way == "both":
            options.setdefault("start", {})[name] = value
        if way == "prior":
            options.setdefault("prior", {})[name] = (value, draw(numbers(0.01, 2.0)))
        if way == "tie" and name == "sigma_N" and "N" not in options.get("fix", {}):
            options["tie"] = {name: draw(st.sampled_from(["0.1*N", "sqrt(N)/5 + 1e-3", "-(-0.1)*N"]))}
    if draw(st.booleans()):
        options["free"] = ["q_zero"]
    options["coherent"] = draw(st.one_of(st.none(), st.integers(2, 400)))
    options["size_window"] = draw(st.one_of(st.none(), numbers(1.0, 9.0)))
    options["resolution"] = draw(st.one_of(st.none(), numbers(0.0, 0.05)))
    options["noise"] = draw(st.one_of(st.none(), numbers(1e-6, 1.0), st.sampled_from(["counting", "file"])))
    options["objective"] = draw(st.sampled_from([None, "linear", "log"]))
    options["background"] = draw(st.sampled_from([None, "none", "constant", "cubic"]))
    options["scale"] = draw(st.sampled_from([None, "free", "peak"]))
    options["crystal"] = crystal
    options["slab"] = None if crystal is None else draw(st.sampled_from([None, 0.3, "oleylamine"]))
    options["stack"] = draw(st.sampled_from([None, "pure", "mixed"]))
    options["weighting"] = draw(st.sampled_from([None, "volume"]))
    options["coherent_spread"] = draw(st.sampled_from([None, 0.5]))
    options["substrate"] = draw(st.sampled_from([None, "none", 3.905]))
    if not any("L" in options.get(name, {}) for name in ("bounds", "prior")):
        options["ligand"] = draw(st.sampled_from([None, "oleylamine"])) if "start" not in options else None
    return options


#: Names of files, hostile ones among them.
FILES = st.one_of(
    st.sampled_from(
        ["film.xrdml", "a b.csv", "-x.csv", "--out", "<script>.csv", 'it\'s "so".csv', "σ_L.txt"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20).filter(
        lambda text: not text.startswith("example:")
    ),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """States without a result."""
    reading = {
        "axis": draw(st.sampled_from([None, "q", "2theta"])),
        "wavelength": draw(st.one_of(st.none(), st.sampled_from(["CuKa", "MoKa1"]), numbers(0.2, 3.0))),
        "trust_axis": draw(st.booleans()),
        "scan": draw(st.one_of(st.none(), st.integers(1, 99))),
        "columns": draw(st.sampled_from([None, "1,3", "axis=2,intensity=1"])),
    }
    no_lp = draw(st.booleans())
    angle = None if no_lp else draw(st.one_of(st.none(), numbers(0.0, 89.0)))
    return State(draw(FILES), None, reading, {"no_lp": no_lp, "monochromator": angle}, draw(choices()))
