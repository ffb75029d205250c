"""Detector images: reading, geometry, masks, remapping to scattering vectors, and cuts."""
