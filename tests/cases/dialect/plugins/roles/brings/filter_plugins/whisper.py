class FilterModule:
    def filters(self):
        return {"whisper": str.lower}
