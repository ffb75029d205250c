"""slxrd: the structure of colloidal superlattices, read from an ordinary X-ray diffractogram."""

__version__ = "0.1.0"
