"""The command ``slxrd plan``: expected errors of a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slxrd.errors import SlxrdError
from slxrd.fitting.request import parsing
from slxrd.ui.cli.frame import INTERRUPTED, command
from slxrd.ui.cli.options import NAMES, Given, take
from slxrd.ui.cli.outputs import Force, Json, Outputs, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from slxrd.studies.planning.result import Plan

#: The default scan, as in ``slxrd simulate``.
_RANGE, _STEP = (0.8, 2.5), 0.002
#: Most counting times in one comparison.
_MOST_COMPARED = 20


@command("plan", group="Simulations", example="slxrd plan --like cspbbr3-cubes --counts 1500 --plot plan.pdf")
def plan_command(
    value: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help=f"Expected value of a parameter ({NAMES})."),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(metavar="EXAMPLE", help="Structure, scan and regions of a packaged example."),
    ] = None,
    counts: Annotated[
        float | None, typer.Option(help="Counts expected at the highest point, without background.")
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION", help="Noise as a fraction of the highest point, in place of counts."
        ),
    ] = None,
    background: Annotated[
        float,
        typer.Option(
            help="Background in counts, or as a fraction of the peak with --noise; it is then fitted."
        ),
    ] = 0.0,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...", help="Further counts, or noises, to simulate and compare in one table."
        ),
    ] = None,
    span: Annotated[
        str | None, typer.Option("--range", metavar="QMIN:QMAX", help="The scan in Å⁻¹; default 0.8:2.5.")
    ] = None,
    step: Annotated[float | None, typer.Option(help="Step of the scan in Å⁻¹; default 0.002.")] = None,
    *,
    request: Annotated[Given, take("regions", "resolution", "coherent")],
    number: Annotated[int, typer.Option(metavar="N", help="Number of simulations of each measurement.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    json: Json = None,
    plot: Plot = None,
    force: Force = False,
) -> None:
    """Predict a measurement: its errors, other solutions, and the counting time that excludes them."""
    from slxrd.studies.planning.plan import check_measurement
    from slxrd.studies.planning.result import comparison_text

    outputs = Outputs(json, plot, force)
    known = _example(like)
    values = {**known["values"], **parsing.values(value or (), "--set")}
    if not values:
        raise SlxrdError("give the expected sample, --set d=5.84 --set L=37 ..., or --like cspbbr3-cubes")
    if counts is None and noise is None:
        counts = known["counts"]
    _check_one_given(counts, noise)
    low, high = known["range"] if span is None else parsing.interval(span, f"--range {span}")
    options: dict[str, Any] = {
        "q_low": low,
        "q_high": high,
        "step": known["step"] if step is None else step,
        "regions": request["regions"] or known["regions"],
        "resolution": request["resolution"],
        "coherent": request["coherent"],
        "n": number,
        "seed": seed,
    }
    levels = _levels(counts, noise, background, compare)
    for level in levels:
        check_measurement((low, high, options["step"]), n=number, seed=seed, **level)
    plans, notes = _simulated(values, options, levels)
    text = str(plans[0])
    if len(plans) > 1:
        text += "\n\n" + comparison_text(
            sorted(plans, key=lambda each: each.counts or 1.0 / (each.noise or 1.0))
        )
    text += "".join(f"\n! {note}" for note in notes)

    def figure() -> Figure:
        from slxrd.ui.plotting.plan import plan_figure

        return plan_figure(plans)

    outputs.finish(text, {"plans": [each.as_dictionary() for each in plans]}, figure)
    if plans[-1].interrupted or any(note.startswith("interrupted") for note in notes):
        typer.echo("slxrd: interrupted; the result is that of the simulations done so far", err=True)
        raise SystemExit(INTERRUPTED)


def _check_one_given(counts: float | None, noise: float | None) -> None:
    if counts is not None and noise is not None:
        raise SlxrdError("--counts and --noise exclude each other; leave one out")
    if counts is None and noise is None:
        raise SlxrdError("give what is expected at the peak, --counts 1500, or the noise, --noise 0.03")


def _simulated(
    values: Mapping[str, float], options: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]
) -> tuple[list[Plan], list[str]]:
    """Simulate one counting time after another; after an interruption, return the finished ones."""
    from slxrd.studies.planning.plan import plan
    from slxrd.ui.progress import progress

    plans: list[Plan] = []
    notes: list[str] = []
    for k, level in enumerate(levels):
        label = f"{level['counts']:g} counts" if level["noise"] is None else f"noise {level['noise']:g}"
        try:
            with progress(label) as report:
                plans.append(plan(values, **options, **level, report=report))
        except SlxrdError as error:
            if not plans:
                raise
            notes.append(f"{label}: {error}")
            continue
        except KeyboardInterrupt:
            if not plans:
                raise
            return plans, [*notes, f"interrupted: {len(levels) - k} of {len(levels)} were not simulated"]
        if k > 0:
            notes += [f"{label}: {note}" for note in plans[-1].notes]
        if plans[-1].interrupted:
            left = len(levels) - k - 1
            return plans, [
                *notes,
                *([f"interrupted: {left} of {len(levels)} were not simulated"] * (left > 0)),
            ]
    return plans, notes


def _example(name: str | None) -> Mapping[str, Any]:
    """Return structure, scan, regions and counts of an example; the defaults without a name."""
    if name is None:
        return {"values": {}, "range": _RANGE, "step": _STEP, "regions": (), "counts": None}
    from slxrd.fitting.examples import EXAMPLES, example
    from slxrd.fitting.record.command_line import EXAMPLE

    chosen = example(name.removeprefix(EXAMPLE))
    if not chosen.truth:
        simulated = ", ".join(each.name for each in EXAMPLES.values() if each.truth)
        raise SlxrdError(f"--like {name}: it is measured, so its structure is not known; take {simulated}")
    settings = chosen.settings
    return {
        "values": chosen.truth,
        "range": (settings["low"], settings["high"]),
        "step": settings["step"],
        "regions": chosen.options["regions"],
        "counts": settings["peak"],
    }


def _levels(
    counts: float | None, noise: float | None, background: float, compare: str | None
) -> list[dict[str, Any]]:
    """Counting times to simulate, the requested one first; the background is proportional to the counts."""
    levels: list[dict[str, Any]] = [{"counts": counts, "noise": noise, "background": background}]
    others = [] if compare is None else compare.split(",")
    if len(others) > _MOST_COMPARED:
        raise SlxrdError(f"--compare {compare}: {len(others)} are too many, {_MOST_COMPARED} at most")
    for text in others:
        other = parsing.number(text, f"--compare {compare}")
        if not other > 0.0:
            raise SlxrdError(f"--compare {compare}: {text.strip()} is not above 0")
        if other in (counts, noise):
            continue
        if noise is not None:
            levels.append({"counts": None, "noise": other, "background": background})
        elif counts is not None:
            levels.append({"counts": other, "noise": None, "background": background * other / counts})
    return levels
