"""Several scans of one sample in one fit: zero errors, instruments and regions of each."""

import json

import numpy as np
import pytest
from cli_shell import call

import slxrd
from slxrd.errors import SlxrdError
from slxrd.fitting.api import setup
from slxrd.fitting.fit_options import prepare_objective
from slxrd.fitting.record.command_line import command_line, parse_command
from slxrd.fitting.record.write import pattern_csv, result_dictionary
from slxrd.fitting.request.declaration import collect

TRUTH = {"d": 5.84, "L": 36.9, "sigma_L": 1.2, "N": 13.0, "sigma_N": 1.5}
FIRST, SECOND = (0.9, 1.25), (1.95, 2.4)


def scan(region, q_zero, resolution, seed):
    q = np.arange(region[0] - 0.02, region[1] + 0.02, 0.0025)
    return slxrd.simulate(q, {**TRUTH, "q_zero": q_zero}, resolution=resolution, noise=0.01, seed=seed)


@pytest.fixture(scope="module")
def scans():
    return scan(FIRST, 0.0, 0.007, 1), scan(SECOND, -0.004, 0.004, 2)


def objective(pattern, **options):
    return prepare_objective(*setup(pattern, collect(options)))[0]


def test_chi2_of_scans_is_the_sum_of_those_of_each_with_its_own_zero_and_resolution(scans):
    first, second = scans
    both = objective(
        first, regions=[FIRST, SECOND], further_scans=[second], further_resolutions=[0.004], noise=0.01
    )
    values = {**TRUTH, "L": 36.5, "q_zero": 0.002}
    alone = objective(first, regions=[FIRST], noise=0.01).chi2(values)
    alone += objective(second, regions=[SECOND], resolution=0.004, noise=0.01).chi2(
        {**values, "q_zero": -0.003}
    )
    assert both.chi2({**values, "q_zero_2": -0.003}) == pytest.approx(alone, rel=1e-12)


def test_derivatives_with_respect_to_the_zero_errors_are_those_of_differences(scans):
    both = objective(scans[0], regions=[FIRST, SECOND], further_scans=[scans[1]])
    values = {**TRUTH, "q_zero": 0.002, "q_zero_2": -0.003}
    jacobian = both.evaluate(values).jacobian
    for name in ("d", "q_zero", "q_zero_2"):
        step = 1e-5
        high, low = (both.evaluate({**values, name: values[name] + s}).residual for s in (step, -step))
        column = jacobian[:, both.model.names.index(name)]
        assert np.abs(column - (high - low) / (2 * step)).max() < 1e-5 * np.abs(column).max()


@pytest.mark.slow
def test_the_truth_is_found_with_a_second_scan_of_another_zero_error(scans):
    fit = slxrd.fit(scans[0], further_scans=[scans[1]], further_resolutions=[0.004], fix={"q_zero": 0.0})
    for name, value in {**TRUTH, "q_zero_2": -0.004}.items():
        estimate = fit.parameters[name]
        assert abs(estimate.value - value) < 4.0 * estimate.error, name
    assert len(fit.regions) == 2
    assert "q_zero_2" in fit.names
    document = json.loads(json.dumps(result_dictionary(fit)))
    assert [one["resolution"] for one in document["input"]["further_scans"]] == [0.004]


def test_one_zero_error_can_be_tied_to_the_other(scans):
    both = setup(scans[0], collect({"further_scans": [scans[1]], "tie": {"q_zero_2": "q_zero"}}))[1]
    assert both.parameters["q_zero_2"].expression is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fix": {"q_zero_2": 0.0}}, "there is one scan only"),
        ({"further_scans": ["missing.xy"]}, "missing.xy"),
        ({"further_resolutions": [0.005]}, "0 further scans; give one for each"),
        ({"further_scans": "b.xy"}, "give a list of patterns or files"),
    ],
)
def test_options_of_scans_that_do_not_suit_are_refused(scans, options, message):
    with pytest.raises(SlxrdError, match=message):
        objective(scans[0], **options)


def test_a_scan_without_points_in_any_region_is_refused(scans):
    with pytest.raises(SlxrdError, match="none of the regions has points in it"):
        objective(scans[0], regions=[FIRST], further_scans=[scans[1]])


def test_files_after_the_first_are_further_scans_of_the_command():
    state = parse_command(["a.xy", "b.xy", "--with", "c.xy", "--resolution", "0.004"])
    assert state.file == "a.xy"
    assert list(state.choices["further_scans"]) == ["b.xy", "c.xy"]
    assert parse_command(command_line(state).split()[2:]) == state


@pytest.mark.slow
def test_command_fits_two_files(scans, tmp_path):
    for name, pattern in zip(("a.csv", "b.csv"), scans, strict=True):
        (tmp_path / name).write_text(pattern_csv(pattern))
    files = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    start = [f"--start={name}={value}" for name, value in TRUTH.items()]
    run = call("fit", *files, *start, "--fix", "q_zero=0", "--json", "-")
    assert run.code == 0, run.err
    document = json.loads(run.out)
    assert document["input"]["further_scans"][0]["file"] == files[1]
    assert document["parameters"]["q_zero_2"]["value"] == pytest.approx(-0.004, abs=0.001)
