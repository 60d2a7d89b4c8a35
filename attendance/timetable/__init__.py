"""When people are expected, and what came of it: pure functions of what is stored, with no database and no clock.

Rules and their versions make occurrences (`occurrences`), the calendar takes days out (`calendar`), and marks, excuses
and coverage give each person's status in each occurrence (`status`). The same input gives the same output, to the byte.
"""
