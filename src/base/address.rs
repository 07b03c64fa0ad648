//! Addresses of servers as they may be shown.

/// An address whose login is stars.
pub fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match place.rsplit_once('@') {
        Some((login, host)) => {
            let stars = if login.contains(':') { "****:****" } else { "****" };
            format!("{scheme}://{stars}@{host}{path}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        assert_eq!(masked("http://u:p@h/x"), "http://****:****@h/x");
        assert_eq!(masked("http://u@h/x@y"), "http://****@h/x@y");
        assert_eq!(masked("http://h/x@y"), "http://h/x@y");
    }
}
