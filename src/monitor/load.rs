//! How much there is to do. From /proc/loadavg; see `proc_loadavg(5)`.

use super::{Readings, Roots};

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    let text = roots.proc("loadavg");
    let mut fields = text.split_whitespace();
    if let Some(load) = fields.next().and_then(|field| field.parse().ok()) {
        readings.gauge("load.1m", "", load);
    }
    // After the means of five and fifteen minutes: `running/all`.
    if let Some(running) = fields.nth(2).and_then(|field| field.split('/').next()?.parse().ok()) {
        readings.gauge("load.running", "", running);
    }
}
