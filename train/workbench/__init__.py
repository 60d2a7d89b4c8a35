"""The similarity workbench: pairs, triplets and classes, trained, compared and shown."""
