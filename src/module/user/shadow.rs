//! What `/etc/shadow` says of a user, and what of it a task wants otherwise.

use super::{Args, Update};

const DAY: f64 = 86_400.0;

/// The fields of a line of `/etc/shadow`; without the right to read it, or a line, all of them are empty.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    password: String,
    least: String,
    most: String,
    warn: String,
    inactive: String,
    expires: String,
    /// The file has no line of this user, so that it gets one when something is set.
    is_missing: bool,
}

impl Shadow {
    /// Of a user.
    pub fn of(name: &str) -> Self {
        std::fs::read_to_string("/etc/shadow")
            .map_or_else(|_| Self::default(), |text| Self::read(&text, name))
    }

    fn read(text: &str, name: &str) -> Self {
        let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let Some(fields) = lines.find(|fields| fields.first() == Some(&name)) else {
            return Self { is_missing: true, ..Self::default() };
        };
        let field = |place: usize| fields.get(place).map(ToString::to_string).unwrap_or_default();
        Self {
            password: field(1),
            least: field(3),
            most: field(4),
            warn: field(5),
            inactive: field(6),
            // How libuser says never.
            expires: Some(field(7)).filter(|day| day != "-1").unwrap_or_default(),
            is_missing: false,
        }
    }

    /// What `usermod` is told, with or without a value: password, lock and end.
    pub fn modified(&self, args: &Args) -> Vec<(&'static str, Option<String>)> {
        let mut words = Vec::new();
        if let Some(expires) = args.expires.map(day)
            && (expires != self.expires || self.is_missing)
        {
            words.push(("-e", Some(expires)));
        }
        if let Some(days) = args.password_expire_account_disable.map(|days| days.to_string())
            && days != self.inactive
        {
            words.push(("-f", Some(days)));
        }
        let bare = |password: &str| password.trim_start_matches('!').to_owned();
        let locked = self.password.starts_with('!');
        match (&args.password, args.password_lock) {
            (Some(wanted), lock)
                if args.update_password == Update::Always && bare(wanted) != bare(&self.password) =>
            {
                let lock = if lock == Some(true) { "!" } else { "" };
                words.push(("-p", Some(format!("{lock}{wanted}"))));
            }
            (_, Some(true)) if !locked => words.push(("-L", None)),
            (_, Some(false)) if locked => words.push(("-U", None)),
            _ => {}
        }
        words
    }

    /// What `chage` is told: how long a password lives.
    pub fn aging(&self, args: &Args) -> Vec<String> {
        let wanted = [
            ("-M", args.password_expire_max, &self.most),
            ("-m", args.password_expire_min, &self.least),
            ("-W", args.password_expire_warn, &self.warn),
        ];
        let differs = wanted.into_iter().filter_map(|(word, days, there)| {
            let days = days?.to_string();
            (days != *there).then(|| [word.to_owned(), days])
        });
        differs.flatten().collect()
    }
}

/// The day since 1970 of a time, as `/etc/shadow` has it; nothing means never.
pub(super) fn day(seconds: f64) -> String {
    if seconds < 0.0 { String::new() } else { format!("{:.0}", (seconds / DAY).floor()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        let map = serde_yaml::from_str(text).unwrap();
        crate::base::args::from_map(&map).unwrap()
    }

    #[test]
    fn only_what_differs_is_said() {
        let text = "root:*:1:0:99999:7:::\nada:$6$x:19000:0:90:7:14:20000:\n";
        let shadow = Shadow::read(text, "ada");
        let same = args(
            "{name: ada, password: $6$x, expires: 1728000001, password_expire_max: 90, password_lock: false}",
        );
        assert_eq!(shadow.modified(&same), []);
        assert_eq!(shadow.aging(&same), [""; 0]);
        let other =
            args("{name: ada, password: $6$y, expires: -1, password_expire_min: 2, password_lock: true}");
        let words = [("-e", Some(String::new())), ("-p", Some("!$6$y".to_owned()))];
        assert_eq!(shadow.modified(&other), words);
        assert_eq!(shadow.aging(&other), ["-m", "2"]);
        let locked = args("{name: ada, password: $6$x, password_lock: true}");
        assert_eq!(shadow.modified(&locked), [("-L", None)]);
        assert_eq!(Shadow::read(text, "bob").password, "");
    }
}
