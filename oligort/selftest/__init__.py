"""The commissioning of an installation: phantoms held against their truths."""
