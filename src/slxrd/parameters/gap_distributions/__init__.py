"""Distributions of the gaps between crystals; each is one class in one file.

A module of this package that registers a subclass of
:class:`~slxrd.parameters.gap_distributions.distribution.GapDistribution` adds a distribution, and so does an
entry point of the group ``slxrd.gap_distributions`` of an installed package. These modules are below the
structures because they also define the parameters, whose names are known everywhere.
"""
