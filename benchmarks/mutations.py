"""Damaged files and hostile options by the thousand: what ends other than well or in one line.

    python benchmarks/mutations.py --cases 10000

Runs tests/test_hostile_files.py and tests/test_hostile_commands.py again and again with other
seeds, each time in a process of its own: a traceback or a case that hangs fails a test, a process
that dies says by which signal, and the tests measure by how much memory grew.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = ["tests/test_hostile_files.py", "tests/test_hostile_commands.py"]
AROUND = 20  # cases of each kind in one process
FILE_KINDS, COMMAND_CASES = 16, 7  # kinds of files; command lines for each case of a kind
LONGEST = 3600  # seconds of a process


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1000, help="of the first process")
    arguments = parser.parse_args()
    each = AROUND * (FILE_KINDS + COMMAND_CASES)
    failed = done = 0
    for seed in range(arguments.seed, arguments.seed + max(1, arguments.cases // each)):
        environment = os.environ | {"PL_HYPERNET_CASES": str(AROUND), "PL_HYPERNET_SEED": f"{seed}"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n0", *FILES]
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST
        )
        done += each
        if ended.returncode:
            failed += 1
            how = f"signal {-ended.returncode}" if ended.returncode < 0 else "tests failed"
            print(f"seed {seed}: {how}")
            print("\n".join(re.findall(r"^E   .*$", ended.stdout, re.MULTILINE)))
        print(f"{done} cases, {failed} processes with failures", flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
