"""What a notebook shows of some cells, a line each: JSON (of the result, of pyplot at the end).

    python shown_in_notebook.py shown_once.py CELL ...

``shown_once.py`` is run first. IPython without a kernel shows results as text alone, so what a
kernel would send is noted.
"""

import json
import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

results = []


class NotingHook(DisplayHook):
    """Notes the forms in which a cell's result is shown."""

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        results.extend(format_dict)


class Shell(InteractiveShell):
    """One without a window or a history."""

    displayhook_class = NotingHook

    def enable_gui(self, gui=None):
        pass

    def init_history(self):
        super().init_history()
        self.history_manager.enabled = False


shell = Shell.instance()
shell.run_line_magic("matplotlib", "inline")
shell.safe_execfile(sys.argv[1], shell.user_ns, raise_exceptions=True)
for cell in sys.argv[2:]:
    results.clear()
    with capture_output() as captured:
        shell.run_cell(cell).raise_error()
    displayed = [form for output in captured.outputs for form in output.data]
    print(json.dumps([results.count("image/png"), displayed.count("image/png")]))
