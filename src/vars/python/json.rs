//! Why a text is no JSON, in the words of Python's `json`, which playbooks look for.

/// What is wrong, and at which character.
type Refusal = (&'static str, usize);

/// What Python says of a text; nothing where it would take it.
pub fn refusal(text: &str) -> Option<String> {
    let scan = Scan { chars: text.chars().collect() };
    let (message, at) = scan.whole().err()?;
    let before = &scan.chars[..at.min(scan.chars.len())];
    let line = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
    Some(format!("{message}: line {line} column {column} (char {at})"))
}

struct Scan {
    chars: Vec<char>,
}

impl Scan {
    fn whole(&self) -> Result<(), Refusal> {
        let end = self.blanks(self.value(self.blanks(0), 0)?);
        if end < self.chars.len() { Err(("Extra data", end)) } else { Ok(()) }
    }

    fn is(&self, at: usize, wanted: char) -> bool {
        self.chars.get(at) == Some(&wanted)
    }

    fn blanks(&self, from: usize) -> usize {
        let blank = |c: &&char| matches!(c, ' ' | '\t' | '\n' | '\r');
        from + self.chars.iter().skip(from).take_while(blank).count()
    }

    /// The end of the value that begins here.
    fn value(&self, at: usize, depth: usize) -> Result<usize, Refusal> {
        const DEEPEST: usize = 500;
        const WORDS: [&str; 6] = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
        // Whoever reads it says that it is too deep.
        let deeper = if depth < DEEPEST { depth + 1 } else { return Ok(self.chars.len()) };
        match self.chars.get(at) {
            Some('"') => self.string(at),
            Some('{') => self.members(at + 1, '}', |scan, at| {
                if !scan.is(at, '"') {
                    return Err(("Expecting property name enclosed in double quotes", at));
                }
                let colon = scan.blanks(scan.string(at)?);
                if !scan.is(colon, ':') {
                    return Err(("Expecting ':' delimiter", colon));
                }
                scan.value(scan.blanks(colon + 1), deeper)
            }),
            Some('[') => self.members(at + 1, ']', |scan, at| scan.value(at, deeper)),
            _ => {
                let begins = |word: &&&str| word.chars().enumerate().all(|(i, c)| self.is(at + i, c));
                let word = WORDS.iter().find(begins).map(|word| at + word.len());
                word.or_else(|| self.number(at)).ok_or(("Expecting value", at))
            }
        }
    }

    fn members(
        &self,
        from: usize,
        close: char,
        member: impl Fn(&Self, usize) -> Result<usize, Refusal>,
    ) -> Result<usize, Refusal> {
        let mut at = self.blanks(from);
        if self.is(at, close) {
            return Ok(at + 1);
        }
        loop {
            at = self.blanks(member(self, at)?);
            if self.is(at, close) {
                return Ok(at + 1);
            }
            if !self.is(at, ',') {
                return Err(("Expecting ',' delimiter", at));
            }
            at = self.blanks(at + 1);
        }
    }

    fn string(&self, begin: usize) -> Result<usize, Refusal> {
        let mut at = begin + 1;
        loop {
            match self.chars.get(at) {
                None => return Err(("Unterminated string starting at", begin)),
                Some('"') => return Ok(at + 1),
                Some('\\') => match self.chars.get(at + 1) {
                    None => return Err(("Unterminated string starting at", begin)),
                    Some('u') => {
                        let digits = self.chars.iter().skip(at + 2).take(4);
                        if digits.filter(|c| c.is_ascii_hexdigit()).count() < 4 {
                            return Err(("Invalid \\uXXXX escape", at + 2));
                        }
                        at += 6;
                    }
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => at += 2,
                    Some(_) => return Err(("Invalid \\escape", at)),
                },
                Some(c) if *c < ' ' => return Err(("Invalid control character at", at)),
                Some(_) => at += 1,
            }
        }
    }

    /// The end of a number, if one begins here.
    fn number(&self, from: usize) -> Option<usize> {
        let digits = |at: usize| self.chars.iter().skip(at).take_while(|c| c.is_ascii_digit()).count();
        let begin = from + usize::from(self.is(from, '-'));
        let mut end = match digits(begin) {
            0 => return None,
            _ if self.is(begin, '0') => begin + 1,
            count => begin + count,
        };
        if self.is(end, '.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if self.is(end, 'e') || self.is(end, 'E') {
            let sign = usize::from(self.is(end + 1, '+') || self.is(end + 1, '-'));
            let count = digits(end + 1 + sign);
            end += if count > 0 { 1 + sign + count } else { 0 };
        }
        Some(end)
    }
}
