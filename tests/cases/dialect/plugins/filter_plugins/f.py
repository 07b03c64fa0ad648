import datetime


def boom(subject):
    raise ValueError("no " + subject)


class FilterModule:
    def filters(self):
        return {
            "shout": lambda text, count=1, mark="!": text.upper() + mark * count,
            "pair": lambda a, b: [a, b],
            "day": lambda text: datetime.date(2020, 1, 2),
            "kind": lambda value: type(value).__name__.removeprefix("_AnsibleTagged").lower(),
            "boom": boom,
        }
