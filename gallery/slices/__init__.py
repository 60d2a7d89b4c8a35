"""A site's slice of the gallery: what it needs to go on marking while the database is out of reach.

It is a database of its own beside the home's key, `HOME/offline/attendance.db`, of the same schema and the same
internal ids, so that every service works on it unchanged; sealed rows stay sealed, and open with the key of the home.
"""
