"""What every command of `listino` promises."""

import click
import pytest

from listino.cli import main


def commands() -> dict[str, click.Command]:
    """Every command by its words, subcommands too."""
    context, found = click.Context(main.listino), {}
    for name in main.COMMANDS:
        command = main.listino.get_command(context, name)
        assert command is not None, f"listino {name} is declared and not there"
        found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": child for inner, child in command.commands.items()}
    return found


COMMANDS = commands()


def test_all_commands_are_looked_at() -> None:
    assert set(COMMANDS) >= {"up", "down", "status", "check", "demo", "crawl", "price", "extract", "staff", "staff add"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_begins_with_the_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*name.split(), "--help"]) == 0
    said = capsys.readouterr()
    assert f"listino {name}" in said.out.partition("Example:")[2]
    assert said.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_explained(name: str) -> None:
    command = COMMANDS[name]
    assert command.short_help
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == []


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_tells_the_commands_own_summary(name: str) -> None:
    assert COMMANDS[name].short_help == main.COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([*name.split(), "--nonsense"]) == 2
    said = capsys.readouterr()
    assert "--nonsense" in said.err
    assert said.out == ""


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["staff", "nonsense"]])
def test_an_unknown_command_is_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(arguments) == 2
    assert "nonsense" in capsys.readouterr().err
