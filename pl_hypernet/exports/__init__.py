"""Chosen networks for use elsewhere: as torch programs, as ONNX, as packed bits."""

from pl_hypernet.exports.check import check_export
from pl_hypernet.exports.files import export, run_file
from pl_hypernet.exports.metadata import read_metadata
from pl_hypernet.exports.modules import to_torch
from pl_hypernet.exports.summary import export_summary

__all__ = ["check_export", "export", "export_summary", "read_metadata", "run_file", "to_torch"]
