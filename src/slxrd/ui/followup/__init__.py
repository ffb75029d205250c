"""Bootstrap, posterior samples and χ² maps after a fit."""
