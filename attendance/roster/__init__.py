"""What other systems know, read from their files to values of one kind: pure functions, with no database and no clock.

`reading` takes in a register of pupils (OneRoster, SDS) as a `School`, `plan` compares it with who is enrolled, and
`marks` reads lists of marks that other devices made. Nothing here changes anything.
"""
