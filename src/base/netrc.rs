//! `~/.netrc`: names and passwords by host (<https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html>).

/// The name and the password for a host, or those for all others.
pub fn login(text: &str, host: &str) -> Option<(String, String)> {
    let mut words =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    let mut fits = false;
    let (mut name, mut password) = (None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" if fits => break,
            "machine" => fits = words.next() == Some(host),
            "default" => fits = true,
            "login" if fits => name = words.next(),
            "password" if fits => password = words.next(),
            "login" | "password" | "account" => drop(words.next()),
            _ => {}
        }
    }
    Some((name?.to_owned(), password?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::login;

    #[test]
    fn a_host_has_its_own_login_or_that_of_all() {
        let text = "# mine\nmachine a login ann password one\nmachine b\n  login bob\n  password two\ndefault login all password three\n";
        let known = |host| login(text, host).map(|(name, password)| format!("{name}:{password}"));
        assert_eq!(known("a").as_deref(), Some("ann:one"));
        assert_eq!(known("b").as_deref(), Some("bob:two"));
        assert_eq!(known("c").as_deref(), Some("all:three"));
        assert_eq!(login("machine a login ann", "a"), None);
    }
}
