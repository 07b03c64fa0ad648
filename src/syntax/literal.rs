//! Python literals: what `ast.literal_eval` reads. INI inventories type their values by it, lenient templates their results.
//!
//! Tuples and sets become lists. What Python calls a literal and we have no value for (complex numbers, `...`, integers beyond
//! 128 bits, keys that are collections) is none here; in an inventory bytes, `...` and complex numbers become texts.

use std::ops::Range;

use crate::base::{Key, Map, Span, Text, Value};

/// Collections may stand in each other this deep.
const DEPTH: usize = 100;

/// The value of a text that is exactly one literal. Strings inside are templates at their part of `place`, or data without one.
pub fn parse(text: &str, place: Option<&Span>) -> Option<Value> {
    Reader { text, at: 0, place, depth: 0, json_words: false }.whole()
}

/// The same for data, where `true`, `false` and `null` are known too.
pub fn parse_with_json_words(text: &str) -> Option<Value> {
    Reader { text, at: 0, place: None, depth: 0, json_words: true }.whole()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    place: Option<&'a Span>,
    depth: usize,
    json_words: bool,
}

impl<'a> Reader<'a> {
    fn whole(mut self) -> Option<Value> {
        self.blanks();
        let first = self.value()?;
        self.blanks();
        if self.at == self.text.len() {
            return Some(first);
        }
        // A bare comma makes a tuple.
        let mut items = vec![first];
        while self.eat(',') {
            if self.at == self.text.len() {
                return Some(Value::list(items));
            }
            items.push(self.value()?);
            self.blanks();
        }
        (self.at == self.text.len()).then(|| Value::list(items))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']).len();
            if self.peek() != Some('#') {
                return;
            }
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// Takes `c` and the blanks behind it, if it stands here.
    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
            self.blanks();
        }
        found
    }

    fn value(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let value = match self.peek()? {
            '[' => self.items('[', ']').map(|(items, _)| Value::list(items)),
            '(' => self.items('(', ')').map(|(mut items, comma)| {
                if items.len() == 1 && !comma { items.remove(0) } else { Value::list(items) }
            }),
            '{' => self.braces(),
            '-' | '+' => self.signed(),
            '0'..='9' | '.' => self.number(),
            _ => self.word_or_string(),
        };
        self.depth -= 1;
        value
    }

    /// Items up to the closing bracket, and whether a comma stood behind the last one.
    fn items(&mut self, open: char, close: char) -> Option<(Vec<Value>, bool)> {
        self.eat(open);
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.eat_last(close) {
            if !items.is_empty() && !comma {
                return None;
            }
            items.push(self.value()?);
            self.blanks();
            comma = self.eat(',');
        }
        Some((items, comma))
    }

    /// Takes a closing bracket; the blanks behind it are the caller's.
    fn eat_last(&mut self, close: char) -> bool {
        let found = self.peek() == Some(close);
        self.at += usize::from(found);
        found
    }

    fn braces(&mut self) -> Option<Value> {
        self.eat('{');
        if self.eat_last('}') {
            return Some(Value::from(Map::new()));
        }
        let first = self.value()?;
        self.blanks();
        if !self.eat(':') {
            return self.set(first);
        }
        let mut map = Map::new();
        let mut key = first;
        loop {
            let value = self.value()?;
            map.insert(Key::of(&key)?, value);
            self.blanks();
            let comma = self.eat(',');
            if self.eat_last('}') {
                return Some(Value::from(map));
            }
            if !comma {
                return None;
            }
            key = self.value()?;
            self.blanks();
            if !self.eat(':') {
                return None;
            }
        }
    }

    fn set(&mut self, first: Value) -> Option<Value> {
        let mut items = vec![first];
        loop {
            let comma = self.eat(',');
            if self.eat_last('}') {
                return Some(Value::list(items));
            }
            if !comma {
                return None;
            }
            let item = self.value()?;
            if !items.contains(&item) {
                items.push(item);
            }
            self.blanks();
        }
    }

    fn signed(&mut self) -> Option<Value> {
        let negative = self.peek() == Some('-');
        self.at += 1;
        self.blanks();
        match self.peek()? {
            '0'..='9' | '.' => match self.number()? {
                Value::Int(i) if negative => Some(Value::Int(-i)),
                Value::Float(f) if negative => Some(Value::Float(-f)),
                number => Some(number),
            },
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let exponent_sign = matches!(c, '+' | '-')
                && rest[..at].ends_with(['e', 'E'])
                && !rest.starts_with("0x")
                && !rest.starts_with("0X");
            if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || exponent_sign) {
                break;
            }
            end = at + 1;
        }
        self.at += end;
        let number = &rest[..end];
        let imaginary = number.strip_suffix(['j', 'J']).is_some_and(|part| number_of(part).is_some());
        match self.place {
            Some(place) if imaginary || number == "..." => {
                Some(Value::String(Text::template(number, place.part(self.at - end..self.at))))
            }
            _ => number_of(number),
        }
    }

    fn word_or_string(&mut self) -> Option<Value> {
        let rest = self.rest();
        let word = &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())];
        let constant = match word {
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "None" => Value::Null,
            "true" if self.json_words => Value::Bool(true),
            "false" if self.json_words => Value::Bool(false),
            "null" if self.json_words => Value::Null,
            "set" if self.place.is_some() && rest.starts_with("set()") => {
                self.at += "set()".len();
                return Some(Value::list(Vec::new()));
            }
            _ => return self.strings(),
        };
        self.at += word.len();
        Some(constant)
    }

    /// One string, or several that stand beside each other.
    fn strings(&mut self) -> Option<Value> {
        let start = self.at;
        let (mut text, mut inside, bytes) = self.string()?;
        loop {
            let end = self.at;
            self.blanks();
            if !self.peek().is_some_and(|c| matches!(c, '"' | '\'' | 'r' | 'R' | 'u' | 'U' | 'b' | 'B')) {
                self.at = end;
                break;
            }
            let (more, _, also_bytes) = self.string()?;
            if bytes != also_bytes {
                return None;
            }
            text.push_str(&more);
            inside = start..self.at;
        }
        if bytes {
            let bytes = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>()?;
            if self.place.is_none() {
                return Some(Value::Bytes(bytes.into()));
            }
            text = String::from_utf8(bytes).ok()?;
        }
        Some(Value::String(match self.place {
            Some(place) => Text::template(text, place.part(inside)),
            None => Text::data(text),
        }))
    }

    /// The characters of a string, where they stand, and whether it is bytes.
    fn string(&mut self) -> Option<(String, Range<usize>, bool)> {
        let rest = self.rest();
        let (prefix, quoted) = rest.split_at(rest.find(['"', '\''])?);
        let (raw, bytes) = match prefix.to_ascii_lowercase().as_str() {
            "" | "u" => (false, false),
            "r" => (true, false),
            "b" => (false, true),
            "rb" | "br" => (true, true),
            _ => return None,
        };
        let mark = &quoted[..1];
        let triple = mark.repeat(3);
        let mark = if quoted.starts_with(&triple) { triple.as_str() } else { mark };
        let start = self.at + prefix.len() + mark.len();
        let mut text = String::new();
        let mut body = self.text[start..].char_indices();
        while let Some((at, c)) = body.next() {
            if self.text[start + at..].starts_with(mark) {
                self.at = start + at + mark.len();
                return Some((text, start..start + at, bytes));
            }
            match c {
                '\\' if raw => {
                    text.push('\\');
                    text.push(body.next()?.1);
                }
                '\\' => escape(&mut body, bytes, &mut text)?,
                '\n' if mark.len() == 1 => return None,
                c if bytes && !c.is_ascii() => return None,
                c => text.push(c),
            }
        }
        None
    }
}

/// The character behind a backslash, and what belongs to it.
fn escape(body: &mut std::str::CharIndices<'_>, bytes: bool, text: &mut String) -> Option<()> {
    let (_, c) = body.next()?;
    let digits = match c {
        '\n' => return Some(()),
        'x' => 2,
        'u' if !bytes => 4,
        'U' if !bytes => 8,
        'N' if !bytes => return None,
        '0'..='7' => {
            let mut code = c.to_digit(8)?;
            for _ in 0..2 {
                let Some(digit) = body.clone().next().and_then(|(_, c)| c.to_digit(8)) else { break };
                code = code * 8 + digit;
                body.next();
            }
            text.push(char::from_u32(if bytes { code & 0xff } else { code })?);
            return Some(());
        }
        other => {
            let known = [
                ('n', '\n'),
                ('t', '\t'),
                ('r', '\r'),
                ('a', '\x07'),
                ('b', '\x08'),
                ('f', '\x0c'),
                ('v', '\x0b'),
                ('\\', '\\'),
                ('\'', '\''),
                ('"', '"'),
            ];
            match known.iter().find(|(name, _)| *name == other) {
                Some((_, meant)) => text.push(*meant),
                None => text.extend(['\\', other]),
            }
            return Some(());
        }
    };
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + body.next()?.1.to_digit(16)?;
    }
    text.push(char::from_u32(code)?);
    Some(())
}

fn number_of(text: &str) -> Option<Value> {
    // An underscore stands between two digits, or behind the prefix.
    let lonely = text.ends_with('_') || text.contains("__") || text.contains("_.") || text.contains("._");
    if lonely || text.is_empty() {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return i128::from_str_radix(&digits.replace('_', ""), base).ok().map(Value::Int);
        }
    }
    let plain = lower.replace('_', "");
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        // `0644` is no number in Python, `00` is.
        let octal = plain.starts_with('0') && plain.bytes().any(|b| b != b'0');
        return if octal { None } else { plain.parse().ok().map(Value::Int) };
    }
    // `inf` and `nan` cannot come here: a number begins with a digit or a point. Rust reads the rest as Python does.
    if plain.contains(['i', 'n']) || lower.contains("_e") || lower.contains("e_") {
        return None;
    }
    plain.parse().ok().map(Value::Float)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    /// `tests/cases/ini/literals.json` holds what Python's `ast.literal_eval` answers: text, and `repr` or null.
    #[test]
    fn literals_mean_what_they_mean_to_python() {
        let sheet: Vec<(String, Option<String>)> =
            serde_json::from_str(include_str!("../../tests/cases/ini/literals.json")).expect("the sheet");
        let wrong: Vec<String> = sheet
            .iter()
            .filter_map(|(text, python)| {
                let ours = parse(text, None).map(|v| crate::base::Value::list(vec![v]).to_string());
                (ours != *python).then(|| format!("{text}: Python {python:?}, here {ours:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), sheet.len(), wrong.join("\n"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\](){},:'\"\\\\xubr0-9eE._ é+-]{0,40}") {
            parse(&text, None);
        }
    }

    #[test]
    fn a_tower_is_refused() {
        assert!(parse(&"[".repeat(100_000), None).is_none());
    }
}
