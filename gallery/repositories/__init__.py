"""The SQL, one module a subject; every function works within the transaction that it is given."""
