"""The native core: kernels and refinement in C, and their calls from Python."""
