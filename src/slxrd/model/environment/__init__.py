"""What surrounds a stack, in amplitude: the substrate below, and surfaces that are not ideal.

No kernel knows of it. A stack gives its mean intensity and its mean amplitude; the amplitudes of the
surroundings are added here.
"""
