"""Bootstrap and posterior of a fit: printed text, tables and figures."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slxrd._escape import CsvWriter, on_one_line
from slxrd._version import __version__
from slxrd.fitting.record.saved_fit import SavedFit
from slxrd.fitting.result.fit import Fit
from slxrd.fitting.result.samples import Samples
from slxrd.fitting.result.summary import format_estimate, is_simulated
from slxrd.fitting.search.scan import Progress
from slxrd.fitting.uncertainty.bootstrap import QUANTILES, Bootstrap, Kind, bootstrap
from slxrd.fitting.uncertainty.posterior.mcmc import Posterior, sample_posterior
from slxrd.parameters.definitions import info
from slxrd.units import FloatArray

#: Symbols of derived quantities.
_DERIVED = {"period": "Λ", "thickness": "t"}
Bar = Callable[[str], AbstractContextManager[Progress]]
#: Largest number of posterior samples that are written; neighbours in a chain are correlated.
MAX_SAMPLES = 20_000


def run_bootstrap(
    fit: Fit, count: int, kind: Kind, seed: int, bar: Bar, keep: Path | None = None
) -> tuple[str, list[bytes | str], bool]:
    """Bootstrap a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    count, kind, seed
        As for :func:`slxrd.fitting.uncertainty.bootstrap.bootstrap`.
    bar : callable
        Makes a progress bar.
    keep : Path, optional
        File in which finished replicates are kept.

    Returns
    -------
    text : str
        Printed text.
    contents : list
        Table, JSON and figure; no figure if there are too few replicates.
    interrupted : bool
        Whether fewer replicates were made than requested.
    """
    with bar("bootstrap") as report:
        done = bootstrap(fit, count, kind=kind, seed=seed, keep=keep, report=report)
    lines = bootstrap_lines(fit, done)
    shares = _shares(fit, done)
    data = {
        "kind": done.kind, "seed": done.seed, "asked": done.requested, "done": done.done,
        "failed": done.failed, **_numbers(fit, done), "solutions": [{"fraction": share} for share in shares],
    }  # fmt: skip
    contents: list[bytes | str] = [_table(done.all_values, done.chi2, done.solution), _json(data)]
    if len(done.chi2) <= len(fit.names) + 1:
        lines.append("  too few replicates to draw")
    else:
        contents += samples_figure(fit, done, f"bootstrap, {len(done.chi2)} replicates")
    return "\n".join(lines), contents, done.done < done.requested


def bootstrap_lines(fit: Fit, done: Bootstrap) -> list[str]:
    """Return the printed lines of a bootstrap."""
    failed = f", {done.failed} failed" if done.failed else ""
    lines = [
        f"bootstrap ({done.kind}, seed {done.seed}): {done.done} of {done.requested} replicates{failed}",
        *_rows(fit, done),
    ]
    shares = _shares(fit, done)
    if len(shares) > 1:
        moved = ", ".join(f"{share:.0%} to {k + 1}" for k, share in enumerate(shares) if share > 0.0)
        lines.append(f"  solutions reached by the replicates: {moved}")
    return lines


def _shares(fit: Fit, done: Bootstrap) -> list[float]:
    """Return the fraction of the replicates that was reached from each solution."""
    return [float((done.solution == k).mean()) for k in range(len(fit.solutions))]


def run_posterior(fit: Fit, steps: int, seed: int, bar: Bar) -> tuple[str, list[bytes | str], bool]:
    """Sample the posterior of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    steps, seed
        As for :func:`slxrd.fitting.uncertainty.posterior.mcmc.sample_posterior`.
    bar : callable
        Makes a progress bar.

    Returns
    -------
    text : str
        Printed text; a chain that has not converged is reported before its numbers.
    contents : list
        Table, JSON and figure.
    interrupted : bool
        Whether fewer steps were made than requested.
    """
    with bar("posterior") as report:
        done = sample_posterior(fit, steps=steps, seed=seed, report=report)
    kept, walkers, _ = done.chain.shape
    thinned = -(-kept * walkers // MAX_SAMPLES)

    def written(values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(kept, walkers)[::thinned].ravel()

    table = _table(
        {name: written(values) for name, values in done.all_values.items()},
        written(done.chi2),
        written(done.solution),
    )
    data = {
        "seed": done.seed, "walkers": walkers, "asked": done.requested, "done": done.done,
        "discarded": done.discarded, "written_every": thinned, **_numbers(fit, done),
        "autocorrelation_time": {name: _finite(value) for name, value in done.tau.items()},
        "effective": {name: _finite(value) for name, value in done.effective.items()},
        "split_rhat": {name: _finite(value) for name, value in done.rhat.items()},
        "acceptance": done.acceptance,
        "solutions": [
            {"fraction": share, "error": error}
            for share, error in zip(done.fractions.tolist(), done.fraction_errors.tolist(), strict=True)
        ],
        "converged": done.converged, "why": done.why, "notes": list(done.notes),
    }  # fmt: skip
    warning = "" if done.converged else ", NOT CONVERGED"
    figure = samples_figure(fit, done, f"posterior, {kept * walkers} samples{warning}")
    return "\n".join(_posterior_lines(fit, done)), [table, _json(data), *figure], done.done < done.requested


def _posterior_lines(fit: Fit, done: Posterior) -> list[str]:
    kept, walkers, _ = done.chain.shape
    lines = [
        f"posterior (seed {done.seed}): {walkers} walkers of {done.done} steps, the first {done.discarded} "
        f"discarded; {kept * walkers} samples, "
        f"equivalent to {min(done.effective.values()):.0f} independent ones"
    ]
    if not done.converged:
        lines.append("! THE CHAIN HAS NOT CONVERGED: do not quote these numbers")
    lines += _rows(fit, done)
    if len(fit.solutions) > 1:
        shares = zip(done.fractions.tolist(), done.fraction_errors.tolist(), strict=True)
        fractions = [
            f"{100 * share:.1f} ± {100 * error:.1f} % in {k + 1}"
            for k, (share, error) in enumerate(shares)
            if share > 0.0
        ]
        lines.append(f"  fraction of the samples in each solution: {', '.join(fractions)}")
    lines.append(f"{'  ' if done.converged else '! '}{done.why}")
    return [*lines, *(f"! {note}" for note in done.notes)]


def shown_names(fit: Fit | SavedFit) -> tuple[str, ...]:
    """Return the refined parameters, and the period or thickness."""
    return (*fit.names, "period" if fit.stack.coherent > 1 else "thickness")


def _warning(fit: Fit) -> list[str]:
    """Warn of the samples of a model that does not describe the data."""
    if fit.assessment is None or fit.assessment.grade == "describes":
        return []
    if fit.rejected:
        return [
            "! THE MODEL DOES NOT DESCRIBE THE DATA: the spread of these values is no error of a quantity"
        ]
    return [
        "! residuals are systematic: these values spread by the noise alone; the errors of the fit contain "
        f"those of noise × {fit.assessment.widening:.2g}"
    ]


def _rows(fit: Fit, done: Bootstrap | Posterior) -> list[str]:
    lines = [
        *_warning(fit),
        "       mean       std        2.5 %      median     97.5 %     of the fit",
    ]
    for name in shown_names(fit):
        symbol = _DERIVED.get(name) or info(name).symbol
        low, _, middle, _, high = (done.quantile(name, share) for share in QUANTILES)
        digits = _digits(done.std(name))
        numbers = (done.mean(name), done.std(name), low, middle, high)
        estimate = fit.parameters.get(name) or fit.derived[name]
        quoted = format_estimate(estimate) + (" (ambiguous)" if estimate.status == "ambiguous" else "")
        lines.append(
            f"  {symbol:<4} " + " ".join(f"{value:<10.{digits}f}" for value in numbers) + f" {quoted}"
        )
    return lines


def _digits(spread: float) -> int:
    """Return the digits after the decimal point that a spread, rounded to two digits, has."""
    return max(0, 1 - math.floor(math.log10(spread))) if spread > 0.0 else 6


def _numbers(fit: Fit, done: Bootstrap | Posterior) -> dict[str, Any]:
    correlation = np.atleast_2d(done.correlation())
    return {
        "grade": None if fit.assessment is None else fit.assessment.grade,
        "quantities": {
            name: {
                "mean": done.mean(name),
                "std": done.std(name),
                "quantiles": {f"{share:g}": done.quantile(name, share) for share in QUANTILES},
            }
            for name in done.all_values
        },
        "refined": list(fit.names),
        "correlation": [[_finite(value) for value in row] for row in correlation.tolist()],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps({"slxrd": __version__, **data}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _table(values: Mapping[str, FloatArray], chi2: FloatArray, solution: NDArray[np.int64]) -> str:
    text = io.StringIO()
    table = CsvWriter(text)
    table.writerow([*values, "chi2", "solution"])
    columns = [*values.values(), chi2, solution + 1]
    table.writerows([f"{value:.10g}" for value in row] for row in zip(*columns, strict=True))
    return text.getvalue()


def samples_figure(fit: Fit | SavedFit, done: Samples, description: str) -> list[bytes | str]:
    """Draw the histograms of the samples; the figure and its caption."""
    from slxrd.ui.plotting.fit import figure_bytes
    from slxrd.ui.plotting.samples import histogram_matrix
    from slxrd.ui.plotting.style import caption

    simulated = is_simulated(fit.pattern)
    shown = {key: done.all_values[key] for key in shown_names(fit)}
    if fit.rejected:
        description += ", MODEL REJECTED"
    title = f"{description}{' (simulated)' if simulated else ''}"
    picture = histogram_matrix(shown, title, spread=not fit.rejected)
    name = on_one_line(Path(fit.pattern.source).name)
    return [figure_bytes(picture), f"{name}: {caption(picture)}\n"]
