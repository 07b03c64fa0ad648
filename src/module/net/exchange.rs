//! One request of HTTP/1.1 and its answer, on a stream of its own.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::Answer;
use super::address::Address;
use super::body::{Body, Length, line};
use super::stream::{Stream, authorization};

/// A server that says more than this before its answer is none.
const MOST_HEADERS: usize = 1000;

/// Writes a request and reads the head of what follows. `proxy` is one that is told whole addresses.
pub(super) fn exchange<'a>(
    mut stream: Box<dyn Stream + 'a>,
    address: &Address,
    proxy: Option<&Address>,
    method: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
    decompress: bool,
) -> Result<Answer<'a>, String> {
    let head = head(address, proxy, method, headers, body);
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "Connection failure: Remote end closed connection without response".to_owned()
        }
        _ => format!("Connection failure: {error}"),
    };
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| body.map_or(Ok(()), |body| stream.write_all(body)))
        .and_then(|()| stream.flush());
    let mut reader = BufReader::new(stream);
    let read = answer(&mut reader);
    // A server may refuse before it has read everything; what it says then counts.
    let (status, reason, headers) = match (sent, read) {
        (_, Ok(Ok(read))) => read,
        (_, Ok(Err(line))) => {
            return Err(format!(
                "Connection failure: connection was closed before a valid response was received: {line}"
            ));
        }
        (Err(error), Err(_)) | (Ok(()), Err(error)) => return Err(failed(error)),
    };
    let get = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let length = if method == "HEAD" || matches!(status, 204 | 304) {
        Length::Bytes(0)
    } else if get("transfer-encoding").is_some_and(|how| how.to_lowercase().contains("chunked")) {
        Length::Pieces { left: 0, is_first: true }
    } else {
        get("content-length")
            .and_then(|length| length.trim().parse().ok())
            .map_or(Length::Stream, Length::Bytes)
    };
    let is_packed = get("content-encoding").is_some_and(|how| how.eq_ignore_ascii_case("gzip"));
    let body = Body { stream: reader, length };
    let body: Box<dyn Read + 'a> = if decompress && is_packed && method != "HEAD" {
        Box::new(flate2::read::MultiGzDecoder::new(body))
    } else {
        Box::new(body)
    };
    Ok(Answer { url: String::new(), status, reason, headers, cookies: Vec::new(), body })
}

fn head(
    address: &Address,
    proxy: Option<&Address>,
    method: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> String {
    let target = if proxy.is_some() { address.to_string() } else { address.path.clone() };
    let is_said = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let length = body.map(<[u8]>::len).or_else(|| matches!(method, "POST" | "PUT" | "PATCH").then_some(0));
    let own = [
        ("Host", Some(address.place())),
        ("Proxy-Authorization", proxy.and_then(authorization)),
        ("Content-Length", length.map(|length| length.to_string())),
    ];
    let own = own.into_iter().filter(|(name, _)| !is_said(name));
    let own = own.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let all = own.chain(headers.iter().cloned());
    // Nobody ends a header from within.
    let plain = |value: String| value.replace(['\r', '\n'], "");
    let lines: Vec<String> = all.map(|(name, value)| format!("{name}: {}", plain(value))).collect();
    format!("{method} {target} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"))
}

type Head = (u16, String, Vec<(String, String)>);

/// The head of an answer, after those that only say that one will come; or the line that begins none.
fn answer(reader: &mut impl BufRead) -> io::Result<Result<Head, String>> {
    loop {
        let first = line(reader)?;
        let mut words = first.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        let status = words.next().and_then(|status| status.parse::<u16>().ok());
        let Some(status) = status.filter(|_| version.starts_with("HTTP/")) else { return Ok(Err(first)) };
        let reason = words.next().unwrap_or_default().trim().to_owned();
        let mut headers: Vec<(String, String)> = Vec::new();
        for _ in 0..MOST_HEADERS {
            let next = line(reader)?;
            if next.is_empty() {
                break;
            }
            let Some((name, value)) = next.split_once(':') else { continue };
            let (name, value) = (name.trim().to_lowercase(), value.trim());
            match headers.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = format!("{known}, {value}"),
                None => headers.push((name, value.to_owned())),
            }
        }
        if !(100..200).contains(&status) {
            return Ok(Ok((status, reason, headers)));
        }
    }
}

/// Adds what servers have given to be shown again.
pub(super) fn add_cookies(headers: &mut Vec<(String, String)>, jar: &[(String, String)]) {
    if !jar.is_empty() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
        let all: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        headers.push(("Cookie".to_owned(), all.join("; ")));
    }
}

/// Keeps what a server gives to be shown again. Several stand in one header, and the dates among them have a comma too.
pub(super) fn keep_cookies(jar: &mut Vec<(String, String)>, headers: &[(String, String)]) {
    let Some((_, given)) = headers.iter().find(|(name, _)| name == "set-cookie") else { return };
    let mut rest = given.as_str();
    while !rest.is_empty() {
        let end = rest
            .match_indices(", ")
            .find(|(at, _)| {
                let next = &rest[at + 2..];
                let name = next.split(['=', ';', ',']).next().unwrap_or_default();
                next[name.len()..].starts_with('=') && !name.contains(' ')
            })
            .map(|(at, _)| at);
        let (one, after) = end.map_or((rest, ""), |at| (&rest[..at], &rest[at + 2..]));
        if let Some((name, value)) = one.split(';').next().unwrap_or_default().split_once('=') {
            jar.retain(|(known, _)| known != name.trim());
            jar.push((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_that_stand_in_one_header() {
        let mut jar = Vec::new();
        let said = "a=1; expires=Thu, 01 Jan 2030 00:00:00 GMT; path=/, b=\"2\"; path=/";
        keep_cookies(&mut jar, &[("set-cookie".to_owned(), said.to_owned())]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(jar, [pair("a", "1"), pair("b", "2")]);
    }

    #[test]
    fn answers_begin_with_their_status() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nA: b\r\nX:1\r\na: c\r\n\r\nbody";
        let (status, reason, headers) = answer(&mut text.as_bytes()).unwrap().unwrap();
        assert_eq!((status, reason.as_str()), (404, "Not Found"));
        assert_eq!(headers[0], ("a".to_owned(), "b, c".to_owned()));
        assert_eq!(answer(&mut &b"rubbish\r\n"[..]).unwrap(), Err("rubbish".to_owned()));
    }
}
