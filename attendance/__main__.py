"""``python -m attendance`` is the same as ``attendance``."""

from attendance.cli import main

main()
