//! A fresh Debian in name spaces of its own: its root made by mmdebstrap, with nginx and cron as the distribution installs them.
use super::{Ran, ran, temp_dir, tool, write};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What is installed on it, beside what Debian's apt needs.
const PACKAGES: &str = "nginx-light,cron,logrotate";
/// Names by which the machine calls itself.
const HOSTS: &str =
    "127.0.0.1 localhost mirror.example.org upstream.example.org\n::1 ip6-localhost\n";

/// A machine that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Fresh {
    dir: TempDir,
    world: Child,
    /// The first process of its name spaces.
    first: u32,
}

/// The root that all machines begin with: made once, and kept.
fn made() -> PathBuf {
    let top = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (root, part) = (top.join("fresh-root"), top.join("fresh-root.part"));
    let lock = File::create(top.join("fresh-root.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    if root.is_dir() {
        return root;
    }
    if part.exists() {
        tool(Command::new("rm").arg("-rf").arg(&part));
    }
    let release = std::fs::read_to_string("/etc/os-release").unwrap();
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap();
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=apt", &format!("--include={PACKAGES}"), suite]).arg(&part);
    let folder = std::fs::read_dir("/etc/apt/sources.list.d").unwrap();
    let sources = folder.map(|entry| entry.unwrap().path());
    let sources = sources.chain([PathBuf::from("/etc/apt/sources.list")]).filter(|path| {
        let is_list = path.extension().is_some_and(|end| end == "sources" || end == "list");
        is_list && std::fs::read_to_string(path).is_ok_and(|text| text.contains(suite))
    });
    tool(command.args(sources));
    std::fs::rename(&part, &root).unwrap();
    root
}

impl Fresh {
    /// Starts one, with the program as a package would bring it.
    pub(crate) fn start() -> Self {
        let (dir, lower) = (temp_dir(), made());
        let (shown, lower) = (dir.path().display(), lower.display());
        write(dir.path().join("hosts"), HOSTS);
        std::fs::create_dir_all(dir.path().join("memory")).unwrap();
        let program = env!("CARGO_BIN_EXE_pinfold");
        let script = format!(
            "set -e; ip link set lo up; mount -t tmpfs tmpfs {shown}/memory; cd {shown}/memory; mkdir upper work root\n\
             mount -t overlay overlay -o lowerdir={lower},upperdir=$PWD/upper,workdir=$PWD/work root\n\
             mount -t tmpfs tmpfs root/srv; mount -t proc proc root/proc; mount --rbind /dev root/dev\n\
             cp ../hosts root/etc/hosts; mount --bind ../hosts /etc/hosts; cp {program} root/usr/bin/pinfold\n\
             : >ready; exec sleep infinity"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["--propagation", "private", "sh", "-c", &script]);
        let world = command.stdin(Stdio::null()).spawn().unwrap();
        let mut fresh = Self { dir, world, first: 0 };
        let children = format!("/proc/{0}/task/{0}/children", fresh.world.id());
        for _ in 0..200 {
            std::thread::sleep(Duration::from_millis(50));
            let text = std::fs::read_to_string(&children).unwrap_or_default();
            let Ok(first) = text.trim().parse() else { continue };
            fresh.first = first;
            if fresh.path("../ready").exists() {
                return fresh;
            }
        }
        panic!("the fresh machine did not start");
    }

    /// Where a file of it is seen from outside.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        let root = format!("/proc/{}/root{}/memory/root", self.first, self.dir.path().display());
        Path::new(&root).join(path.trim_start_matches('/'))
    }

    /// Writes a file of it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        write(self.path(path), content);
    }

    /// Reads a file of it; nothing where there is none.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// Runs a shell's script on it.
    pub(crate) fn sh(&self, script: &str) -> Ran {
        let root = format!("{}/memory/root", self.dir.path().display());
        let mut command = self.enter();
        command.args(["--pid", "chroot", &root, "/bin/sh", "-c", script]);
        ran(&mut command)
    }

    /// The same, which must succeed; gives what it printed.
    pub(crate) fn ok(&self, script: &str) -> String {
        let ran = self.sh(script);
        assert_eq!(ran.code, Some(0), "{script}\n{}", ran.said());
        ran.out
    }

    /// Runs a program of this host where it reaches the machine's network and nothing else.
    pub(crate) fn near(&self, command: &Command) -> Ran {
        let mut entering = self.enter();
        entering.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => entering.env(name, value),
                None => entering.env_remove(name),
            };
        }
        ran(&mut entering)
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first.to_string(), "--mount", "--net"]);
        command.env("LC_ALL", "C").env("NO_COLOR", "1").env("DEBIAN_FRONTEND", "noninteractive");
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "PINFOLD_NOW"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // All that runs on it dies with its first process, and the name spaces go.
        drop(self.world.kill());
        drop(self.world.wait());
    }
}
