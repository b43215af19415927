"""Runs as hybrid jobs of Amazon Braket: prepared here, and what they do there."""

from pl_hypernet.jobs.prepare import Job, prepare
from pl_hypernet.jobs.running import run_job

__all__ = ["Job", "prepare", "run_job"]
