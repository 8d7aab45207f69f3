"""`listino check`: the doctor."""

import json
import sys
from dataclasses import asdict

import click
from rich.console import Console
from rich.markup import escape

from listino.local.doctor import examine
from listino.settings import load_settings

_MARKS = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}


@click.command(short_help="Find what keeps Listino from running here.")
@click.option("--json", "as_json", is_flag=True, help="For machines: a JSON array on standard output.")
def check(as_json: bool) -> None:
    """Find what keeps Listino from running on this machine; each finding tells the way out.

    Exit code 1 if something required is missing.

    \b
    Example:
      listino check
      listino check --json | jq '.[] | select(.verdict == "fail")'
    """
    findings = examine(load_settings())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            console.print(f"{_MARKS[finding.verdict]} {finding.subject:<13} {escape(finding.text)}")
    if any(finding.verdict == "fail" for finding in findings):
        sys.exit(1)
