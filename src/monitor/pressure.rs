//! For which share of the time somebody, or everybody, waited for processors, memory or disks. From /proc/pressure, where the
//! kernel has it; see its Documentation/accounting/psi.rst.

use super::{Readings, Roots};

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    for resource in ["cpu", "memory", "io"] {
        for line in roots.proc(&format!("pressure/{resource}")).lines() {
            // some avg10=0.00 avg60=0.00 avg300=0.00 total=1234, the total in microseconds
            let Some((who, rest)) = line.split_once(' ') else { continue };
            let total = rest.split("total=").nth(1).and_then(|total| total.trim().parse::<f64>().ok());
            if let Some(microseconds) = total {
                readings.rate(&format!("pressure.{resource}.{who}"), "%", microseconds / 1e4);
            }
        }
    }
}
