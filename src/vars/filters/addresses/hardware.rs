//! Hardware addresses of 48 bits: `hwaddr`, `macaddr`, and the part of an IPv6 address that is made of one.

use crate::base::Value;
use crate::vars::call::CallError;

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hardware(u64);

/// One past the last address.
const END: u64 = 1 << 48;

/// The forms that are read: separator, how many words, how many digits a word has at least and at most.
const FORMS: &[(char, usize, usize, usize)] = &[
    (':', 6, 1, 2),
    ('-', 6, 1, 2),
    (':', 3, 1, 4),
    ('-', 3, 1, 4),
    ('.', 3, 1, 4),
    ('-', 2, 5, 6),
    (':', 2, 5, 6),
];

impl Hardware {
    /// In one of the forms of Unix, Windows, Cisco, `PostgreSQL`, bare, or as a decimal number.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hexadecimal = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
        for &(separator, count, least, most) in FORMS {
            let words: Vec<&str> = text.split(separator).collect();
            let fits = |word: &&str| (least..=most).contains(&word.len()) && hexadecimal(word);
            if words.len() == count && words.iter().all(fits) {
                let bits = 48 / count;
                let join =
                    |number: u64, word: &&str| Some(number << bits | u64::from_str_radix(word, 16).ok()?);
                return words.iter().try_fold(0, join).map(Self);
            }
        }
        let number = if matches!(text.len(), 11 | 12) && hexadecimal(text) {
            u64::from_str_radix(text, 16).ok()
        } else {
            super::network::python_int(text).and_then(|number| u64::try_from(number).ok())
        };
        number.filter(|number| *number < END).map(Self)
    }

    /// The last 64 bits of an IPv6 address of this hardware (RFC 4291, appendix A).
    pub(super) fn interface(self) -> u64 {
        let (first, last) = (self.0 >> 24, self.0 & 0xff_ffff);
        (first << 40 | 0xff_fe00_0000 | last) ^ 0x0200_0000_0000_0000
    }

    fn words(self, bits: usize, separator: &str, print: impl Fn(u64) -> String) -> String {
        let shifts = (0..48 / bits).rev().map(|place| place * bits);
        let words: Vec<_> = shifts.map(|shift| print((self.0 >> shift) & ((1 << bits) - 1))).collect();
        words.join(separator)
    }
}

/// The address in the form of the query; what is none is an error only when a form is asked for.
pub(super) fn ask(text: &str, query: &str) -> Result<Value, CallError> {
    let known = Hardware::parse(text);
    let address = match (known, query) {
        (Some(address), _) => address,
        (None, "" | "bool") => return Ok(Value::Null),
        (None, _) => return Err(format!("`{text}` is no hardware address").into()),
    };
    Ok(Value::from(match query {
        "" => text.to_owned(),
        "bool" => return Ok(Value::Bool(true)),
        "int" => return Ok(Value::Int(i128::from(address.0))),
        "bare" => format!("{:012X}", address.0),
        "cisco" => address.words(16, ".", |word| format!("{word:04x}")),
        "eui48" | "win" => address.words(8, "-", |word| format!("{word:02X}")),
        "linux" => address.words(8, ":", |word| format!("{word:02x}")),
        "unix" => address.words(8, ":", |word| format!("{word:x}")),
        "pgsql" | "postgresql" | "psql" => address.words(24, ":", |word| format!("{word:06x}")),
        other => return Err(format!("`{other}` is no form of a hardware address").into()),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9a-fA-F:.-]{0,20}") {
            Hardware::parse(&text);
        }

        #[test]
        fn each_form_is_read_again(number in 0..END) {
            let text = Hardware(number).words(8, ":", |word| format!("{word:02x}"));
            for form in ["bare", "cisco", "win", "linux", "unix", "pgsql"] {
                let printed = ask(&text, form).unwrap().to_string();
                prop_assert_eq!(Hardware::parse(&printed), Some(Hardware(number)), "{} as {}", text, form);
            }
        }
    }
}
