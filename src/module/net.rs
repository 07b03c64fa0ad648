//! Asks servers of HTTP and HTTPS from the target, without its programs: names, proxies, TLS, logins, redirects.
//!
//! It knows no module. A server that refuses is an [`Answer`] like any other; only who cannot be asked is an error, whose words
//! are the reference's.

pub mod address;
mod body;
mod dns;
mod exchange;
mod login;
mod names;
mod proxy;
mod stream;
mod tls;

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use self::address::Address;
use self::stream::Patience;
use super::Context;
use super::path::variable_value;

/// How often a server may point elsewhere.
const REDIRECTS: usize = 10;

/// Which pointers to elsewhere are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// All.
    All,
    /// Those after GET and HEAD.
    #[default]
    Safe,
    /// None.
    None,
    /// As Python's urllib2 does: those after GET and HEAD, and of POST when it becomes a GET.
    Urllib2,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // they are what users write
pub struct Ask {
    /// The address, perhaps with a login.
    pub url: String,
    /// `GET` and the like.
    pub method: String,
    /// The task's own headers; they stand before all others.
    pub headers: Vec<(String, String)>,
    /// Names of headers that only the first server gets.
    pub unredirected: Vec<String>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// Which redirects are followed.
    pub follow: Follow,
    /// How long the server may be silent, in seconds.
    pub timeout: u64,
    /// Ask the proxy that the environment names.
    pub use_proxy: bool,
    /// The server's certificate must be good.
    pub validate: bool,
    /// More certificates to trust.
    pub ca: Option<PathBuf>,
    /// The certificate that shows who asks.
    pub certificate: Option<PathBuf>,
    /// Its key, when it is in a file of its own.
    pub key: Option<PathBuf>,
    /// A name and a password.
    pub login: Option<(String, String)>,
    /// Send them before somebody asks for them.
    pub at_once: bool,
    /// Look for them in `~/.netrc`.
    pub netrc: bool,
    /// A socket that leads to the server.
    pub socket: Option<PathBuf>,
    /// Who asks, by the name of the program.
    pub agent: String,
    /// No copy that somebody has kept.
    pub fresh: bool,
    /// Only what is newer, in seconds since 1970.
    pub since: Option<i64>,
    /// Unpack what comes packed.
    pub decompress: bool,
}

/// What a server answers.
pub struct Answer<'a> {
    /// Where it came from in the end, without a login.
    pub url: String,
    /// The number of the status.
    pub status: u16,
    /// The words that stand behind it.
    pub reason: String,
    /// Names in small letters, and values; several of one name in one.
    pub headers: Vec<(String, String)>,
    /// Names and values.
    pub cookies: Vec<(String, String)>,
    /// What follows.
    pub body: Box<dyn Read + 'a>,
}

impl Answer<'_> {
    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the server did what it was asked.
    pub fn is_well(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What results say of it.
    pub fn words(&self) -> String {
        if self.is_well() {
            return format!("OK ({} bytes)", self.header("content-length").unwrap_or("unknown"));
        }
        format!("HTTP Error {}: {}", self.status, self.reason)
    }

    /// The name of a file that the server gives it.
    pub fn file_name(&self) -> Option<String> {
        let said = self.header("content-disposition")?;
        let name = address::parameter(said, "filename")?;
        let name = name.rsplit('/').next().unwrap_or_default();
        (!name.is_empty()).then(|| name.to_owned())
    }
}

impl Ask {
    /// Asks, follows where it is pointed to, and proves who asks where somebody wants to know.
    pub fn send<'a>(&self, ctx: &Context<'a>) -> Result<Answer<'a>, String> {
        let mut address = Address::parse(&self.url)?;
        let mut method = self.method.clone();
        let mut body = self.body.clone();
        // All cookies, and those of the server that is asked: nobody is shown what another has given.
        let (mut jar, mut own_jar) = (Vec::new(), Vec::new());
        let within = address.login.take();
        let mut login = self.login.clone().or(within);
        let mut headers = self.headers(&address, login.as_ref(), ctx);
        let mut is_first = true;
        let mut proven = false;
        let mut left = REDIRECTS;
        loop {
            let mut sent: Vec<_> = headers
                .iter()
                .filter(|(name, _)| {
                    is_first || !self.unredirected.iter().any(|n| n.eq_ignore_ascii_case(name))
                })
                .cloned()
                .collect();
            exchange::add_cookies(&mut sent, &own_jar);
            let mut answer = self.once(&address, &method, &sent, body.as_deref(), ctx)?;
            exchange::keep_cookies(&mut jar, &answer.headers);
            exchange::keep_cookies(&mut own_jar, &answer.headers);
            answer.url = address.to_string();
            if answer.status == 401
                && !proven
                && !self.at_once
                && let Some(login) = &login
                && let Some(proof) = login::proof(&answer.headers, login, &method, &address)
            {
                proven = true;
                headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
                headers.push(("Authorization".to_owned(), proof));
                continue;
            }
            let Some(next) = self.next(&answer, &method) else {
                answer.cookies = jar;
                return Ok(answer);
            };
            if left == 0 {
                answer.reason = format!(
                    "The HTTP server returned a redirect error that would lead to an infinite loop.\nThe last 30x error message was:\n{}",
                    answer.reason
                );
                answer.cookies = jar;
                return Ok(answer);
            }
            left -= 1;
            let before = address;
            address = before.join(&next)?;
            address.login = None;
            if !before.shares_secrets_with(&address) {
                // Who is pointed to is not the one that the secrets are for.
                own_jar.clear();
                login = None;
                headers.retain(|(name, _)| {
                    !["authorization", "cookie"].contains(&name.to_ascii_lowercase().as_str())
                });
            }
            if matches!(self.follow, Follow::Urllib2) || !matches!(answer.status, 307 | 308) {
                body = None;
                headers.retain(|(name, _)| {
                    !["content-length", "content-type", "transfer-encoding"]
                        .contains(&name.to_lowercase().as_str())
                });
                method = after(&method, answer.status, self.follow);
            }
            is_first = false;
        }
    }

    /// All headers but those of the exchange itself.
    fn headers(
        &self,
        address: &Address,
        login: Option<&(String, String)>,
        ctx: &Context<'_>,
    ) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| {
            all.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            all.push((name.to_owned(), value));
        };
        set("Accept-Encoding", "identity".to_owned());
        if !self.agent.is_empty() {
            set("User-Agent", self.agent.clone());
        }
        if self.fresh {
            set("Cache-Control", "no-cache".to_owned());
        } else if let Some(since) = self.since.and_then(|at| jiff::Timestamp::from_second(at).ok()) {
            set("If-Modified-Since", since.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        if self.body.is_some() {
            set("Content-Type", "application/x-www-form-urlencoded".to_owned());
        }
        for (name, value) in &self.headers {
            set(name, value.clone());
        }
        let known = login.filter(|_| self.at_once).cloned();
        let own = || login.is_none().then(|| self.login_of_netrc(address, ctx)).flatten();
        if let Some(login) = known.or_else(own) {
            set("Authorization", login::basic(&login));
        }
        all
    }

    fn login_of_netrc(&self, address: &Address, ctx: &Context<'_>) -> Option<(String, String)> {
        let at_home = || Some(format!("{}/.netrc", variable_value("HOME", ctx)?));
        let path = self.netrc.then(|| variable_value("NETRC", ctx).or_else(at_home)).flatten()?;
        let text = std::fs::read_to_string(path).ok()?;
        crate::base::netrc::login(&text, &address.host)
    }

    /// Where the server points to, if it is to be followed.
    fn next(&self, answer: &Answer<'_>, method: &str) -> Option<String> {
        if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let harmless = matches!(method, "GET" | "HEAD");
        let follows = match self.follow {
            Follow::All => true,
            Follow::None => false,
            Follow::Safe => harmless,
            Follow::Urllib2 => harmless || method == "POST" && matches!(answer.status, 301..=303),
        };
        let to = answer.header("location").or_else(|| answer.header("uri")).filter(|_| follows)?;
        Some(to.replace(' ', "%20"))
    }

    fn once<'a>(
        &self,
        address: &Address,
        method: &str,
        headers: &[(String, String)],
        body: Option<&[u8]>,
        ctx: &Context<'a>,
    ) -> Result<Answer<'a>, String> {
        let patience = Patience::new(Duration::from_secs(self.timeout.max(1)), ctx);
        let proxy = if self.use_proxy && self.socket.is_none() { proxy::of(address, ctx)? } else { None };
        let stream = stream::open(self, address, proxy.as_ref(), patience, ctx)?;
        let through = proxy.filter(|_| !address.is_secure);
        exchange::exchange(stream, address, through.as_ref(), method, headers, body, self.decompress)
    }
}

/// What becomes of a method when a server points elsewhere.
fn after(method: &str, status: u16, follow: Follow) -> String {
    let becomes_get = match (follow, status, method) {
        // Python did so up to 3.12.
        (Follow::Urllib2, ..) => true,
        (_, _, "HEAD") => false,
        (_, 302 | 303, _) | (_, 301, "POST") => true,
        _ => false,
    };
    if becomes_get { "GET".to_owned() } else { method.to_owned() }
}
