"""Resolution, wavelengths and zero error of the diffractometer."""
