//! The lookup `url` against a server that answers as servers do, and against one with TLS.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use super::*;
use crate::load::DiskFiles;

/// Answers by path, one request a connection, until the test ends.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    base
}

fn answer(mut stream: &TcpStream) {
    let head: Vec<String> =
        BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let header = |name: &str| {
        let of = |line: &String| line.split_once(": ").map(|(n, v)| (n.to_lowercase(), v.to_owned()));
        head.iter().filter_map(of).find(|(n, _)| n == name).map(|(_, value)| value).unwrap_or_default()
    };
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let (status, more, body) = match path {
        "/lines" => ("200 OK", "", "a\r\nb\n\nc\n".to_owned()),
        "/moved" => ("302 Found", "Location: /lines\r\n", String::new()),
        "/headers" => {
            let names = ["user-agent", "x-one", "cache-control", "authorization"];
            ("200 OK", "", names.map(|name| format!("{name}={}", header(name))).join("\n"))
        }
        // ann:one
        "/closed" if header("authorization") == "Basic YW5uOm9uZQ==" => ("200 OK", "", "open".to_owned()),
        "/closed" => ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", String::new()),
        "/slow" => {
            std::thread::sleep(std::time::Duration::from_secs(20));
            return;
        }
        "/empty" => ("200 OK", "", String::new()),
        _ => ("404 Not Found", "", "nothing".to_owned()),
    };
    let length = body.len();
    // Whoever went away does not want it.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n{body}"
    );
}

/// What an expression with the variables `base` and `vars` gives, as text.
fn ask(base: &str, expression: &str) -> String {
    let vars = Value::from(Map::from_iter([("base", base)]));
    let templar = Templar::new(scope(Level::PlayVars, &vars), environment(DiskFiles));
    match templar.render(&written(&format!("{{{{ {expression} }}}}"))) {
        Ok(value) => serde_json::to_string(&value).expect("JSON"),
        Err(error) => format!("error: {}", error.to_string().replace(base, "BASE")),
    }
}

#[test]
fn a_server_is_asked_as_the_options_say() {
    let base = server();
    let given = |expression: &str| ask(&base, expression);
    assert_eq!(given("query('url', base ~ '/lines')"), r#"["a","b","","c"]"#);
    assert_eq!(given("lookup('url', base ~ '/lines')"), r#""a,b,,c""#);
    assert_eq!(given("lookup('url', base ~ '/lines', split_lines=false)"), r#""a\r\nb\n\nc\n""#);
    assert_eq!(given("query('url', base ~ '/empty')"), "[]");
    assert_eq!(given("query('url', base ~ '/moved') | first"), r#""a""#);
    assert_eq!(
        given("query('url', base ~ '/moved', follow_redirects='none')"),
        "error: lookup `url`: BASE/moved answers 302 Found"
    );
    assert_eq!(given("query('url', base ~ '/nope')"), "error: lookup `url`: BASE/nope answers 404 Not Found");
    assert_eq!(given("query('url', base ~ '/nope', errors='ignore')"), "[]");
    assert_eq!(
        given("query('url', base ~ '/headers')"),
        r#"["user-agent=ansible-httpget","x-one=","cache-control=","authorization="]"#
    );
    assert_eq!(
        given(
            "query('url', base ~ '/headers', headers={'X-One': 1}, force=true, http_agent='me', username='ann', \
             password='one', force_basic_auth=true)"
        ),
        r#"["user-agent=me","x-one=1","cache-control=no-cache","authorization=Basic YW5uOm9uZQ=="]"#
    );
    assert_eq!(given("lookup('url', base ~ '/closed', username='ann', password='one')"), r#""open""#);
    assert_eq!(given("lookup('url', base | replace('//', '//ann:one@') ~ '/closed')"), r#""open""#);
    assert_eq!(
        given("lookup('url', base ~ '/closed', username='ann', password='two')"),
        "error: lookup `url`: BASE/closed answers 401 Unauthorized"
    );
    assert!(
        given("lookup('url', base ~ '/slow', timeout=0.2)")
            .starts_with("error: lookup `url`: BASE/slow: timeout")
    );
    assert!(given("lookup('url', base ~ '/lines', nope=1)").contains("has no option `nope`"));
    assert!(given("lookup('url', 'ftp://x/y')").contains("no URL of http or https"));
}

/// Ends with the test.
struct Server(Mutex<Child>);

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.0.lock().expect("nobody else has it");
        let _ = child.kill();
        let _ = child.wait();
    }
}

#[test]
fn certificates_are_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(folder.path()).stdin(Stdio::piped()).stderr(Stdio::null());
        command
    };
    let made = openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ])
    .status();
    if !made.is_ok_and(|status| status.success()) {
        // There is no openssl on this machine.
        return;
    }
    std::fs::write(folder.path().join("hello.txt"), "hello\n").expect("a file");
    let mut child =
        openssl(&["s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert", "cert.pem", "-key", "key.pem"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
    let mut said = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let _server = Server(Mutex::new(child));
    let port = said
        .find_map(|line| line.strip_prefix("ACCEPT 127.0.0.1:").map(ToOwned::to_owned))
        .expect("its port");
    // What it says on must not fill the pipe.
    std::thread::spawn(move || said.for_each(drop));
    let base = format!("https://127.0.0.1:{port}");
    let trusted = folder.path().join("cert.pem").display().to_string();
    let given = |options: &str| ask(&base, &format!("lookup('url', base ~ '/hello.txt'{options})"));
    assert_eq!(given(&format!(", ca_path='{trusted}'")), r#""hello""#);
    assert_eq!(given(", validate_certs=false"), r#""hello""#);
    assert!(given("").contains("certificate"), "{}", given(""));
}
