//! Accelerators, by their ids on the PCI bus.

use super::{Root, known};
use crate::base::Value;

const DEVICES: &str = "sys/bus/pci/devices";

/// Classes of devices that compute: VGA, 3D and other displays, accelerators; base class and sub-class.
const DISPLAYS: [&str; 4] = ["0x0300", "0x0302", "0x0380", "0x1200"];
/// The same and co-processors.
const ALSO_COPROCESSORS: [&str; 5] = ["0x0300", "0x0302", "0x0380", "0x1200", "0x0b40"];
const ACCELERATORS_ONLY: [&str; 1] = ["0x1200"];

/// Vendor id (pci.ids of the PCI ID project), name, and which of its classes are accelerators: the display of Huawei is that of
/// the board's management, the co-processors of Intel compress.
const VENDORS: [(&str, &str, &[&str]); 12] = [
    ("0x10de", "nvidia", &DISPLAYS),
    ("0x1002", "amd", &DISPLAYS),
    ("0x8086", "intel", &DISPLAYS),
    ("0x1da3", "habana", &DISPLAYS),
    ("0x19e5", "ascend", &ACCELERATORS_ONLY),
    ("0x1d22", "kunlunxin", &DISPLAYS),
    ("0xcabc", "cambricon", &ALSO_COPROCESSORS),
    ("0x1e3e", "iluvatar", &ALSO_COPROCESSORS),
    ("0x9999", "metax", &ALSO_COPROCESSORS),
    ("0x1ed5", "mthreads", &DISPLAYS),
    ("0x1d94", "hygon", &ALSO_COPROCESSORS),
    ("0x1e36", "enflame", &ALSO_COPROCESSORS),
];

/// One entry for each, in the order of the bus: `vendor`, `address`, `id` (`10de:2330`), `name` where the machine has pci.ids,
/// `driver` and `driver_version`, `numa_node`, the link's speed and width now and at best, `virtual` for a part of another.
pub fn accelerators(root: &Root) -> Value {
    let names = std::cell::OnceCell::new();
    let entry = |address: &String| {
        let read = |file: &str| root.text(&format!("{DEVICES}/{address}/{file}"));
        let (id, class) = (read("vendor")?, read("class")?);
        let (_, vendor, classes) = VENDORS.iter().find(|(number, ..)| *number == id)?;
        classes.iter().find(|known| class.starts_with(**known))?;
        let device = read("device")?;
        let (id, device) = (id.trim_start_matches("0x"), device.trim_start_matches("0x").to_owned());
        let driver = root.link_name(&format!("{DEVICES}/{address}/driver"));
        let version = driver.as_ref().and_then(|name| root.text(&format!("sys/module/{name}/version")));
        let node = read("numa_node").and_then(|text| text.parse::<i64>().ok()).filter(|node| *node >= 0);
        let part = root.path(&format!("{DEVICES}/{address}/physfn")).exists();
        let list = names.get_or_init(|| pci_ids(root));
        Some(Value::from(known([
            ("vendor", Some((*vendor).into())),
            ("address", Some(address.as_str().into())),
            ("id", Some(format!("{id}:{device}").into())),
            ("name", name(list, id, &device).map(Value::from)),
            ("driver", driver.map(Value::from)),
            ("driver_version", version.map(Value::from)),
            ("numa_node", node.map(Value::from)),
            ("link_speed", read("current_link_speed").map(Value::from)),
            ("link_width", read("current_link_width").map(Value::from)),
            ("max_link_speed", read("max_link_speed").map(Value::from)),
            ("max_link_width", read("max_link_width").map(Value::from)),
            ("virtual", part.then(|| true.into())),
        ])))
    };
    Value::list(root.names(DEVICES).iter().filter_map(entry).collect())
}

/// The list of names that pciutils brings, where it is; empty without it.
fn pci_ids(root: &Root) -> String {
    let places = ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"];
    let bytes = places.iter().find_map(|path| std::fs::read(root.path(path)).ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Vendors stand at the beginning of lines, their devices below them behind a tab.
fn name(list: &str, vendor: &str, device: &str) -> Option<String> {
    let mut lines = list.lines().skip_while(|line| !line.starts_with(vendor)).skip(1);
    let own = lines.by_ref().take_while(|line| line.starts_with(['\t', '#']));
    let mut names = own.filter_map(|line| line.strip_prefix('\t')?.strip_prefix(device));
    names.next().map(|name| name.trim().to_owned())
}
