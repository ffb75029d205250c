"""Spots of detector images: found, indexed, and turned into the periods of a superlattice."""
