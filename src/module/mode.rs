//! File modes as users write them: `0644` (octal in YAML 1.1), `"0644"`, `u+rwX,g=rx`, `preserve`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A wanted mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// These permission bits.
    Bits(u32),
    /// A change of the bits that are there.
    Symbolic(Vec<Clause>),
    /// The bits of the source.
    Preserve,
}

/// One clause of a symbolic mode, such as `ug+rX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Of `u`, `g` and `o`; all three when none is named.
    who: Vec<char>,
    /// None was named, so the umask counts.
    by_umask: bool,
    operations: Vec<(char, String)>,
}

const ALL: u32 = 0o7777;

impl Mode {
    /// Reads a mode that is text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "preserve" {
            return Ok(Self::Preserve);
        }
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return match u32::from_str_radix(digits, 8) {
                Ok(bits) if bits <= ALL => Ok(Self::Bits(bits)),
                _ => Err(format!("`{text}` is no octal file mode (0 to 7777)")),
            };
        }
        let clauses: Option<Vec<Clause>> = text.split(',').map(Clause::parse).collect();
        clauses.map(Self::Symbolic).ok_or_else(|| {
            format!("`{text}` is no file mode; write octal (\"0644\") or symbolic (u=rw,g=r,o=r)")
        })
    }

    /// The bits a file gets that has `current` now. `source` is the mode of what is copied, for `preserve`.
    pub fn resolve(&self, current: u32, folder: bool, umask: u32, source: Option<u32>) -> u32 {
        match self {
            Self::Bits(bits) => *bits,
            Self::Preserve => source.unwrap_or(current) & ALL,
            Self::Symbolic(clauses) => {
                clauses.iter().fold(current & ALL, |mode, c| c.apply(mode, current & ALL, folder, umask))
            }
        }
    }
}

impl Clause {
    fn parse(text: &str) -> Option<Self> {
        let first = text.find(['=', '+', '-'])?;
        let (who, mut rest) = text.split_at(first);
        let by_umask = who.is_empty();
        let who: Vec<char> =
            if matches!(who, "" | "a") { vec!['u', 'g', 'o'] } else { who.chars().collect() };
        if !who.iter().all(|c| matches!(c, 'u' | 'g' | 'o')) {
            return None;
        }
        let mut operations = Vec::new();
        while let Some(operator) = rest.chars().next() {
            let end = rest[1..].find(['=', '+', '-']).map_or(rest.len(), |i| i + 1);
            let permissions = &rest[1..end];
            if !permissions.chars().all(|c| "rwxXstugo".contains(c)) {
                return None;
            }
            operations.push((operator, permissions.to_owned()));
            rest = &rest[end..];
        }
        Some(Self { who, by_umask, operations })
    }

    fn apply(&self, mode: u32, original: u32, folder: bool, umask: u32) -> u32 {
        let mut mode = mode;
        for (operator, permissions) in &self.operations {
            let before = mode;
            for who in &self.who {
                let mut bits = permissions
                    .chars()
                    .fold(0, |bits, p| bits | permission(*who, p, original, before, folder));
                if self.by_umask {
                    bits &= !umask;
                }
                mode = match operator {
                    '+' => mode | bits,
                    '-' => mode & !bits,
                    _ => mode & !mask(*who) | bits,
                };
            }
        }
        mode
    }
}

/// How far left the three bits of one class stand.
fn shift(who: char) -> u32 {
    match who {
        'u' => 6,
        'g' => 3,
        _ => 0,
    }
}

/// All bits that belong to one class, with its special bit.
fn mask(who: char) -> u32 {
    0o7 << shift(who) | special(who)
}

fn special(who: char) -> u32 {
    match who {
        'u' => 0o4000,
        'g' => 0o2000,
        _ => 0o1000,
    }
}

/// The bit that one letter of a clause means for one class.
fn permission(who: char, letter: char, original: u32, before: u32, folder: bool) -> u32 {
    let three = match letter {
        'r' => 0o4,
        'w' => 0o2,
        'x' => 0o1,
        'X' => u32::from(folder || before & 0o111 != 0),
        'u' | 'g' | 'o' => original >> shift(letter) & 0o7,
        's' if who != 'o' => return special(who),
        't' if who == 'o' => return special(who),
        _ => 0,
    };
    three << shift(who)
}

/// The umask of this process, read without changing it.
pub fn umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("Umask:"));
    line.and_then(|l| u32::from_str_radix(l.trim(), 8).ok()).unwrap_or(0o022)
}

/// `0644` and `01777`, as Ansible prints the modes of what a task has made; `stat` has a form of its own.
pub fn octal(mode: u32) -> String {
    format!("0{:03o}", mode & ALL)
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct ModeVisitor;
        impl Visitor<'_> for ModeVisitor {
            type Value = Mode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file mode (\"0644\", u=rw,g=r or preserve)")
            }
            fn visit_i64<E: de::Error>(self, bits: i64) -> Result<Mode, E> {
                match u32::try_from(bits) {
                    Ok(bits) if bits <= ALL => Ok(Mode::Bits(bits)),
                    _ => {
                        Err(E::custom(format!("{bits} is no file mode; write it as text, such as \"0644\"")))
                    }
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
                Mode::parse(text).map_err(E::custom)
            }
        }
        d.deserialize_any(ModeVisitor)
    }
}

impl JsonSchema for Mode {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Mode".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"]})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn change(text: &str, current: u32, folder: bool) -> String {
        octal(Mode::parse(text).unwrap().resolve(current, folder, 0o022, Some(0o751)))
    }

    /// Results of chmod(1), GNU coreutils 9.1, where it and Ansible agree.
    #[test]
    fn symbolic_modes_change_what_is_there() {
        let cases = [
            ("u+x", 0o644, false, "0744"),
            ("u=rwX,g=rX,o=", 0o644, false, "0640"),
            ("u=rwX,g=rX,o=", 0o744, false, "0750"),
            ("u=rwX,g=rX,o=", 0o644, true, "0750"),
            ("a-w", 0o666, false, "0444"),
            ("+x", 0o600, false, "0711"),
            ("+w", 0o444, false, "0644"),
            ("g=u", 0o640, false, "0660"),
            ("o=g-w", 0o670, false, "0675"),
            ("u+s,g+s", 0o755, false, "06755"),
            ("o+t", 0o777, true, "01777"),
            ("ug-x+w", 0o555, false, "0665"),
            ("u=", 0o4755, false, "0055"),
            ("preserve", 0o600, false, "0751"),
            ("0644", 0o777, false, "0644"),
            ("1777", 0, true, "01777"),
        ];
        for (text, current, folder, expected) in cases {
            assert_eq!(change(text, current, folder), expected, "{text} on {current:o}");
        }
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["", "rw", "u+q", "x=r", "0899", "77777", "u+r,,", "-"] {
            // A lone operator changes nothing, as in Ansible.
            assert_eq!(Mode::parse(text).is_ok(), text == "-", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ugoarwxXst=+,0-9-]{0,12}|.{0,8}", current in 0_u32..0o10000) {
            if let Ok(mode) = Mode::parse(&text) {
                prop_assert!(mode.resolve(current, true, 0o022, None) <= 0o7777);
            }
        }

        #[test]
        fn a_mode_comes_back_in_either_form(bits in 0_u32..0o1000, special in 0_u32..8, current in 0_u32..0o10000) {
            let bits = special << 9 | bits;
            prop_assert_eq!(Mode::parse(&octal(bits)), Ok(Mode::Bits(bits)));
            let clause = |who: &str, shift: usize, mark: &str, marked: bool| {
                let letters: String = "rwx".chars().rev().enumerate().filter(|(i, _)| bits >> (shift + *i) & 1 == 1).map(|(_, c)| c).collect();
                format!("{who}={letters}{}", if marked { mark } else { "" })
            };
            let text = [
                clause("u", 6, "s", bits & 0o4000 != 0),
                clause("g", 3, "s", bits & 0o2000 != 0),
                clause("o", 0, "t", bits & 0o1000 != 0),
            ].join(",");
            // Neither `=` nor a file's old bits leave anything behind.
            prop_assert_eq!(octal(Mode::parse(&text).unwrap().resolve(current, false, 0o022, None)), octal(bits), "{}", text);
        }
    }
}
