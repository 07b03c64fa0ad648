//! Sizes as people write them: `10 MB`, `2k`, `1 Gb`.

use super::integer;
use crate::base::Value;

/// Prefixes of sizes, each 1024 times the one before.
pub const PREFIXES: &str = "KMGTPEZY";

/// 1024 to that power.
pub fn power(exponent: usize) -> f64 {
    1024_f64.powi(i32::try_from(exponent).unwrap_or(0))
}

/// How many bytes, or bits, a size says; `default_unit` counts where it names none.
pub fn bytes(text: &str, default_unit: &str, bits: bool) -> Result<Value, String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| format!("`{text}` is no size"))?;
    let written = text[end..].trim();
    let unit = if written.is_empty() { default_unit } else { written };
    let mut chars = unit.chars();
    let exponent = match chars.next().map(|c| c.to_ascii_uppercase()) {
        None | Some('B') => 0,
        Some(prefix) => {
            PREFIXES.find(prefix).map(|place| place + 1).ok_or_else(|| format!("`{unit}` is no unit"))?
        }
    };
    // `KB`, or the whole word; of bits `Kb`.
    let (letter, word) = if bits { ("b", "bit") } else { ("B", "byte") };
    let names = ["", "kilo", "mega", "giga", "tera", "peta", "exa", "zeta", "yotta"];
    let rest = chars.as_str();
    let known = rest.is_empty()
        || (exponent > 0 && rest == letter && unit.starts_with(|c: char| c.is_ascii_uppercase()))
        || unit.to_lowercase() == format!("{}{word}", names[exponent]);
    if !known {
        return Err(format!("`{unit}` is no unit of {word}s"));
    }
    integer::truncated((number * power(exponent)).round())?.ok_or_else(|| format!("`{text}` is too large"))
}
