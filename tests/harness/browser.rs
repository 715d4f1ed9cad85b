//! A real browser without a window, driven over a pipe by the protocol of its developer tools.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser that shows one page, ended when dropped.
#[derive(Debug)]
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    number: u64,
    session: Option<String>,
    /// What happened since the page was opened: requests, complaints.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    /// Starts it with an empty page. It is ended after three minutes whatever happens, so that a test cannot hang.
    pub(crate) fn start() -> Self {
        let profile = super::temp_dir();
        let script = "exec timeout -k 5 180 chromium-headless-shell --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage \
             --force-color-profile=srgb --no-first-run --no-proxy-server --remote-debugging-pipe --user-data-dir=\"$0\" \
             3<&0 4>&1 0</dev/null 1>/dev/null 2>\"$0/log\"";
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(profile.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let from = BufReader::new(from);
        let mut browser = Self {
            child,
            to,
            from,
            number: 0,
            session: None,
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Network", "Log", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Calls a method and gives its result; what happens meanwhile is kept.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.next();
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn next(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert!(bytes.pop() == Some(0), "the browser ended; ./check installs what it needs");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Opens a page and waits until all of it is there.
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        let went = self.call("Page.navigate", &json!({ "url": url }));
        assert!(went["errorText"].is_null(), "{url}: {}", went["errorText"]);
        let is_there = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_there) {
            let event = self.next();
            self.events.push(event);
        }
    }

    /// What was asked for since the page was opened, by its URL.
    pub(crate) fn requests(&self) -> Vec<String> {
        let sent = self.events.iter().filter(|one| one["method"] == "Network.requestWillBeSent");
        sent.map(|one| one["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// What the browser complained of since the page was opened.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let methods = ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"];
        let said = self
            .events
            .iter()
            .filter(|one| methods.contains(&one["method"].as_str().unwrap_or("")));
        said.map(|one| one["params"].to_string()).collect()
    }

    /// Shows the page as wide as this, in these colours: `light` or `dark`.
    pub(crate) fn look(&mut self, width: u32, colours: &str) {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let feature = json!([{ "name": "prefers-color-scheme", "value": colours }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": feature }));
    }

    /// Asks the page something.
    pub(crate) fn ask(&mut self, script: &str) -> Value {
        let asked = json!({ "expression": script, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Presses a key.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let text = if key == "Enter" && kind == "keyDown" { "\r" } else { "" };
            let event = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Keeps a picture of the whole page.
    pub(crate) fn picture(&mut self, path: &Path) {
        let taken = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", &taken);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        super::write(path, bytes);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // `timeout` passes it on to the browser.
        let pid = rustix::process::Pid::from_child(&self.child);
        if rustix::process::kill_process(pid, rustix::process::Signal::TERM).is_err() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}
