"""Tests of the user's own that have names of built-in ones."""


class TestModule:
    def tests(self):
        return {name: lambda value, *rest: "odd" in str(value) for name in ("match", "even")}
