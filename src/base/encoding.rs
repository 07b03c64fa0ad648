//! Encodings of texts, by the names that Python has for them.

use crate::base::Value;

/// How a text becomes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `utf-8`
    Utf8,
    /// `ascii`
    Ascii,
    /// `latin-1`
    Latin1,
    /// `windows-1252`
    Windows1252,
    /// `utf-16-le` (`true`: the lower byte first) and `utf-16-be`.
    Utf16(bool),
}

/// What windows-1252 has from 0x80 to 0x9f; nothing stands for itself.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

impl Encoding {
    /// By its name, in any case and with any dashes.
    pub fn named(name: &str) -> Result<Self, String> {
        Ok(match name.to_lowercase().replace(['-', '_'], "").as_str() {
            "utf8" => Self::Utf8,
            "ascii" | "usascii" => Self::Ascii,
            "latin1" | "iso88591" => Self::Latin1,
            "windows1252" | "cp1252" => Self::Windows1252,
            "utf16le" => Self::Utf16(true),
            "utf16be" => Self::Utf16(false),
            _ => {
                let known = "utf-8, ascii, latin-1, windows-1252, utf-16-le, utf-16-be";
                return Err(format!("the encoding `{name}` is not known; there are {known}"));
            }
        })
    }

    /// The bytes of a text.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, String> {
        let last = match self {
            Self::Utf8 => return Ok(text.as_bytes().to_vec()),
            Self::Utf16(true) => return Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16(false) => return Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            Self::Ascii => 127,
            Self::Latin1 | Self::Windows1252 => 255,
        };
        let byte = |c: char| {
            let special =
                WINDOWS.chars().zip(0x80..).find(|(known, _)| self == Self::Windows1252 && *known == c);
            special
                .map(|(_, byte)| byte)
                .or_else(|| u8::try_from(u32::from(c)).ok().filter(|byte| *byte <= last))
        };
        text.chars().map(|c| byte(c).ok_or_else(|| format!("the encoding has no `{c}`"))).collect()
    }

    /// The text of bytes. What is no UTF-8 stays bytes.
    pub fn decode(self, bytes: Vec<u8>) -> Result<Value, String> {
        let words = || bytes.chunks(2).map(|pair| [pair[0], pair.get(1).copied().unwrap_or_default()]);
        let words: Vec<u16> = match self {
            Self::Utf16(true) => words().map(u16::from_le_bytes).collect(),
            Self::Utf16(false) => words().map(u16::from_be_bytes).collect(),
            Self::Latin1 => return Ok(Value::from(bytes.into_iter().map(char::from).collect::<String>())),
            Self::Windows1252 => {
                let special =
                    |byte: u8| byte.checked_sub(0x80).and_then(|place| WINDOWS.chars().nth(place.into()));
                let text = bytes.into_iter().map(|byte| special(byte).unwrap_or(char::from(byte)));
                return Ok(Value::from(text.collect::<String>()));
            }
            Self::Ascii if !bytes.is_ascii() => return Err("some bytes are no ASCII".into()),
            _ => {
                return Ok(String::from_utf8(bytes)
                    .map_or_else(|error| Value::Bytes(error.into_bytes().into()), Value::from));
            }
        };
        String::from_utf16(&words).map(Value::from).map_err(|_| "the bytes are no UTF-16".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_the_text_they_were() {
        for name in ["utf-8", "Windows-1252", "utf_16_le", "utf-16-be"] {
            let encoding = Encoding::named(name).unwrap();
            let bytes = encoding.encode("“aé€”").unwrap();
            assert_eq!(encoding.decode(bytes), Ok(Value::from("“aé€”")), "{name}");
        }
        assert_eq!(Encoding::Windows1252.encode("€é"), Ok(vec![0x80, 0xe9]));
        assert!(Encoding::Latin1.encode("€").is_err() && Encoding::Ascii.encode("é").is_err());
        assert!(Encoding::named("ebcdic").is_err());
    }
}
