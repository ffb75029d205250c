"""Search of single films: crystals without neighbours."""
