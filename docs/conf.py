"""How the pages of this folder become a site: ``python -m sphinx -W -b html docs OUT``.

Nothing is fetched: formulas are MathML, fonts are those of the reader's system, and the notebooks of
``tutorials/`` are executed here, while the site is built.
"""

from __future__ import annotations

import sys
from pathlib import Path

import slxrd

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "slxrd"
author = "the authors of slxrd"
copyright = "BSD 3-Clause"
version = release = slxrd.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
]
exclude_patterns = ["_build", "_templates"]

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
# Blocks that are indented are commands and what they print; neither is Python.
highlight_language = "none"
myst_dmath_double_inline = True

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
# A tutorial takes less than 40 s on an idle computer.
nb_execution_timeout = 300
nb_merge_streams = True

html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["versions.js"]
templates_path = ["_templates"]
#: The sidebar of the theme, with the versions below the search box.
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "versions.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_theme = "furo"
html_title = f"slxrd {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": False}
