"""What people get to see: boxes and signs on pictures, films, the window, status lines.

Those that show a run are its subscribers; nothing here judges or marks.
"""
