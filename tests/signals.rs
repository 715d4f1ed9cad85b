//! Stopped from outside: with an exit code and a word, soon, and the same command carries on.
use crate::harness::{Ran, Site, temp_dir, write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A tree whose ingest takes a while.
fn big() -> tempfile::TempDir {
    let dir = temp_dir();
    for number in 0..3000 {
        write(
            dir.path().join(format!("d{}/f{number}", number % 37)),
            format!("{number} ").repeat(400),
        );
    }
    dir
}

fn files_site() -> Site {
    let site = Site::bare();
    site.mirror("tree", "family = \"files\"\nmount = \"files\"\n");
    site.ok(&["init"]);
    site
}

/// Waits for the end of a run; gives how it ended.
fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn send(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_signal_ends_a_run_soon_with_its_code_and_the_next_one_carries_on() {
    use rustix::process::Signal;
    let dir = big();
    let tree = dir.path().to_str().unwrap();
    for (signal, name, code) in
        [(Signal::TERM, "SIGTERM", 143), (Signal::INT, "SIGINT", 130), (Signal::HUP, "SIGHUP", 129)]
    {
        let site = files_site();
        // Whoever runs the tests may ignore a signal, and hand that on.
        let program = site.command(&["ingest", "tree", tree]);
        let child = std::process::Command::new("env")
            .arg("--default-signal")
            .arg(program.get_program())
            .args(program.get_args())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // In the middle: the first files are written, the snapshot is not.
        while site.leftovers().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let sent = Instant::now();
        send(&child, signal);
        let ran = ended(child).expect(code).says(name);
        assert!(sent.elapsed() < Duration::from_secs(2), "{name} took {:?}", sent.elapsed());
        assert!(ran.out.is_empty() && site.dates("tree").is_empty(), "{name} came too late");
        site.ok(&["ingest", "tree", tree]);
        assert_eq!(site.leftovers(), Vec::<String>::new(), "{name}");
        site.sound();
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let dir = big();
    let site = files_site();
    let mut command = std::process::Command::new("nohup");
    let program = site.command(&["ingest", "tree", dir.path().to_str().unwrap()]);
    command.arg(program.get_program()).args(program.get_args());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap();
    while site.leftovers().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    send(&child, rustix::process::Signal::HUP);
    ended(child).expect(0);
}

#[test]
fn a_limit_of_file_sizes_is_an_error_that_names_the_file() {
    let site = files_site();
    let dir = temp_dir();
    write(dir.path().join("large"), vec![7; 4 << 20]);
    let program = site.command(&["ingest", "tree", dir.path().to_str().unwrap()]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -f 2000; exec \"$@\"", "sh"]).arg(program.get_program());
    let ran = crate::harness::ran(command.args(program.get_args())).expect(5);
    ran.says("File too large").says("incoming");
    site.ok(&["ingest", "tree", dir.path().to_str().unwrap()]);
    site.sound();
}
