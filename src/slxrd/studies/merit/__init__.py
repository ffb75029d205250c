"""Figures of merit: disorder, visibility of fringes, coherence, tilt and strain."""
