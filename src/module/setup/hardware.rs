//! What the firmware says of the machine (DMI); `NA` where it says nothing, as in Ansible.

use super::{Facts, read};

/// Vendor, product, board, chassis and firmware.
pub fn gather(facts: &mut Facts) {
    const FILES: [(&str, &str); 18] = [
        ("bios_date", "bios_date"),
        ("bios_vendor", "bios_vendor"),
        ("bios_version", "bios_version"),
        ("board_asset_tag", "board_asset_tag"),
        ("board_name", "board_name"),
        ("board_serial", "board_serial"),
        ("board_vendor", "board_vendor"),
        ("board_version", "board_version"),
        ("chassis_asset_tag", "chassis_asset_tag"),
        ("chassis_serial", "chassis_serial"),
        ("chassis_vendor", "chassis_vendor"),
        ("chassis_version", "chassis_version"),
        ("form_factor", "chassis_type"),
        ("product_name", "product_name"),
        ("product_serial", "product_serial"),
        ("product_uuid", "product_uuid"),
        ("product_version", "product_version"),
        ("system_vendor", "sys_vendor"),
    ];
    for (fact, file) in FILES {
        let text = read(format!("/sys/devices/virtual/dmi/id/{file}"));
        let text = match (fact, text) {
            ("form_factor", Some(number)) => Some(form_factor(&number).to_owned()),
            (_, text) => text,
        };
        facts.set(fact, text.unwrap_or_else(|| "NA".to_owned()));
    }
}

/// The name of a chassis type (SMBIOS 3.7, table 17).
fn form_factor(number: &str) -> &'static str {
    match number.parse() {
        Ok(1_u8) => "Other",
        Ok(3) => "Desktop",
        Ok(4) => "Low Profile Desktop",
        Ok(6) => "Mini Tower",
        Ok(7) => "Tower",
        Ok(8) => "Portable",
        Ok(9) => "Laptop",
        Ok(10) => "Notebook",
        Ok(13) => "All In One",
        Ok(17) => "Main Server Chassis",
        Ok(23) => "Rack Mount Chassis",
        Ok(25) => "Multi-system",
        Ok(28) => "Blade",
        Ok(29) => "Blade Enclosure",
        Ok(35) => "Mini PC",
        _ => "Unknown",
    }
}
