//! Huge pages, and the memory modules that the firmware knows.

use super::{Root, known};
use crate::base::{Map, Value};

/// `transparent` (`always`, `madvise`, `never`) and `sizes`: KiB of a page, how many there are and how many are free.
pub fn huge_pages(root: &Root) -> Option<Value> {
    const FOLDER: &str = "sys/kernel/mm/hugepages";
    let size = |name: &String| {
        let size: u64 = name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()?;
        let count = |file: &str| root.number(&format!("{FOLDER}/{name}/{file}")).map(Value::from);
        Some(Value::from(known([
            ("size_kb", Some(size.into())),
            ("total", count("nr_hugepages")),
            ("free", count("free_hugepages")),
        ])))
    };
    let sizes: Vec<Value> = root.names(FOLDER).iter().filter_map(size).collect();
    // `always [madvise] never`
    let transparent = root.text("sys/kernel/mm/transparent_hugepage/enabled").and_then(|text| {
        let (_, rest) = text.split_once('[')?;
        Some(rest.split_once(']')?.0.to_owned())
    });
    let found = known([
        ("transparent", transparent.map(Value::from)),
        ("sizes", (!sizes.is_empty()).then(|| Value::list(sizes))),
    ]);
    (!found.is_empty()).then(|| found.into())
}

/// One entry for each module that is plugged in, by the firmware's table (SMBIOS 3.7, structure 17): `locator`, `size_mb`,
/// `type` (`DDR5`), `speed_mts` (what it can do) and `configured_mts` (what it does), in megatransfers a second. Only root may
/// read the table.
pub fn modules(root: &Root) -> Option<Value> {
    let table = std::fs::read(root.path("sys/firmware/dmi/tables/DMI")).ok()?;
    let found: Vec<Value> = Structures(&table).filter_map(|found| module(&found)).map(Value::from).collect();
    (!found.is_empty()).then(|| Value::list(found))
}

/// One structure: its bytes, header first, and its strings.
struct Structure<'a> {
    bytes: &'a [u8],
    strings: Vec<&'a [u8]>,
}

/// The table from structure to structure. Each is a type, its length, a handle, its fields, then strings that end in a zero
/// byte, and one zero byte more.
struct Structures<'a>(&'a [u8]);

impl<'a> Iterator for Structures<'a> {
    type Item = Structure<'a>;

    fn next(&mut self) -> Option<Structure<'a>> {
        let table = self.0;
        let length = usize::from(*table.get(1)?);
        if length < 4 || table.len() < length {
            return None;
        }
        let (bytes, mut rest) = table.split_at(length);
        let mut strings = Vec::new();
        loop {
            let end = rest.iter().position(|byte| *byte == 0)?;
            let (string, after) = rest.split_at(end);
            rest = &after[1..];
            if string.is_empty() {
                break;
            }
            strings.push(string);
        }
        // Without strings there are two zero bytes.
        if strings.is_empty() {
            rest = rest.get(1..)?;
        }
        self.0 = rest;
        Some(Structure { bytes, strings })
    }
}

fn module(found: &Structure<'_>) -> Option<Map> {
    const MEMORY_DEVICE: u8 = 17;
    if found.bytes[0] != MEMORY_DEVICE {
        return None;
    }
    let byte = |at: usize| found.bytes.get(at).copied();
    let word = |at: usize| Some(u64::from(u16::from_le_bytes(found.bytes.get(at..at + 2)?.try_into().ok()?)));
    let double =
        |at: usize| Some(u64::from(u32::from_le_bytes(found.bytes.get(at..at + 4)?.try_into().ok()?)));
    // The highest bit says KiB; all others set, that the size stands elsewhere.
    let megabytes = match word(0x0c)? {
        0 | 0xffff => return None,
        0x7fff => double(0x1c)? & 0x7fff_ffff,
        size if size & 0x8000 != 0 => (size & 0x7fff) / 1024,
        size => size,
    };
    let speed = |at: usize, extended: usize| match word(at)? {
        0 => None,
        0xffff => double(extended).map(|speed| speed & 0x7fff_ffff),
        speed => Some(speed),
    };
    let locator = byte(0x10).and_then(|number| found.strings.get(usize::from(number).checked_sub(1)?));
    Some(known([
        ("locator", locator.map(|text| String::from_utf8_lossy(text).trim().to_owned().into())),
        ("size_mb", Some(megabytes.into())),
        ("type", byte(0x12).and_then(kind).map(Value::from)),
        ("speed_mts", speed(0x15, 0x54).map(Value::from)),
        ("configured_mts", speed(0x20, 0x58).map(Value::from)),
    ]))
}

/// The names of SMBIOS 3.7, table 78, that machines of today have.
fn kind(number: u8) -> Option<&'static str> {
    Some(match number {
        0x13 => "DDR2",
        0x18 => "DDR3",
        0x1a => "DDR4",
        0x1b => "LPDDR",
        0x1c => "LPDDR2",
        0x1d => "LPDDR3",
        0x1e => "LPDDR4",
        0x20 => "HBM",
        0x21 => "HBM2",
        0x22 => "DDR5",
        0x23 => "LPDDR5",
        0x24 => "HBM3",
        _ => return None,
    })
}
