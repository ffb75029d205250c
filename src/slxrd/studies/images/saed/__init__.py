"""Electron diffraction images in transmission (SAED): centre, rings, arcs, spots, indices, zone axis."""
