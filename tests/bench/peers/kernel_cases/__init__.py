"""The cases, a module for each interface: what a peer does for the case that is called so, as pairs of its name and a call to time."""

from . import factorization, forest, formulas, linalg, losses, neighbors, nn, random, select, sparse, tensors, trees

MODULES = (tensors, formulas, linalg, neighbors, select, sparse, random, nn, losses, trees, factorization, forest)
CASES = {name: make for module in MODULES for name, make in module.CASES.items()}
