"""A line of a history as one level of names, as tables want it."""


def flat(record: dict) -> dict:
    """``{"choices": {"activation": {"sigmoid": 0.3}}}`` as ``{"choices.activation.sigmoid": 0.3}``.

    Messages are joined to one text.
    """
    found = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": number for inner, number in flat(value).items()}
        else:
            found[name] = "; ".join(map(str, value)) if isinstance(value, list) else value
    return found
