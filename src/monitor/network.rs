//! What interfaces receive and send, and what goes wrong there. From /proc/net/dev; see `proc_net(5)`.

use super::{Readings, Roots};

pub(super) fn read(roots: &Roots, readings: &mut Readings) {
    for line in roots.proc("net/dev").lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let counts: Vec<f64> = rest.split_whitespace().map_while(|field| field.parse().ok()).collect();
        // bytes packets errs drop fifo frame compressed multicast, received and then sent
        let (name, [received, _, bad, lost, _, _, _, _, sent, _, bad_sent, lost_sent, ..]) =
            (name.trim(), counts.as_slice())
        else {
            continue;
        };
        if name == "lo" || received + sent == 0.0 {
            continue;
        }
        readings.rate(&format!("network.{name}.receive"), "B/s", *received);
        readings.rate(&format!("network.{name}.send"), "B/s", *sent);
        readings.rate(&format!("network.{name}.problems"), "1/s", bad + lost + bad_sent + lost_sent);
    }
}
