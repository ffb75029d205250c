"""Profiles of the electron density in the gap between two crystals; each is one class in one file.

A module of this package that registers a subclass of
:class:`~slxrd.parameters.gap_profiles.profile.GapProfile` adds a profile, and so does an entry point of the
group ``slxrd.gap_profiles`` of an installed package. These modules are below the structures because they
also define the parameters, whose names are known everywhere.
"""
