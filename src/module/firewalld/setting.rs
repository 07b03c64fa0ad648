//! What a task wants of a zone, and the options by which it is asked for, added and removed.

use super::super::{Context, Failure};
use super::{Args, Firewall, Protocol, State, Target};

/// One thing that a zone has or has not.
pub(super) enum Setting {
    /// Something with a name: the option's, the value, and how results call it.
    Item {
        option: &'static str,
        value: String,
        word: &'static str,
        shown: String,
    },
    /// Something that is on or off; whether `enabled` means on.
    Switch {
        option: &'static str,
        on: bool,
    },
    Target(Target),
    Zone,
}

impl Setting {
    /// The one that the task names, if it names one.
    pub fn read(args: &Args) -> Result<Option<Self>, Failure> {
        let item = |option, word, value: &Option<String>| {
            value.clone().map(|value| Self::Item { option, shown: value.clone(), value, word })
        };
        let switch = |option, on: Option<bool>| on.map(|on| Self::Switch { option, on });
        let found = item("icmp-block", "icmp-block", &args.icmp_block)
            .or(switch("icmp-block-inversion", args.icmp_block_inversion))
            .or(item("service", "service", &args.service))
            .or(item("protocol", "protocol", &args.protocol))
            .or(item("source", "", &args.source))
            .or(item("rich-rule", "rich_rule", &args.rich_rule))
            .or(item("interface", "", &args.interface))
            .or(switch("forward", args.forward))
            .or(switch("masquerade", args.masquerade))
            .or(args.target.map(Self::Target));
        Ok(match (found, &args.port, args.port_forward.as_deref()) {
            (None, Some(port), _) => {
                let port = port.trim();
                if port.split_once('/').is_none_or(|(_, protocol)| protocol.is_empty()) {
                    return Err(Failure::new("improper port format (missing protocol?)"));
                }
                let (value, shown) = (port.to_owned(), port.to_owned());
                Some(Self::Item { option: "port", value, word: "port", shown })
            }
            (None, None, Some([one])) => {
                let proto = if one.proto == Protocol::Tcp { "tcp" } else { "udp" };
                let to = one.toaddr.clone().unwrap_or_default();
                let value = format!("port={}:proto={proto}:toport={}", one.port, one.toport);
                let shown = format!("{value}:toaddr={to}");
                let value = if to.is_empty() { value } else { shown.clone() };
                Some(Self::Item { option: "forward-port", value, word: "port_forward", shown })
            }
            (None, None, Some([])) => None,
            (None, None, Some(_)) => return Err(Failure::new("Only one port forward supported at a time")),
            (found, ..) => found,
        })
    }

    /// Whether the task wants it to be there.
    pub fn is_wanted(&self, state: State) -> bool {
        let yes = matches!(state, State::Enabled | State::Present);
        if let Self::Switch { on, .. } = self { *on == yes } else { yes }
    }

    /// Whether it is there.
    pub fn is_so(
        &self,
        firewall: &Firewall,
        zone: &str,
        permanent: bool,
        ctx: &mut Context<'_>,
    ) -> Result<bool, Failure> {
        let of = format!("--zone={zone}");
        match self {
            Self::Item { option, value, .. } => {
                firewall.holds(&[&of, &format!("--query-{option}={value}")], permanent, ctx)
            }
            Self::Switch { option, .. } => {
                firewall.holds(&[&of, &format!("--query-{option}")], permanent, ctx)
            }
            Self::Target(target) => {
                let said = firewall.must(&[&of, "--get-target"], permanent, ctx)?;
                Ok(said.out.trim() == word(*target))
            }
            Self::Zone => {
                let said = firewall.must(&["--get-zones"], permanent, ctx)?;
                Ok(said.out.split_whitespace().any(|name| name == zone))
            }
        }
    }

    /// Adds or removes it.
    pub fn make_so(
        &self,
        firewall: &Firewall,
        zone: &str,
        permanent: bool,
        wanted: bool,
        timeout: u32,
        ctx: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let of = format!("--zone={zone}");
        // An interface is in one zone only.
        let add = if matches!(self, Self::Item { option: "interface", .. }) { "change" } else { "add" };
        let verb = if wanted { add } else { "remove" };
        let mut words = match self {
            Self::Item { option, value, .. } => vec![of, format!("--{verb}-{option}={value}")],
            Self::Switch { option, .. } => vec![of, format!("--{verb}-{option}")],
            Self::Target(target) => {
                vec![of, format!("--set-target={}", word(if wanted { *target } else { Target::Default }))]
            }
            Self::Zone => vec![format!("--{}-zone={zone}", if wanted { "new" } else { "delete" })],
        };
        let lasts = matches!(self, Self::Item { option: "source" | "interface", .. } | Self::Switch { .. });
        if wanted && timeout > 0 && !lasts {
            words.push(format!("--timeout={timeout}"));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        firewall.must(&words, permanent, ctx).map(drop)
    }

    /// What is said of a change.
    pub fn said(&self, zone: &str, wanted: bool, state: &str) -> Option<String> {
        let by = |yes: String, no: String| Some(if wanted { yes } else { no });
        match self {
            Self::Item { option: "source", value, .. } => {
                by(format!("Added {value} to zone {zone}"), format!("Removed {value} from zone {zone}"))
            }
            Self::Item { option: "interface", value, .. } => {
                by(format!("Changed {value} to zone {zone}"), format!("Removed {value} from zone {zone}"))
            }
            Self::Item { word, shown, .. } => Some(format!("Changed {word} {shown} to {state}")),
            Self::Switch { option: "icmp-block-inversion", on } => {
                let on = if *on { "True" } else { "False" };
                Some(format!("Changed icmp-block-inversion {on} to {state}"))
            }
            Self::Switch { option, .. } => {
                by(format!("Added {option} to zone {zone}"), format!("Removed {option} from zone {zone}"))
            }
            Self::Target(target) => by(
                format!("Set zone {zone} target to {}", word(*target)),
                format!("Reset zone {zone} target to default"),
            ),
            Self::Zone => {
                let done = if wanted { "Added" } else { "Removed" };
                Some(format!("{done} zone {zone}, Changed zone {zone} to {state}"))
            }
        }
    }
}

fn word(target: Target) -> &'static str {
    match target {
        Target::Default => "default",
        Target::Accept => "ACCEPT",
        Target::Drop => "DROP",
        Target::Reject => "%%REJECT%%",
    }
}
