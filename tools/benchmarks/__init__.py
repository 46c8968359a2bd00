"""The parts of tools/import_benchmarks.py: literals of Python files, definitions of benchmarks."""


class Unusable(Exception):
    """Something of the checkout cannot become (part of) a benchmark; the message says why."""
