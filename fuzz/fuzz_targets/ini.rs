//! Any text: the INI reader answers or explains, and so does whoever makes an inventory of it: ranges, ports, variables.
#![no_main]

use benchbook::base::Source;
use benchbook::load::{InventorySource, MemoryFiles, load_inventory};
use benchbook::syntax::ini;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = ini::parse(&Source::new("hosts.ini", text)) {
        drop(errors.to_string());
    }
    let files = MemoryFiles::new([("hosts.ini", text)]);
    match load_inventory(&files, &[InventorySource::argument("hosts.ini")], None, None) {
        Ok((_, warnings)) => drop(warnings.to_string()),
        Err(errors) => drop(errors.to_string()),
    }
});
