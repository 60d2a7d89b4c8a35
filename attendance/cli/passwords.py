"""Passwords on the command line: typed unseen at a terminal, else read from standard input; never an argument."""

import sys

import typer

from attendance.cli.output import at_terminal


def new_password() -> str:
    """A new password, asked for twice at a terminal; elsewhere the first line of standard input."""
    if at_terminal():
        told: str = typer.prompt("Password", hide_input=True, err=True, confirmation_prompt="Once more")
        return told
    return sys.stdin.readline().rstrip("\r\n")
