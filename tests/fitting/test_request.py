"""The declaration of the options: what derives from it agrees, and a new option is one entry in it."""

import inspect
import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, TypedDict, get_type_hints

import jsonschema
import numpy as np
import pytest
import typer
from hypothesis import given, settings
from session_states import states
from typer.testing import CliRunner

import slxrd
from slxrd.data.corrections import prepare_pattern
from slxrd.data.pattern import Pattern
from slxrd.data.regions import Region
from slxrd.errors import SlxrdError
from slxrd.fitting.api import setup
from slxrd.fitting.record.command_line import command_line, from_command, script
from slxrd.fitting.record.request_of_fit import choices_of
from slxrd.fitting.record.state import State, arguments_of
from slxrd.fitting.record.validation import check
from slxrd.fitting.request.declaration import (
    FIT_GROUPS,
    GROUPS,
    OPTIONS,
    collect,
    declared,
    documented,
    json_schema,
    plain_options,
)
from slxrd.fitting.request.kinds import Number
from slxrd.fitting.request.option import Declared, Option
from slxrd.instrument.broadening import Gaussian
from slxrd.io.registry import read
from slxrd.sample.library.crystals import crystal
from slxrd.ui.cli.frame import _expanded
from slxrd.ui.cli.options import Given, take


class Extra(TypedDict, total=False):
    """A group with one option, as it would be added."""

    twist: Annotated[
        float,
        Option(Number(0.0, below=90.0, error="must be an angle"), "Twist of the stage.", 0.0, metavar="DEG"),
    ]


@pytest.fixture
def twist(monkeypatch: pytest.MonkeyPatch) -> None:
    (option,) = declared("instrument", Extra)
    monkeypatch.setitem(OPTIONS, option.name, option)


@pytest.mark.usefixtures("twist")
def test_a_new_option_is_one_entry() -> None:
    def fit(pattern: Any, **options: Any) -> None:
        """Fit.

        Parameters
        ----------
        {options}
        """

    parameter = inspect.signature(documented(fit)).parameters["twist"]
    assert (parameter.default, parameter.annotation) == (0.0, float)
    assert "twist : float\n        Twist of the stage." in str(fit.__doc__)
    assert collect({"twist": 3})["twist"] == collect({"instrument": {"twist": 3}})["twist"] == 3
    with pytest.raises(SlxrdError, match="twist 90: must be an angle"):
        collect({"twist": 90})

    state = State("a.csv", choices={"twist": 4.5})
    check(state)
    assert arguments_of(state.choices) == {"twist": 4.5}
    assert State(**json.loads(json.dumps(state.request()))) == state
    assert not State(choices={"twist": 0.0}).choices
    with pytest.raises(SlxrdError, match="must be an angle"):
        check(State(choices={"twist": -1.0}))

    assert command_line(state) == "slxrd fit a.csv --twist 4.5"
    assert from_command("slxrd fit a.csv --twist 4.5") == state
    assert "    twist=4.5," in script(state)
    assert json_schema()["properties"]["choices"]["properties"]["twist"] == {
        "description": "Twist of the stage.",
        "default": 0.0,
        "type": "number",
        "minimum": 0.0,
        "exclusiveMaximum": 90.0,
    }

    found: list[dict[str, Any]] = []

    def command(request: Annotated[Given, take("instrument")]) -> None:
        found.append(request.arguments())

    app = typer.Typer(rich_markup_mode=None)
    app.command()(_expanded(command))
    assert CliRunner().invoke(app, ["--twist", "2"]).exit_code == 0
    assert found[0]["twist"] == 2.0
    assert "--twist DEG" in CliRunner().invoke(app, ["--help"]).output


def test_read_and_prepare_take_what_is_declared() -> None:
    for group, function, skipped in (
        ("reading", read, {"path"}),
        ("preparation", prepare_pattern, {"pattern", "counting"}),
    ):
        parameters = inspect.signature(function, eval_str=True).parameters
        expected = {name: (p.default, p.annotation) for name, p in parameters.items() if name not in skipped}
        assert {o.name: (o.default, o.type) for o in declared(group, GROUPS[group])} == expected


def test_names_are_unique_and_every_option_is_described() -> None:
    names = [name for record in GROUPS.values() for name in get_type_hints(record)]
    assert len(names) == len(set(names)) == len(OPTIONS)
    for option in OPTIONS.values():
        assert option.option.help.endswith("."), option.name
        assert option.kind.documented, option.name
        if option.default is not None and option.default != ():
            option.kind.check(option.name, option.default)


#: Values of each kind that can be, and that cannot.
GOOD: dict[str, list[Any]] = {
    "axis": ["q", "2theta"],
    "wavelength": ["CuKa", 1.54],
    "trust_axis": [True],
    "scan": [1, 7],
    "columns": ["1,3"],
    "monochromator": [0, 22.5],
    "no_lp": [True],
    "regions": [[[0.9, 1.3]], [[0.9, 1.3, 0.1], [1.9, 2.3]], []],
    "mask": [[[1.0, 1.1]]],
    "further_scans": [["b.xrdml"], ["b.xy", "c.xy"]],
    "further_resolutions": [[0.004], [0.004, "lab6.toml"]],
    "noise": [0.03, "counting", "file"],
    "start": [{"d": 5.8}],
    "fix": [{"N": 13}],
    "bounds": [{"L": [20.0, 60.0]}],
    "free": [["q_zero"]],
    "tie": [{"sigma_N": "0.1*N"}],
    "prior": [{"L": [36.0, 2.0]}],
    "ligand": ["C18"],
    "budget": [0.5, 60],
    "coherent": [1, 40],
    "order": [1, 3],
    "size_window": [3.0],
    "crystal": ["CsPbBr3:Br"],
    "partner": ["PbS-100"],
    "slab": [0.28, "oleylamine"],
    "stack": ["pure", "mixed", "alternating"],
    "weighting": ["number", "volume"],
    "coherent_spread": [0.0, 2.5],
    "substrate": [3.905, "none", "SrTiO3:002", "MgO"],
    "resolution": [
        0.0,
        0.007,
        "line.toml",
        {"U": 0.01, "V": 0.0, "W": 0.02, "lorentzian": 0.3, "wavelength": 1.54},
        {"shape": "gaussian", "sigma_G": 0.004},
    ],
    "zero": ["q", "angle", "displacement"],
    "objective": ["linear", "log", "paper2021"],
    "scale": ["free", "peak"],
    "background": ["none", "cubic"],
    "systematics": ["none", "default", {"resolution_width": 0.05, "unstacked": 0.0}],
}
BAD: dict[str, list[Any]] = {
    "axis": ["d", 1],
    "wavelength": [[1.54], True],
    "trust_axis": [1, "yes"],
    "scan": [0, 1.5, True, "1"],
    "columns": [13],
    "monochromator": [-1.0, 90.0, "1"],
    "no_lp": [0],
    "regions": [3, [3], [[0.9]], [["a", "b"]], [[0.9, 1.3, 0.1, 7]]],
    "mask": [[[1.0]], [1.0, 1.1], "1:2"],
    "further_scans": ["b.xy", [""], [1.0]],
    "further_resolutions": [0.004, [-0.004], [True]],
    "noise": [0.0, -1.0, "loud", True],
    "start": [["d"], {"d": "5"}, {"d": True}],
    "fix": [{"d": [1.0]}],
    "bounds": [{"L": 20.0}, {"L": [20.0]}, {"L": [1.0, 2.0, 3.0]}],
    "free": ["q_zero", [1]],
    "tie": [{"sigma_N": 0.1}],
    "prior": [{"L": [36.0]}],
    "ligand": [18],
    "budget": [0.0, -1.0, "20"],
    "coherent": [0, 2.5, True, "40"],
    "order": [0, 1.5, True, "2"],
    "size_window": [0.0, -1.0, "3"],
    "crystal": [3, ["CsPbBr3"]],
    "partner": [3],
    "slab": [[0.28], True],
    "stack": ["both"],
    "weighting": ["mass"],
    "coherent_spread": [-0.1, "2"],
    "substrate": [0.0, -3.905, [3.905], True],
    "resolution": [-0.1, [0.007], {"U": 0.01}, True],
    "zero": ["r"],
    "objective": ["square"],
    "scale": ["maximum"],
    "background": ["quartic", 2],
    "systematics": ["all", 0.1, {"resolution_width": -0.1}],
}


@pytest.mark.parametrize(
    "option", [o for part in plain_options().values() for o in part.values()], ids=lambda o: o.name
)
def test_check_and_schema_are_the_same_constraint(option: Declared) -> None:
    validator = jsonschema.Draft202012Validator(option.kind.schema())
    for value in GOOD[option.name]:
        option.kind.check(option.name, value)
        option.kind.check_python(option.name, value)
        assert validator.is_valid(value), value
        texts = (
            option.kind.texts(option.name, value)
            if not isinstance(value, dict) or option.kind.repeatable
            else []
        )
        if texts:
            assert json.loads(json.dumps(option.kind.parse(texts, option.flag))) == value
    for value in BAD[option.name]:
        with pytest.raises(SlxrdError, match=option.name.replace("_", "[_ ]") + "|region"):
            option.kind.check(option.name, value)
        assert not validator.is_valid(value), value


@cache
def schema_validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.slow
@given(states())
@settings(deadline=None, max_examples=30)
def test_requests_conform_to_the_schema(state: State) -> None:
    schema_validator().validate(state.request())


def test_saved_requests_conform_to_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    for request in (
        {"file": "a.csv", "choices": {"coherent": 0}},
        {"file": "a.csv", "choices": {"region": [[0.9, 1.3]]}},
        {"reading": {"axis": "d"}},
        {"files": []},
    ):
        with pytest.raises(jsonschema.ValidationError):
            schema_validator().validate(request)


# Groups and flat keywords


def test_options_are_given_by_name_or_in_groups() -> None:
    flat = collect({"regions": [(0.9, 1.3)], "noise": 0.05, "crystal": "CsPbBr3:Br", "zero": "angle"})
    assert flat == collect(
        {
            "data": {"regions": [(0.9, 1.3)], "noise": 0.05},
            "sample": {"crystal": "CsPbBr3:Br"},
            "instrument": {"zero": "angle"},
        }
    )
    assert collect({}) == {name: o.default for name, o in OPTIONS.items() if o.group in FIT_GROUPS}
    assert collect({"sample": None}) == collect({})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"noise": 0.05, "data": {"noise": 0.03}}, "noise is given twice, by itself and in data"),
        ({"data": {"noise": 0.03}, "noise": 0.05}, "noise is given twice"),
        ({"sample": {"noise": 0.03}}, "sample: unknown option 'noise'; there are coherent"),
        ({"sample": "CsPbBr3"}, "sample: give names and values, got str"),
        ({"regoins": [(0.9, 1.3)]}, "unknown option 'regoins' of a fit; there are regions"),
        ({"trust_axis": True}, "unknown option 'trust_axis' of a fit"),
        ({"size_window": None}, "size_window None: must be a number"),
        ({"size_window": float("nan")}, "size window nan: must be a positive number of σ_N"),
        ({"regions": [(0.9, 1.3), (1.2, 1.5)]}, "overlap"),
        ({"free": "q_zero"}, "free 'q_zero': give a list of names"),
        ({"parameters": {"d": 5.8}}, "expected slxrd.Parameters or lmfit.Parameters, got dict"),
    ],
)
def test_requests_refused(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(SlxrdError, match=message):
        collect(keywords)


def test_python_objects_are_accepted() -> None:
    given_ = collect(
        {
            "regions": (Region(low, low + 0.2) for low in (0.9, 1.9)),
            "crystal": crystal("CsPbBr3"),
            "coherent": 40.0,
            "free": iter(["q_zero"]),
            "resolution": Gaussian(0.004),
        }
    )
    assert given_["regions"] == (Region(0.9, 1.1), Region(1.9, 2.1))
    assert given_["free"] == ("q_zero",)


def test_help_shows_the_signature() -> None:
    parameters = inspect.signature(slxrd.fit).parameters
    assert list(parameters)[:2] == ["pattern", "regions"]
    assert list(parameters)[-1] == "report"
    for name, option in OPTIONS.items():
        if option.group in FIT_GROUPS:
            assert parameters[name].default == option.default
            assert f"\n    {name} : " in str(slxrd.fit.__doc__)
    assert "{options}" not in str(slxrd.fit.__doc__)


def test_the_groups_are_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "options.md").read_text(encoding="utf-8")
    for group in GROUPS:
        names = [option.name for option in OPTIONS.values() if option.group == group]
        shown = f"`{group}`" if group in FIT_GROUPS else group
        assert f"| {shown} | {', '.join(f'`{name}`' for name in names)} |" in text
    for option in (option for part in plain_options().values() for option in part.values()):
        assert f"| `{option.flag}`" in text.split("## slxrd fit\n")[1], option.flag


@pytest.mark.usefixtures("twist")
def test_a_new_option_is_recovered_from_a_fit() -> None:
    pattern = Pattern(np.arange(0.9, 1.3, 0.01), np.ones(40), source="a.csv")
    pattern, options = setup(pattern, collect({"twist": 3.0, "regions": [(0.9, 1.2)], "fix": {"N": 13.0}}))
    fit = SimpleNamespace(
        options=options, pattern=pattern, stack=options.stack, instrument=options.instrument,
        settings=options.settings,
    )  # fmt: skip
    choices = choices_of(fit)  # type: ignore[arg-type]
    assert choices["twist"] == 3.0
    assert choices["fix"] == {"N": 13.0}
    assert set(choices) <= set(plain_options()["choices"])
