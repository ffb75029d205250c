"""Values that are taken without Pydantic are those that Typer gives."""

import pytest
import typer

from slxrd.ui.cli import main as cli

WORDS = (
    "",
    "x",
    "5",
    "0.5",
    "-1",
    "noise",
    "profile",
    "-",
    "no_such_file",
    "readable",
    "folder",
    "unreadable",
)


def outcome(process, context, value):
    """Value with its type, or the error."""
    try:
        found = process(context, value)
    except Exception as error:
        return type(error), str(getattr(error, "message", error))
    return found, [type(each) for each in found] if isinstance(found, list | tuple) else type(found)


@pytest.mark.slow
def test_plain_values_are_those_of_typer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "readable").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "unreadable").touch(mode=0o000)
    taken = 0
    program = cli.program()
    for name, command in program.commands.items():
        context = typer.Context(command, info_name=name)
        for parameter in command.get_params(context):
            quick = vars(parameter).pop("process_value", None)
            if quick is None or parameter.callback is not None:
                continue
            several = parameter.multiple or parameter.nargs == -1
            words = [(word,) for word in WORDS] + [WORDS[1:3], ()] if several else WORDS
            for value in (None, parameter.get_default(context), *words):
                expected = outcome(parameter.process_value, context, value)
                assert outcome(quick, context, value) == expected, (name, parameter.name, value)
                taken += 1
            parameter.process_value = quick
    assert taken > 1000
