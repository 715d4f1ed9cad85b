//! The files below a folder: what is in them, what is kept, what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Ran, Site, temp_dir, tool, write};

/// A folder that stands for the `/` of a host.
struct Below {
    site: Site,
    dir: tempfile::TempDir,
}

impl Below {
    /// With two mirrors in the configuration.
    fn new() -> Self {
        let site = Site::fleeting();
        for name in ["one", "two"] {
            site.mirror(name, &format!("family = \"files\"\nmount = \"files/{name}\"\n"));
        }
        Self { site, dir: temp_dir() }
    }

    fn run(&self, args: &[&str]) -> Ran {
        let prefix = self.dir.path().to_str().unwrap();
        self.site.run(&[args, &["--prefix", prefix]].concat())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// Every file, without what says what is set up.
    fn files(&self) -> Vec<String> {
        let files = crate::harness::walk(self.dir.path());
        let files = files.iter().filter(|path| path.is_file() && !path.ends_with("setup.toml"));
        files
            .map(|path| path.strip_prefix(self.dir.path()).unwrap().display().to_string())
            .collect()
    }
}

const SITE: &str = "etc/nginx/conf.d/pinfold.conf";
const CRON: &str = "etc/cron.d/pinfold";
const ROTATION: &str = "etc/logrotate.d/pinfold";
const SERVICE: &str = "etc/systemd/system/pinfold.service";

#[test]
fn setup_writes_what_a_host_needs_and_retract_takes_exactly_that_back() {
    let below = Below::new();
    below.run(&["setup", "one", "--dry-run"]).expect(0).says("+++ /etc/cron.d/pinfold");
    assert!(below.files().is_empty());
    below.run(&["setup", "one"]).expect(0).says("useradd --system");
    assert_eq!(below.files(), [CRON, ROTATION, SITE]);
    let (cron, only) = (below.read(CRON), below.read(SITE));
    assert!(cron.contains("*/5 * * * * pinfold /usr/bin/pinfold --config "), "{cron}");
    assert!(cron.trim_end().ends_with(" run >/dev/null"), "{cron}");
    below.run(&["setup", "two"]).expect(0);
    let site = below.read(SITE);
    assert!(site.contains("/one.access.log") && site.contains("/two.access.log"), "{site}");
    let rotation = below.read(ROTATION);
    assert!(rotation.contains("/one.log\n") && rotation.contains("/two.log {"), "{rotation}");
    assert!(rotation.contains("/var/log/nginx/pinfold.access.log {"), "{rotation}");
    below.run(&["setup", "one", "two"]).expect(0).says("nothing to do");
    below.run(&["retract", "two"]).expect(0).says("wrote /etc/nginx");
    assert_eq!(below.read(SITE), only, "one has what it had");
    below.run(&["retract", "three"]).expect(0).says("no mirror 'three'").says("set up are one");
    below.run(&["retract", "one"]).expect(0).says("removed /etc/cron.d/pinfold");
    assert!(below.files().is_empty(), "{:?}", below.files());
    below.run(&["retract", "one"]).expect(0).says("nothing to do");
}

#[test]
fn what_somebody_edited_is_shown_and_kept_unless_it_is_overwritten() {
    let below = Below::new();
    write(below.path(CRON), "# of somebody\n");
    below.run(&["setup", "one"]).expect(1).says("kept /etc/cron.d/pinfold").says("-# of somebody");
    assert_eq!(below.read(CRON), "# of somebody\n");
    below.run(&["setup", "one", "--overwrite"]).expect(0).says("wrote /etc/cron.d/pinfold");
    let ours = below.read(CRON);
    write(below.path(CRON), ours.replace("*/5", "*/7"));
    let ran = below.run(&["setup", "two"]).expect(1).says("-*/7 * * * *").says("+*/5 * * * *");
    assert!(ran.out.contains("wrote /etc/nginx/conf.d/pinfold.conf"), "{}", ran.out);
    below.run(&["retract", "one"]).expect(1);
    below.run(&["retract", "two"]).expect(1).says("kept /etc/cron.d/pinfold");
    assert_eq!(below.files(), [CRON]);
    below.run(&["retract", "two", "--overwrite"]).expect(0).says("removed /etc/cron.d/pinfold");
    assert!(below.files().is_empty());
}

#[test]
fn a_run_that_was_cut_is_no_hand_of_somebody_else() {
    let below = Below::new();
    below.run(&["setup", "one"]).expect(0);
    // Cut after the new site and before all else: what was noted before allows both.
    let state = format!("{}/setup.toml", below.site.dir().strip_prefix("/").unwrap().display());
    let (before, cron) = (below.read(&state), below.read(CRON));
    below.run(&["setup", "two"]).expect(0);
    let after = below.read(&state);
    let old = digest_of(&before, "pinfold.conf");
    let both = after.replace("pinfold.conf\" = [", &format!("pinfold.conf\" = [\"{old}\", "));
    assert_ne!(both, after);
    write(below.path(&state), both);
    std::fs::remove_file(below.path(CRON)).unwrap();
    below.run(&["setup", "two"]).expect(0).says("wrote /etc/cron.d/pinfold");
    assert_eq!(below.read(CRON), cron);
    assert_eq!(below.read(&state), after);
}

/// The digest that was noted of a file.
fn digest_of(state: &str, file: &str) -> String {
    let line = state.lines().find(|line| line.contains(file)).unwrap();
    line.split('"').nth(3).unwrap().to_owned()
}

#[test]
fn systemd_gets_a_hardened_service_and_a_timer() {
    let below = Below::new();
    below.run(&["setup", "one"]).expect(0);
    below.run(&["setup", "one", "--systemd"]).expect(0).says("removed /etc/cron.d/pinfold");
    let service = below.read(SERVICE);
    let root = below.site.root.display();
    let logs = below.site.dir().join("logs").display().to_string();
    for line in [
        "User=pinfold".to_owned(),
        "ProtectSystem=strict".to_owned(),
        format!("ReadWritePaths={root} {logs}"),
        "NoNewPrivileges=yes".to_owned(),
        "PrivateTmp=yes".to_owned(),
        "CapabilityBoundingSet=".to_owned(),
        "KillMode=process".to_owned(),
    ] {
        assert!(service.lines().any(|one| one == line), "{line} is not in:\n{service}");
    }
    // Cron's line is gone, and stays so until it is asked for.
    below.run(&["setup", "one"]).expect(0).says("nothing to do");
    let units = temp_dir();
    for unit in ["pinfold.service", "pinfold.timer"] {
        let text = below.read(&format!("etc/systemd/system/{unit}"));
        write(
            units.path().join(unit),
            text.replace("/usr/bin/pinfold", env!("CARGO_BIN_EXE_pinfold")),
        );
    }
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(units.path().join("pinfold.timer"));
    let said = tool(verify.arg(units.path().join("pinfold.service")));
    assert_eq!(String::from_utf8_lossy(&said.stderr), "");
    below.run(&["setup", "one", "--cron"]).expect(0).says("wrote /etc/cron.d/pinfold");
    assert!(!below.path(SERVICE).exists());

    // A program of others writes where it likes.
    let tree = below.site.dir().join("tree");
    below.site.mirror(
        "two",
        &format!(
            "family = \"files\"\nmount = \"files/two\"\ncommand = [\"/bin/true\"]\ntree = \"{}\"\n",
            tree.display()
        ),
    );
    below.run(&["setup", "two", "--systemd"]).expect(0);
    let service = below.read(SERVICE);
    assert!(
        service.contains("ProtectSystem=full") && !service.contains("ReadWritePaths"),
        "{service}"
    );
}

#[test]
fn the_folder_is_the_one_that_nginx_reads() {
    let below = Below::new();
    let main = "etc/nginx/nginx.conf";
    // As Alpine has it: conf.d is read outside of http.
    write(
        below.path(main),
        "include /etc/nginx/conf.d/*.conf;\nhttp { # { \n  server_tokens off; include /etc/nginx/http.d/*.conf; }\n",
    );
    below.run(&["setup", "one"]).expect(0).says("wrote /etc/nginx/http.d/pinfold.conf");
    below.run(&["retract", "one"]).expect(0);
    write(
        below.path(main),
        "events { }\nhttp {\n  include mime.types;\n  include conf.d/*.conf;\n}\n",
    );
    below.run(&["setup", "one"]).expect(0).says("wrote /etc/nginx/conf.d/pinfold.conf");
    below.run(&["retract", "one"]).expect(0);
    write(below.path(main), "http { include /etc/nginx/sites-enabled/*; }\n");
    below.run(&["setup", "one"]).expect(2).says("add the line: include /etc/nginx/conf.d/*.conf;");
    std::fs::remove_file(below.path(main)).unwrap();
    write(below.path("etc/alpine-release"), "3.20.0\n");
    below
        .run(&["setup", "one"])
        .expect(0)
        .says("adduser -S")
        .says("/etc/nginx/http.d/pinfold.conf");
}

#[test]
fn logs_that_the_distribution_rotates_are_left_to_it() {
    let below = Below::new();
    write(below.path("etc/logrotate.d/nginx"), "/var/log/nginx/*.log {\n\tdaily\n}\n");
    below.run(&["setup", "one"]).expect(0);
    assert!(!below.read(ROTATION).contains("/var/log/nginx"), "{}", below.read(ROTATION));
    below.site.configure("logs = \"/srv/logs\"\n");
    below.run(&["setup", "one"]).expect(0);
    let rotation = below.read(ROTATION);
    assert!(
        rotation.contains("/srv/logs/one.access.log\n/srv/logs/pinfold.access.log {"),
        "{rotation}"
    );
    assert!(rotation.contains("kill -USR1"), "{rotation}");
}

#[test]
fn no_word_of_an_operator_becomes_a_command() {
    let below = Below::new();
    for name in ["a;touch x", "$(id)", "a\nb", "a%b", "../x", "A"] {
        below.run(&["setup", name]).expect(2);
    }
    below.run(&["setup", "three"]).expect(2).says("no mirror 'three'");
    for root in ["/srv/a b", "/srv/%n", "/srv/$(id)", "/srv/a;b", "/srv/a\\nb"] {
        let text = std::fs::read_to_string(below.site.config()).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        write(below.site.config(), format!("root = \"{root}\"\n{rest}"));
        below.run(&["setup", "one", "--systemd"]).expect(2);
        write(below.site.config(), text);
    }
    let odd = below.site.dir().join("a %b");
    std::fs::create_dir(&odd).unwrap();
    for file in ["pinfold.toml", "mirrors.d"] {
        tool(Command::new("cp").arg("-r").arg(below.site.dir().join(file)).arg(&odd));
    }
    let mut command = below.site.command(&["setup", "one", "--prefix"]);
    command.arg(below.dir.path()).arg("--config").arg(odd.join("pinfold.toml"));
    let ran = crate::harness::ran(&mut command);
    assert_eq!(ran.code, Some(2), "{}", ran.said());
    assert!(below.files().is_empty(), "{:?}", below.files());
}

#[test]
fn a_tool_goes_with_its_configuration_where_no_other_mirror_has_it() {
    let below = Below::new();
    let command = |list: &str| {
        format!("family = \"files\"\nmount = \"files/LIST\"\ncommand = [\"/usr/bin/apt-mirror\", \"{list}\"]\ntree = \"/var/spool/LIST\"\n")
            .replace("LIST", Path::new(list).file_stem().unwrap().to_str().unwrap())
    };
    below.site.mirror("one", &command("/etc/apt/one.list"));
    below.site.mirror("two", &command("/etc/apt/two.list"));
    for file in
        ["etc/apt/one.list", "etc/apt/two.list", "etc/apt/mirror.list", "etc/cron.d/apt-mirror"]
    {
        write(below.path(file), "set nothing\n");
    }
    write(
        below.path("var/lib/dpkg/status"),
        "Package: apt-mirror\nStatus: install ok installed\n\n",
    );
    below.run(&["setup", "one", "two"]).expect(0);
    below
        .run(&["retract", "one", "--tool", "--dry-run"])
        .expect(0)
        .says("would remove /etc/apt/one.list");
    let ran = below.run(&["retract", "one", "--tool"]).expect(0).says("removed /etc/apt/one.list");
    ran.says("apt-mirror stays: it brings other mirrors").says("the tree /var/spool/one stays");
    assert!(below.path("etc/apt/two.list").exists() && below.path("etc/apt/mirror.list").exists());
    std::fs::remove_file(below.site.dir().join("mirrors.d/one.toml")).unwrap();
    let ran =
        below.run(&["retract", "two", "--tool"]).expect(0).says("removed /etc/cron.d/apt-mirror");
    ran.says("apt-get remove apt-mirror").says("removed /etc/apt/two.list");
}
