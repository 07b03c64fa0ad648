//! Facts that outlive a run, in files that Ansible's `jsonfile` reads and writes, too: one per host, in which a text holds the
//! JSON mapping of facts by their full names. A cache that cannot be read or written is none; nothing fails for it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::hosts::Host;
use super::queue::HostNo;
use crate::base::{HostName, Map, Value};
use crate::plan::FactCache;

/// Under what name a file holds the facts.
const PAYLOAD: &str = "__payload__";

impl FactCache {
    fn file(&self, host: &HostName) -> PathBuf {
        self.folder.join(format!("{}s1_{host}", self.prefix))
    }

    /// What is known of a host, unless it is too old.
    pub(super) fn read(&self, host: &HostName) -> Map {
        let file = self.file(host);
        let age =
            fs::metadata(&file).and_then(|about| about.modified()).ok().and_then(|time| time.elapsed().ok());
        let fresh = self.seconds == 0 || age.is_none_or(|age| age < Duration::from_secs(self.seconds));
        let text = fs::read_to_string(&file).ok().filter(|_| fresh && !self.flush);
        let read = |text: &str| serde_json::from_str::<Value>(text).ok().and_then(|v| v.as_map().cloned());
        let kept = text.and_then(|text| read(&text)).unwrap_or_default();
        kept.get(PAYLOAD).and_then(Value::as_str).and_then(read).unwrap_or_default()
    }

    /// Keeps what is known of a host; nobody sees half of it.
    fn write(&self, host: &Host) -> std::io::Result<()> {
        let mut facts = (*host.facts.vars).clone();
        facts.remove("ansible_facts");
        // Secrets are not kept.
        facts = facts.into_iter().filter(|(_, value)| !value.has_secret()).collect();
        fs::create_dir_all(&self.folder)?;
        let file = self.file(&host.name);
        let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
        let payload = serde_json::to_string(&Value::from(facts))?;
        serde_json::to_writer(&mut new, &Value::from(Map::from_iter([(PAYLOAD, payload)])))?;
        new.persist(file).map(drop).map_err(|error| error.error)
    }

    fn forget(&self, host: &HostName) {
        // It may never have been there.
        let _ = fs::remove_file(self.file(host));
    }
}

impl Dispatcher {
    /// The facts of a host have changed.
    pub(super) fn keep_facts(&mut self, host: HostNo) {
        let Some(cache) = &self.shared.compiler.options.fact_cache else { return };
        if self.replaying {
            return;
        }
        if let Err(error) = cache.write(self.board.get(host)) {
            let text = format!("facts are not kept in {}: {error}", cache.folder.display());
            self.warn(text);
        }
    }

    /// The facts of a host are known no more.
    pub(super) fn forget_facts(&mut self, host: HostNo) {
        self.board_mut().get_mut(host).clear_facts();
        if let Some(cache) = &self.shared.compiler.options.fact_cache {
            cache.forget(&self.board.get(host).name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_and_not_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let cache =
            FactCache { folder: folder.path().join("new"), prefix: "p_".into(), seconds: 100, flush: false };
        let name = HostName::from("n1");
        assert!(cache.read(&name).is_empty());
        let mut host = Host::new(name.clone(), Vec::new());
        host.add_facts(&Map::from_iter([
            ("ansible_a", Value::from(1)),
            ("b", "x".into()),
            ("c", Value::from("hidden").into_secret()),
        ]));
        cache.write(&host).unwrap();
        let text = fs::read_to_string(cache.folder.join("p_s1_n1")).unwrap();
        assert_eq!(text, r#"{"__payload__":"{\"ansible_a\":1,\"b\":\"x\"}"}"#);
        assert_eq!(cache.read(&name).get("ansible_a"), Some(&Value::from(1)));
        assert!(FactCache { flush: true, ..cache.clone() }.read(&name).is_empty());
        cache.forget(&name);
        assert!(cache.read(&name).is_empty());
    }
}
