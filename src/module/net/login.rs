//! Proofs of who asks: `Basic` and `Digest` (RFC 7616, with MD5 and SHA-256).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::address::{Address, parameter};
use crate::module::checksum::{Algorithm, of_bytes};

type Login = (String, String);

/// The header that says name and password.
pub(super) fn basic((name, password): &Login) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// What a server that wants to know gets.
pub(super) fn proof(
    headers: &[(String, String)],
    login: &Login,
    method: &str,
    address: &Address,
) -> Option<String> {
    let wanted = &headers.iter().find(|(name, _)| name == "www-authenticate")?.1;
    let lower = wanted.to_lowercase();
    if let Some(start) = lower.find("digest ") {
        return digest(&wanted[start + 7..], login, method, address);
    }
    lower.contains("basic").then(|| basic(login))
}

fn digest(wanted: &str, (name, password): &Login, method: &str, address: &Address) -> Option<String> {
    let get = |key: &str| value(wanted, key);
    let (realm, nonce) = (get("realm")?, get("nonce")?);
    let named = get("algorithm").unwrap_or_else(|| "MD5".to_owned());
    let algorithm = match named.to_uppercase().as_str() {
        "MD5" => Algorithm::Md5,
        "SHA" => Algorithm::Sha1,
        "SHA-256" => Algorithm::Sha256,
        _ => return None,
    };
    let sum = |text: String| of_bytes(algorithm, text.as_bytes());
    let path = &address.path;
    let (one, two) = (sum(format!("{name}:{realm}:{password}")), sum(format!("{method}:{path}")));
    let qop = get("qop").filter(|qop| qop.split(',').any(|word| word.trim() == "auth"));
    let cnonce = format!("{:016x}", fastrand::u64(..));
    let response = match &qop {
        Some(_) => sum(format!("{one}:{nonce}:00000001:{cnonce}:auth:{two}")),
        None => sum(format!("{one}:{nonce}:{two}")),
    };
    let opaque = get("opaque").map(|opaque| format!(", opaque=\"{opaque}\"")).unwrap_or_default();
    let counted = qop.map(|_| format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\"")).unwrap_or_default();
    Some(format!(
        "Digest username=\"{name}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{path}\", \
         response=\"{response}\"{opaque}, algorithm=\"{named}\"{counted}"
    ))
}

/// `key` in `realm="a b", nonce=c`.
fn value(wanted: &str, key: &str) -> Option<String> {
    let mut quoted = false;
    let parted: String = wanted
        .chars()
        .map(|c| {
            quoted ^= c == '"';
            if c == ',' && !quoted { ';' } else { c }
        })
        .collect();
    parameter(&format!(";{parted}"), key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_as_in_the_rfc() {
        let wanted =
            "realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5c\"";
        let login = ("Mufasa".to_owned(), "Circle Of Life".to_owned());
        let address = Address::parse("http://h/dir/index.html").unwrap();
        let proof = digest(wanted, &login, "GET", &address).unwrap();
        // RFC 2069's example, as corrected by its erratum 749.
        assert!(proof.contains("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{proof}");
        assert!(proof.contains("opaque=\"5c\""));
        assert_eq!(value("qop=\"auth,auth-int\", stale=no", "qop").as_deref(), Some("auth,auth-int"));
    }
}
