"""Elements, form factors, dispersion corrections and attenuation, from tables."""
