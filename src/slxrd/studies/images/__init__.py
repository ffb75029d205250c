"""Quantities from images of a sample other than diffractograms: outlines of superlattices in micrographs."""
