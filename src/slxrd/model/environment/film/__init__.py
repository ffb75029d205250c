"""A single crystal of equal planes with strained and rough surfaces: intensity and mean amplitude."""
