//! A browser without a window: Chromium, by the `DevTools` protocol over a pipe (<https://chromedevtools.github.io/devtools-protocol/>):
//! JSON with a zero byte behind it, which Chromium reads from descriptor 3 and writes to descriptor 4.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

/// A browser with one page. It ends when this value is dropped.
pub struct Browser {
    process: Child,
    orders: File,
    answers: BufReader<File>,
    session: String,
    number: u64,
    /// What happened, apart from answers.
    pub events: Vec<Json>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts it; none where Chromium is missing, which is a failure in CI.
    pub fn start() -> Option<Self> {
        let found = Command::new("chromium").arg("--version").output();
        if !found.is_ok_and(|output| output.status.success()) {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "chromium is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("mkfifo").args(["orders", "answers"]).current_dir(folder.path()).status();
        assert!(made.unwrap().success());
        // Opening a pipe waits for the other end, so both sides do it in one order.
        let line = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars \
             --disable-background-networking --disable-component-update --remote-debugging-pipe \
             --user-data-dir=\"$PWD/profile\" about:blank 3<orders 4>answers";
        let process = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = OpenOptions::new().write(true).open(folder.path().join("orders")).unwrap();
        let answers = BufReader::new(File::open(folder.path().join("answers")).unwrap());
        let mut browser = Self {
            process,
            orders,
            answers,
            session: String::new(),
            number: 0,
            events: Vec::new(),
            _folder: folder,
        };
        let page = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let session =
            browser.call("Target.attachToTarget", &json!({"targetId": page["targetId"], "flatten": true}));
        session["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// One order; gives its answer.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: &Json) -> Json {
        self.number += 1;
        let mut order = json!({"id": self.number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            order["sessionId"] = json!(self.session);
        }
        self.orders.write_all(format!("{order}\0").as_bytes()).unwrap();
        loop {
            let message = self.next();
            if message["id"] == json!(self.number) {
                assert_eq!(message["error"], Json::Null, "{method} {parameters}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self) -> Json {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).unwrap();
        message.pop().expect("chromium has ended");
        serde_json::from_slice(&message).unwrap()
    }

    /// How wide the window is, in CSS pixels; narrow ones are telephones.
    pub fn widen(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// `light` or `dark`.
    pub fn colour(&mut self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", &json!({"features": [feature]}));
    }

    /// Whether scripts of pages run.
    pub fn run_scripts(&mut self, on: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": !on}));
    }

    /// Opens a file, and waits until it is there. What happened before is forgotten.
    pub fn open(&mut self, path: &Path) {
        self.events.clear();
        self.call("Page.navigate", &json!({"url": format!("file://{}", path.display())}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// What an expression gives on the page.
    #[track_caller]
    pub fn ask(&mut self, expression: &str) -> Json {
        let answer = self.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        assert_eq!(answer["exceptionDetails"], Json::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// What a page should not do: say something to the console, throw, or ask for anything but itself.
    pub fn complaints(&self) -> Vec<String> {
        let is_complaint = |event: &&Json| match event["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded" => true,
            "Network.requestWillBeSent" => event["params"]["type"] != "Document",
            _ => false,
        };
        self.events.iter().filter(is_complaint).map(ToString::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
