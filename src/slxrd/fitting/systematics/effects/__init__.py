"""Systematic effects; each is one object in one file.

A module of this package that registers a :class:`~slxrd.fitting.systematics.effect.SystematicEffect` adds an
effect, and so does an entry point of the group ``slxrd.systematics`` of an installed package.
"""
