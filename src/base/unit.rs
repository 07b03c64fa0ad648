//! Units of figures: what may be converted into what, and how a figure is shown.
//!
//! One table of bases and their prefixes. A word that is not in it is a unit of its own, converts only into
//! itself and is shown as written. This file knows nothing of metrics or verdicts.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What is measured; units of one dimension convert into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dimension {
    DataRate,
    FlopRate,
    Time,
    Data,
    Frequency,
    Power,
    Energy,
    Voltage,
    Current,
    Temperature,
    Ratio,
    Count,
    /// So many of these things in a second.
    Rate(&'static str),
}

/// `k` or `Mi` before a base. Display stays within one family: a figure in MiB/s is never shown in GB/s.
#[derive(Debug, PartialEq)]
struct Prefix {
    symbol: &'static str,
    /// Read, never written: `K` for `k`, `µ` for `u`.
    alias: Option<&'static str>,
    factor: f64,
    binary: bool,
}

const fn decimal(symbol: &'static str, alias: Option<&'static str>, factor: f64) -> Prefix {
    Prefix { symbol, alias, factor, binary: false }
}

const fn binary(symbol: &'static str, factor: f64) -> Prefix {
    Prefix { symbol, alias: None, factor, binary: true }
}

static NO_PREFIX: [Prefix; 1] = [decimal("", None, 1.0)];
static SMALL: [Prefix; 4] = [
    decimal("n", None, 1e-9),
    decimal("u", Some("µ"), 1e-6),
    decimal("m", None, 1e-3),
    decimal("", None, 1.0),
];
static AROUND_ONE: [Prefix; 5] = [
    decimal("m", None, 1e-3),
    decimal("", None, 1.0),
    decimal("k", None, 1e3),
    decimal("M", None, 1e6),
    decimal("G", None, 1e9),
];
static LARGE: [Prefix; 7] = [
    decimal("", None, 1.0),
    decimal("k", Some("K"), 1e3),
    decimal("M", None, 1e6),
    decimal("G", None, 1e9),
    decimal("T", None, 1e12),
    decimal("P", None, 1e15),
    decimal("E", None, 1e18),
];
static DATA: [Prefix; 13] = [
    decimal("", None, 1.0),
    decimal("k", Some("K"), 1e3),
    decimal("M", None, 1e6),
    decimal("G", None, 1e9),
    decimal("T", None, 1e12),
    decimal("P", None, 1e15),
    decimal("E", None, 1e18),
    binary("Ki", 1_024.0),
    binary("Mi", 1_048_576.0),
    binary("Gi", 1_073_741_824.0),
    binary("Ti", 1_099_511_627_776.0),
    binary("Pi", 1_125_899_906_842_624.0),
    binary("Ei", 1_152_921_504_606_846_976.0),
];

/// One row of the table: a unit before its prefix.
#[derive(Debug)]
struct Base {
    /// How it is written; the others are only read.
    symbol: &'static str,
    aliases: &'static [&'static str],
    dimension: Dimension,
    /// How many of the dimension's first base this is.
    factor: f64,
    /// Where its zero is, in the dimension's first base.
    zero: f64,
    prefixes: &'static [Prefix],
}

// What has another zero says so: temperatures.
const fn base(
    symbol: &'static str,
    aliases: &'static [&'static str],
    dimension: Dimension,
    factor: f64,
    prefixes: &'static [Prefix],
) -> Base {
    Base { symbol, aliases, dimension, factor, zero: 0.0, prefixes }
}

/// Case matters: `Gb/s` is a gigabit, `GB/s` a gigabyte, `mW` is not `MW`.
#[rustfmt::skip]
static BASES: [Base; 40] = [
    base("B/s", &["Bps", "byte/s", "bytes/s"], Dimension::DataRate, 1.0, &DATA),
    base("bit/s", &["b/s", "bps", "bits/s"], Dimension::DataRate, 0.125, &DATA),
    base("FLOP/s", &["FLOPS", "FLOPs", "Flop/s", "Flops", "flop/s", "flops"], Dimension::FlopRate, 1.0, &LARGE),
    base("s", &["sec", "second", "seconds"], Dimension::Time, 1.0, &SMALL),
    base("min", &["minute", "minutes"], Dimension::Time, 60.0, &NO_PREFIX),
    base("h", &["hour", "hours"], Dimension::Time, 3600.0, &NO_PREFIX),
    base("d", &["day", "days"], Dimension::Time, 86400.0, &NO_PREFIX),
    base("B", &["byte", "bytes"], Dimension::Data, 1.0, &DATA),
    base("bit", &["bits"], Dimension::Data, 0.125, &DATA),
    base("Hz", &["hz"], Dimension::Frequency, 1.0, &AROUND_ONE),
    base("rpm", &["RPM"], Dimension::Frequency, 1.0 / 60.0, &NO_PREFIX),
    base("W", &["watt", "watts"], Dimension::Power, 1.0, &AROUND_ONE),
    base("J", &["joule", "joules"], Dimension::Energy, 1.0, &AROUND_ONE),
    base("Wh", &[], Dimension::Energy, 3600.0, &AROUND_ONE),
    base("V", &["volt", "volts"], Dimension::Voltage, 1.0, &AROUND_ONE),
    base("A", &["ampere", "amperes"], Dimension::Current, 1.0, &AROUND_ONE),
    base("°C", &["C", "degC", "celsius"], Dimension::Temperature, 1.0, &NO_PREFIX),
    Base { zero: -273.15, ..base("K", &["kelvin"], Dimension::Temperature, 1.0, &NO_PREFIX) },
    Base { zero: -160.0 / 9.0, ..base("°F", &["F", "degF", "fahrenheit"], Dimension::Temperature, 5.0 / 9.0, &NO_PREFIX) },
    base("ratio", &[], Dimension::Ratio, 1.0, &NO_PREFIX),
    base("%", &["percent"], Dimension::Ratio, 0.01, &NO_PREFIX),
    base("ppm", &[], Dimension::Ratio, 1e-6, &NO_PREFIX),
    base("count", &[], Dimension::Count, 1.0, &NO_PREFIX),
    base("IOPS", &["iops", "IO/s"], Dimension::Rate("io"), 1.0, &LARGE),
    base("op/s", &["ops/s", "ops"], Dimension::Rate("op"), 1.0, &LARGE),
    base("OP/s", &["OPS", "OPs"], Dimension::Rate("integer op"), 1.0, &LARGE),
    base("bogo-op/s", &["bogo-ops/s", "bogo ops/s"], Dimension::Rate("bogo op"), 1.0, &LARGE),
    base("UP/s", &["UPS", "updates/s"], Dimension::Rate("update"), 1.0, &LARGE),
    base("events/s", &["event/s"], Dimension::Rate("event"), 1.0, &LARGE),
    base("req/s", &["request/s", "requests/s"], Dimension::Rate("request"), 1.0, &LARGE),
    base("images/s", &["image/s", "img/s"], Dimension::Rate("image"), 1.0, &LARGE),
    base("samples/s", &["sample/s"], Dimension::Rate("sample"), 1.0, &LARGE),
    base("tokens/s", &["token/s", "tok/s"], Dimension::Rate("token"), 1.0, &LARGE),
    base("steps/s", &["step/s"], Dimension::Rate("step"), 1.0, &LARGE),
    base("it/s", &["iter/s", "iterations/s"], Dimension::Rate("iteration"), 1.0, &LARGE),
    base("queries/s", &["query/s", "QPS"], Dimension::Rate("query"), 1.0, &LARGE),
    base("transactions/s", &["transaction/s", "TPS", "tx/s"], Dimension::Rate("transaction"), 1.0, &LARGE),
    base("frames/s", &["frame/s", "fps", "FPS"], Dimension::Rate("frame"), 1.0, &LARGE),
    base("packets/s", &["packet/s", "pps", "pkt/s"], Dimension::Rate("packet"), 1.0, &LARGE),
    base("TEPS", &["edges/s"], Dimension::Rate("edge"), 1.0, &LARGE),
];

impl Base {
    fn read(&'static self, word: &str) -> Option<&'static Prefix> {
        let spellings = std::iter::once(&self.symbol).chain(self.aliases);
        spellings.filter_map(|symbol| word.strip_suffix(symbol)).find_map(|before| {
            self.prefixes.iter().find(|p| p.symbol == before || p.alias.is_some_and(|a| a == before))
        })
    }
}

/// The unit of a figure.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Unit {
    /// One from the table.
    Known(KnownUnit),
    /// Any other word; it converts only into itself.
    Other(Arc<str>),
}

/// A base of the table with one of its prefixes.
#[derive(Clone, Copy)]
pub struct KnownUnit {
    base: &'static Base,
    prefix: &'static Prefix,
}

impl KnownUnit {
    fn factor(self) -> f64 {
        self.base.factor * self.prefix.factor
    }
}

/// Why a figure has no value in the wanted unit, or a text is no quantity.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// Bytes are no seconds.
    #[error("a figure in `{from}` cannot be given in `{to}`")]
    Incompatible {
        /// The unit it is in.
        from: Unit,
        /// The unit that was asked for.
        to: Unit,
    },
    /// Neither `8` nor `8 GB/s`.
    #[error("`{0}` is not a number with a unit, such as `8 GB/s`")]
    NotAQuantity(String),
}

impl Unit {
    /// Reads a unit; never fails, because an unknown word is a unit of its own.
    pub fn parse(word: &str) -> Self {
        let word = word.trim();
        // Unicode has two letters that look alike: the sign for micro, and the Greek mu.
        let word = &word.replace('\u{3bc}', "\u{b5}");
        let known = BASES.iter().find_map(|base| Some(KnownUnit { base, prefix: base.read(word)? }));
        known.map_or_else(|| Unit::Other(Arc::from(word.as_str())), Unit::Known)
    }

    /// Whether figures in this unit can be given in the other.
    pub fn converts_to(&self, other: &Unit) -> bool {
        match (self, other) {
            (Unit::Known(a), Unit::Known(b)) => a.base.dimension == b.base.dimension,
            _ => self == other,
        }
    }

    /// The unit of the same base and family in which `value` reads best, from 1 up to 1000 (1024) where there
    /// is one. 11900 MB/s reads best in GB/s.
    #[must_use]
    pub fn best_for(&self, value: f64) -> Unit {
        let Unit::Known(known) = self else { return self.clone() };
        if value == 0.0 || !value.is_finite() {
            return self.clone();
        }
        let plain = value.abs() * known.prefix.factor;
        let family =
            known.base.prefixes.iter().filter(|p| p.binary == known.prefix.binary || p.symbol.is_empty());
        let fits = |p: &&Prefix| plain >= p.factor;
        let smallest = family.clone().min_by(|a, b| a.factor.total_cmp(&b.factor));
        let best = family.filter(fits).max_by(|a, b| a.factor.total_cmp(&b.factor)).or(smallest);
        Unit::Known(KnownUnit { base: known.base, prefix: best.unwrap_or(known.prefix) })
    }

    /// How to show figures that stand side by side, in one unit and with equally many decimals: three or four
    /// digits for the largest of them.
    pub fn scale_for(&self, values: &[f64]) -> Scale {
        let largest = values.iter().filter(|v| v.is_finite()).fold(0.0_f64, |max, v| max.max(v.abs()));
        let unit = self.best_for(largest);
        let factor = ratio(self, &unit);
        Scale { decimals: decimals(largest * factor), unit, factor }
    }
}

/// `value`, which is in `from`, given in `to`.
pub fn convert(value: f64, from: &Unit, to: &Unit) -> Result<f64, UnitError> {
    match (from, to) {
        (from, to) if from == to => Ok(value),
        (Unit::Known(a), Unit::Known(b)) if a.base.dimension == b.base.dimension => {
            Ok((value * a.factor() + a.base.zero - b.base.zero) / b.factor())
        }
        _ => Err(UnitError::Incompatible { from: from.clone(), to: to.clone() }),
    }
}

fn ratio(from: &Unit, to: &Unit) -> f64 {
    convert(1.0, from, to).unwrap_or(1.0)
}

/// Decimals that leave three or four digits.
fn decimals(magnitude: f64) -> usize {
    match magnitude {
        0.0 => 0,
        m if m >= 1000.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        m if m >= 0.1 => 3,
        m if m >= 0.01 => 4,
        _ => 6,
    }
}

/// How the figures of one row are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The unit they are shown in.
    pub unit: Unit,
    factor: f64,
    decimals: usize,
}

impl Scale {
    /// A value in the unit that the scale was made from, as text without its unit.
    pub fn format(&self, value: f64) -> String {
        let shown = value * self.factor;
        if shown != 0.0 && !(1e-4..1e15).contains(&shown.abs()) {
            return format!("{shown:.2e}");
        }
        format!("{shown:.*}", self.decimals)
    }
}

impl PartialEq for Unit {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Unit::Known(a), Unit::Known(b)) => {
                std::ptr::eq(a.base, b.base) && a.prefix.symbol == b.prefix.symbol
            }
            (Unit::Other(a), Unit::Other(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Known(known) => f.pad(&format!("{}{}", known.prefix.symbol, known.base.symbol)),
            Unit::Other(word) => f.pad(word),
        }
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl From<String> for Unit {
    fn from(word: String) -> Self {
        Unit::parse(&word)
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.to_string()
    }
}

/// A number that may carry its unit, as `expect:` takes it: `8`, `8 GB/s`, `1.5e3ms`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// Its unit; without one it is in the unit of what it is compared with.
    pub unit: Option<Unit>,
}

impl Quantity {
    /// Reads a finite decimal number and an optional unit.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::NotAQuantity(text.to_owned());
        let trimmed = text.trim();
        let (number, unit) = trimmed.split_at(number_length(trimmed));
        let value = number.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(wrong)?;
        let unit = unit.trim();
        // What could go on a number ("8,5", "1.2.3") is a slip, not a unit.
        if unit.starts_with(|c: char| c.is_ascii_digit() || ",.+-_".contains(c)) {
            return Err(wrong());
        }
        Ok(Self { value, unit: (!unit.is_empty()).then(|| Unit::parse(unit)) })
    }

    /// Its value in `unit`.
    pub fn value_in(&self, unit: &Unit) -> Result<f64, UnitError> {
        self.unit.as_ref().map_or(Ok(self.value), |own| convert(self.value, own, unit))
    }
}

/// The length of the decimal number at the beginning: sign, digits, fraction, exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| from + bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(usize::from(text.starts_with(['+', '-'])));
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        if digits(exponent) > exponent {
            end = digits(exponent);
        }
    }
    end
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Some(unit) => write!(f, "{} {unit}", self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

#[cfg(test)]
mod tests;
