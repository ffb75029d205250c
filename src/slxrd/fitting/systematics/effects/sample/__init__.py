"""Effects of the sample: crystals, their sizes, and the gaps between them."""
