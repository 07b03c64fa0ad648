//! `url`: what a web server answers, with TLS. Answers are data, which is never a template.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Proxy};

use super::{Lookup, Request};
use crate::base::{Value, netrc};
use crate::vars::call::{CallError, text_of};

pub(super) const LOOKUPS: &[Lookup] = &[Lookup {
    name: "url",
    options: &[
        "validate_certs",
        "split_lines",
        "use_proxy",
        "username",
        "password",
        "headers",
        "force",
        "timeout",
        "http_agent",
        "force_basic_auth",
        "follow_redirects",
        "use_netrc",
        "ca_path",
    ],
    run: url,
}];

/// More than this is no value of a variable.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How often a server may point elsewhere.
const REDIRECTS: u32 = 10;
/// Seconds that a server may be silent.
const PATIENCE: f64 = 10.0;
/// Where distributions keep the certificates they trust: Debian, Fedora, SUSE, Alpine.
const TRUSTED: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn url(request: &Request<'_>) -> Result<Vec<Value>, CallError> {
    let options = Options { request };
    let split = options.flag("split_lines", true)?;
    let mut found = Vec::new();
    for term in request.terms {
        let text = options.get_text(&text_of(term)?)?;
        if split {
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            found.extend(
                lines
                    .strip_suffix('\n')
                    .unwrap_or(&lines)
                    .split('\n')
                    .filter(|_| !lines.is_empty())
                    .map(Value::from),
            );
        } else {
            found.push(Value::from(text));
        }
    }
    Ok(found)
}

struct Options<'a> {
    request: &'a Request<'a>,
}

/// What is sent to prove who asks.
type Login = (String, String);

impl Options<'_> {
    /// An option, or what a variable or the environment says of it.
    fn get(&self, name: &str) -> Result<Option<Value>, CallError> {
        if let Some(value) = self.request.options.get(name) {
            return Ok(Some(value.clone()).filter(|value| !value.is_null()));
        }
        let name = if name == "http_agent" { "agent" } else { name };
        let variable = self.request.caller.variable(&format!("ansible_lookup_url_{name}"))?;
        let environment = || std::env::var(format!("ANSIBLE_LOOKUP_URL_{}", name.to_uppercase())).ok();
        Ok(variable.or_else(|| environment().map(Value::from)).filter(|value| !value.is_null()))
    }

    fn flag(&self, name: &str, default: bool) -> Result<bool, CallError> {
        match self.get(name)? {
            None => Ok(default),
            Some(value) => value
                .to_bool()
                .ok_or_else(|| format!("`{name}` must be a boolean, not {}", value.kind()).into()),
        }
    }

    fn text(&self, name: &str) -> Result<Option<String>, CallError> {
        self.get(name)?.as_ref().map(text_of).transpose()
    }

    fn get_text(&self, url: &str) -> Result<String, CallError> {
        let (url, within) = without_login(url);
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(format!("`{url}` is no URL of http or https").into());
        }
        let login = within.or(self.login(uri.host().unwrap_or_default())?);
        let agent = self.agent(&uri)?;
        // As servers are asked by default: who it is only when they want to know.
        let at_once = login.is_some() && self.flag("force_basic_auth", false)?;
        let mut response = self.ask(&agent, &url, login.as_ref().filter(|_| at_once))?;
        if response.status() == 401 && !at_once && login.is_some() {
            response = self.ask(&agent, &url, login.as_ref())?;
        }
        if response.status().as_u16() >= 300 {
            return Err(format!("{url} answers {}", response.status()).into());
        }
        let bytes = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let bytes = bytes.map_err(|error| format!("{url}: {error}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn login(&self, host: &str) -> Result<Option<Login>, CallError> {
        if let Some(name) = self.text("username")? {
            return Ok(Some((name, self.text("password")?.unwrap_or_default())));
        }
        if !self.flag("use_netrc", true)? {
            return Ok(None);
        }
        let named = std::env::var_os("NETRC").map(PathBuf::from);
        let at_home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".netrc"));
        let text = named.or_else(at_home).and_then(|path| std::fs::read_to_string(path).ok());
        Ok(text.and_then(|text| netrc::login(&text, host)))
    }

    fn agent(&self, uri: &Uri) -> Result<Agent, CallError> {
        let redirects = match self.text("follow_redirects")?.as_deref() {
            None | Some("urllib2" | "all" | "safe" | "yes") => REDIRECTS,
            Some("none" | "no") => 0,
            Some(other) => {
                return Err(
                    format!("`follow_redirects` must be all, none, safe or urllib2, not `{other}`").into()
                );
            }
        };
        let seconds = match self.get("timeout")? {
            None => PATIENCE,
            Some(value) => {
                let number =
                    value.as_float().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
                number.ok_or("`timeout` must be a number of seconds")?
            }
        };
        let timeout =
            Duration::try_from_secs_f64(seconds).map_err(|_| "`timeout` must be a number of seconds")?;
        let mut builder = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(redirects)
            .max_redirects_will_error(redirects > 0)
            .timeout_connect(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_per_read(Some(timeout))
            .user_agent(self.text("http_agent")?.unwrap_or_else(|| "ansible-httpget".into()))
            .proxy(if self.flag("use_proxy", true)? { Proxy::try_from_env() } else { None });
        if uri.scheme_str() == Some("https") {
            builder = builder.tls_config(self.tls()?);
        }
        Ok(builder.build().new_agent())
    }

    fn tls(&self) -> Result<TlsConfig, CallError> {
        if !self.flag("validate_certs", true)? {
            return Ok(TlsConfig::builder().disable_verification(true).build());
        }
        let mut trusted: Vec<Certificate<'static>> = Vec::new();
        let own = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let system = own.or_else(|| TRUSTED.iter().map(PathBuf::from).find(|path| path.is_file()));
        let given = self.text("ca_path")?.map(PathBuf::from);
        for path in system.iter().chain(&given) {
            let pem =
                std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            trusted.extend(parse_pem(&pem).filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            }));
        }
        // A machine without certificates trusts those that browsers trust.
        let roots =
            if trusted.is_empty() { RootCerts::WebPki } else { RootCerts::Specific(Arc::new(trusted)) };
        Ok(TlsConfig::builder().root_certs(roots).build())
    }

    fn ask(&self, agent: &Agent, url: &str, login: Option<&Login>) -> Result<Response<Body>, CallError> {
        let mut request = agent.get(url);
        if self.flag("force", false)? {
            request = request.header("cache-control", "no-cache");
        }
        if let Some((name, password)) = login {
            let token = STANDARD.encode(format!("{name}:{password}"));
            request = request.header("authorization", format!("Basic {token}"));
        }
        if let Some(headers) = self.get("headers")? {
            let headers = headers
                .as_map()
                .ok_or_else(|| format!("`headers` must be a mapping, not {}", headers.kind()))?;
            for (name, value) in headers.iter() {
                request = request.header(name.to_string(), text_of(value)?);
            }
        }
        request.call().map_err(|error| format!("{url}: {error}").into())
    }
}

/// The URL without the name and the password in it.
fn without_login(url: &str) -> (String, Option<Login>) {
    let split = || {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (login, host) = rest[..end].rsplit_once('@')?;
        let (name, password) = login.split_once(':').unwrap_or((login, ""));
        Some((format!("{scheme}://{host}{}", &rest[end..]), (name.to_owned(), password.to_owned())))
    };
    split().map_or_else(|| (url.to_owned(), None), |(url, login)| (url, Some(login)))
}
