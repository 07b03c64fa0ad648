//! Any text as a host pattern: it selects hosts that exist, or says where it is wrong.
#![no_main]

use std::sync::LazyLock;

use benchbook::base::{Diagnostics, Span};
use benchbook::load::{InventorySource, MemoryFiles, load_inventory};
use benchbook::model::{Inventory, Pattern};
use libfuzzer_sys::fuzz_target;

const HOSTS: &str = "n1\n[web]\nw[1:3]\nfe80::1\n[a:children]\nweb\n";

static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| {
    let files = MemoryFiles::new([("hosts.ini", HOSTS)]);
    load_inventory(&files, &[InventorySource::argument("hosts.ini")], None, None).expect("it is right").0
});

fuzz_target!(|text: &str| {
    let mut unknown = Diagnostics::new();
    match Pattern::parse(text, &Span::whole("--limit", text)) {
        Ok(pattern) => {
            let hosts = INVENTORY.select_known(&pattern, &mut unknown);
            assert!(hosts.iter().all(|host| INVENTORY.host(host.as_str()).is_some()));
            drop(unknown.to_string());
        }
        Err(error) => drop(error.render(false)),
    }
});
