"""What a pattern shows before any fit: Bragg peaks, substrate, fringes, and the analysis that suits them."""
