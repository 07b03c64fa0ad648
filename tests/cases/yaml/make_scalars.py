#!/usr/bin/env python3
"""Writes scalars.json: what PyYAML's safe loader makes of a sheet of plain scalars. Run with PyYAML 6 after adding a line."""
import datetime, json, math, pathlib, yaml

SHEET = """
yes Yes YES yEs no No NO on On ON off Off OFF true True TRUE tRUE false False FALSE y Y n N t f
~ null Null NULL nULL none None nil
0 00 -0 +0 1 -1 +1 0644 0755 08 09 0o644 0O17 0_ 0__ 0_7 1_000 1__0 _1 -_1 1_ -1_000 00_7
0x1F 0xff 0xFF_FF 0X1F -0x10 0x 0b11 0b1_1 -0b101 0b2 0B1
9223372036854775807 9223372036854775808 -9223372036854775808 170141183460469231731687303715884105727
12:30:45 1:30 1:60 -1:30 0:30 01:30 190:20:30 1:2:3:4 1_0:30 -_1:30 1:5_0 1: :1
1.5 1. .5 0.5 -1.5 +1.5 -.5 +.5 ._1 ._ . .. 1._5 1_0.5 1.5.2 1e3 1.0e3 1.0e+3 1.0E-3 1.e+5 .5e+1 .5e1 -.5e+1 1e+3 1.5e+ _1.5
1_000.000_1 6.02e+23 1.0e+400 1.0e-400 0.1 1.10 3.9.1
.inf .Inf .INF .iNF -.inf +.inf -.INF .nan .NaN .NAN .Nan -.nan inf nan
12:30:45.5 190:20:30.15 1:30. 1:60.5 -1:30.25 0:30.5 1:2:3.
2026-11-21 2026-1-2 2026-11-2 2026-11 26-11-21 2026-11-211 0001-01-01
2026-11-21T20:31:00 2026-11-21t20:31:00 2026-11-21T20:31:00Z 2026-11-21T20:31:00.5 2026-11-21T20:31:00.123456789 2026-11-21T20:31:00.
2026-11-21T20:31:00+01:30 2026-11-21T20:31:00-5 2026-11-21T20:31:00-05 2026-11-21T20:31 2026-11-21T2:31:00 2026-1-2T3:04:05 2026-11-21T20:31:00+00:00
2026-11-21T20:31:00.000Z 2026-11-21T20:31:00z 2026-11-21T20:31:000
<< = a-b a.b a_b 1a 1-2 10.0.0.1 v1.2 1,000 +a -a --- 1/2 5% 12h 1.2.3-rc1 0x1G 0b12 1e 1e- 1.e +-1 --1
""".split() + ["2026-11-21 20:31:00", "2026-11-21  20:31:00 +1", "2026-11-21 20:31:00 Z", "2026-11-21 20:31", "1 2", "yes no"]


def answer(text):
    value = yaml.safe_load("- " + text)[0]
    if value is None:
        return ["null", ""]
    if isinstance(value, bool):
        return ["bool", str(value)]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", repr(value)]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return ["date", value.isoformat()]
    if isinstance(value, str):
        return ["str", value]
    raise ValueError(f"{text}: {value!r}")


def rows():
    for text in dict.fromkeys(SHEET):
        try:
            yield [text, *answer(text)]
        except Exception as error:  # what PyYAML refuses is not part of the sheet
            print(f"left out: {text}: {type(error).__name__}")


path = pathlib.Path(__file__).with_name("scalars.json")
path.write_text("[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in rows()) + "\n]\n")
