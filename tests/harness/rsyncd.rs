//! A real rsync server on the loopback address.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{temp_dir, write};

/// A server with one module, `lab`.
pub(crate) struct Rsyncd {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Rsyncd {
    /// Starts it on a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        let dir = temp_dir();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let config = dir.path().join("rsyncd.conf");
        let text = format!(
            "use chroot = false\nuid = root\ngid = root\n[lab]\npath = {}\nread only = true\n",
            folder.display()
        );
        write(&config, text);
        let child = Command::new("rsync")
            .args(["--daemon", "--no-detach", "--address=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--config={}", config.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("rsync is missing: ./check installs it");
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, port, _dir: dir }
    }

    /// The module's URL.
    pub(crate) fn url(&self) -> String {
        format!("rsync://127.0.0.1:{}/lab", self.port)
    }
}

impl Drop for Rsyncd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
