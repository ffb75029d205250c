"""Kinds of disorder that weaken the interference of crystals; each is one object in one file.

A module of this package that registers a :class:`~slxrd.parameters.disorder.term.DisorderTerm` adds a kind,
and so does an entry point of the group ``slxrd.disorder`` of an installed package. These modules are below
the structures because they also define the parameters, whose names are known everywhere.
"""
