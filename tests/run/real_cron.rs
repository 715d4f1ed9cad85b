//! Debian's cron starts `pinfold run` by the line that the guide prints, in a world of its own: nothing of the host is touched.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{CHANGES, add, dates, site};
use crate::harness::{Site, write};

/// Cron with one table, in name spaces of its own: a process of ours is its whole world's first.
#[derive(Debug)]
struct Cron(Child);

impl Cron {
    fn with(site: &Site, line: &str) -> Self {
        let table = site.dir().join("table");
        write(&table, line);
        let script = format!(
            "for dir in /etc/cron.d /var/spool/cron /run; do mount -t tmpfs tmpfs $dir || exit 1; done\n\
             : >/run/empty && mount --bind /run/empty /etc/crontab && mkdir /var/spool/cron/crontabs\n\
             cp {} /etc/cron.d/pinfold && chmod 644 /etc/cron.d/pinfold && exec cron -f",
            table.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["--propagation", "private", "sh", "-c", &script]);
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Cron {
    fn drop(&mut self) {
        // What it started dies with it, and the name spaces go.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn cron_starts_what_is_due() {
    let site = site();
    add(&site, "one", CHANGES, "");
    let (program, config) = (env!("CARGO_BIN_EXE_pinfold"), site.config());
    let (config, out) = (config.display(), site.dir().join("out"));
    let cron = Cron::with(
        &site,
        &format!("* * * * * root {program} --config {config} run >>{} 2>&1\n", out.display()),
    );
    // Cron looks at the beginning of every minute.
    let printed = || std::fs::read_to_string(&out).unwrap_or_default();
    for _ in 0..900 {
        if printed().ends_with('\n') {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(cron);
    let taken = dates(&site, "one");
    assert_eq!(taken.len(), 1, "{}", printed());
    let begin = format!("one: took one@{}: 1 files, ", taken[0]);
    assert!(printed().starts_with(&begin), "{}", printed());
    super::silent(site.run(&["run"]));
    site.sound();
}
