//! RDMA devices, by /sys/class/infiniband.

use super::{Root, known};
use crate::base::Value;

const DEVICES: &str = "sys/class/infiniband";

/// One entry for each: `name`, `driver`, `address` on the bus, `numa_node`, `firmware`, `board`, and its `ports`: number,
/// `state` (`ACTIVE`), `physical_state` (`LinkUp`), `rate` (`400 Gb/sec (4X NDR)`), `link_layer`, network interfaces of the same
/// device.
pub fn devices(root: &Root) -> Value {
    let entry = |name: &String| {
        let folder = format!("{DEVICES}/{name}");
        let read = |file: &str| root.text(&format!("{folder}/{file}"));
        let node =
            read("device/numa_node").and_then(|text| text.parse::<i64>().ok()).filter(|node| *node >= 0);
        let ports = root.names(&format!("{folder}/ports"));
        let port = |number: &String| {
            let read = |file: &str| root.text(&format!("{folder}/ports/{number}/{file}"));
            // `4: ACTIVE`
            let word = |file: &str| {
                read(file).map(|text| text.split_once(": ").map_or(text.clone(), |(_, word)| word.to_owned()))
            };
            Value::from(known([
                ("port", number.parse::<u32>().ok().map(Value::from)),
                ("state", word("state").map(Value::from)),
                ("physical_state", word("phys_state").map(Value::from)),
                ("rate", read("rate").map(Value::from)),
                ("link_layer", read("link_layer").map(Value::from)),
            ]))
        };
        let interfaces =
            root.names(&format!("{folder}/device/net")).into_iter().map(Value::from).collect::<Vec<_>>();
        Value::from(known([
            ("name", Some(name.as_str().into())),
            ("driver", root.link_name(&format!("{folder}/device/driver")).map(Value::from)),
            ("address", root.link_name(&format!("{folder}/device")).map(Value::from)),
            ("numa_node", node.map(Value::from)),
            ("firmware", read("fw_ver").map(Value::from)),
            ("board", read("board_id").map(Value::from)),
            ("interfaces", (!interfaces.is_empty()).then(|| Value::list(interfaces))),
            ("ports", Some(Value::list(ports.iter().map(port).collect()))),
        ]))
    };
    Value::list(root.names(DEVICES).iter().map(entry).collect())
}
