"""slxrd: the structure of colloidal superlattices, read from an ordinary X-ray diffractogram.

Read a pattern, fit it, look at it::

    import slxrd

    pattern = slxrd.read("film.xrdml")
    result = slxrd.fit(pattern, regions=[(0.9, 1.3)])
    print(result)
    slxrd.plot(result, "fit.png")
    slxrd.save(result, "results")

Every public name is an attribute of this package; the modules inside may change with any version.
Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module

from slxrd._version import __version__ as __version__

TYPE_CHECKING = False  # for type checkers; importing typing would take longer than the rest of this module
if TYPE_CHECKING:
    from typing import Any

    from slxrd.data.baseline import Subtraction as Subtraction
    from slxrd.data.baseline import subtract_background as subtract_background
    from slxrd.data.corrections import correct_absorption as correct_absorption
    from slxrd.data.corrections import correct_footprint as correct_footprint
    from slxrd.data.corrections import correct_lorentz_polarisation as correct_lorentz_polarisation
    from slxrd.data.corrections import counting_statistics as counting_statistics
    from slxrd.data.corrections import undo_correction as undo_correction
    from slxrd.data.decomposition.decompose import Component as Component
    from slxrd.data.decomposition.decompose import Decomposition as Decomposition
    from slxrd.data.decomposition.decompose import decompose as decompose
    from slxrd.data.decomposition.decompose import subtract_peaks as subtract_peaks
    from slxrd.data.pattern import Pattern as Pattern
    from slxrd.data.pattern import Step as Step
    from slxrd.data.peaks import find_regions as find_regions
    from slxrd.data.regions import Region as Region
    from slxrd.data.repeats import Fluctuation as Fluctuation
    from slxrd.data.repeats import fluctuation as fluctuation
    from slxrd.detector.cuts import Cut as Cut
    from slxrd.detector.cuts import cut_image as cut_image
    from slxrd.detector.files import read_image as read_image
    from slxrd.detector.files import read_mask as read_mask
    from slxrd.detector.geometry import Geometry as Geometry
    from slxrd.detector.image import DetectorImage as DetectorImage
    from slxrd.detector.maps import CartesianMap as CartesianMap
    from slxrd.detector.maps import PolarMap as PolarMap
    from slxrd.detector.maps import cartesian_map as cartesian_map
    from slxrd.detector.maps import polar_map as polar_map
    from slxrd.detector.maps import scattering_vectors as scattering_vectors
    from slxrd.detector.masks import MaskCircle as MaskCircle
    from slxrd.detector.masks import MaskRectangle as MaskRectangle
    from slxrd.detector.masks import mask_pixels as mask_pixels
    from slxrd.errors import FileError as FileError
    from slxrd.errors import SlxrdError as SlxrdError
    from slxrd.fitting.api import build_parameters as build_parameters
    from slxrd.fitting.api import fit as fit
    from slxrd.fitting.diagnosis.diagnose import diagnose as diagnose
    from slxrd.fitting.diagnosis.laue import LaueFringes as LaueFringes
    from slxrd.fitting.diagnosis.laue import laue_fringes as laue_fringes
    from slxrd.fitting.diagnosis.result import DiagnosedPeak as DiagnosedPeak
    from slxrd.fitting.diagnosis.result import Diagnosis as Diagnosis
    from slxrd.fitting.diagnosis.result import Proposal as Proposal
    from slxrd.fitting.examples import Example as Example
    from slxrd.fitting.examples import SeriesExample as SeriesExample
    from slxrd.fitting.examples import example as example
    from slxrd.fitting.examples import example_series as example_series
    from slxrd.fitting.record.saved_fit import SavedFit as SavedFit
    from slxrd.fitting.record.saved_fit import load as load
    from slxrd.fitting.record.write import result_dictionary as result_dictionary
    from slxrd.fitting.record.write import save as save
    from slxrd.fitting.result.assessment import Assessment as Assessment
    from slxrd.fitting.result.assessment import Misfit as Misfit
    from slxrd.fitting.result.assessment import Rival as Rival
    from slxrd.fitting.result.fit import Estimate as Estimate
    from slxrd.fitting.result.fit import Fit as Fit
    from slxrd.fitting.result.fit import Solution as Solution
    from slxrd.fitting.systematics.effect import SystematicEffect as SystematicEffect
    from slxrd.fitting.uncertainty.bootstrap import Bootstrap as Bootstrap
    from slxrd.fitting.uncertainty.bootstrap import bootstrap as bootstrap
    from slxrd.fitting.uncertainty.posterior.mcmc import Posterior as Posterior
    from slxrd.fitting.uncertainty.posterior.mcmc import sample_posterior as sample_posterior
    from slxrd.fitting.uncertainty.posterior.sampler import DrawnSamples as DrawnSamples
    from slxrd.fitting.uncertainty.posterior.sampler import Sampler as Sampler
    from slxrd.fitting.uncertainty.posterior.sampler import draw_samples as draw_samples
    from slxrd.fitting.uncertainty.profile.likelihood import Profile as Profile
    from slxrd.fitting.uncertainty.profile.likelihood import profile as profile
    from slxrd.fitting.uncertainty.profile.map1d import Chi2Curve as Chi2Curve
    from slxrd.fitting.uncertainty.profile.map1d import Map1D as Map1D
    from slxrd.fitting.uncertainty.profile.map1d import chi2_map as chi2_map
    from slxrd.fitting.uncertainty.profile.map1d import chi2_maps as chi2_maps
    from slxrd.fitting.uncertainty.profile.map2d import Map2D as Map2D
    from slxrd.fitting.uncertainty.profile.map2d import chi2_map_2d as chi2_map_2d
    from slxrd.instrument.broadening import Broadening as Broadening
    from slxrd.instrument.broadening import ResolutionShape as ResolutionShape
    from slxrd.instrument.calibration.file import read_resolution as read_resolution
    from slxrd.instrument.calibration.file import write_resolution as write_resolution
    from slxrd.instrument.calibration.measure import Resolution as Resolution
    from slxrd.instrument.calibration.measure import measure_resolution as measure_resolution
    from slxrd.instrument.calibration.standards import Standard as Standard
    from slxrd.instrument.calibration.standards import standard as standard
    from slxrd.instrument.diffractometer import Instrument as Instrument
    from slxrd.io.formats import Format as Format
    from slxrd.io.registry import read as read
    from slxrd.io.registry import read_scans as read_scans
    from slxrd.io.shared.scan import Scan as Scan
    from slxrd.model.simulation import simulate as simulate
    from slxrd.parameters.disorder.term import DisorderFactor as DisorderFactor
    from slxrd.parameters.disorder.term import DisorderTerm as DisorderTerm
    from slxrd.parameters.gap_distributions.distribution import GapCharacteristic as GapCharacteristic
    from slxrd.parameters.gap_distributions.distribution import GapDistribution as GapDistribution
    from slxrd.parameters.gap_distributions.distribution import GapMoments as GapMoments
    from slxrd.parameters.gap_profiles.profile import GapProfile as GapProfile
    from slxrd.parameters.gap_profiles.profile import GapTransform as GapTransform
    from slxrd.parameters.parameter_info import ParameterInfo as ParameterInfo
    from slxrd.parameters.parameter_set import Parameters as Parameters
    from slxrd.sample.cif.read import crystal_from_cif as crystal_from_cif
    from slxrd.sample.crystal import Crystal as Crystal
    from slxrd.sample.library.crystals import crystal as crystal
    from slxrd.sample.library.crystals import crystal_names as crystal_names
    from slxrd.sample.stack import Stack as Stack
    from slxrd.studies.compare.ranking import compare_fits as compare_fits
    from slxrd.studies.compare.result import ComparedModel as ComparedModel
    from slxrd.studies.compare.result import Comparison as Comparison
    from slxrd.studies.compare.run import compare_models as compare_models
    from slxrd.studies.directions.compare import DisorderComparison as DisorderComparison
    from slxrd.studies.directions.compare import compare_disorder as compare_disorder
    from slxrd.studies.directions.fit import fit_directions as fit_directions
    from slxrd.studies.directions.result import DirectionsFit as DirectionsFit
    from slxrd.studies.images.orientation.measure import measure_orientation as measure_orientation
    from slxrd.studies.images.orientation.result import Orientations as Orientations
    from slxrd.studies.images.orientation.result import PreferredOrientation as PreferredOrientation
    from slxrd.studies.images.orientation.result import Ring as Ring
    from slxrd.studies.images.outlines.find import find_outlines as find_outlines
    from slxrd.studies.images.outlines.result import Outline as Outline
    from slxrd.studies.images.outlines.result import Outlines as Outlines
    from slxrd.studies.images.saed.arcs import RingArcs as RingArcs
    from slxrd.studies.images.saed.measure import measure_saed as measure_saed
    from slxrd.studies.images.saed.result import Saed as Saed
    from slxrd.studies.images.saed.result import SaedRing as SaedRing
    from slxrd.studies.images.saed.result import SpotVectors as SpotVectors
    from slxrd.studies.images.spots.find import Spot as Spot
    from slxrd.studies.images.spots.periods import measure_periods as measure_periods
    from slxrd.studies.images.spots.result import Periods as Periods
    from slxrd.studies.images.spots.result import RankedLattice as RankedLattice
    from slxrd.studies.images.spots.scattering import GeometryErrors as GeometryErrors
    from slxrd.studies.lowangle.fit import fit_low_angle as fit_low_angle
    from slxrd.studies.lowangle.result import LowAngle as LowAngle
    from slxrd.studies.maps.files.results import read_map as read_map
    from slxrd.studies.maps.result import MapFit as MapFit
    from slxrd.studies.maps.run import fit_map as fit_map
    from slxrd.studies.merit.coherence import Alternative as Alternative
    from slxrd.studies.merit.coherence import compare_coherent as compare_coherent
    from slxrd.studies.merit.coherence import compare_slits as compare_slits
    from slxrd.studies.merit.coherence import longitudinal_coherence as longitudinal_coherence
    from slxrd.studies.merit.coherence import transverse_coherence as transverse_coherence
    from slxrd.studies.merit.disorder import Disorder as Disorder
    from slxrd.studies.merit.disorder import disorder_from_fringes as disorder_from_fringes
    from slxrd.studies.merit.figures import FiguresOfMerit as FiguresOfMerit
    from slxrd.studies.merit.figures import strain as strain
    from slxrd.studies.merit.figures import tilt as tilt
    from slxrd.studies.merit.visibility import Visibility as Visibility
    from slxrd.studies.merit.visibility import fringe_visibility as fringe_visibility
    from slxrd.studies.planning.plan import plan as plan
    from slxrd.studies.planning.result import Plan as Plan
    from slxrd.studies.polarisation import LpComparison as LpComparison
    from slxrd.studies.polarisation import compare_lp as compare_lp
    from slxrd.studies.robust import RobustComparison as RobustComparison
    from slxrd.studies.robust import compare_robust as compare_robust
    from slxrd.studies.sample_table.sources import SampleSource as SampleSource
    from slxrd.studies.sample_table.sources import SampleValue as SampleValue
    from slxrd.studies.sample_table.table import Agreement as Agreement
    from slxrd.studies.sample_table.table import SampleRow as SampleRow
    from slxrd.studies.sample_table.table import SampleTable as SampleTable
    from slxrd.studies.sample_table.table import sample_table as sample_table
    from slxrd.studies.series.joint.result import JointFit as JointFit
    from slxrd.studies.series.lowangle import LowAngleOptions as LowAngleOptions
    from slxrd.studies.series.result import SeriesFit as SeriesFit
    from slxrd.studies.series.result import SeriesGap as SeriesGap
    from slxrd.studies.series.result import SeriesMember as SeriesMember
    from slxrd.studies.series.run import fit_series as fit_series
    from slxrd.ui.app.notebook import notebook_app as notebook_app
    from slxrd.ui.plotting.compare import comparison_figure as comparison_figure
    from slxrd.ui.plotting.directions import directions_figure as directions_figure
    from slxrd.ui.plotting.fit import plot as plot
    from slxrd.ui.plotting.image import image_figure as image_figure
    from slxrd.ui.plotting.lowangle import low_angle_figure as low_angle_figure
    from slxrd.ui.plotting.maps import chi2_map_2d_figure as chi2_map_2d_figure
    from slxrd.ui.plotting.maps import chi2_maps_figure as chi2_maps_figure
    from slxrd.ui.plotting.merit import lp_figure as lp_figure
    from slxrd.ui.plotting.merit import merit_figure as merit_figure
    from slxrd.ui.plotting.orientation import orientation_figure as orientation_figure
    from slxrd.ui.plotting.outlines import outlines_figure as outlines_figure
    from slxrd.ui.plotting.pattern import background_figure as background_figure
    from slxrd.ui.plotting.pattern import decomposition_figure as decomposition_figure
    from slxrd.ui.plotting.pattern import pattern_figure as pattern_figure
    from slxrd.ui.plotting.periods import periods_figure as periods_figure
    from slxrd.ui.plotting.plan import plan_figure as plan_figure
    from slxrd.ui.plotting.raster import map_figure as map_figure
    from slxrd.ui.plotting.resolution import resolution_figure as resolution_figure
    from slxrd.ui.plotting.robust import robust_figure as robust_figure
    from slxrd.ui.plotting.saed import saed_figure as saed_figure
    from slxrd.ui.plotting.samples import fluctuation_figure as fluctuation_figure
    from slxrd.ui.plotting.samples import histogram_matrix as histogram_matrix
    from slxrd.ui.plotting.series.gaps import series_gap_figure as series_gap_figure
    from slxrd.ui.plotting.series.parameters import series_parameters_figure as series_parameters_figure
    from slxrd.ui.plotting.series.patterns import series_heat_figure as series_heat_figure
    from slxrd.ui.plotting.series.patterns import series_stack_figure as series_stack_figure
    from slxrd.ui.session.controller import Session as Session
    from slxrd.units import SecondLine as SecondLine

#: Public names by the module that defines them.
_PUBLIC = {
    "data.baseline": "Subtraction subtract_background",
    "data.corrections": "correct_absorption correct_footprint correct_lorentz_polarisation "
    "counting_statistics undo_correction",
    "data.decomposition.decompose": "Component Decomposition decompose subtract_peaks",
    "data.pattern": "Pattern Step",
    "data.peaks": "find_regions",
    "data.regions": "Region",
    "data.repeats": "Fluctuation fluctuation",
    "detector.cuts": "Cut cut_image",
    "detector.files": "read_image read_mask",
    "detector.geometry": "Geometry",
    "detector.image": "DetectorImage",
    "detector.maps": "CartesianMap PolarMap cartesian_map polar_map scattering_vectors",
    "detector.masks": "MaskCircle MaskRectangle mask_pixels",
    "errors": "FileError SlxrdError",
    "fitting.api": "build_parameters fit",
    "fitting.diagnosis.diagnose": "diagnose",
    "fitting.diagnosis.laue": "LaueFringes laue_fringes",
    "fitting.diagnosis.result": "DiagnosedPeak Diagnosis Proposal",
    "fitting.examples": "Example SeriesExample example example_series",
    "fitting.record.saved_fit": "SavedFit load",
    "fitting.record.write": "result_dictionary save",
    "fitting.result.assessment": "Assessment Misfit Rival",
    "fitting.result.fit": "Estimate Fit Solution",
    "fitting.systematics.effect": "SystematicEffect",
    "fitting.uncertainty.bootstrap": "Bootstrap bootstrap",
    "fitting.uncertainty.posterior.mcmc": "Posterior sample_posterior",
    "fitting.uncertainty.posterior.sampler": "DrawnSamples Sampler draw_samples",
    "fitting.uncertainty.profile.likelihood": "Profile profile",
    "fitting.uncertainty.profile.map1d": "Chi2Curve Map1D chi2_map chi2_maps",
    "fitting.uncertainty.profile.map2d": "Map2D chi2_map_2d",
    "instrument.broadening": "Broadening ResolutionShape",
    "instrument.calibration.file": "read_resolution write_resolution",
    "instrument.calibration.measure": "Resolution measure_resolution",
    "instrument.calibration.standards": "Standard standard",
    "instrument.diffractometer": "Instrument",
    "io.formats": "Format",
    "io.registry": "read read_scans",
    "io.shared.scan": "Scan",
    "model.simulation": "simulate",
    "parameters.disorder.term": "DisorderFactor DisorderTerm",
    "parameters.gap_distributions.distribution": "GapCharacteristic GapDistribution GapMoments",
    "parameters.gap_profiles.profile": "GapProfile GapTransform",
    "parameters.parameter_info": "ParameterInfo",
    "parameters.parameter_set": "Parameters",
    "sample.cif.read": "crystal_from_cif",
    "sample.crystal": "Crystal",
    "sample.library.crystals": "crystal crystal_names",
    "sample.stack": "Stack",
    "studies.compare.ranking": "compare_fits",
    "studies.compare.result": "ComparedModel Comparison",
    "studies.compare.run": "compare_models",
    "studies.images.orientation.measure": "measure_orientation",
    "studies.images.orientation.result": "Orientations PreferredOrientation Ring",
    "studies.images.outlines.find": "find_outlines",
    "studies.images.outlines.result": "Outline Outlines",
    "studies.images.saed.arcs": "RingArcs",
    "studies.images.saed.measure": "measure_saed",
    "studies.images.saed.result": "Saed SaedRing SpotVectors",
    "studies.images.spots.find": "Spot",
    "studies.images.spots.periods": "measure_periods",
    "studies.images.spots.result": "Periods RankedLattice",
    "studies.images.spots.scattering": "GeometryErrors",
    "studies.directions.compare": "DisorderComparison compare_disorder",
    "studies.directions.fit": "fit_directions",
    "studies.directions.result": "DirectionsFit",
    "studies.sample_table.sources": "SampleSource SampleValue",
    "studies.sample_table.table": "Agreement SampleRow SampleTable sample_table",
    "studies.lowangle.fit": "fit_low_angle",
    "studies.lowangle.result": "LowAngle",
    "studies.maps.files.results": "read_map",
    "studies.maps.result": "MapFit",
    "studies.maps.run": "fit_map",
    "studies.merit.coherence": "Alternative compare_coherent compare_slits longitudinal_coherence "
    "transverse_coherence",
    "studies.merit.disorder": "Disorder disorder_from_fringes",
    "studies.merit.figures": "FiguresOfMerit strain tilt",
    "studies.merit.visibility": "Visibility fringe_visibility",
    "studies.planning.result": "Plan",
    "studies.planning.plan": "plan",
    "studies.polarisation": "LpComparison compare_lp",
    "studies.robust": "RobustComparison compare_robust",
    "studies.series.joint.result": "JointFit",
    "studies.series.lowangle": "LowAngleOptions",
    "studies.series.result": "SeriesFit SeriesGap SeriesMember",
    "studies.series.run": "fit_series",
    "ui.app.notebook": "notebook_app",
    "ui.plotting.compare": "comparison_figure",
    "ui.plotting.directions": "directions_figure",
    "ui.plotting.fit": "plot",
    "ui.plotting.image": "image_figure",
    "ui.plotting.lowangle": "low_angle_figure",
    "ui.plotting.maps": "chi2_map_2d_figure chi2_maps_figure",
    "ui.plotting.merit": "lp_figure merit_figure",
    "ui.plotting.orientation": "orientation_figure",
    "ui.plotting.saed": "saed_figure",
    "ui.plotting.outlines": "outlines_figure",
    "ui.plotting.pattern": "background_figure decomposition_figure pattern_figure",
    "ui.plotting.periods": "periods_figure",
    "ui.plotting.plan": "plan_figure",
    "ui.plotting.raster": "map_figure",
    "ui.plotting.resolution": "resolution_figure",
    "ui.plotting.robust": "robust_figure",
    "ui.plotting.samples": "fluctuation_figure histogram_matrix",
    "ui.plotting.series.gaps": "series_gap_figure",
    "ui.plotting.series.parameters": "series_parameters_figure",
    "ui.plotting.series.patterns": "series_heat_figure series_stack_figure",
    "ui.session.controller": "Session",
    "units": "SecondLine",
}
_MODULE_OF = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'slxrd' has no attribute {name!r}")
    value = getattr(import_module(f"slxrd.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
