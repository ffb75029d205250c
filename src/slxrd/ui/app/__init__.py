"""slxrd in the browser: a page on this machine, or in a notebook, over the same session as the command line.

``slxrd app`` serves it (:mod:`slxrd.ui.app.serving.server`); in a notebook,
:func:`slxrd.notebook_app` gives the same
page. It needs the extra ``app``: Panel and Bokeh.
"""
