"""Coverage-guided fuzzing of readers and documents with Atheris: ``nox -s fuzz``."""
