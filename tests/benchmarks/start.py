"""What it costs to start: `import oligort` over a bare interpreter, and `oligort --help`.

    python tests/benchmarks/start.py

Prints the user and system time of the least disturbed of several runs.
"""

import resource
import subprocess
import sys

RUNS = 7
PROMISED_S = {"import oligort": 0.05, "oligort --help": 0.35}


def cpu_s(*arguments: str) -> float:
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main() -> None:
    bare = cpu_s("-c", "pass")
    costs = {
        "import oligort": cpu_s("-c", "import oligort") - bare,
        "oligort --help": cpu_s("-c", "from oligort.cli import main; main()", "--help"),
    }
    for what, cost in costs.items():
        print(f"{what}: {cost:.3f} s of CPU (promised: under {PROMISED_S[what]} s)")


if __name__ == "__main__":
    main()
