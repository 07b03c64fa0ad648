#!/usr/bin/env python3
"""Writes literals.json: what ast.literal_eval makes of a sheet of texts, as the repr of [value]; null when it refuses.

Tuples and sets are written as lists, since that is what they are here."""
import ast, json, pathlib, warnings

warnings.simplefilter("ignore")
SHEET = r"""
5|-5|+5|- 5|--5|5.|.5|5.0|1e3|1E-3|1e|1.5e+3|0x1F|0X1f|0b11|0o17|017|0644|00|0_0|1_000|1__0|1_|_1|0x_1|1_000.5|1._5|1_.5|1e1_0
True|False|None|true|yes|no|null|on|-True|TRUE
'a'|"a"|'a' 'b'|u'a'|r'\n'|b'ab'|b'\xff'|b'é'|f'a'|'it''s'|'a\nb'|'\x41\u00e9\101'|'\q'|'unclosed|'''a'b'''|'a' b'b'|''|'é'
[]|[1,2]|[1, 2,]|[1 2]|[,]|[1,,2]|['a', "b"]|[[1],[2]]|[true]|[1|1]
()|(1)|(1,)|(1,2)|1,2|1,|1,2,|,1|('a')
{}|{'a':1}|{'a': 1, 'b': [2]}|{'a'}|{1,2}|{'a':}|{'a':1,}|{1: 2}|{None: 1}|{True: 'x'}|{'a': {'b': None}}|{1.5: 2}
abc|a b|1 2|10.0.0.1|1:2|1 # comment|'a' # comment|[1, # c|/tmp/x|a=b|1+2|2*3|5 - 3|...|__import__('os')|{{ x }}|[{{ x }}]|"{{ x }}"|["{{ x }}"]
 5|5 |'a'x|1a|1.2.3|3L|0777|9999999999999999999999|~|-'a'|not True|lambda: 0
""".strip("\n").replace("\n", "|").split("|")


def lists(value):
    if isinstance(value, (list, tuple, set)):
        return [lists(v) for v in value]
    if isinstance(value, dict):
        return {(repr(k) if isinstance(k, float) else k): lists(v) for k, v in value.items()}
    return value


def answer(text):
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError):
        return None
    return None if value is ... else repr([lists(value)])


path = pathlib.Path(__file__).with_name("literals.json")
rows = [json.dumps([t, answer(t)], ensure_ascii=False) for t in dict.fromkeys(SHEET)]
path.write_text("[\n" + ",\n".join(rows) + "\n]\n")
