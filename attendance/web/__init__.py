"""The service: pages, kiosk, live view and API; a door like the command line. Needs the extra ``web``.

`site.Site` holds what runs, `build.build` makes the application, `server.serve` runs it until it is told to stop. A
route parses, calls a service and shows; each names who is admitted (`admits`).
"""
