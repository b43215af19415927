"""Entry point of a hybrid job: ``pl-hypernet job`` copies it beside the package."""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))  # the package, as it came along
    from pl_hypernet.jobs import run_job

    run_job()
