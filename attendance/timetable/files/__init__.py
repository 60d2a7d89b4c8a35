"""Timetables and calendars from and to files: calendars as .ics, and lists of rules as .csv."""
