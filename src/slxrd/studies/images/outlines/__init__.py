"""Outlines of superlattices in micrographs: size against distortion."""
