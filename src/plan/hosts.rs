//! The hosts of a play and their variables, as far as they are known before contact.

use std::sync::Arc;

use super::known::Known;
use super::{Compiler, Strictness};
use crate::base::{Diagnostic, Diagnostics, HostName, Map, Span, Spanned, Value};
use crate::model::{Inventory, Item, Level, Pattern, Play, RoleFrom, VarLayer};
use crate::vars::Scope;

/// The origin of what the command line says about reaching hosts.
pub const REACHING: &str = "the options of the connection";

impl Compiler {
    /// The variables of a host that its inventory and its vendor's role give, weakest first; facts, extra variables and
    /// those of the text come on top. An unknown vendor is an error at the place that names it.
    pub fn host_layers(&self, inventory: &Inventory, host: &str) -> Result<Vec<VarLayer>, Diagnostics> {
        let mut layers = inventory.layers(host);
        if !self.options.reaching.is_empty() {
            layers.insert(0, reaching(&self.options.reaching));
        }
        let bare = layers.iter().fold(Scope::new(), |scope, layer| scope.with(layer.clone()));
        let Some((value, origin)) = bare.lookup("vendor") else { return Ok(layers) };
        let span = match value {
            Value::String(text) => text.span().cloned().unwrap_or_else(|| origin.span.clone()),
            _ => origin.span.clone(),
        };
        let vendor = self.templar(bare.clone()).render_str(value).map_err(Diagnostic::from)?;
        let role = format!("vendor_{vendor}");
        let folders = self.project.loader.role_folders(&self.playbook_folder());
        let found = self.project.loader.role(&role, &RoleFrom::default(), &folders, &span);
        let (role, _) = found.map_err(|_| {
            let known = self.project.loader.role_names(&folders);
            let vendors: Vec<&str> = known.iter().filter_map(|r| r.strip_prefix("vendor_")).collect();
            let message = format!("host {host} has the vendor `{vendor}`, and there is no role `{role}`");
            let unknown = Diagnostic::error("missing-role", message)
                .at(&span)
                .suggest(&vendor, vendors.iter().copied());
            let users = folders.iter().filter(|f| *f != std::path::Path::new(crate::load::shipped::ROLES));
            let looked: Vec<String> = users.map(|f| crate::load::shown(f)).collect();
            unknown.help(format!("looked in: {}", looked.join(", ")))
        })?;
        if let Some(defaults) = &role.defaults {
            layers.push(super::roles::layer(Level::VendorDefaults, defaults));
            layers.sort_by_key(|layer| layer.level);
        }
        Ok(layers)
    }

    /// The variables of a host that the inventory does not name (`delegate_to`): those of `all`, of its own file, of the command line.
    pub fn layers_of_stranger(&self, host: &str) -> Vec<VarLayer> {
        let mut alone = Inventory::new();
        if alone.host(host).is_none() {
            alone.add_host(host, &Span::nowhere("delegate_to"));
        }
        let project = &self.project;
        if let (Some(all), Some(known)) = (alone.groups.get_mut("all"), project.inventory.groups.get("all")) {
            all.vars.clone_from(&known.vars);
        }
        // What is wrong with a file is told where a play names the host.
        let _ = project.vars_of_new(&mut alone, &[], &[HostName::from(host)]);
        let mut layers = self.host_layers(&alone, host).unwrap_or_default();
        layers.push(project.extra.clone());
        layers
    }

    /// What Benchbook itself defines for all hosts of a play before contact; a run adds what only it knows.
    fn magic(&self, inventory: &Inventory, play: &Play, hosts: &[HostName]) -> VarLayer {
        let mut vars = Map::new();
        let names = |hosts: &[HostName]| Value::from(hosts.iter().map(HostName::as_str).collect::<Vec<_>>());
        let groups = inventory.groups.keys();
        let groups: Map = groups.map(|g| (Arc::clone(g), names(&inventory.hosts_of(g)))).collect();
        vars.insert("groups", groups);
        let all = names(hosts);
        for word in ["ansible_play_hosts", "ansible_play_hosts_all", "play_hosts"] {
            vars.insert(word, all.clone());
        }
        vars.insert("playbook_dir", crate::load::shown(&play.folder));
        vars.insert("ansible_check_mode", self.options.check);
        vars.insert("ansible_diff_mode", self.options.diff);
        let words = |list: &[String]| Value::from(list.to_vec());
        vars.insert(
            "ansible_run_tags",
            if self.options.tags.is_empty() { words(&["all".into()]) } else { words(&self.options.tags) },
        );
        vars.insert("ansible_skip_tags", words(&self.options.skip_tags));
        built_in(vars)
    }

    /// What is known before contact of these hosts.
    pub(super) fn known(
        &self,
        inventory: &Inventory,
        play: &Play,
        hosts: &[HostName],
        found: &mut Diagnostics,
    ) -> Known {
        let extra = |scope: Scope| scope.with(self.project.extra.clone());
        // Once for all hosts: it names each of them several times.
        let magic = Arc::new(self.magic(inventory, play, hosts));
        let base = extra(Scope::new()).with(Arc::clone(&magic));
        let mut scopes = std::collections::BTreeMap::new();
        for host in hosts {
            let layers = self.host_layers(inventory, host.as_str()).unwrap_or_else(|errors| {
                found.extend(errors);
                Vec::new()
            });
            let scope = layers.into_iter().fold(Scope::new(), |scope, layer| scope.with(layer));
            let own = built_in(own_magic(inventory, host.as_str()));
            scopes.insert(host.clone(), extra(scope).with(Arc::clone(&magic)).with(own));
        }
        Known::new(base, scopes, Arc::clone(&self.environment))
    }

    /// What a play says in `hosts`, rendered: the patterns of a list, or one.
    pub(super) fn patterns(
        &self,
        inventory: &Inventory,
        play: &Play,
        found: &mut Diagnostics,
    ) -> Option<Vec<String>> {
        let scope = Scope::new().with(self.project.extra.clone()).with(self.magic(inventory, play, &[]));
        let play_vars = VarLayer {
            level: Level::PlayVars,
            origin: Arc::from("play vars"),
            span: play.span.clone(),
            vars: Arc::clone(&play.keywords.vars),
        };
        let rendered = self.templar(scope.with(play_vars)).render(&play.hosts.value);
        Some(match found.keep(rendered)? {
            Value::List(items) => items.iter().map(ToString::to_string).collect(),
            other => vec![other.to_string()],
        })
    }

    /// The hosts of these patterns, after `--limit`.
    pub(super) fn play_hosts(
        &self,
        inventory: &Inventory,
        play: &Play,
        patterns: &[String],
        found: &mut Diagnostics,
    ) -> Vec<HostName> {
        let text = patterns.join(",");
        // A literal pattern is shown where it stands; what a template gave, as a whole.
        let literal = play.hosts.value.as_str() == Some(&text) && play.hosts.span.text() == text;
        let span = if literal { play.hosts.span.clone() } else { Span::whole("hosts", &text) };
        let Some(pattern) = found.keep(Pattern::parse(&text, &span)) else { return Vec::new() };
        let mut unknown = Diagnostics::new();
        let mut hosts = inventory.select_known(&pattern, &mut unknown);
        for mut diagnostic in unknown.iter().cloned() {
            if self.options.strictness == Strictness::Late {
                diagnostic = unmatched(&diagnostic);
            } else if !literal {
                diagnostic = diagnostic.at(&play.hosts.span);
            }
            // As in Ansible: a play for nobody is passed by.
            diagnostic.severity = crate::base::Severity::Warning;
            found.push(diagnostic);
        }
        if hosts.is_empty() && unknown.is_empty() && !self.adds_hosts() {
            // As in Ansible a play for nobody is passed by.
            let nobody = Diagnostic::warning("no-hosts", format!("`{text}` matches no host"));
            found.push(nobody.at(&play.hosts.span));
        }
        if let Some(limit) = &self.options.limit {
            let span = Span::whole("--limit", limit);
            let read = crate::load::read_limit(&**self.project.loader.files(), limit, &span);
            let pattern = read.map_err(|errors| found.extend(errors)).ok();
            let Some(pattern) = pattern else { return Vec::new() };
            let mut unknown = Diagnostics::new();
            let allowed = inventory.select_known(&pattern, &mut unknown);
            let late = self.options.strictness == Strictness::Late;
            let told = !late && !unknown.is_empty();
            for diagnostic in unknown {
                found.push(if late { unmatched(&diagnostic) } else { diagnostic });
            }
            if allowed.is_empty() && !told {
                found.push(if late {
                    let words =
                        "Specified inventory, host pattern and/or --limit leaves us with no hosts to target.";
                    Diagnostic::error("no-hosts", words)
                } else {
                    Diagnostic::error("no-hosts", format!("`--limit {limit}` leaves no host")).at(&span)
                });
            }
            hosts.retain(|h| allowed.contains(h));
        }
        if let Some(again) = &self.options.again {
            hosts.retain(|host| again.hosts.contains(host));
        }
        if let Some(Some((order, span))) = found.keep(self.order(play)) {
            self.ordered(&mut hosts, &crate::base::Spanned::new(order, span), found);
        }
        hosts
    }

    /// Whether the run may add hosts to groups.
    fn adds_hosts(&self) -> bool {
        fn any(items: &[Item]) -> bool {
            items.iter().any(|item| match item {
                Item::Task(task) => {
                    matches!(
                        task.call.short_name(),
                        "add_host"
                            | "group_by"
                            | "include_tasks"
                            | "include_role"
                            | "import_tasks"
                            | "import_role"
                    )
                }
                Item::Block(block) => [&block.body, &block.rescue, &block.always].into_iter().any(|i| any(i)),
            })
        }
        self.project.playbook.plays.iter().any(|play| {
            !play.roles.is_empty()
                || [&play.pre_tasks, &play.tasks, &play.post_tasks].into_iter().any(|i| any(i))
        })
    }

    fn ordered(&self, hosts: &mut [HostName], order: &Spanned<Arc<str>>, found: &mut Diagnostics) {
        match &*order.value {
            "inventory" => {}
            "reverse_inventory" => hosts.reverse(),
            "sorted" => hosts.sort(),
            "reverse_sorted" => hosts.sort_by(|a, b| b.cmp(a)),
            "shuffle" => fastrand::Rng::with_seed(self.options.seed).shuffle(hosts),
            other => {
                let words = ["inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle"];
                found.push(
                    Diagnostic::error("unknown-choice", format!("hosts cannot be ordered by `{other}`"))
                        .at(&order.span)
                        .suggest(other, words)
                        .help(format!("the orders are {}", words.join(", "))),
                );
            }
        }
    }
}

/// What Benchbook itself defines for one host.
fn own_magic(inventory: &Inventory, host: &str) -> Map {
    let groups: Vec<Value> = inventory.group_names(host).into_iter().map(Value::from).collect();
    Map::from_iter([
        ("inventory_hostname", Value::from(host)),
        ("inventory_hostname_short", host.split('.').next().unwrap_or(host).into()),
        ("group_names", Value::list(groups)),
    ])
}

/// What the command line says about reaching hosts: every variable beats it, and so do keywords.
fn reaching(vars: &Arc<Map>) -> VarLayer {
    let origin = Arc::from(REACHING);
    VarLayer { level: Level::RoleDefaults, origin, span: Span::nowhere(REACHING), vars: Arc::clone(vars) }
}

fn built_in(vars: Map) -> VarLayer {
    let (level, origin) = (Level::Magic, "built in");
    VarLayer { level, origin: Arc::from(origin), span: Span::nowhere(origin), vars: Arc::new(vars) }
}

/// The batches of `serial`: numbers or per cent; the last one is repeated.
pub(super) fn batches(hosts: &[HostName], serial: &[Value]) -> Option<Vec<Vec<HostName>>> {
    if serial.is_empty() {
        return Some(vec![hosts.to_vec()]);
    }
    let mut rest = hosts;
    let mut batches = Vec::new();
    let mut sizes = serial.iter();
    let mut size = 0;
    while !rest.is_empty() {
        if let Some(next) = sizes.next() {
            size = batch_size(next, hosts.len())?;
        }
        let (batch, others) = rest.split_at(size.clamp(1, rest.len()));
        batches.push(batch.to_vec());
        rest = others;
    }
    Some(batches)
}

fn batch_size(value: &Value, hosts: usize) -> Option<usize> {
    let text = value.to_string();
    let size = match text.trim().strip_suffix('%') {
        Some(percent) => hosts * percent.trim().parse::<usize>().ok()? / 100,
        None => text.trim().parse().ok()?,
    };
    // 0 means all, as in Ansible; a share of few hosts is at least one.
    Some(if size == 0 && !text.contains('%') { hosts.max(1) } else { size.max(1) })
}

/// A name that no host and no group has, in the reference's words.
fn unmatched(diagnostic: &Diagnostic) -> Diagnostic {
    let words = diagnostic.span.as_ref().map(Span::text).unwrap_or_default();
    let words = words.trim_matches(['"', '\'']).trim_start_matches(['!', '&']);
    Diagnostic::warning(diagnostic.code, format!("Could not match supplied host pattern, ignoring: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_gives_batches() {
        let hosts: Vec<HostName> = (0..5).map(|i| HostName::from(format!("h{i}"))).collect();
        let sizes =
            |serial: &[Value]| batches(&hosts, serial).map(|b| b.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(sizes(&[]), Some(vec![5]));
        assert_eq!(sizes(&[Value::from(2)]), Some(vec![2, 2, 1]));
        assert_eq!(sizes(&[Value::from(1), Value::from("40%")]), Some(vec![1, 2, 2]));
        assert_eq!(sizes(&[Value::from("1%")]), Some(vec![1, 1, 1, 1, 1]));
        assert_eq!(sizes(&[Value::from("many")]), None);
    }
}
