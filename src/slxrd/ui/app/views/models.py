"""Comparison of models: which ones, the ranking and its figure, and the choice of one for the fit."""

from __future__ import annotations

import panel as pn

from slxrd._escape import html_text as escape
from slxrd.errors import SlxrdError
from slxrd.fitting.request.declaration import OPTIONS
from slxrd.studies.compare.specification import model_options
from slxrd.studies.compare.text import comparison_html
from slxrd.ui.app.controls.option_fields import option_field
from slxrd.ui.app.controls.scroll import Scroller
from slxrd.ui.app.controls.widgets import button, card_below, collapsible, picture_html, row, text
from slxrd.ui.app.state.messages import Topic, name_page_fields
from slxrd.ui.app.state.models import (
    OFFERED,
    SINGLE,
    STACKED,
    ComparedModels,
    choices_of_model,
    compare,
    model_of,
)
from slxrd.ui.app.state.workspace import Workspace


class ModelsView:
    """Choice of models, and the result of their comparison.

    Parameters
    ----------
    workspace : Workspace
        Holds the session and the comparison.

    Attributes
    ----------
    controls : panel.Card
        The models, and the buttons.
    result : panel.Column
        Ranking and figure.
    models : panel.widgets.CheckBoxGroup
        The models that are compared.
    chosen : panel.widgets.Select
        The compared model that is sent to the fit.
    scroller : Scroller
        Shows a new result.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._shown: tuple[ComparedModels | None, bool] = (None, False)
        self._added: list[str] = []
        self.models = pn.widgets.CheckBoxGroup(options=[], value=[], margin=(2, 10))
        self._crystal, self._stack = option_field(OPTIONS["crystal"]), option_field(OPTIONS["stack"])
        self._compare = button(
            "Compare models",
            self.start,
            color="primary",
            width=220,
            description="Fit each ticked model with all its solutions, and rank them.",
        )
        self.chosen = pn.widgets.Select(
            label="model", options=[], width=220, description="One of the models that were compared."
        )
        self._use = row(
            self.chosen,
            button(
                "Send to Fit",
                self.use,
                margin=(22, 5, 5, 5),
                description="Choose this model for the next fit.",
            ),
        )
        self._use.visible = False
        self.controls = collapsible(
            "Compare models",
            text(
                "<p>Which structure do the data support? Each model is searched with the regions and options "
                "of this page, and all are ranked by their evidence.</p>"
                "<p class='muted'><i>planes</i>: equal planes. <i>mixed</i>: several sizes in a stack. "
                "<i>alternating</i>: two crystals in turn. <i>coherent</i>: M, coherent crystals.</p>"
            ),
            self.models,
            row(self._crystal, self._stack),
            button("Add this model", self.add, description="Add a model of this crystal and stack."),
            self._compare,
            self._use,
        )
        self._ranking, self._picture, self._printed = text(), text(), text()
        self._ranking.stylesheets = [*self._ranking.stylesheets, "td { white-space: nowrap; }"]
        self._output = collapsible("Output of slxrd compare", self._printed)
        self.result = card_below(self._ranking, self._picture, self._output, visible=False)
        self.scroller = Scroller(self.result)
        self.refresh("state")
        self.refresh("job")

    def add(self) -> None:
        """Add the model of the fields to the list."""
        crystal, stack = self._crystal.value.strip(), self._stack.value
        model = (crystal or "planes") + (f"+{stack}" if stack not in ("", "pure") else "")
        if not self.workspace.try_action(lambda: choices_of_model(model, {})):
            return
        if model not in self.models.options:
            self._added.append(model)
            self._list()
        self.models.value = [*dict.fromkeys([*self.models.value, model])]

    def start(self) -> None:
        """Compare the ticked models in the background."""
        if self.workspace.session.state.file is None:
            self.workspace.show_message("Open a file first (1 Open).", "error")
            return
        session, models = self.workspace.session, list(self.models.value)
        if len(models) < 2:
            self.workspace.show_message("Tick two or more models to compare them.", "error")
            return

        def done(found: ComparedModels | None) -> None:
            if found is None:
                self.workspace.show_message("The comparison was cancelled before two models were fitted.")
                return
            self.workspace.compared = found
            names = ", ".join(model.name for model in found.comparison.models)
            self.workspace.show_message(
                "Done: the ranking is below the curves."
                if found.complete
                else f"Cancelled: only {names} were fitted and compared.",
                "success" if found.complete else "info",
            )
            self.workspace.notify("job")

        self.workspace.start_job(
            "the comparison of models", lambda report: compare(session, models, report), done, partial=True
        )

    def use(self) -> None:
        """Choose a compared model for the next fit."""
        model = str(self.chosen.value)

        def change() -> None:
            assert self.workspace.compared is not None  # the button is hidden without
            choices = choices_of_model(model, self.workspace.compared.state.choices)
            if self.workspace.do(f"model {model}", choices=choices):
                self.workspace.show_message(f"The model is {model}: press Find all solutions.", "success")

        self.workspace.try_action(change)

    def refresh(self, topic: Topic) -> None:
        """Show the models and the result."""
        if topic == "state":
            self._list()
        if topic in ("state", "job"):
            self._compare.disabled = self.workspace.busy
            self._show()

    def _list(self) -> None:
        try:
            own = model_of(self.workspace.session.state.choices)
            model_options(own)
        except SlxrdError:
            own = OFFERED[0]
        other = SINGLE if self.workspace.stacked else STACKED
        options = [*dict.fromkeys([own, *OFFERED, other, *self._added])]
        if options == self.models.options:
            return
        ticked = [model for model in self.models.value if model in options] or options[:2]
        self.models.param.update(options=options, value=[m for m in options if m == own or m in ticked])

    def _show(self) -> None:
        found, state = self.workspace.compared, self.workspace.session.state
        if found is not None and (found.state.file, found.state.sha256) != (state.file, state.sha256):
            found = None
        stale = found is not None and found.state.key != state.key
        if (found, stale) == self._shown:
            return
        new = found is not None and found is not self._shown[0]
        self._shown = found, stale
        self.result.visible = self._use.visible = found is not None
        if found is None:
            return
        names = [model.name for model in found.comparison.models]
        if self.chosen.options != names:
            self.chosen.param.update(options=names, value=names[0])
        warnings = "" if found.complete else "<p><b>Cancelled: not all models were fitted.</b></p>"
        if stale:
            warnings += "<p><b>The options have changed:</b> this ranking belongs to the earlier ones.</p>"
        ranking = name_page_fields(comparison_html(found.comparison))
        self._ranking.object = (
            f"<h2>Models compared</h2>{warnings}<div tabindex='0' style='overflow-x:auto'>{ranking}</div>"
        )
        self._picture.object = picture_html(found.picture, "Figure of the models") if found.picture else ""
        printed = escape(str(found.comparison))
        self._printed.object = f"<pre style='white-space:pre;overflow-x:auto'>{printed}</pre>"
        if new:
            self.scroller.show(self.result)
