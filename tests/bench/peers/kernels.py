"""Times what numpy, scipy, numexpr, scikit-learn and others take for the cases of `algohost bench`.

Reads the names of cases from standard input, one on a line, and answers each with a line: everybody who did it with the median seconds of
one call, separated by semicolons, or nothing where no peer has the like. The first is the closest relative.
"""

import sys
import time

sys.dont_write_bytecode = True  # beside the sources
from kernel_cases import CASES


def measure(work):
    """Median seconds of one call, as the host's own benchmark takes it."""
    work()
    start = time.perf_counter()
    work()
    together = max(1, int(200e-6 / max(time.perf_counter() - start, 1e-7)))
    times, begun = [], time.perf_counter()
    while len(times) < 3 or (len(times) < 301 and time.perf_counter() - begun < 0.6):
        start = time.perf_counter()
        for _ in range(together):
            work()
        times.append((time.perf_counter() - start) / together)
    return sorted(times)[len(times) // 2]


def main():
    for line in sys.stdin:
        made = CASES.get(line.strip(), lambda: [])()
        print(";".join(f"{name} {measure(work):.9f}" for name, work in made) or "-")


main()
