//! What is mounted, by `/proc/self/mountinfo`.

use std::collections::HashMap;
use std::path::Path;

use super::Entry;

/// All that is mounted; of several on one path the last.
pub(super) struct Mounts(HashMap<String, Mount>);

struct Mount {
    parent: String,
    /// What of the file system is mounted here.
    root: String,
    /// The device, or whatever a file system says instead.
    src: String,
}

impl Mounts {
    /// What the kernel says now.
    pub fn now() -> Self {
        Self::read(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
        let mount = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            let end = words.iter().position(|word| *word == "-")?;
            let src = unescaped(words.get(end + 2)?);
            let mount = Mount { parent: (*words.get(1)?).to_owned(), root: unescaped(words.get(3)?), src };
            Some(((*words.first()?).to_owned(), unescaped(words.get(4)?), mount))
        };
        let all: Vec<_> = text.lines().filter_map(mount).collect();
        let places: HashMap<String, String> =
            all.iter().map(|(id, place, _)| (id.clone(), place.clone())).collect();
        let mounts = all.into_iter().map(|(_, place, mut mount)| {
            mount.parent = places.get(&mount.parent).cloned().unwrap_or_default();
            (place, mount)
        });
        Self(mounts.collect())
    }

    fn get(&self, path: &str) -> Option<&Mount> {
        let plain = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        self.0.get(plain).or_else(|| self.0.get(Path::new(plain).canonicalize().ok()?.to_str()?))
    }

    /// Whether something is mounted on a path.
    pub fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Whether it is this: a device, or a folder of the file system that is above the path.
    pub fn is_from(&self, path: &str, src: &str) -> bool {
        let Some(mount) = self.get(path) else { return false };
        let real = Path::new(src).canonicalize().ok();
        let real = real.as_ref().and_then(|real| real.to_str());
        let folder = format!("{}{}", mount.parent.trim_end_matches('/'), mount.root);
        [Some(src), real]
            .into_iter()
            .flatten()
            .any(|src| src == mount.src || src == folder || src == mount.root)
    }

    /// Whether what is mounted there may be what a line says. Only a folder tells: a device has many names.
    pub fn fits(&self, entry: &Entry) -> bool {
        let is_bind = entry.opts.split(',').any(|word| matches!(word, "bind" | "rbind"));
        !is_bind || self.is_from(&entry.name, &entry.src)
    }
}

fn unescaped(field: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(field.to_owned(), |field, (code, plain)| field.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::Mounts;

    #[test]
    fn mounts_are_known_by_their_devices_and_folders() {
        let mounts = Mounts::read(
            "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n\
             40 22 8:17 / /data rw - xfs /dev/sdb1 rw\n\
             41 22 8:1 /srv/a\\040b /mnt/a\\040b rw - ext4 /dev/sda1 rw\n\
             42 40 8:17 /x /mnt/x rw - xfs /dev/sdb1 rw\n",
        );
        assert!(mounts.has("/data") && mounts.has("/data/") && !mounts.has("/nowhere"));
        assert!(mounts.is_from("/data", "/dev/sdb1") && !mounts.is_from("/data", "/dev/sdc1"));
        assert!(mounts.is_from("/mnt/a b", "/srv/a b") && !mounts.is_from("/mnt/a b", "/srv/c"));
        assert!(mounts.is_from("/mnt/x", "/data/x"));
    }
}
