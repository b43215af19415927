"""Files in which paid tasks are noted, as those of Braket's QPUs, and what these cost."""

from pl_hypernet.devices.installed import check_installed


def may_hold_tasks(path) -> bool:
    """Whether tasks were, or may have been, paid for by the task log in this file."""
    if not path.exists():
        return False
    from pl_hypernet.devices.braket.task_log import holds_tasks  # such a device is imported

    return holds_tasks(path)


def logged_tasks(path) -> list[str]:
    """ARNs of the tasks that a task log names; none where there is no such file."""
    if not path.exists():
        return []
    from pl_hypernet.devices.braket.task_log import arns_in

    return arns_in(path)


def cost_of_tasks(arns, prices=None, aws_session=None):
    """What quantum tasks on Amazon Braket did cost, a list of
    :class:`~pl_hypernet.devices.braket.paid.PaidTasks`; see there, :func:`cost_of_tasks`."""
    check_installed("braket.aws.qubit")
    from pl_hypernet.devices.braket import paid  # whose imports take seconds

    return paid.cost_of_tasks(arns, prices, aws_session)
