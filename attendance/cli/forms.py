"""Which form a result comes in."""

from pathlib import Path

from attendance.cli.output import on_terminal
from attendance.register.reportform import Form, form_of_file, form_of_screen


def chosen_form(wanted: Form | None, output: Path | None) -> Form:
    """The form for the screen, or for a file of this name. Raises OutputForm."""
    return form_of_screen(wanted, terminal=on_terminal()) if output is None else form_of_file(output, wanted)
