"""Files in which paid tasks are noted, as those of Braket's QPUs."""


def may_hold_tasks(path) -> bool:
    """Whether tasks were, or may have been, paid for by the task log in this file."""
    if not path.exists():
        return False
    from pl_hypernet.devices.braket.task_log import holds_tasks  # such a device is imported

    return holds_tasks(path)
