"""Detector images as they are requested by a user: options, and the map and cuts that follow from them."""
