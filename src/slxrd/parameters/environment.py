"""Parameters of a substrate, and of a single film whose planes or surfaces are not ideal."""

from __future__ import annotations

import math

from slxrd.parameters.parameter_info import ParameterInfo

_ROD = "docs/substrates.md; Robinson, Phys. Rev. B 1986, 33, 3830"
_FILM = "docs/substrates.md"

#: Parameters of a stack on a substrate.
OF_SUBSTRATE: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "d_S", "d(S)", "Å", None, 1.0, 50.0, 0.1, 1e3,
            "distance between the planes of the substrate", _ROD, 0.005, False,
        ),
        ParameterInfo(
            "f_S", "f(S)", "", None, 1e-3, 1e3, 0.0, 1e6,
            "amplitude of a plane of the substrate over one of the stack", _ROD, 0.05,
        ),
        ParameterInfo(
            "L_S", "L(S)", "Å", None, 0.3, 150.0, 0.0, 1e4,
            "distance from the highest plane of the substrate to the lowest of the stack", _ROD, 0.1,
        ),
        ParameterInfo(
            "sigma_S", "σ(S)", "Å", 0.0, 0.0, 10.0, 0.0, 1e3,
            "roughness of the interface between substrate and stack", _ROD, 0.1, False,
        ),
        ParameterInfo(
            "coherence_S", "c(S)", "", 1.0, 0.0, 1.0, 0.0, 1.0,
            "share of the interference of substrate and stack that is observed", _ROD, 0.05, False,
        ),
        ParameterInfo(
            "phase_S", "φ(S)", "rad", 0.0, -math.pi, math.pi, -10.0, 10.0,
            "phase of the stack's planes relative to those of the substrate", _ROD, 0.05, False,
        ),
    )
}  # fmt: skip

#: Parameters that a single crystal of equal planes has if they are named.
OF_FILM: dict[str, ParameterInfo] = {
    row.name: row
    for row in (
        ParameterInfo(
            "sigma_top", "σ(top)", "Å", 0.0, 0.0, 50.0, 0.0, 1e3,
            "roughness of the top surface over distances that scatter coherently", _FILM, 0.3, False,
        ),
        ParameterInfo(
            "strain_bottom", "ε(bottom)", "", 0.0, -0.2, 0.2, -0.9, 0.9,
            "relative change of the plane distance at the bottom of the film", _FILM, 0.002, False,
        ),
        ParameterInfo(
            "depth_bottom", "ξ(bottom)", "planes", 3.0, 0.5, 50.0, 0.05, 1e4,
            "number of planes over which the strain at the bottom fades", _FILM, 0.5, False,
        ),
        ParameterInfo(
            "strain_top", "ε(top)", "", 0.0, -0.2, 0.2, -0.9, 0.9,
            "relative change of the plane distance at the top of the film", _FILM, 0.002, False,
        ),
        ParameterInfo(
            "depth_top", "ξ(top)", "planes", 3.0, 0.5, 50.0, 0.05, 1e4,
            "number of planes over which the strain at the top fades", _FILM, 0.5, False,
        ),
        ParameterInfo(
            "sigma_d", "σ_d/d", "", 0.0, 0.0, 0.03, 0.0, 0.2,
            "relative standard deviation of d from crystal to crystal", _FILM, 5e-4, False,
        ),
    )
}  # fmt: skip
